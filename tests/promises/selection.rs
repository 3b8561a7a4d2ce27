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
    // Client 0 computes as fast as client 1, and uploads for longer than the round lasts.
    let slow_link = Bench::q4("fedavg")
        .visits(&[0.5, 0.5, 5.0, 1.0])
        .set("network.up", "{ latency = { values = [1.6, 0.0, 0.0, 0.9] } }")
        .schedule("{ rounds = { cohort = 2, deadline = 2.0, select = \"in-time\" } }");
    let stated = Bench::q4("fedavg").schedule("{ rounds = { cohort = { trace = [[1, 3]] } } }");
    assert_eq!(slow_link.iterates(10), stated.iterates(10));
}

#[test]
fn selections_without_sense_are_refused() {
    let cases = [
        ("{ rounds = { select = { by-size = {} } } }", "nobody is left to select"),
        ("{ rounds = { cohort = 2, select = \"in-time\" } }", "the rounds have none"),
        ("{ rounds = { cohort = 2, select = { power-of-choice = { candidates = 1 } } } }", "out of range"),
        ("{ rounds = { cohort = 2, select = { tiers = { count = 3 } } } }", "out of range"),
        (
            "{ rounds = { cohort = 2, over-selection = 1.5, select = { power-of-choice = { candidates = 2 } } } }",
            "from the 3 whom a round calls",
        ),
        ("{ rounds = { cohort = 2, over-selection = 1.5, select = { tiers = { count = 2 } } } }", "as many clients each"),
    ];
    for (schedule, reason) in cases {
        let fault = Bench::q4("fedavg").schedule(schedule).build(Workers::single()).err().expect("the selection is refused");
        assert!(fault.contains(reason), "{fault}");
    }
    let twice = Bench::q4("fedavg").schedule("{ rounds = { cohort = 2, select = { by-size = {} } } }").weighting("all");
    assert!(twice.build(Workers::single()).err().expect("weights twice").contains("weights the updates itself"));
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
