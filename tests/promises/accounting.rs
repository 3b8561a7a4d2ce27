//! What a run has spent: everything that was computed, and what of it was of use.

use fedfleet::engine::Ledger;

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// What has been spent after so many server steps, and the time [s].
fn spent(bench: &Bench, versions: usize) -> (Ledger, f64) {
    let mut engine = bench.engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(versions)));
    (*engine.ledger(), engine.now())
}

/// Four clients with steps of 0.25, 0.25, 0.5 and 1 s and visits of four steps, all called for the first two: those come after a
/// second, when the third has taken two steps and the last one.
#[test]
fn over_selection_is_not_free() {
    let bench = Bench::q4("fedavg")
        .set("fleet.step", "{ values = [0.25, 0.25, 0.5, 1.0] }")
        .set("fleet.energy", 3.0)
        .schedule("{ rounds = { cohort = 2, over-selection = 2.0 } }");
    let (ledger, seconds) = spent(&bench, 10);
    assert_eq!((ledger.gradients, ledger.gradients_used, seconds), (110, 80, 10.0));
    assert!((ledger.energy - 330.0).abs() < 1e-9, "{} J", ledger.energy);
    let enough = bench.schedule("{ rounds = {} }");
    let (ledger, seconds) = spent(&enough, 10);
    assert_eq!((ledger.gradients, ledger.gradients_used, seconds), (160, 160, 40.0));
}

/// Up for a second of three, and visits of four steps of 0.4 s: the third is never done.
#[test]
fn what_a_client_that_leaves_has_computed_counts() {
    let bench = Bench::q4("fedavg")
        .set("fleet.step", 0.4)
        .set("fleet.energy", 1.0)
        .set("fleet.availability", "{ cyclic = { up = 1, down = 2, phase = 0 } }")
        .set("fleet.leave", "\"lose\"");
    let (ledger, _) = spent(&bench, 5);
    // Two steps of each client in the first and the fourth round; the others find nobody and pass after a second.
    assert_eq!((ledger.gradients, ledger.gradients_used, ledger.energy, ledger.visits), (16, 0, 16.0, 0));
    let (ledger, _) = spent(&bench.set("fleet.leave", "\"pause\""), 5);
    assert_eq!((ledger.gradients, ledger.gradients_used, ledger.visits), (80, 80, 20));
}

/// Visits of four steps are lost halfway; one in two, about.
#[test]
fn half_a_lost_visit_counts_as_half() {
    let bench = Bench::q4("fedavg").set("fleet.dropout", 0.5).set("fleet.dropout-done", 0.5);
    let (ledger, _) = spent(&bench, 20);
    assert_eq!(ledger.gradients, 4 * ledger.visits + 2 * ledger.lost);
    assert_eq!((ledger.gradients_used, ledger.visits + ledger.lost), (4 * ledger.visits, 80));
}

/// The fast client delivers five times while the slow one is at work, whose update is then refused.
#[test]
fn what_is_refused_was_computed() {
    let bench = Bench::q4("fedavg").visits(&[1.0, 1.0, 1.0, 5.5]).schedule("{ every-arrival = { max-staleness = 10 } }");
    let (ledger, _) = spent(&bench, 18);
    assert_eq!((ledger.gradients, ledger.gradients_used), (4 * ledger.visits, 4 * 18));
    assert!(ledger.visits > 18);
}

/// A visit of 3 s of which one is not for steps has room for four steps of half a second.
#[test]
fn a_visit_takes_no_more_than_its_seconds() {
    let bench = Bench::q4("fedavg")
        .without("federated.local.steps")
        .set("federated.local.seconds", 3.0)
        .set("fleet.step", 0.5)
        .set("fleet.visit", 1.0);
    let (ledger, seconds) = spent(&bench, 2);
    assert_eq!((ledger.gradients, seconds), (32, 6.0));
}
