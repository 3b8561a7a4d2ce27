//! Who is called when: cut-offs, ties, pauses, draws.

use fedfleet::engine::Workers;

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// Seconds, updates and downloads after `versions` server steps.
fn after(bench: &Bench, versions: usize) -> (f64, u64, u64) {
    let mut engine = bench.engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(versions)));
    (engine.now(), engine.protocol().standing().updates, engine.ledger().downlink_bits / 32)
}

#[test]
fn who_is_cut_off_is_called_again_in_the_next_round() {
    let late = Bench::q4("fedavg").visits(&[1.0, 1.0, 1.0, 4.0]);
    // Three of four arrive in each round of 2.5 s; the fourth round has ended and the fifth has called everyone.
    assert_eq!(after(&late.clone().schedule("{ rounds = { deadline = 2.5 } }"), 4), (10.0, 12, 20));
    // Two are called too many in each round, and cut off as the first two arrive.
    let over = late.visits(&[1.0; 4]).schedule("{ rounds = { cohort = 2, over-selection = 2 } }");
    assert_eq!(after(&over, 4), (4.0, 8, 20));
}

#[test]
fn what_arrives_at_the_deadline_is_in_time() {
    let bench = Bench::q4("fedavg").visits(&[4.0; 4]);
    for select in ["uniform", "in-time"] {
        let schedule = format!("{{ rounds = {{ cohort = 2, select = \"{select}\", deadline = 4.0 }} }}");
        assert_eq!(after(&bench.clone().schedule(&schedule), 3), (12.0, 6, 8), "{select}");
    }
}

#[test]
fn replacements_are_drawn_evenly() {
    let centres: Vec<f64> = (0..200).map(f64::from).collect();
    let objective = format!("{{ quadratic = {{ curvature = 1.0, centre = {centres:?} }} }}");
    for ties in [true, false] {
        let schedule = format!(
            "{{ buffered = {{ size = 20, concurrency = 20, replace = \"random\", discount = \"constant\", batch-ties = {ties} }} }}"
        );
        let bench = Bench::q4("fedbuff").set("problem.objective", &objective).set("fleet.clients", 200).schedule(&schedule);
        let trace = bench.set("fleet.step", 1.0).iterates(2000);
        let mean = trace[100..].iter().sum::<f64>() / 1900.0;
        assert!((mean - 99.5).abs() < 2.0, "batch-ties = {ties}: {mean}");
    }
}

#[test]
fn absence_by_rounds_ends() {
    for schedule in ["{ every-arrival = {} }", "{ buffered = { size = 2 } }", "{ grace = {} }", "{ group = { size = 2 } }"] {
        let bench = Bench::q4("fedavg").bernoulli(&[0.3; 4]).set("fleet.step", 0.25).schedule(schedule);
        let (seconds, updates, _) = after(&bench, 20);
        assert!(seconds.is_finite() && updates >= 20, "{schedule}: {updates} updates in {seconds} s");
    }
}

#[test]
fn what_never_arrives_is_refused() {
    let cases = [
        (Bench::q4("fedavg").set("network.up", "{ loss = 1.0 }"), "nothing would ever arrive"),
        (Bench::q4("fedavg").set("fleet.dropout", 1.0), "nothing would ever arrive"),
        (Bench::q4("fedavg").schedule("{ window = { seconds = inf } }"), "a positive, finite time"),
    ];
    for (bench, reason) in cases {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}
