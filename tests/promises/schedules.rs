//! Who is called when: cut-offs, ties, pauses, draws.

use fedfleet::engine::Workers;

use crate::{
    bench::{Bench, F80},
    watch::{Observer, Until},
};

/// Seconds, updates and downloads after `versions` server steps.
fn after(bench: &Bench, versions: usize) -> (f64, u64, u64) {
    let mut engine = bench.engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(versions)));
    (engine.now(), engine.protocol().participation().updates, engine.ledger().downlink_bits / 32)
}

/// A round sends the model, of one number, to four clients.
#[test]
fn rounds_that_have_ended_are_charged_for_and_no_other() {
    for link in ["{}", "{ loss = 0.5 }"] {
        let bench = Bench::q4("fedavg").set("network.down", link).schedule("{ rounds = { cohort = \"all\" } }");
        for rounds in [1, 3] {
            assert_eq!(after(&bench, rounds).2, 4 * rounds as u64, "{rounds} rounds with {link}");
        }
    }
}

#[test]
fn who_is_cut_off_is_called_again_in_the_next_round() {
    let late = Bench::q4("fedavg").visits(&[1.0, 1.0, 1.0, 4.0]);
    // Three of four arrive in each round of 2.5 s, which calls everyone.
    assert_eq!(after(&late.clone().schedule("{ rounds = { deadline = 2.5 } }"), 4), (10.0, 12, 16));
    // Two are called too many in each round, and cut off as the first two arrive.
    let over = late.visits(&[1.0; 4]).schedule("{ rounds = { cohort = 2, over-selection = 2 } }");
    assert_eq!(after(&over, 4), (4.0, 8, 16));
}

#[test]
fn what_arrives_at_the_deadline_is_in_time() {
    let bench = Bench::q4("fedavg").visits(&[4.0; 4]);
    for select in ["uniform", "in-time"] {
        let schedule = format!("{{ rounds = {{ cohort = 2, select = \"{select}\", deadline = 4.0 }} }}");
        assert_eq!(after(&bench.clone().schedule(&schedule), 3), (12.0, 6, 6), "{select}");
    }
}

/// Latencies and steps of 0.1 s that add up to the deadline, or a shade more.
#[test]
fn rounding_does_not_decide_who_meets_a_deadline() {
    let bench = Bench::q4("fedavg").steps("1").set("fleet.step", 0.1);
    let bench = bench.set("network.up", "{ latency = 0.1 }").set("network.down", "{ latency = 0.1 }");
    for schedule in ["{ rounds = { deadline = 0.3 } }", "{ window = { seconds = 0.3 } }"] {
        let (seconds, updates, _) = after(&bench.clone().schedule(schedule), 100);
        assert!((seconds - 30.0).abs() < 0.2 && updates == 400, "{schedule}: {updates} in {seconds} s");
    }
}

/// In each period of the slow client the fast one comes three times, the last time together with it: staleness 0, 0, 0 and 3.
#[test]
fn rounding_does_not_part_what_arrives_together() {
    let objective = "{ quadratic = { curvature = 1.0, centre = [0.0, 1.0] } }";
    let bench = Bench::q4("fedavg").set("problem.objective", objective).set("fleet.clients", 2);
    for unit in [0.1, 0.5] {
        let bench = bench.clone().visits(&[unit, 3.0 * unit]).schedule("{ every-arrival = { batch-ties = true } }");
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(400)));
        let participation = engine.protocol().participation();
        assert_eq!((participation.updates, participation.staleness), (400, 300), "visits of {unit} s");
    }
}

/// Three steps of 0.1 s fill every stretch of 0.3 s in which the clients are up.
#[test]
fn rounding_does_not_cost_work_that_ends_as_its_client_leaves() {
    for leave in ["lose", "pause"] {
        let bench = Bench::q4("fedavg").steps("3").set("fleet.step", 0.1).set("fleet.leave", format!("\"{leave}\""));
        let bench = bench.set("fleet.availability", "{ cyclic = { up = 0.3, down = 0.3, phase = 0 } }");
        let last = bench.schedule("{ every-arrival = {} }").arrivals(400)[399].time;
        assert!((last - (0.6 * 99.0 + 0.3)).abs() < 1e-9, "{leave}: {last}");
    }
}

