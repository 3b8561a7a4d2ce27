use std::{fs, path::Path};

use super::*;
use crate::record::claim;

fn put(root: &Path, name: &str, content: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn results_are_found_at_any_depth_and_told_in_order() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "papers/late/manifest.toml", "title = \"Late | results\"\n");
    put(root.path(), "early/manifest.toml", "title = \"Early\"\nseeds = 3\n");
    put(root.path(), "early/figures/loss.png", "");
    put(root.path(), "early/figures/accuracy.png", "");
    put(root.path(), "early/figures/loss.svg", "");
    put(
        root.path(),
        "early/claims.csv",
        "text,source,cell,measured,required,holds,note\n\
         faster,Someone 2020,alpha = 0.1,2.03125,ratio ≥ 2,true,\n\
         better,own,,0.5,≥ 0.9,false,\n\
         flat,own,,,flat in n,,only one value\n",
    );
    put(root.path(), "open/manifest.toml", "title = \"Open\"\n");
    put(
        root.path(),
        "open/claims.csv",
        "text,source,cell,measured,measured_low,measured_high,required,holds,note\n\
         faster,own,,2.5,1.5,3,ratio ≥ 2,undecided,a note\n",
    );
    let found = exhibits(root.path()).unwrap();
    assert_eq!(found.iter().map(|exhibit| exhibit.folder.as_str()).collect::<Vec<_>>(), ["early", "open", "papers/late"]);
    assert_eq!(found[0].figures, ["accuracy.png", "loss.png"]);
    assert_eq!(found[0].claims[0].measured, Some(2.03125));
    let page = page(&found, false);
    for line in [
        "| [Early](early/) |  |  |  |  |  | 1 of 3 | – |",
        "| [Late \\| results](papers/late/) |  |  |  |  |  |  | – |",
        "| [Open](open/) |  |  |  |  |  | 0 of 1 | – |",
        "| 1 | faster | own | 2.50 (1.50 to 3.00) | ratio ≥ 2 | own |  | undecided |",
        "- 1: a note",
        "| 1 | faster (alpha = 0.1) | own | 2.03 | ratio ≥ 2 | Someone 2020 |  | holds |",
        "| 2 | better | own | 0.500 | ≥ 0.9 | own |  | **refuted** |",
        "| 3 | flat | own | – | flat in n | own |  | unknown |",
        "- 3: only one value",
        "Repeat it with `fedfleet run early/manifest.toml --out again`.",
        "<a href=\"early/figures/loss.png\"><img src=\"early/figures/loss.png\" width=\"270\" alt=\"loss\"></a>",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(!page.contains("svg") && !page.contains("forest"));
}

#[test]
fn findings_of_a_paper_are_counted_apart() {
    let root = tempfile::tempdir().unwrap();
    put(
        root.path(),
        "a/manifest.toml",
        "title = \"A\"\n[paper]\ncite = \"Someone 2020\"\nsimplified = \"fewer clients.\"\nfigure = \"loss\"\ncaption = \"The loss.\"\n\
         covers = { claims = 4, here = 3, missing = \"one needs a CNN\" }\n",
    );
    put(root.path(), "a/figures/loss.png", "");
    put(root.path(), "a/figures/other.png", "");
    put(
        root.path(),
        "a/claims.csv",
        "text,source,kind,with,cell,measured,measured_low,measured_high,required,verdict,seeds,in_favour,paper_effect,paper_where,paper_read,note\n\
         faster,S 2020,finding,,n = 1,2,1.5,2.5,ratio ≥ 1,holds,8,8,4,Table 2,true,\n\
         faster,S 2020,finding,,n = 2,3,2,4,ratio ≥ 1,holds,8,8,4,Table 2,true,\n\
         safer,S 2020,finding,,,1,0.5,2,ratio ≥ 1,undecided,20,11,,,false,crosses\n\
         wiser,S 2020,finding,,,0.5,0.4,0.6,ratio ≥ 1,refuted,8,0,,,false,\n\
         wiser,S 2020,finding,stop.rounds=9,,2,1.5,3,ratio ≥ 1,holds,8,8,,,false,\n\
         exact,closed form,identity,,,1,,,≤ 1,holds,8,8,,,,\n",
    );
    let page = page(&exhibits(root.path()).unwrap(), true);
    for line in [
        // The median of 2/4 and 3/4.
        "| [A](a/) | Someone 2020 | ●⊗○ | 1 of 3 found, 1 refuted, 1 undecided | 0.625 (2) | 1 of 1 |  | 8 to 20 |",
        "**Someone 2020**: 1 of 3 findings found, 1 refuted, 1 undecided. Here are 3 of the paper's 4 empirical claims; missing: one needs a CNN. \
         Changed against the paper: fewer clients.",
        "| 2 | the same (n = 2) | finding | 3.00 (2.00 to 4.00) | ratio ≥ 1 | S 2020, Table 2: 4 | 8 of 8 | holds |",
        "| 3 | safer | finding | 1.00 (0.500 to 2.00) | ratio ≥ 1 | S 2020 (not read) | 11 of 20 | undecided |",
        "| 5 | the same, with stop.rounds=9 | finding | 2.00 (1.50 to 3.00) | ratio ≥ 1 | S 2020 (not read) | 8 of 8 | holds |",
        "<a href=\"a/figures/loss.png\"><img src=\"a/figures/loss.png\" width=\"640\" alt=\"loss\"></a>",
        "*The loss.*",
        "<details><summary>Other figures</summary>",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(page.contains("](forest.png)"));
}

#[test]
fn what_a_run_writes_can_be_read() {
    let verdict = claim::Verdict {
        text: "a, \"b\"".into(),
        source: None,
        kind: Kind::Own,
        paper: None,
        with: None,
        cell: Default::default(),
        measured: Some(f64::INFINITY),
        interval: None,
        effect: claim::EffectKind::Value,
        required: "≤ 1".into(),
        bounds: Bracket { low: f64::NEG_INFINITY, high: 1.0 },
        answer: Answer::Refuted,
        evidence: claim::Evidence::default(),
        note: None,
    };
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("claims.csv");
    claim::write(std::slice::from_ref(&verdict), fs::File::create(&path).unwrap()).unwrap();
    let read = exhibit::claims(&path).unwrap();
    assert_eq!((read[0].text.as_str(), read[0].measured, read[0].verdict), ("a, \"b\"", Some(f64::INFINITY), Answer::Refuted));
    assert_eq!((read[0].source.as_str(), read[0].note.as_str()), ("", ""));
}

#[test]
fn nothing_to_show_is_told() {
    let root = tempfile::tempdir().unwrap();
    assert!(exhibits(root.path()).unwrap_err().message.contains("holds no results"));
    put(root.path(), "a/manifest.toml", "titel = 1");
    assert!(exhibits(root.path()).unwrap_err().message.contains("not a manifest"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_once() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a/manifest.toml", "title = \"A\"\n");
    put(root.path(), "b/notes.txt", "");
    for (name, to) in [("a-again", "a"), ("b/up", ""), ("b/side", "b"), ("self", "")] {
        std::os::unix::fs::symlink(root.path().join(to), root.path().join(name)).unwrap();
    }
    let folders: Vec<String> = exhibits(root.path()).unwrap().into_iter().map(|exhibit| exhibit.folder).collect();
    assert_eq!(folders, ["a"]);
}
