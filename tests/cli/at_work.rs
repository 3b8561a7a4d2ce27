//! Clients at work: counted in every run, the same under every schedule where one number is given, and told where they are not.

use std::{collections::BTreeMap, fs, path::Path};

use crate::program::{fedfleet, succeed, table};

/// Three clients of 1 s a visit and one of 3 s.
const SMALL: &str = "\
title = \"at work\"\nseeds = 2\nstop = { rounds = 6 }\n[problem]\nobjective = { quadratic = { generate = { dimension = 3 } } }\n\
[fleet]\nclients = 4\n[[fleet.group]]\nshare = 0.75\nstep = 1\n[[fleet.group]]\nshare = 0.25\nstep = 3\n[federated]\nlocal = { steps = 1, lr = 0.1 }\n\
[[method]]\nname = \"fedavg\"\n[[method]]\nname = \"fedavg\"\nlabel = \"over\"\n\
schedule = { rounds = { cohort = 3, over-selection = 1.3 } }\n[[method]]\nname = \"fedasync\"\n";

/// Fifty clients of unlike speeds, rounds of ten of them, and arrivals.
const FIFTY: &str = "\
title = \"case\"\nseeds = 1\nstop = { seconds = 300 }\n[problem]\nobjective = \"softmax\"\ndata = \"digits-8x8\"\n\
partition = { dirichlet = { alpha = 0.3 } }\n[fleet]\nclients = 50\nstep = { fixed = { lognormal = { median = 1, sigma = 1 } } }\n\
[record]\nevery = { seconds = 50 }\n[federated]\nlocal = { steps = 10, batch = 16, lr = 0.05 }\n\
[[method]]\nname = \"fedavg\"\nschedule = { rounds = { cohort = 10 } }\n[[method]]\nname = \"fedbuff\"\n[[method]]\nname = \"fedasync\"\n";

/// What a verb on `s.toml` in `folder` tells.
fn call(folder: &Path, verb: &[&str]) -> String {
    let mut command = fedfleet(verb);
    command.current_dir(folder);
    succeed(command)
}

/// Mean and most of each method of a table, for its first seed.
fn at_work(path: &Path) -> BTreeMap<String, (f64, f64)> {
    let number = |row: &BTreeMap<String, String>, key: &str| row[key].parse().unwrap();
    let pair = |row: &BTreeMap<String, String>| (number(row, "at_work_mean"), number(row, "at_work_most"));
    table(path).iter().map(|row| (row["method"].clone(), pair(row))).collect()
}

#[test]
fn clients_are_counted_from_the_call_to_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), SMALL).unwrap();
    let _ = call(folder.path(), &["run", "s.toml", "--out", "o"]);
    let found = at_work(&folder.path().join("o/runs.csv"));
    // Rounds of 3 s, in which three clients work for 1 s and one for 3 s; rounds of 1 s, after which the slow one is called off; all
    // start again as they answer.
    let expected = [("fedavg", (2.0, 4.0)), ("over", (4.0, 4.0)), ("fedasync", (4.0, 4.0))];
    assert_eq!(found, expected.map(|(method, pair)| (method.to_owned(), pair)).into());
    assert_eq!(at_work(&folder.path().join("o/summary.csv")), found);

    // Messages of half a second each way: rounds of 4 s, of which the fast ones take 2 s.
    let network = "network={ up = { latency = 0.5 }, down = { latency = 0.5 } }";
    let _ = call(folder.path(), &["run", "s.toml", "--out", "n", "--only", "fedavg", "--set", network]);
    assert_eq!(at_work(&folder.path().join("n/runs.csv"))["fedavg"], (2.5, 4.0));

    // Where no time passes, the visits of a round.
    let _ = call(folder.path(), &["run", "s.toml", "--out", "z", "--only", "fedavg", "--set", "fleet={ clients = 5, step = 0 }"]);
    assert_eq!(at_work(&folder.path().join("z/runs.csv"))["fedavg"], (5.0, 5.0));
}

