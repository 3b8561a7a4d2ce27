//! The same bytes, whatever the number of threads; the same numbers, whatever else is recorded or compared.

use std::{collections::BTreeMap, fs, path::Path};

use crate::program::{assert_same, run, small, table};

#[test]
fn threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    run(&small(), &one, &["--threads", "1"]);
    run(&small(), &many, &["--threads", "3"]);
    assert_same(&one, &many);
}

#[test]
fn threads_within_a_run_change_no_byte() {
    // So few runs that the threads are shared within each, and at least 200² multiply-adds a visit, of which 16 make a batch: more
    // than the 400,000 from which a batch goes to other threads.
    let folder = tempfile::tempdir().unwrap();
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    let dense = "problem.objective.quadratic.generate={ shape = 'dense', dimension = 200, condition = 20 }";
    let single = ["--only", "scaffold", "--seeds", "1", "--set", "federated.local.lr=0.1", "--set", dense];
    run(&small(), &one, &[&single[..], &["--threads", "1"]].concat());
    run(&small(), &many, &[&single[..], &["--threads", "4"]].concat());
    assert_same(&one, &many);
}

#[test]
fn a_metric_more_changes_no_other_column() {
    let folder = tempfile::tempdir().unwrap();
    let (few, more) = (folder.path().join("few"), folder.path().join("more"));
    run(&small(), &few, &[]);
    run(&small(), &more, &["--set", r#"record.metrics=["loss", "grad-norm", "distance", "gap", "staleness", "consensus"]"#]);
    let (few, more) = (table(&few.join("curves.csv")), table(&more.join("curves.csv")));
    assert_eq!(few.len(), more.len());
    for (few, more) in few.iter().zip(&more) {
        assert_eq!(more.len(), few.len() + 3);
        few.iter().for_each(|(column, value)| assert_eq!(value, &more[column], "{column}"));
    }
}

#[test]
fn company_and_order_of_methods_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(small()).unwrap();
    // The methods in reverse, and one of them twice, under another name.
    let (head, rest) = text.split_once("[[method]]").unwrap();
    let (methods, tail) = rest.split_once("[[claim]]").unwrap();
    let mut methods: Vec<&str> = methods.split("[[method]]").collect();
    methods.reverse();
    methods.push("\nname = \"mifa\"\nlabel = \"again\"\n\n");
    let reversed = folder.path().join("reversed.toml");
    fs::write(&reversed, format!("{head}[[method]]{}[[claim]]{tail}", methods.join("[[method]]"))).unwrap();

    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    run(&small(), &one, &[]);
    run(&reversed, &other, &[]);
    let by_method = |folder: &Path| {
        let mut methods: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for mut row in table(&folder.join("curves.csv")) {
            methods.entry(row.remove("method").unwrap()).or_default().push(row);
        }
        methods
    };
    let (one, mut other) = (by_method(&one), by_method(&other));
    assert_eq!(other.remove("again").as_ref(), other.get("mifa"));
    assert_eq!(one, other);
}
