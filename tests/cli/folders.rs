//! A results folder is extended, never spoilt: one process at a time, nothing thrown away unasked, nothing of others touched.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use crate::program::{assert_holds, assert_same, contents, fedfleet, start, succeed, table};

const SCENARIO: &str = "\
title = \"folders\"\nseeds = 3\nstop = { rounds = 4 }\n[problem]\nobjective = { quadratic = { generate = { dimension = 3 } } }\n\
init = { normal = { sd = 1 } }\n[fleet]\nclients = { sweep = [5, 6] }\n[record]\nmetrics = [\"loss\", \"gap\"]\nmodels = true\nstaleness = true\n\
[federated]\nlocal = { steps = { integer = { low = 1, high = 4 } }, lr = { tune = [0.05, 0.1] } }\n\
[[method]]\nname = \"fedavg\"\n[[method]]\nname = \"scaffold\"\nlocal = { lr = 0.1 }\n[[method]]\nname = \"fedbuff\"\nschedule = { buffered = { size = 2 } }\n\
[[figure]]\nx = \"rounds\"\ny = \"gap\"\n";

/// A folder with the scenario in it.
fn ground() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), SCENARIO).unwrap();
    folder
}

/// A call that runs `scenario` into `out`, both in `folder`.
fn call(folder: &Path, scenario: &str, out: &str, more: &[&str]) -> Command {
    let mut command = fedfleet(["run"]);
    command.arg(folder.join(scenario)).arg("--out").arg(folder.join(out)).args(more);
    command
}

/// What a call that must fail with this exit code says.
fn refused(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let folder = ground();
    let long = ["--set", "stop={ rounds = 10000000 }", "--set", "record.every={ rounds = 1000 }"];
    let mut first = start(call(folder.path(), "s.toml", "o", &long));
    let lock = folder.path().join("o/.fedfleet/lock");
    while !fs::read_to_string(&lock).is_ok_and(|text| text.contains("process")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = refused(call(folder.path(), "s.toml", "o", &["--overwrite"]), 1);
    assert!(told.contains("in use") && told.contains(&format!("process {}", first.id())), "{told}");
    assert!(told.contains("s.toml` with stop={ rounds = 10000000 }"), "{told}");
    first.kill().unwrap();
    let _ = first.wait().unwrap();
    // The dead one's lock is taken over.
    let _ = succeed(call(folder.path(), "s.toml", "o", &["--overwrite"]));
}

#[test]
fn methods_seeds_and_a_later_stop_extend_what_is_there() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "whole", &[]));
    for calls in [
        &[&["--only", "fedavg", "--seeds", "1"][..], &["--only", "scaffold"], &["--seeds", "2"], &[]][..],
        &[&["--set", "stop.rounds=2"], &["--seeds", "1"], &[]],
    ] {
        for more in calls {
            let _ = succeed(call(folder, "s.toml", "o", more));
        }
        // Models of runs with an earlier stop are nobody's now, and stay until `--overwrite`.
        assert_holds(&folder.join("whole"), &folder.join("o"));
        fs::remove_dir_all(folder.join("o")).unwrap();
    }
}

#[test]
fn each_run_of_the_curves_says_how_it_came_out_and_was_sampled() {
    let folder = ground();
    let folder = folder.path();
    let mut text = SCENARIO.to_owned();
    for (old, new) in [
        ("local = { lr = 0.1 }", "local = { lr = 1e200 }"),
        ("stop = {", "stop = { target.gap = 1e9,"),
        ("[record]", "[network]\ntopology = \"ring\"\n[record]\nevery = { seconds = 0.5 }"),
        ("[federated]", "[[method]]\nname = \"d-psgd\"\n[peers]\nlocal.lr = 0.1\n[federated]"),
    ] {
        text = text.replace(old, new);
    }
    fs::write(folder.join("ends.toml"), text).unwrap();
    let _ = succeed(call(folder, "ends.toml", "o", &["--set", "stop.target.gap=1e-300"]));
    let mut of_curves: Vec<Vec<String>> = Vec::new();
    let name = |row: &BTreeMap<String, String>| ["clients", "method", "seed"].map(|column| row[column].clone()).to_vec();
    for run in table(&folder.join("o/curves.csv")).iter().map(name) {
        if of_curves.last() != Some(&run) {
            of_curves.push(run);
        }
    }
    let runs = table(&folder.join("o/runs.csv"));
    assert_eq!(runs.iter().map(name).collect::<Vec<_>>(), of_curves);
    for run in &runs {
        let outcome = if run["method"] == "scaffold" { "diverged" } else { "finished" };
        let server = if run["method"] == "d-psgd" { "false" } else { "true" };
        assert_eq!((&*run["outcome"], &*run["sampled"], &*run["server"]), (outcome, "0.5 seconds", server), "{run:?}");
    }
    let _ = succeed(call(folder, "ends.toml", "reached", &["--only", "fedavg"]));
    assert!(table(&folder.join("reached/runs.csv")).iter().all(|run| run["outcome"] == "reached"));
}

