//! Clients that leave for good: nobody waits for them.

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// Q4 on a schedule, with visits of these seconds, where clients 0 and 1 are up for ever and 2 and 3 leave after `until` [s].
fn leaving(visits: &[f64], until: f64, schedule: &str) -> (tempfile::TempDir, Bench) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("trace.csv");
    let text = format!("client,from,to\n0,0,1e9\n1,0,1e9\n2,0,{until}\n3,0,{until}\n");
    std::fs::write(&path, text).expect("the folder can be written to");
    let trace = format!("{{ trace = {:?} }}", path.display().to_string());
    (folder, Bench::q4("fedavg").visits(visits).set("fleet.availability", trace).schedule(schedule))
}

/// Seconds, updates and losses after three server steps.
fn after_three(bench: &Bench) -> (f64, u64, u64) {
    let mut engine = bench.engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(3)));
    (engine.now(), engine.protocol().participation().updates, engine.ledger().lost)
}

#[test]
fn groups_close_without_those_who_are_gone() {
    let group = "{ group = { size = 3 } }";
    // Gone before the others come in: pairs from then on, at 1, 2 and 3 s.
    let (_folder, early) = leaving(&[1.0; 4], 0.5, group);
    assert_eq!(after_three(&early), (3.0, 6, 2));
    // The pair is in at 1 s and waits until the third leaves at 2.5 s; then at 3.5 and 4.5 s.
    let (_folder, late) = leaving(&[1.0, 1.0, 4.0, 4.0], 2.5, group);
    assert_eq!(after_three(&late), (4.5, 6, 2));
}

#[test]
fn rounds_go_on_without_those_who_are_gone() {
    // The first round ends as the last client leaves, the others a visit later each.
    let (_folder, all) = leaving(&[1.0, 1.0, 4.0, 4.0], 2.5, "{ rounds = {} }");
    assert_eq!(after_three(&all), (4.5, 6, 2));
    // A trace names those who are gone in every other round: both are lost at 2.5 s, client 0 is in at 6.5 s, and the next
    // round has nobody and ends after its pause of 1 s.
    let (_folder, traced) = leaving(&[4.0; 4], 2.5, "{ rounds = { cohort = { trace = [[2, 3], [0]] } } }");
    assert_eq!(after_three(&traced), (7.5, 1, 2));
}
