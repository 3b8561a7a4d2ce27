//! The table of runs, as it is written and read back.

use super::*;
use crate::record::{LogSpec, axis::Axis};

fn facts() -> Vec<Fact> {
    let every = [
        EverySpec::Rounds(1),
        EverySpec::Seconds(0.5),
        EverySpec::Updates(20),
        EverySpec::Log(LogSpec { axis: Axis::Seconds, per_decade: 7.5 }),
        EverySpec::Seconds(1e-9),
        EverySpec::Rounds(1),
    ];
    let outcome = [
        Some(Outcome::Finished),
        Some(Outcome::Reached),
        Some(Outcome::StoppedEarly),
        Some(Outcome::Stuck),
        Some(Outcome::Diverged),
        None,
    ];
    let cell = |value: &str| Cell(vec![("federated.local.lr".to_owned(), value.to_owned())]);
    let rows = every.into_iter().zip(outcome).enumerate();
    rows.map(|(i, (every, outcome))| Fact {
        cell: cell(["0.1", "=x"][i % 2]),
        method: ["FedAvg, \"plain\"", "@b", "c"][i / 2].to_owned(),
        seed: 3,
        outcome,
        at_work: outcome.map(|_| AtWork { mean: 3.25, most: 10 }),
        sampling: Sampling { every, server: i < 4 },
    })
    .collect()
}

#[test]
fn all_that_is_written_is_read_back_and_runs_no_formula() {
    let mut out = Vec::new();
    write(&["federated.local.lr".to_owned()], facts(), &mut out).unwrap();
    let text = String::from_utf8(out.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "federated.local.lr,method,seed,outcome,sampled,server,at_work_mean,at_work_most");
    assert_eq!(lines[1], "0.1,\"FedAvg, \"\"plain\"\"\",3,finished,1 rounds,true,3.25,10");
    assert_eq!(lines[4], "'=x,'@b,3,stuck,7.5 per decade of seconds,true,3.25,10");
    assert_eq!(lines[6], "'=x,c,3,,1 rounds,false,,");
    let read = Facts::parse(&out, Path::new("runs.csv")).unwrap();
    assert_eq!(read.rows(), facts());
    let cell = &facts()[1].cell;
    assert_eq!(read.of(cell, "@b", 3).unwrap().outcome, Some(Outcome::Stuck));
    assert!(read.of(cell, "@b", 4).is_none());
}

#[test]
fn only_a_server_sampled_at_each_of_its_steps_is_exact() {
    let exact = |every, server| Sampling { every, server }.is_exact();
    assert!(exact(EverySpec::Rounds(1), true) && exact(EverySpec::Updates(1), true));
    assert!(!exact(EverySpec::Rounds(1), false) && !exact(EverySpec::Rounds(2), true) && !exact(EverySpec::Seconds(1.0), true));
}

#[test]
fn only_a_missing_file_is_nothing() {
    assert!(Facts::read(Path::new("/nonexistent/runs.csv")).unwrap().rows().is_empty());
    let header = "method,seed,outcome,sampled,server,at_work_mean,at_work_most\n";
    for (rows, place) in [
        ("a,x,finished,1 rounds,true,,\n", "2:3 x"),
        ("a,0,finished,1 rounds,true,,\na,1,lost,1 rounds,true,,\n", "3:5 lost"),
        ("a,0,finished,1 metres,true,,\n", "2:14 1 metres"),
        ("a,0,finished,0 rounds,true,,\n", "2:14 0 rounds"),
        ("a,0,finished,1 rounds,yes,,\n", "2:23 yes"),
        ("a,0,finished,1 rounds,true,x,1\n", "2:28 x"),
        ("a,0,finished\n", "2:1 a,0,finished"),
        ("a,0,finished,1 rounds,true,,\na,0,finished,1 rounds,true,,\n", "3:1 a"),
    ] {
        let fault = Facts::parse(format!("{header}{rows}").as_bytes(), Path::new("runs.csv")).unwrap_err();
        assert_eq!(fault.place(), place, "{}", fault.message);
        assert!(fault.file.is_some());
    }
    assert!(Facts::parse(b"method,seed\n", Path::new("runs.csv")).is_err());
}
