//! Whom rounds call: selections that are unbiased where they say so, and choose whom they should.

use fedfleet::engine::Workers;

use crate::{
    bench::Bench,
    momentum::assert_near,
    watch::{Observer, Until},
};

/// Mean over many seeds of the iterate after one round of two clients, and the standard error of the mean.
fn first_round(select: &str) -> (f64, f64) {
    let schedule = format!("{{ rounds = {{ cohort = 2, select = {select} }} }}");
    let mut bench = Bench::q4("fedavg").steps("1").lr(0.1).schedule(&schedule);
    let seeds = 3000;
    let (mut sum, mut squares) = (0.0, 0.0);
    for seed in 0..seeds {
        bench.seed = seed;
        let x = bench.last(1);
        sum += x;
        squares += x * x;
    }
    let mean = sum / seeds as f64;
    (mean, ((squares / seeds as f64 - mean * mean) / seeds as f64).sqrt())
}

#[test]
fn weighted_selections_estimate_the_mean_update() {
    let everyone = Bench::q4("fedavg").steps("1").lr(0.1).last(1);
    for select in ["\"uniform\"", "{ by-size = {} }", "{ by-size = { replacement = true } }", "{ gradient-norm = {} }"] {
        let (mean, error) = first_round(select);
        assert!((mean - everyone).abs() < 4.0 * error + 1e-12, "{select}: {mean} ± {error} instead of {everyone}");
    }
    let (mean, error) = first_round("{ gradient-norm = { unbiased = false } }");
    assert!(everyone - mean > 8.0 * error, "steep clients pull harder: {mean} ± {error} against {everyone}");
}

#[test]
fn norms_of_gradients_lower_the_variance() {
    let (_, uniform) = first_round("\"uniform\"");
    let (_, informed) = first_round("{ gradient-norm = {} }");
    assert!(informed < 0.8 * uniform, "{informed} against {uniform}");
}

#[test]
fn power_of_choice_takes_the_greatest_losses_and_pays_for_asking() {
    // At 5 the losses of Q4 are 18, 25, 4 and 18.
    let chosen = Bench::q4("fedavg").schedule("{ rounds = { cohort = 2, select = { power-of-choice = { candidates = 4 } } } }");
    let stated = Bench::q4("fedavg").schedule("{ rounds = { cohort = { trace = [[0, 1]] } } }");
    assert_eq!(chosen.iterates(1), stated.iterates(1));
    let ledger = |bench: &Bench| {
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Events(2)));
        *engine.ledger()
    };
    let (chosen, stated) = (ledger(&chosen), ledger(&stated));
    assert_eq!(chosen.downlink_bits - stated.downlink_bits, 4 * 32);
    assert_eq!(chosen.uplink_bits - stated.uplink_bits, 4 * 32);
}

#[test]
fn tiers_and_deadlines_go_by_speed() {
    let speeds = [1.0, 1.1, 5.0, 5.1];
    let tiers = Bench::q4("fedavg").visits(&speeds).schedule("{ rounds = { cohort = 2, select = { tiers = { count = 2 } } } }");
    let arrivals = tiers.arrivals(40);
    let mut before = 0.0;
    for pair in arrivals.chunks(2) {
        let length = pair[1].time - before;
        assert!((length - 1.1).abs() < 1e-9 || (length - 5.1).abs() < 1e-9, "a round of {length} mixes tiers");
        before = pair[1].time;
    }
    let fast = Bench::q4("fedavg").visits(&speeds).schedule("{ rounds = { cohort = 2, deadline = 2.0, select = \"in-time\" } }");
    let stated = Bench::q4("fedavg").schedule("{ rounds = { cohort = { trace = [[0, 1]] } } }");
    assert_eq!(fast.iterates(10), stated.iterates(10));
}

/// Two clients who compute fast and are on a slow link do not make the deadline, however fast they are: in 2 s a client that
/// takes 1 s has 1 s left for messages of 32 bits.
#[test]
fn in_time_means_that_the_answer_is_in_time() {
    let late = ["network.up.latency", "network.up.bandwidth", "network.down.latency", "network.down.bandwidth"];
    let values = ["[0.5, 0.5, 1.95, 1.95]", "[64, 64, 16, 16]", "[0.5, 0.5, 1.95, 1.95]", "[64, 64, 16, 16]"];
    let stated = Bench::q4("fedavg").schedule("{ rounds = { cohort = { trace = [[0, 1]] } } }");
    for (key, values) in late.into_iter().zip(values) {
        let schedule = "{ rounds = { cohort = 2, deadline = 2.0, select = \"in-time\" } }";
        let bench = Bench::q4("fedavg").visits(&[1.0, 1.0, 0.9, 0.1]).set(key, format!("{{ values = {values} }}"));
        assert_eq!(bench.schedule(schedule).iterates(10), stated.iterates(10), "{key}");
    }
    // Option I takes a gradient of all samples on top of the local steps.
    let schedule = "{ rounds = { cohort = 2, deadline = 4.0, select = \"in-time\" } }";
    let twice = Bench::q4("scaffold; option = \"I\"").set("fleet.step", "{ values = [0.8, 0.8, 0.9, 0.9] }").schedule(schedule);
    let stated = Bench::q4("scaffold; option = \"I\"").schedule("{ rounds = { cohort = { trace = [[0, 1]] } } }");
    assert_eq!(twice.iterates(10), stated.iterates(10));
}

#[test]
fn selections_without_sense_are_refused() {
    let cases = [
        ("{ rounds = { select = { by-size = {} } } }", "nobody to select"),
        ("{ rounds = { cohort = 2, select = \"in-time\" } }", "the rounds have none"),
        ("{ rounds = { cohort = 2, select = { power-of-choice = { candidates = 1 } } } }", "out of range"),
        ("{ rounds = { cohort = 2, select = { tiers = { count = 3 } } } }", "out of range"),
        (
            "{ rounds = { cohort = 2, over-selection = 1.5, select = { power-of-choice = { candidates = 2 } } } }",
            "more than the 2 candidates",
        ),
        (
            "{ rounds = { cohort = 2, over-selection = 1.5, select = { tiers = { count = 2 } } } }",
            "more than the 2 clients of a tier",
        ),
    ];
    for (schedule, reason) in cases {
        let fault = Bench::q4("fedavg").schedule(schedule).build(Workers::single()).err().expect("the selection is refused");
        assert!(fault.contains(reason), "{fault}");
    }
    let twice = Bench::q4("fedavg").schedule("{ rounds = { cohort = 2, select = { by-size = {} } } }").weighting("all");
    assert!(twice.build(Workers::single()).err().expect("weights twice").contains("already weights the updates"));
}

#[test]
fn every_round_asks_about_the_model_that_the_server_then_has() {
    // Losses x²/2 and 3 (x − 10)²/2, steps of 0.3: client 1 at 4, client 0 at 9.4 and at 6.58, client 1 at 4.606.
    let chosen = Bench::q4("fedavg")
        .set("problem.objective", "{ quadratic = { curvature = [1.0, 3.0], centre = [0.0, 10.0] } }")
        .set("problem.init", "{ constant = 4.0 }")
        .set("fleet.clients", 2)
        .steps("1")
        .lr(0.3)
        .schedule("{ rounds = { cohort = 1, select = { power-of-choice = { candidates = 2 } } } }");
    assert_near(&chosen.iterates(4), &[9.4, 6.58, 4.606, 9.4606], 1e-12);
}
