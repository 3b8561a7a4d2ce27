//! What a user takes along with the crate: licences that `deny.toml` allows, and without the features of the program no crate
//! that only the program needs.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// What `cargo tree` says of this machine's dependencies, one line each in `format`.
fn tree(format: &str, arguments: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root).args(["tree", "--offline", "--prefix", "none", "--no-dedupe", "--format", format]).args(arguments);
    let output = command.output().expect("files of the test are sound");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("files of the test are sound").lines().map(str::to_owned).collect()
}

/// Whether an SPDX expression can be met by `allowed` licences alone. `/` is the older way to write `OR`.
fn met(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    if let Some((group, rest)) = expression.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        return match rest.trim().split_once(' ') {
            None => met(group, allowed),
            Some(("AND", other)) => met(group, allowed) && met(other, allowed),
            Some(("OR", other)) => met(group, allowed) || met(other, allowed),
            Some(_) => false,
        };
    }
    let either: Vec<&str> = expression.split(" OR ").flat_map(|part| part.split('/')).collect();
    either.iter().any(|part| part.split(" AND ").all(|licence| allowed(licence.trim())))
}

#[test]
fn spdx_expressions_are_read_as_written() {
    let allowed = |licence: &str| ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].contains(&licence);
    for sound in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "MIT AND Unicode-3.0", "(MIT OR GPL-3.0) AND Unicode-3.0"] {
        assert!(met(sound, &allowed), "{sound}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR GPL-3.0) AND MPL-2.0", "Apache-2.0", "(GPL-3.0) OR MPL-2.0"] {
        assert!(!met(bad, &allowed), "{bad}");
    }
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let rules = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let rules: toml::Table = rules.parse().unwrap();
    let allow: Vec<&str> = rules["licenses"]["allow"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let lines = tree("{l}|{p}", &["--edges", "normal,build,dev"]);
    assert!(lines.len() > 100, "{lines:?}");
    let refused: Vec<_> =
        lines.iter().filter(|line| !met(line.split('|').next().unwrap(), &|name| allow.contains(&name))).collect();
    assert!(refused.is_empty(), "licences that deny.toml does not allow: {refused:#?}");
}

#[test]
fn a_library_without_features_takes_along_neither_command_line_nor_drawing() {
    let names = |arguments: &[&str]| -> BTreeSet<String> {
        let lines = tree("{p}", &[&["--edges", "normal,build"], arguments].concat());
        lines.iter().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    let (all, bare) = (names(&[]), names(&["--no-default-features"]));
    for heavy in ["anyhow", "clap", "ctrlc", "indicatif", "plotters", "resvg", "usvg", "krilla", "krilla-svg"] {
        assert!(all.contains(heavy), "`{heavy}` is no dependency any more: take it out of this list");
        assert!(!bare.contains(heavy), "{heavy}");
    }
}
