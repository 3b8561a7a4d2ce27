//! What `check` refuses, `run` refuses as well, by the same words and exit code 2, before it has made anything.

use std::fs;

use crate::program::{fedfleet, told};

const SCENARIO: &str = "\
stop = { rounds = 3 }\nproblem = { objective = \"softmax\", data = \"digits-8x8\" }\nfleet.clients = { sweep = [4, 6] }\n\
federated.local = { steps = 2, lr = 0.1 }\n[[method]]\nname = \"fedavg\"\n[[method]]\nname = \"delayed-nesterov\"\n";

#[test]
fn run_refuses_what_check_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("s.toml"), folder.path().join("o"));
    fs::write(&path, SCENARIO).unwrap();
    for (set, part) in [
        ("problem.objctive='softmax'", "objctive"),
        ("federated.local.lr=-1", "lr"),
        ("federated.local.steps={file='nowhere'}", "nowhere"),
        ("method.delayed-nesterov.inner={b1=inf,b2=-3.0}", "b1"),
        ("federated.weighting='unbiased'", "unbiased"),
        ("figure=[{x='rounds',y='loss',where={clients=5}}]", "clients"),
        ("claim=[{text='c',metric='loss',better='fedavg',worse='nobody'}]", "nobody"),
        ("fleet.clients=100000", "clients"),
        ("record.metrics=['gap','consensus']", "consensus"),
        ("problem.data={csv='nowhere.csv'}", "nowhere.csv"),
        ("network.up={latency=-1}", "latency"),
        ("fleet={clients=4,availability={trace='nowhere.csv'}}", "nowhere.csv"),
    ] {
        let call = |verb: &str| {
            let mut command = fedfleet([verb]);
            command.arg(&path).args(["--set", set]);
            if verb == "run" {
                command.arg("--out").arg(&out);
            }
            told(command)
        };
        let (checked, run) = (call("check"), call("run"));
        assert!(checked.starts_with("exit code 2") && checked.contains(part), "{set}: {checked}");
        assert_eq!(checked, run, "{set}");
        assert!(!out.exists(), "{set}: nothing is made");
    }
}

/// What shows only as a method is built in its world is told at that method, whichever methods run: the second one here, of which
/// the first has no part.
#[test]
fn a_fault_is_told_at_the_method_that_has_it_when_others_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    let text = SCENARIO.replace(
        "[[method]]\nname = \"delayed-nesterov\"\n",
        "[[method]]\nname = \"fedbuff\"\nlocal = { steps = { file = \"nowhere\" } }\n",
    );
    fs::write(&path, text).unwrap();
    for only in [&["--only", "fedbuff"][..], &[]] {
        let mut command = fedfleet(["run".as_ref(), path.as_os_str()]);
        command.args(only);
        let told = told(command);
        assert!(told.starts_with("exit code 2") && told.contains("s.toml:9:"), "{told}");
    }
}

/// Two divisions of the same samples are one block of data, and 4 clients a round are 4 at work.
#[test]
fn a_run_begins_with_what_it_reads_and_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    let text = SCENARIO.replace(
        "data = \"digits-8x8\"",
        "data = \"digits-8x8\", partition = { dirichlet = { alpha = { sweep = [0.1, 1.0] } } }",
    );
    fs::write(&path, text.replace("fleet.clients = { sweep = [4, 6] }", "fleet.clients = 4")).unwrap();
    let call = || {
        let mut command = fedfleet(["run".as_ref(), path.as_os_str()]);
        command.args(["--only", "fedavg", "--seeds", "1", "--out"]).arg(folder.path().join("o"));
        told(command)
    };
    let told = call();
    assert_eq!(told.lines().filter(|line| *line == "data").count(), 1, "{told}");
    for part in [
        "and 1 more cell with the same samples",
        "of memory",
        "if other cells take as much",
        "clients at work: 4.00 on average, 4 at most",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!call().contains("clients at work"), "nothing is left to run");
}