#[test]
fn an_added_method_leaves_the_others_and_their_runs() {
    let folder = ground();
    let folder = folder.path();
    let less = SCENARIO.replace("[[method]]\nname = \"scaffold\"\nlocal = { lr = 0.1 }\n", "");
    fs::write(folder.join("less.toml"), &less).unwrap();
    let other = less.replace("\"fedbuff\"\nschedule = { buffered = { size = 2 } }", "\"fedprox\"");
    fs::write(folder.join("other.toml"), other).unwrap();
    let _ = succeed(call(folder, "less.toml", "o", &[]));
    let before = table(&folder.join("o/curves.csv"));
    let told = succeed(call(folder, "other.toml", "o", &["--json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    // fedavg and fedbuff are tuned over two step sizes on three seeds, fedprox too; then 3 seeds are reported; 2 cells.
    assert_eq!(told["runs"], 3 * (2 * 3 + 3) * 2);
    let after = table(&folder.join("o/curves.csv"));
    assert!(before.iter().all(|row| after.contains(row)) && after.len() == before.len() / 2 * 3);
    // All three methods together are one scenario, which its manifest is.
    let _ = succeed(call(folder, "o/manifest.toml", "again", &[]));
    assert_same(&folder.join("o"), &folder.join("again"));
    let _ = succeed(call(folder, "s.toml", "o", &[]));
}

#[test]
fn the_manifest_of_a_part_gives_that_part() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &["--only", "fedavg", "--seeds", "1"]));
    let _ = succeed(call(folder, "s.toml", "o", &["--only", "scaffold", "--seeds", "2", "--set", "title=\"t\""]));
    let rows = table(&folder.join("o/summary.csv"));
    let seeds: Vec<_> = rows.iter().map(|row| (row["method"].as_str(), row["seeds"].as_str())).collect();
    assert_eq!(seeds, [("fedavg", "1"), ("scaffold", "2")].repeat(2));
    let _ = succeed(call(folder, "o/manifest.toml", "again", &[]));
    assert_eq!(contents(&folder.join("o")), contents(&folder.join("again")));
}

#[test]
fn other_results_are_refused_by_their_keys_and_replaced_when_asked() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &["--set", "method.scaffold.local.lr=0.2"]));
    let before = contents(&folder.join("o"));
    for (set, key) in [
        ("fleet.dropout=0.5", "`fleet.dropout` is"),
        ("stop.rounds=3", "`stop.rounds` is 4 there, and 3 here"),
        ("record.metrics=[\"gap\", \"grad-norm\"]", "`record.metrics`"),
        ("method.scaffold.local.lr=0.3", "`method.scaffold.local.lr` is 0.2 there, and 0.3 here"),
        ("fleet.clients=5", "`fleet.clients.sweep` is [5, 6] there, and [5] here"),
    ] {
        let told = refused(call(folder, "s.toml", "o", &["--set", "method.scaffold.local.lr=0.2", "--set", set]), 1);
        assert!(told.contains(key) && told.contains("--overwrite"), "{set}: {told}");
        assert_eq!(told.lines().filter(|line| line.starts_with("  `")).count(), 1, "only that key differs: {told}");
    }
    assert!(contents(&folder.join("o")) == before, "a refused call changes nothing");
    fs::write(folder.join("o/notes.txt"), "mine").unwrap();
    fs::write(folder.join("o/figures/mine.svg"), "<svg/>").unwrap();
    fs::write(folder.join("o/models/mine.npy"), "mine").unwrap();
    let other =
        ["--overwrite", "--set", "record={ metrics = [\"loss\"] }", "--set", "figure=[]", "--set", "federated.local.lr=0.1"];
    let _ = succeed(call(folder, "s.toml", "o", &other));
    let _ = succeed(call(folder, "s.toml", "alone", &other[1..]));
    let mut alone: Vec<String> = contents(&folder.join("alone")).into_keys().collect();
    alone.extend(["figures/mine.svg", "models/mine.npy", "notes.txt"].map(str::to_owned));
    alone.sort();
    assert_eq!(contents(&folder.join("o")).into_keys().collect::<Vec<_>>(), alone);
}

