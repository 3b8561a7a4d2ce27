//! What the README shows is what the program does.

use std::fs;

use crate::program::{fedfleet, root, succeed};

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The lines between `<!-- name -->` and `<!-- /name -->`.
fn marked(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
    rest.split_once(&format!("<!-- /{name} -->")).unwrap().0.to_owned()
}

#[test]
fn the_table_of_methods_is_that_of_the_registry() {
    assert_eq!(marked(&readme(), "methods"), succeed(fedfleet(["methods", "--markdown"])), "run `just readme`");
}

#[test]
fn the_page_of_combinations_is_that_of_the_needs() {
    let page = fs::read_to_string(root().join("docs/combinations.md")).unwrap();
    assert!(page == succeed(fedfleet(["methods", "--combinations"])), "run `just readme`");
}

#[test]
fn the_example_passes_the_check() {
    let readme = readme();
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.toml");
    fs::write(&path, rest.split_once("```").unwrap().0).unwrap();
    let _ = succeed(fedfleet(["check".as_ref(), path.as_os_str()]));
}

#[test]
fn every_image_of_the_results_is_there() {
    let page = fs::read_to_string(root().join("results/README.md")).unwrap();
    let images: Vec<&str> = page.split("<img src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let missing: Vec<_> = images.iter().filter(|image| !root().join("results").join(image).is_file()).collect();
    assert!(images.len() > 20);
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_file_it_points_to_is_there() {
    let readme = readme();
    let targets: Vec<&str> = readme.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).collect();
    let missing = |target: &&&str| !target.is_empty() && !target.contains("://") && !root().join(target).exists();
    let missing: Vec<_> = targets.iter().filter(missing).collect();
    assert!(targets.len() > 5);
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_citation_names_this_version() {
    let citation = fs::read_to_string(root().join("CITATION.cff")).unwrap();
    assert!(citation.lines().any(|line| line == format!("version: {}", env!("CARGO_PKG_VERSION"))), "{citation}");
}