#[test]
fn one_number_puts_as_many_to_work_under_every_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("s.toml"), FIFTY).unwrap();
    let note = "note: `fedavg` has ";
    let (checked, told) = (call(folder, &["check", "s.toml"]), call(folder, &["run", "s.toml", "--out", "as-it-came"]));
    let compared = call(folder, &["compare", "as-it-came"]);
    for text in [&checked, &told] {
        assert!(text.contains(note) && text.contains("`federated.concurrency`"), "{text}");
    }
    assert!(compared.contains("`fedavg` has ") && compared.contains(" at work "), "{compared}");
    let found = at_work(&folder.join("as-it-came/runs.csv"));
    assert_eq!((found["fedavg"].1, found["fedbuff"], found["fedasync"]), (10.0, (50.0, 50.0), (50.0, 50.0)));

    let equal = ["--set", "federated.concurrency=10", "--set", "method.fedavg.schedule=\"rounds\""];
    let told = call(folder, &[&["run", "s.toml", "--out", "equal"], &equal[..]].concat());
    let checked = call(folder, &[&["check", "s.toml"], &equal[..]].concat());
    for text in [&told, &checked] {
        assert!(text.contains("rounds wait for their slowest client") && !text.contains("federated.concurrency"), "{text}");
        assert_eq!(text.matches("note: ").count(), 1, "{text}");
    }
    let found = at_work(&folder.join("equal/runs.csv"));
    assert_eq!((found["fedavg"].1, found["fedbuff"], found["fedasync"]), (10.0, (10.0, 10.0), (10.0, 10.0)));
    // Rounds wait for the slowest of ten.
    assert!(found["fedavg"].0 < 5.0, "{found:?}");
    let curves = |folder_of: &str| fs::read(folder.join(folder_of).join("curves.csv")).unwrap();
    let fedavg = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).lines().filter(|l| l.starts_with("fedavg")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(fedavg(&curves("equal")), fedavg(&curves("as-it-came")), "a cohort of ten, wherever that is said");
}

/// No two visits are of one length, so that whoever is not waited for is called off at work and sends nothing.
#[test]
fn over_selection_leaves_no_more_at_work_than_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("s.toml"), FIFTY).unwrap();
    let rounds = "method.fedavg.schedule={ rounds = { over-selection = 1.5 } }";
    let set = ["--set", rounds, "--set", "federated.concurrency=20", "--only", "fedavg", "--only", "fedbuff"];
    let _ = call(folder, &[&["run", "s.toml", "--out", "o"], &set[..]].concat());
    let found = at_work(&folder.join("o/runs.csv"));
    assert_eq!((found["fedavg"].1, found["fedbuff"].1), (20.0, 20.0));
    let manifest = fs::read_to_string(folder.join("o/manifest.toml")).unwrap();
    assert!(manifest.contains("cohort = 13"), "{manifest}");
    let _ = call(folder, &["check", "o/manifest.toml"]);
}

#[test]
fn numbers_without_effect_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("s.toml"), FIFTY).unwrap();
    let check = |set: &[&str]| call(folder, &[&["check", "s.toml"], set].concat());
    let unused = "  `federated.concurrency`: no method goes by it";
    let own = [
        "--set",
        "federated.concurrency=20",
        "--set",
        "method.fedbuff.concurrency=10",
        "--set",
        "method.fedasync.concurrency=10",
    ];
    assert!(check(&own).contains(unused));
    assert!(!check(&own[..4]).contains(unused), "FedAsync goes by it");
    assert!(!check(&[]).contains(unused));

    let few = |replace: &str| format!("method.fedasync.schedule={{ every-arrival = {{ concurrency = 5{replace} }} }}");
    let stuck = "  `fedasync`: of 50 clients only the 5 that are drawn first are ever called";
    for (replace, told) in [("", true), (", replace = \"same\"", true), (", replace = \"random\"", false)] {
        let text = check(&["--set", &few(replace)]);
        assert_eq!(text.contains(stuck), told, "{text}");
    }
}