#[test]
fn folders_and_tables_of_others_are_left_alone() {
    let folder = ground();
    let folder = folder.path();
    for kept in ["o/discarded/thesis.txt", "o/unfinished/chapter.txt", "o/README.md"] {
        fs::create_dir_all(folder.join(kept).parent().unwrap()).unwrap();
        fs::write(folder.join(kept), "mine").unwrap();
    }
    for _ in 0..2 {
        let _ = succeed(call(folder, "s.toml", "o", &["--overwrite"]));
        for kept in ["o/discarded/thesis.txt", "o/unfinished/chapter.txt", "o/README.md"] {
            assert_eq!(fs::read_to_string(folder.join(kept)).unwrap(), "mine");
        }
    }
    for foreign in ["curves.csv", "manifest.toml"] {
        let out = folder.join("foreign");
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join(foreign), "a,b\n1,2\n").unwrap();
        for more in [&[][..], &["--overwrite"]] {
            let told = refused(call(folder, "s.toml", "foreign", more), 1);
            assert!(told.contains(foreign) && told.contains("did not write"), "{told}");
        }
        assert_eq!(fs::read_to_string(out.join(foreign)).unwrap(), "a,b\n1,2\n");
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn no_file_of_others_is_replaced_whatever_its_name() {
    let folder = ground();
    let folder = folder.path();
    let more = ["--set", "record.iterates=true", "--set", "record.states=true"];
    let _ = succeed(call(folder, "s.toml", "whole", &more));
    let whole = contents(&folder.join("whole"));
    // One figure for each cell, three forms; curves.csv and manifest.toml are tried elsewhere.
    assert_eq!(whole.keys().filter(|name| name.starts_with("figures/")).count(), 6);
    let first = |start: &str| whole.keys().find(|name| name.starts_with(start)).unwrap().as_str();
    let kept = ["models", "iterates", "states"].map(|kind| format!("{kind}/index.csv"));
    let of_runs = ["models/fed", "iterates/scaffold", "states/scaffold"].map(first);
    let figures = whole.keys().filter(|name| name.starts_with("figures/")).map(String::as_str);
    for name in figures.chain(kept.iter().map(String::as_str)).chain(of_runs).chain(["runs.csv", "staleness.csv"]) {
        let path = folder.join("o").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        for overwrite in [&[][..], &["--overwrite"]] {
            let told = refused(call(folder, "s.toml", "o", &[&more[..], overwrite].concat()), 1);
            assert!(
                told.contains(path.file_name().unwrap().to_str().unwrap()) && told.contains("did not write"),
                "{name}: {told}"
            );
        }
        assert_eq!(contents(&folder.join("o")), BTreeMap::from([(name.to_owned(), b"mine".to_vec())]));
        fs::remove_dir_all(folder.join("o")).unwrap();
    }
}

#[test]
fn results_that_came_without_the_list_are_extended_and_replaced() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "whole", &[]));
    for more in [&[][..], &["--overwrite"]] {
        let _ = succeed(call(folder, "s.toml", "o", &["--seeds", "1"]));
        fs::remove_dir_all(folder.join("o/.fedfleet")).unwrap();
        let _ = succeed(call(folder, "s.toml", "o", more));
        assert_holds(&folder.join("whole"), &folder.join("o"));
        fs::remove_dir_all(folder.join("o")).unwrap();
    }
}

