//! Comparisons of recorded runs that can be worked out by hand.

use std::{fs, path::Path, process::Command};

use crate::program::{fedfleet, succeed, told};

/// Writes results of `method,seed,loss` rows: 1 at the start, the loss after 10 s. The manifest says that there are so many clients.
fn results(folder: &Path, name: &str, clients: usize, rows: &[String]) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    let mut text = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n".to_owned();
    for row in rows {
        let (run, loss) = row.rsplit_once(',').unwrap();
        text += &format!("{run},0,0,0,0,0,0,1\n{run},5,10,0,0,800,0,{loss}\n");
    }
    fs::write(folder.join("curves.csv"), text).unwrap();
    let manifest =
        format!("title = \"{name}\"\nstop = {{ rounds = 5 }}\nproblem = {{}}\nfleet = {{ clients = {clients} }}\nmethod = []\n");
    fs::write(folder.join("manifest.toml"), manifest).unwrap();
}

/// Eight seeds: `b` has half the loss of `a`, `c` the same; twice that with twenty clients, where `c` diverges under one seed.
fn two_folders(folder: &Path) {
    let rows = |factor: f64, lost: Option<i32>| -> Vec<String> {
        let of = |seed: i32| {
            let base = factor * 0.125 * f64::from(seed + 1) / 8.0;
            let c = if lost == Some(seed) { "inf".to_owned() } else { base.to_string() };
            [format!("a,{seed},{base}"), format!("b,{seed},{}", 0.5 * base), format!("c,{seed},{c}")]
        };
        (0..8).flat_map(of).collect()
    };
    results(folder, "ten", 10, &rows(1.0, None));
    results(folder, "twenty", 20, &rows(2.0, Some(3)));
}

fn compare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = fedfleet(["compare"]);
    command.args(arguments).current_dir(folder);
    command
}

#[test]
fn several_folders_are_one_table_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    two_folders(folder.path());
    let all = ["ten", "twenty", "--metrics", "loss", "--baseline", "a", "--bayes"];
    for form in ["text", "markdown", "latex", "csv", "json"] {
        insta::assert_snapshot!(
            format!("compare-{form}"),
            succeed(compare(folder.path(), &[&all[..], &["--format", form]].concat()))
        );
    }
    let json: serde_json::Value =
        serde_json::from_str(&succeed(compare(folder.path(), &[&all[..], &["--format", "json"]].concat()))).unwrap();
    let b = &json.as_array().unwrap().iter().find(|row| row["method"] == "b" && row["fleet.clients"] == "20").unwrap();
    // Half under each of eight seeds: 2 / 2⁸, times the four comparisons.
    assert_eq!(
        (b["loss_p"].as_f64(), b["loss_p_holm"].as_f64(), b["loss_won"].as_f64()),
        (Some(2.0 / 256.0), Some(8.0 / 256.0), Some(8.0))
    );
    assert!((b["loss_effect"].as_f64().unwrap() - 0.5).abs() < 1e-12);
}

#[test]
fn a_key_across_means_and_profiles() {
    let folder = tempfile::tempdir().unwrap();
    two_folders(folder.path());
    let across = ["ten", "twenty", "--metrics", "loss", "--columns", "clients", "--show", "mean±sd"];
    insta::assert_snapshot!("compare-across", succeed(compare(folder.path(), &across)));
    insta::assert_snapshot!(
        "compare-across-latex",
        succeed(compare(folder.path(), &[&across[..], &["--format", "latex"]].concat()))
    );
    let unreached = ["twenty", "--target", "loss=0.1", "--metrics", "seconds,uplink-bits"];
    insta::assert_snapshot!("compare-unreached", succeed(compare(folder.path(), &unreached)));
    let profile = ["ten", "twenty", "--target", "loss=0.1,loss=0.05", "--profile", "seconds"];
    insta::assert_snapshot!("compare-profile", succeed(compare(folder.path(), &profile)));
}

#[test]
fn folders_and_seeds_in_another_order_move_no_figure() {
    let folder = tempfile::tempdir().unwrap();
    two_folders(folder.path());
    let sorted = |arguments: &[&str]| {
        let text = succeed(compare(folder.path(), &[arguments, &["--baseline", "a", "--bayes", "--format", "csv"]].concat()));
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let one = sorted(&["ten", "twenty"]);
    assert_eq!(one, sorted(&["twenty", "ten"]));
    let path = folder.path().join("ten/curves.csv");
    let text = fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let runs: Vec<&str> = rows.lines().collect();
    let reversed: Vec<&str> = runs.chunks(2).rev().flatten().copied().collect();
    fs::write(&path, format!("{header}\n{}\n", reversed.join("\n"))).unwrap();
    assert_eq!(one, sorted(&["ten", "twenty"]));
}

#[test]
fn mistakes_say_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    two_folders(folder.path());
    for (arguments, words) in [
        (&["ten", "--baseline", "d"][..], "the methods are: a, b, c"),
        (&["ten", "--metrics", "accuracy"], "its columns are: loss, seconds, rounds, uplink-bits"),
        (&["ten", "--columns", "alpha"], "those that do: method"),
        (&["ten", "--show", "mode"], "write one of: `median [q25, q75] ×ratio`"),
        (&["ten", "--target", "loss=0.1", "--profile", "minutes"], "axes are: rounds, seconds"),
        (&["ten", "--profile", "seconds"], "--target"),
        (&["ten", "--bayes"], "--baseline"),
        (&["ten", "ten"], "`ten` is given twice"),
        (&["ten", "--target", "gap=0.1"], "recorded are: loss"),
    ] {
        let refused = told(compare(folder.path(), arguments));
        assert!(refused.starts_with("exit code 2") && refused.contains(words), "{arguments:?}: {refused}");
    }
}