/// 100 times 1.1 is 110.00000000000001.
#[test]
fn over_selection_calls_no_client_for_rounding() {
    let objective = format!("{{ quadratic = {{ curvature = 1.0, centre = {:?} }} }}", [0.0; 120]);
    let bench = Bench::q4("fedavg").set("problem.objective", objective).set("fleet.clients", 120).visits(&[1.0; 120]);
    assert_eq!(after(&bench.schedule("{ rounds = { cohort = 100, over-selection = 1.1 } }"), 1), (1.0, 100, 110));
}

/// 1.1 / 0.1 is 11.000000000000002: eleven windows, and not twelve.
#[test]
fn a_visit_of_whole_windows_is_in_time_for_the_last_of_them() {
    let bench = Bench::q4("fedavg").weighting("all").visits(&[1.1; 4]).schedule("{ window = { seconds = 0.1 } }");
    let rounds = Bench::q4("fedavg").iterates(20);
    let ticks = bench.iterates(20 * 11);
    for (tick, x) in (1..).zip(&ticks) {
        let expected = if tick < 11 { 5.0 } else { rounds[tick / 11 - 1] };
        assert!((x - expected).abs() < 1e-12, "window {tick}: {x} instead of {expected}");
    }
    // Weighted by how often they deliver: eleven times as much, when they do.
    let unbiased = bench.weighting("unbiased").iterates(11);
    assert!((unbiased[10] - (5.0 + 11.0 * (rounds[0] - 5.0))).abs() < 1e-12, "{unbiased:?}");
}

