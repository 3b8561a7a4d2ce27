//! No text, however broken, makes the scenario layer panic; and messages can always be rendered.

use std::path::Path;

use fedfleet::scenario::{Override, Scenario, TEMPLATE};
use proptest::prelude::*;

/// Pieces that scenarios are made of, and some that break them.
const PIECES: [&str; 28] = [
    "[problem]\n",
    "[[method]]\n",
    "[fleet]\n",
    "[[fleet.group]]\n",
    "name = ",
    "\"fedavg\"\n",
    "{ sweep = [1, 2] }",
    "{ tune = ",
    "}",
    "]\n",
    "[",
    "= ",
    "1e400",
    "nan\n",
    "-1\n",
    "\"ü\u{1F600}\"",
    "seeds = ",
    "stop = ",
    "{ rounds = 3 }\n",
    "a.b.c",
    "'''",
    "\"\"\"",
    "\u{0}",
    "\r\n",
    "\t",
    "1979-05-27\n",
    "{ log = [1, 2, 3] }",
    "sweep = [",
];

fn told(text: &str, set: &[String]) {
    let changes: Vec<Override> = set.iter().map(Override::set).collect();
    match Scenario::read(Path::new("a.toml"), text, &changes, &fedfleet::registry::Registry::builtin()) {
        Ok(scenario) => drop(scenario.manifest(Path::new("."), None)),
        Err(rejected) => {
            assert!(!rejected.faults.is_empty());
            assert!(rejected.render(false).contains("error"));
            drop(rejected.render(true));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn texts_of_pieces(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40)) {
        told(&pieces.concat(), &[]);
    }

    #[test]
    fn mutated_templates(cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..12_usize, proptest::sample::select(&PIECES[..])), 1..5)) {
        let mut letters: Vec<char> = TEMPLATE.chars().collect();
        for (place, length, piece) in cuts {
            let start = place.index(letters.len());
            let end = (start + length).min(letters.len());
            let _ = letters.splice(start..end, piece.chars()).count();
        }
        told(&letters.iter().collect::<String>(), &[]);
    }

    #[test]
    fn any_override(set in proptest::collection::vec(".{0,30}", 0..3), key in "[a-z.0-9\"]{1,20}", value in ".{0,20}") {
        let mut set = set;
        set.push(format!("{key}={value}"));
        told(TEMPLATE, &set);
    }
}