#[test]
fn overwriting_removes_only_what_was_written_into_the_folder() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &[]));
    let mine = ["victim.txt", "o/user.txt", "o/.fedfleet/runs/mine.csv"];
    mine.iter().for_each(|name| fs::write(folder.join(name), "mine").unwrap());
    let index = folder.join("o/.fedfleet/files");
    let mut list = fs::read(&index).unwrap();
    list.extend(format!("../victim.txt\nuser.txt\n{}\n", folder.join("victim.txt").display()).bytes());
    fs::write(&index, list).unwrap();
    let _ = succeed(call(folder, "s.toml", "o", &["--overwrite", "--set", "record.staleness=false"]));
    for name in mine {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_among_results_end_in_a_message() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "all/o", &[]));
    let all = crate::program::everything(&folder.join("all/o"));
    let found = |start: &str, end: &str| all.keys().find(|name| name.starts_with(start) && name.ends_with(end)).unwrap().clone();
    let verb = |verb: &str, of: &str| fedfleet([verb.as_ref(), folder.join(of).as_os_str()]);
    let piped = |name: &str, command: &dyn Fn() -> Command| {
        let path = folder.join("all").join(name);
        let before = fs::read(&path).ok();
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let told = refused(command(), 1);
        assert!(told.contains(path.file_name().unwrap().to_str().unwrap()), "{name}: {told}");
        fs::remove_file(&path).unwrap();
        before.into_iter().for_each(|bytes| fs::write(&path, bytes).unwrap());
    };
    let run = || call(folder, "s.toml", "all/o", &[]);
    for name in [found("figures/", ".svg"), found(".fedfleet/runs/", ".done"), ".fedfleet/files".to_owned()] {
        piped(&format!("o/{name}"), &run);
    }
    piped(&format!("o/{}", found("figures/", ".png")), &|| verb("plot", "all/o"));
    piped("README.md", &|| verb("gallery", "all"));
    let _ = succeed(run());
}

#[test]
fn curves_that_were_cut_are_told_and_made_anew() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &[]));
    let (out, path) = (folder.join("o"), folder.join("o/curves.csv"));
    let whole = fs::read_to_string(&path).unwrap();
    let verb = |verb: &str| fedfleet([verb.as_ref(), out.as_os_str()]);
    let last_row = whole.trim_end().rfind('\n').unwrap() + 1;
    // In a row, and at the end of one.
    for cut in [300, last_row] {
        fs::write(&path, &whole[..cut]).unwrap();
        for name in ["compare", "plot"] {
            let told = refused(verb(name), 2);
            assert!(told.contains("cut off or changed") && told.contains("fedfleet run"), "{told}");
        }
        assert!(succeed(call(folder, "s.toml", "o", &[])).contains("done before"));
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        let _ = succeed(verb("compare"));
    }
    // Results that came without the program's own files.
    fs::remove_dir_all(out.join(".fedfleet")).unwrap();
    fs::write(&path, &whole[..300]).unwrap();
    let told = refused(verb("compare"), 2);
    assert!(told.contains("the table is incomplete") && told.contains("runs.csv"), "{told}");
}

#[test]
fn curves_that_are_still_to_come_are_said_to_be() {
    let folder = ground();
    let folder = folder.path();
    let long = ["--set", "stop={ rounds = 10000000 }", "--set", "record.every={ rounds = 1000 }"];
    let mut first = start(call(folder, "s.toml", "o", &long));
    while !folder.join("o/.fedfleet/runs").is_dir() {
        std::thread::sleep(Duration::from_millis(5));
    }
    for verb in ["compare", "plot"] {
        let told = refused(fedfleet([verb.as_ref(), folder.join("o").as_os_str()]), 2);
        assert!(told.contains("under way") && told.contains(&format!("process {}", first.id())), "{told}");
        assert!(!told.contains("--resume"), "{told}");
    }
    first.kill().unwrap();
    let _ = first.wait().unwrap();
}

#[test]
fn a_damaged_manifest_is_told_and_can_be_replaced() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &[]));
    let manifest = folder.join("o/manifest.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    for (damaged, why) in [(String::new(), "it is empty"), (format!("colour = 1\n{text}"), "`colour`")] {
        fs::write(&manifest, damaged).unwrap();
        let told = refused(call(folder, "s.toml", "o", &[]), 1);
        assert!(told.contains("cannot be read") && told.contains(why) && told.contains("--overwrite"), "{told}");
        let _ = succeed(call(folder, "s.toml", "o", &["--overwrite"]));
        assert_eq!(fs::read_to_string(&manifest).unwrap(), text);
    }
}

#[test]
fn runs_of_this_build_are_kept_whatever_version_the_manifest_says() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &[]));
    let manifest = folder.join("o/manifest.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let other = text.replace(&format!("version = \"{}\"", env!("CARGO_PKG_VERSION")), "version = \"9.9.9\"");
    assert_ne!(other, text);
    for (kept, says) in [(true, false), (false, true)] {
        fs::write(&manifest, &other).unwrap();
        if !kept {
            fs::remove_dir_all(folder.join("o/.fedfleet/runs")).unwrap();
        }
        let output = call(folder, "s.toml", "o", &[]).output().unwrap();
        let (out, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{told}");
        assert_eq!((told.contains("start again"), out.contains("done before")), (says, kept), "{told}");
    }
}