/// Three of ten clients are up in the first half of every 20 s, the others from 5 s to 15 s. Five places with a client each make
/// 50 visits of 1 s in 20 s, the two that are vacant at first from 5 s on.
#[test]
fn places_that_are_vacant_at_first_are_filled() {
    let phases = [15, 0, 15, 0, 15, 0, 15, 15, 15, 15];
    let objective = format!("{{ quadratic = {{ curvature = 1.0, centre = {:?} }} }}", [0.0; 10]);
    let bench = Bench::q4("fedavg").set("problem.objective", objective).set("fleet.clients", 10).visits(&[1.0; 10]);
    let bench =
        bench.set("fleet.availability", format!("{{ cyclic = {{ up = 10, down = 10, phase = {{ values = {phases:?} }} }} }}"));
    for ties in [true, false] {
        let schedule = format!("{{ every-arrival = {{ concurrency = 5, replace = \"same\", batch-ties = {ties} }} }}");
        let last = bench.clone().schedule(&schedule).arrivals(1000)[999].time;
        assert!((last - 395.0).abs() < 1e-6, "batch-ties = {ties}: {last}");
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
fn deliveries_are_not_predicted_where_work_is_lost() {
    for weighting in ["known-probability", "unbiased"] {
        let bench = Bench::q4("fedavg").schedule("{ rounds = { cohort = \"all\" } }").weighting(weighting);
        for (lossy, reason) in [
            (bench.clone().set("fleet.dropout", 0.1), "dropouts"),
            (bench.clone().set("network.up", "{ loss = 0.1 }"), "lost messages"),
            (bench.clone().set("network.down", "{ loss = 0.1 }"), "lost messages"),
            (bench.clone().set("fleet.group", "[{ share = 1.0, up = { loss = 0.1 } }]"), "lost messages"),
        ] {
            let fault = lossy.build(Workers::single()).err().unwrap_or_else(|| panic!("{lossy:?} should be refused"));
            assert!(fault.contains(reason), "{fault}");
        }
    }
}

/// Up and down for a second each by turns, half of the clients are up as a round begins and the others as the next one does, or the
/// round has waited for those who went away: how often a client takes part is not the share of time that it is up.
#[test]
fn rounds_of_clients_that_come_and_go_in_seconds_have_no_known_participation() {
    for availability in ["{ markov = { up = 1, down = 1 } }", "{ cyclic = { up = 1, down = 1 } }"] {
        for weighting in ["known-probability", "unbiased"] {
            let bench = Bench::q4("fedavg").weighting(weighting);
            let some = format!("[{{ share = 0.5 }}, {{ share = 0.5, availability = {availability} }}]");
            for fleet in [bench.clone().set("fleet.availability", availability), bench.clone().set("fleet.group", some)] {
                let fault = fleet.build(Workers::single()).err().unwrap_or_else(|| panic!("{fleet:?} should be refused"));
                assert!(fault.contains("availability in seconds"), "{fault}");
            }
            assert!(bench.bernoulli(&[0.5; 4]).build(Workers::single()).is_ok(), "{weighting}");
        }
    }
}

#[test]
fn what_never_arrives_is_refused() {
    let cases = [
        (Bench::q4("fedavg").set("network.up", "{ loss = 1.0 }"), "nothing would ever arrive"),
        (Bench::q4("fedavg").set("network.down", "{ loss = { values = [1, 1, 1, 1] } }"), "nothing would ever arrive"),
        (Bench::q4("fedavg").set("fleet.dropout", 1.0), "nothing would ever arrive"),
        (Bench::q4("fedavg").set("fleet.dropout", "{ uniform = { low = 1, high = 1 } }"), "nothing would ever arrive"),
        (Bench::q4("fedavg").schedule("{ window = { seconds = inf } }"), "a positive, finite time"),
    ];
    for (bench, reason) in cases {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}

/// Where a run with small steps settles: the mean of its second half, from the optimum of equal weights.
fn settled(bench: Bench, versions: usize) -> f64 {
    let bench = bench.set("problem.init", "{ constant = 0.9946639527 }").weighting("unbiased").steps("5").lr(2e-3);
    let trace = bench.iterates(versions);
    trace[versions / 2..].iter().sum::<f64>() / (versions - versions / 2) as f64
}

/// A client is as slow by its work as by its links: the same time makes the same weight.
#[test]
fn unbiased_weights_go_by_the_whole_way_of_a_client() {
    let links = |key: &str, values: &[f64]| format!("{{ {key} = {{ values = {values:?} }} }}");
    // A model of one number is 32 bits.
    let bandwidth = F80.map(|seconds| 32.0 / seconds);
    for schedule in ["{ every-arrival = {} }", "{ buffered = { size = 3 } }", "{ window = { seconds = 0.3 } }"] {
        let at_work = settled(Bench::q4("fedavg").visits(&F80).schedule(schedule), 12_000);
        assert!((at_work - 0.9946639527).abs() < 6e-3, "{schedule}: {at_work}");
        for (key, link) in [
            ("network.up", links("latency", &F80)),
            ("network.down", links("latency", &F80)),
            ("network.up", links("bandwidth", &bandwidth)),
        ] {
            let on_the_way = settled(Bench::q4("fedavg").visits(&[0.0; 4]).set(key, &link).schedule(schedule), 12_000);
            assert!((on_the_way - at_work).abs() < 1e-3, "{schedule}, {key} = {link}: {on_the_way} instead of {at_work}");
        }
    }
}

#[test]
fn deliveries_that_nothing_tells_are_refused() {
    let bench = Bench::q4("fedavg").visits(&F80).schedule("{ every-arrival = {} }").weighting("unbiased");
    for (bench, reason) in [
        (bench.clone().set("network.up", "{ bandwidth = { uniform = { low = 10.0, high = 99.0 } } }"), "bandwidth drawn anew"),
        (
            bench.clone().set("network.up", "{ bandwidth = 9.0 }").set("federated.uplink", "{ lazy = 0.5 }"),
            "a compressor like `lazy`",
        ),
        (bench.clone().visits(&[1.0, 1.0, 1.0, 0.0]), "client 3 takes no time"),
        (
            bench.schedule("{ rounds = { cohort = { trace = [[0, 1], [2, 3]] } } }").weighting("known-probability"),
            "a fixed trace of cohorts",
        ),
    ] {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}
