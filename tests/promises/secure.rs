//! Secure aggregation: the server steps as without it, up to the grid, and learns sums alone.

use fedfleet::engine::Workers;

use crate::{
    bench::{Bench, F80},
    watch::{Observer, Until},
};

fn secured(bench: Bench, bits: u32, range: f64) -> Bench {
    bench.set("federated.secure-aggregation", format!("{{ bits = {bits}, range = {range:?} }}"))
}

fn buffered(text: &str) -> Bench {
    Bench::q4(text).visits(&F80).schedule("{ buffered = { size = 2, replace = \"same\" } }")
}

#[test]
fn many_bits_change_nothing() {
    let benches = [
        buffered("fedbuff"),
        buffered("fedbuff").weighting("sum-weights"),
        buffered("fedbuff").schedule("{ group = { size = 3, discount = { relative = { a = 0.5, mean = 1.0 } } } }"),
        buffered("fedavgm").schedule("{ window = { seconds = 1.0 } }").weighting("all"),
        Bench::q4("fedadam; lr = 0.1"),
        Bench::q4("diloco"),
        Bench::q4("fedavg").schedule("{ rounds = { cohort = 2 } }"),
    ];
    for bench in benches {
        let plain = bench.iterates(30);
        let summed = secured(bench.clone(), 52, 16.0).iterates(30);
        for (plain, summed) in plain.iter().zip(&summed) {
            assert!((plain - summed).abs() < 1e-9, "{bench:?}: {summed} instead of {plain}");
        }
        assert_ne!(plain, summed, "{bench:?}: nothing is rounded");
    }
}

#[test]
fn few_bits_cost_a_step_of_the_grid_at_most() {
    // 2^11 − 1 for four updates: 511 levels of 10.
    let step = 10.0 / 511.0;
    let plain = Bench::q4("fedavg").last(1);
    let mut errors: Vec<f64> = Vec::new();
    for seed in 0..200 {
        let mut bench = secured(Bench::q4("fedavg"), 12, 10.0);
        bench.seed = seed;
        errors.push(bench.last(1) - plain);
    }
    assert!(errors.iter().all(|error| error.abs() < step), "{errors:?}");
    // The mean of four roundings has a standard deviation of a quarter of a step at most.
    let bias = errors.iter().sum::<f64>() / 200.0;
    assert!(bias.abs() < 4.0 * step / 4.0 / 200_f64.sqrt(), "{bias}");
}

#[test]
fn updates_are_clipped_to_the_range() {
    assert!((secured(Bench::q4("fedavg"), 52, 0.125).last(1) - 4.875).abs() < 1e-12);
}

#[test]
fn messages_have_the_bits_of_the_grid() {
    for fleet_bits in [32, 8] {
        let mut engine = secured(Bench::q4("fedavg").set("fleet.bits", fleet_bits), 20, 8.0).engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(3)));
        assert_eq!(engine.ledger().uplink_bits, 3 * 4 * 20);
    }
}

#[test]
fn a_batch_of_one_is_thrown_away() {
    let schedule = "{ rounds = { cohort = { trace = [[0], [1, 2]] } } }";
    let plain = Bench::q4("fedavg").schedule("{ rounds = { cohort = { trace = [[1, 2]] } } }").last(1);
    let iterates = secured(Bench::q4("fedavg").schedule(schedule), 52, 16.0).iterates(2);
    assert_eq!(iterates[0], 5.0);
    assert!((iterates[1] - plain).abs() < 1e-12);
}

#[test]
fn what_needs_single_updates_is_refused() {
    for text in ["mifa", "fedvarp", "afa-cs", "afa-cd", "scaffold", "fednova", "fedau", "fedasync", "prowd", "grouped-average"] {
        let fault = secured(Bench::q4(text), 32, 1.0).build(Workers::single()).err();
        assert!(fault.is_some_and(|fault| fault.contains("each update, not only")), "{text} is taken");
    }
    let few = "{ rounds = { cohort = 2, select = { gradient-norm = { unbiased = true } } } }";
    let cases = [
        (Bench::q4("fedbuff").schedule("{ every-arrival = {} }"), "sum of one"),
        (Bench::q4("fedavg").schedule("{ buffered = { size = 1 } }"), "sum of one"),
        (Bench::q4("fedavg").set("federated.uplink", "{ qsgd = { bits = 4 } }"), "compressed messages"),
        (Bench::q4("fedavg").weighting("participating-weighted"), "factor of its own"),
        (Bench::q4("fedavg").schedule(few), "weights every update"),
        (secured(Bench::q4("fedavg"), 3, 1.0), "no room for the sum"),
        (secured(Bench::q4("fedavg"), 1, 1.0), "from 2 to 52 bits"),
        (secured(Bench::q4("fedavg"), 32, 0.0), "a positive magnitude"),
    ];
    for (bench, reason) in cases {
        let bench = if format!("{bench:?}").contains("federated.secure-aggregation") { bench } else { secured(bench, 32, 1.0) };
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}