#[test]
fn a_page_of_others_is_not_overwritten_by_the_gallery() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "all/o", &[]));
    let page = folder.join("all/README.md");
    let gallery = || fedfleet(["gallery".as_ref(), folder.join("all").as_os_str()]);
    fs::write(&page, "mine").unwrap();
    let told = refused(gallery(), 1);
    assert!(told.contains("README.md") && told.contains("did not write"), "{told}");
    assert_eq!(fs::read_to_string(&page).unwrap(), "mine");
    fs::remove_file(&page).unwrap();
    for _ in 0..2 {
        let _ = succeed(gallery());
    }
}

#[test]
fn data_that_have_changed_are_refused() {
    let folder = ground();
    let folder = folder.path();
    let rows = |last: f64| format!("h1,c1\n1.0,2.0\n2.0,1.0\n1.5,{last}\n");
    fs::write(folder.join("clients.csv"), rows(3.0)).unwrap();
    let text = "seeds = 2\nstop.rounds = 3\nproblem.objective = { quadratic = { file = 'clients.csv' } }\nfederated.local.lr = 0.1\n[[method]]\nname = 'fedavg'\n";
    fs::write(folder.join("d.toml"), text).unwrap();
    let _ = succeed(call(folder, "d.toml", "o", &["--seeds", "1"]));
    let manifest = fs::read_to_string(folder.join("o/manifest.toml")).unwrap();
    assert!(manifest.contains("\"clients.csv\" = \"xxh128:"), "{manifest}");
    assert!(manifest.contains(&format!("version = \"{}\"", env!("CARGO_PKG_VERSION"))), "{manifest}");
    let _ = succeed(call(folder, "o/manifest.toml", "same", &[]));
    fs::write(folder.join("clients.csv"), rows(3.5)).unwrap();
    let told = refused(call(folder, "o/manifest.toml", "other", &[]), 2);
    assert!(told.contains("clients.csv") && told.contains("has changed"), "{told}");
    for more in [&[][..], &["--resume"]] {
        let told = refused(call(folder, "d.toml", "o", more), 1);
        assert!(told.contains("clients.csv") && told.contains("has changed"), "{told}");
    }
    let _ = succeed(call(folder, "d.toml", "o", &["--overwrite"]));
}

#[test]
fn a_changed_key_that_is_swept_keeps_its_column_and_others_get_one() {
    let folder = ground();
    let folder = folder.path();
    let text = SCENARIO.replace("[[figure]]\nx = \"rounds\"", "[[figure]]\nx = \"clients\"");
    fs::write(folder.join("s.toml"), text).unwrap();
    let told = succeed(call(folder, "s.toml", "o", &["--set", "fleet.clients=6", "--set", "fleet.dropout=0.25", "--json"]));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["overrides"], serde_json::json!({ "fleet.dropout": 0.25 }));
    assert_eq!(told["summary"][0]["cell"], serde_json::json!({ "clients": 6 }));
    for row in table(&folder.join("o/summary.csv")) {
        assert_eq!((row["clients"].as_str(), row["fleet.dropout"].as_str()), ("6", "0.25"));
    }
    let _ = succeed(call(folder, "o/manifest.toml", "again", &[]));
    assert_eq!(contents(&folder.join("o")), contents(&folder.join("again")));
}

#[test]
fn every_model_is_in_the_index() {
    let folder = ground();
    let folder = folder.path();
    let _ = succeed(call(folder, "s.toml", "o", &["--set", "record.iterates=true", "--seeds", "1"]));
    for kind in ["models", "iterates"] {
        let rows = table(&folder.join(format!("o/{kind}/index.csv")));
        // Two methods with two step sizes on three tuning seeds, and three on the reported one, in two cells.
        assert_eq!(rows.len(), (2 * 2 * 3 + 3) * 2);
        assert_eq!(rows.iter().filter(|row| row["kept"] == "true").count(), 6);
        assert!(rows.iter().all(|row| folder.join("o").join(kind).join(&row["file"]).is_file()));
        assert!(rows.iter().any(|row| row["method"] == "fedavg" && row["tuned"] == "lr = 0.05" && row["clients"] == "6"));
    }
}
