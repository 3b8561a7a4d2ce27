//! Laws that hold in the long run: variance, staleness, stability.

use fedfleet::protocol::Observed;

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

#[test]
fn stationary_variance_falls_with_clients_and_not_with_steps() {
    for (clients, steps) in [(1, 1), (4, 1), (1, 5), (4, 5)] {
        let curvature = vec![1.0; clients];
        let objective = format!("{{ quadratic = {{ curvature = {curvature:?}, centre = 0.0, noise = 1.0 }} }}");
        let bench = Bench::q4("fedavg").set("problem.objective", objective).set("fleet.clients", clients).lr(0.1);
        let trace = bench.steps(&steps.to_string()).set("problem.init", "\"zeros\"").iterates(60_000);
        let variance = trace[1000..].iter().map(|x| x * x).sum::<f64>() / 59_000.0;
        let expected = 0.1 / (clients as f64 * (2.0 - 0.1));
        assert!((variance / expected - 1.0).abs() < 0.08, "{clients} clients, {steps} steps: {variance} instead of {expected}");
    }
}

#[test]
fn mean_staleness_depends_on_concurrency_and_buffer_alone() {
    let durations = ["{ exponential = { mean = 1.0 } }", "{ lognormal = { median = 1.0, sigma = 1.5 } }", "1.0"];
    for (concurrency, size, law) in [(10, 1, 9.0), (10, 4, 2.25), (50, 10, 4.9)] {
        for duration in durations {
            let schedule = format!("{{ buffered = {{ size = {size}, concurrency = {concurrency}, replace = \"random\" }} }}");
            let bench = Bench::random("fedbuff", 80).set("fleet.step", 0.0).set("fleet.visit", duration).schedule(&schedule);
            let arrivals = bench.lr(1e-3).steps("1").arrivals(20_000);
            let tail = &arrivals[2000..];
            let mean = tail.iter().map(|arrival| arrival.staleness as f64).sum::<f64>() / tail.len() as f64;
            assert!((mean - law).abs() < 0.02 * law, "{concurrency} at work, buffer {size}, {duration}: {mean} instead of {law}");
        }
    }
}

#[test]
fn equal_speeds_give_the_greatest_staleness_to_everyone() {
    let arrivals = Bench::q4("fedavg").weighting("all").schedule("{ every-arrival = {} }").arrivals(40);
    let staleness: Vec<u64> = arrivals.iter().map(|arrival| arrival.staleness).collect();
    assert_eq!(staleness[..4], [0, 1, 2, 3]);
    assert!(staleness[4..].iter().all(|&s| s == 3), "{staleness:?}");
}

#[test]
fn a_full_buffer_of_equals_is_renewed_before_its_last() {
    // All of a sweep but the last start again from the old model; the last one, from the new, is fresh.
    let arrivals = Bench::q4("fedbuff").schedule("{ buffered = { size = 4, replace = \"same\" } }").arrivals(44);
    let staleness: Vec<u64> = arrivals[4..].iter().map(|arrival| arrival.staleness).collect();
    assert!(staleness.chunks(4).all(|sweep| sweep == [1, 1, 1, 0]), "{staleness:?}");
}

#[test]
fn every_accepted_upload_is_counted_by_its_staleness() {
    // As above: the first sweep finds versions 0 to 3, and everyone is three versions late from then on.
    let mut engine = Bench::q4("fedavg").weighting("all").schedule("{ every-arrival = {} }").engine();
    let _ = engine.run(&mut Observer::new(Until::Arrivals(40)));
    assert_eq!(engine.protocol().staleness_counts(), [1, 1, 1, 37]);
}

/// `|x|` after many gradient steps of a constant delay, from 1, with the product `gain` of step size and curvature.
fn delayed(delay: usize, gain: f64) -> f64 {
    let clients = delay + 1;
    let objective = format!("{{ quadratic = {{ curvature = {:?}, centre = 0.0 }} }}", vec![1.0; clients]);
    let bench = Bench::q4("fedsgd").set("problem.objective", objective).set("fleet.clients", clients);
    let bench = bench.set("problem.init", "{ constant = 1.0 }").lr(gain).schedule("{ every-arrival = {} }");
    bench.iterates(4000)[3990..].iter().fold(0.0, |most: f64, x| most.max(x.abs()))
}

#[test]
fn delayed_gradients_are_stable_up_to_the_known_gain() {
    for (delay, threshold) in [(0, 2.0), (1, 1.0), (2, 0.6180339887), (5, 0.2846296765)] {
        assert!(delayed(delay, 0.98 * threshold) < 1e-3, "delay {delay} just below the threshold");
        let above = delayed(delay, 1.02 * threshold);
        assert!(above > 1e3 || above.is_nan(), "delay {delay} just above the threshold: {above}");
    }
}

#[test]
fn grace_periods_bring_like_workers_together() {
    // Two pairs of like workers: within a pair staleness is 0 and 1 plus what the other pair did meanwhile.
    let bench = Bench::q4("fedavg").weighting("all").visits(&[1.0, 1.01, 3.0, 3.02]).schedule("{ grace = { seconds = 0.05 } }");
    let arrivals = bench.arrivals(8);
    let times: Vec<f64> = arrivals.iter().map(|arrival| (arrival.time * 1e9).round() / 1e9).collect();
    assert_eq!(times, [1.0, 1.01, 2.05, 2.06, 3.0, 3.02, 3.1, 3.11]);
    assert_eq!(arrivals.iter().map(|arrival| arrival.staleness).collect::<Vec<_>>(), [0, 1, 0, 1, 4, 5, 2, 3]);
}

#[test]
fn steps_by_speed_make_workers_finish_together() {
    // 20, 16, 8 and 4 steps of 0.2 to 1 s: everyone needs 4 s.
    let workers = Bench::q4("fedavg").weighting("all").set("fleet.step", "{ values = [0.2, 0.25, 0.5, 1.0] }");
    let workers = workers.steps("20").set("federated.local.by-speed", true);
    let staleness = |schedule: &str| -> Vec<u64> {
        workers.clone().schedule(schedule).arrivals(24).iter().map(|arrival| arrival.staleness).collect()
    };
    let together = staleness("{ grace = { seconds = 0.5 } }");
    assert!(together.chunks(4).all(|group| group == [0, 1, 2, 3]), "{together:?}");
    let alone = staleness("{ every-arrival = {} }");
    assert!(alone[4..].iter().all(|&s| s == 3), "{alone:?}");
}
