//! Completions and manual pages cover every verb.

use std::fs;

use crate::program::{fedfleet, succeed, told};

/// The verbs as the help lists them.
fn verbs() -> Vec<String> {
    let help = succeed(fedfleet(["--help"]));
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    // What is further in goes on with the line above.
    let lines = rest.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    lines
        .filter_map(|line| line.split(' ').next())
        .filter(|verb| !verb.is_empty())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_shell_completes_every_verb_and_option() {
    assert!(verbs().len() >= 10, "{:?}", verbs());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = succeed(fedfleet(["completions", shell]));
        verbs().iter().for_each(|verb| assert!(script.contains(verb.as_str()), "{shell}: {verb}"));
        assert!(script.contains("threads"), "{shell}");
    }
}

#[test]
fn a_shell_that_is_not_known_is_refused() {
    let refused = told(fedfleet(["completions", "tcsh"]));
    assert!(refused.starts_with("exit code 2") && refused.contains("bash"), "{refused}");
}

#[test]
fn every_verb_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = fedfleet(["man", "--out"]);
    let written = succeed({
        command.arg(folder.path());
        command
    });
    assert_eq!(written.lines().count(), verbs().len() + 1, "{written}");
    let main = fs::read_to_string(folder.path().join("fedfleet.1")).unwrap();
    assert!(main.contains(".TH fedfleet 1") && main.contains("fedfleet\\-run(1)"), "{main}");
    assert_eq!(main, succeed(fedfleet(["man"])));
    for verb in verbs() {
        let page = fs::read_to_string(folder.path().join(format!("fedfleet-{verb}.1"))).unwrap();
        assert!(page.contains(&format!("fedfleet\\-{verb}")) && page.contains(".SH SYNOPSIS"), "{page}");
        assert_eq!(page, succeed(fedfleet(["man", &verb])));
    }
    let run = succeed(fedfleet(["man", "run"]));
    assert!(run.contains("\\-\\-resume") || run.contains("\\-\\-threads"), "{run}");
}

#[test]
fn a_verb_that_is_not_known_has_no_page() {
    let refused = told(fedfleet(["man", "rnu"]));
    assert!(refused.starts_with("exit code 2") && refused.contains("there is no verb `rnu`"), "{refused}");
}
