//! Golden values on Q4: traces computed by hand from the papers' updates, met to 1e-10.

use crate::bench::{Bench, C, F80, H, PATTERN};

const TOLERANCE: f64 = 1e-10;

fn assert_trace(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= TOLERANCE * expected.abs().max(1.0), "step {step}: {found} instead of {expected}");
    }
}

fn assert_pattern(bench: Bench, expected: [f64; 6]) {
    assert_trace(&bench.schedule(PATTERN).iterates(6), &expected);
}

#[test]
fn fedavg_over_participants() {
    let expected = [3.8870375, 3.07963306614, 3.07963306614, 2.44221770389, 1.97262347884, 1.29423826447];
    assert_pattern(Bench::q4("fedavg"), expected);
}

#[test]
fn fedavg_over_all() {
    let expected = [4.721759375, 4.22619348874, 4.22619348874, 3.8976073298, 2.98553614181, 2.72885467202];
    assert_pattern(Bench::q4("fedavg").weighting("all"), expected);
}

#[test]
fn fedvarp() {
    let expected = [3.8870375, 2.80139244114, 2.80139244114, 1.64630750196, 1.41869104194, 1.26935188252];
    assert_pattern(Bench::q4("fedvarp"), expected);
}

#[test]
fn fedvarp_with_a_row_for_each_cluster() {
    let expected = [3.8870375, 3.07963306614, 3.07963306614, 1.9128699415, 1.60421144532, 1.3429422039];
    assert_pattern(Bench::q4("fedvarp; clusters = { listed = [0, 0, 1, 1] }"), expected);
    assert_pattern(Bench::q4("fedvarp; clusters = { contiguous = 2 }"), expected);
}

#[test]
fn mifa_moves_in_the_empty_round() {
    let expected = [4.721759375, 3.94795286374, 3.17414635247, 2.22703583958, 1.82286259604, 1.45343814711];
    assert_pattern(Bench::q4("mifa; table = \"zero\""), expected);
}

#[test]
fn mifa_counts_step_sizes_from_the_end_of_its_wait() {
    // Everyone has been heard in the third round, whose step size is the first of the schedule.
    let expected = [5.0, 5.0, 3.75277226562, 3.27984150738, 2.96455433521, 2.7437228108];
    let trace = "{ rounds = { cohort = { trace = [[0], [1, 2], [3], [0, 1, 2, 3], [], [1]] } } }";
    let falling = |text| Bench::q4(text).set("served.local.lr", "{ inverse = { start = 0.05, offset = 1.0 } }").schedule(trace);
    assert_trace(&falling("mifa").iterates(6), &expected);
    assert_trace(&falling("afa-cs; lr = 4.0").iterates(6), &expected);
}

#[test]
fn fedau() {
    let expected = [4.721759375, 4.22619348874, 4.22619348874, 3.24043501192, 1.81588818915, 1.42558572149];
    assert_pattern(Bench::q4("fedau; cutoff = 3"), expected);
    let expected = [4.721759375, 4.22619348874, 4.22619348874, 3.8976073298, 1.74041015748, 1.36633074926];
    assert_pattern(Bench::q4("fedau"), expected);
}

#[test]
fn scaffold() {
    let expected = [3.8870375, 2.82603466993, 2.82603466993, 1.84416296588, 1.56342912905, 1.39598931605];
    assert_pattern(Bench::q4("scaffold"), expected);
}

/// Local steps enough to solve the local problems to rounding.
fn exact(text: &str) -> Bench {
    Bench::q4(text).steps("400").lr(0.2)
}

#[test]
fn feddyn_with_exact_local_solves() {
    let expected = [1.25, -0.1875, -0.1875, 1.02083333333, 0.763541666667, 0.242824074074];
    assert_pattern(exact("feddyn; alpha = 1.0"), expected);
    assert_trace(&exact("feddyn; alpha = 0.1").iterates(3), &[-3.238306409038, 0.198018871070, 0.508034752279]);
}

#[test]
fn full_participation() {
    assert_trace(&Bench::q4("scaffold").iterates(3), &[3.7527722656, 2.8442373602, 2.2263260186]);
    assert_trace(&Bench::q4("fedavgm").iterates(3), &[3.75277226562, 1.76222980925, -0.292118310793]);
    let outer = [3.34118711328, 1.64594571483, 0.285674826348];
    let chain = "[{ momentum = { beta = 0.9, nesterov = true } }, { scale = 0.7 }]";
    assert_trace(&Bench::q4("fedavg").set("served.server", chain).iterates(3), &outer);
    assert_trace(&Bench::q4("diloco").set("served.client", "{ optimiser = [] }").iterates(3), &outer);
}

#[test]
fn adaptive_server_optimisers() {
    let traces = [
        ("fedadagrad; b1 = 0.9", [4.99000801457, 4.97658148141, 4.96094573903]),
        ("fedadam", [4.90079853237, 4.76697175874, 4.61080948136]),
        ("fedyogi", [4.900798564, 4.76731305979, 4.61195683244]),
    ];
    for (method, expected) in traces {
        assert_trace(&Bench::q4(method).iterates(3), &expected);
    }
}

/// Unlike numbers of local steps.
fn uneven(text: &str) -> Bench {
    Bench::q4(text).steps("{ values = [1.0, 2.0, 4.0, 8.0] }")
}

#[test]
fn one_round_with_unlike_steps() {
    assert_trace(&uneven("fedavg").iterates(1), &[3.967017010625]);
    assert_trace(&uneven("fednova").iterates(1), &[3.8905647974609]);
    assert_trace(&uneven("fedprox; mu = 1.0").iterates(1), &[4.0645157958984]);
}

/// The first seven arrivals of the hardware spread F-80.
fn assert_stream(bench: Bench, schedule: &str, staleness: [u64; 7], expected: [f64; 7]) {
    let arrivals = bench.visits(&F80).schedule(schedule).arrivals(7);
    let times = [0.2, 0.4, 7.0 / 15.0, 0.6, 11.0 / 15.0, 0.8, 14.0 / 15.0];
    assert_trace(&arrivals.iter().map(|arrival| arrival.time).collect::<Vec<_>>(), &times);
    assert_eq!(arrivals.iter().map(|arrival| arrival.staleness).collect::<Vec<_>>(), staleness);
    assert_trace(&arrivals.iter().map(|arrival| arrival.x[0]).collect::<Vec<_>>(), &expected);
}

#[test]
fn delta_rule_at_every_arrival() {
    let expected = [4.5572, 4.17975728, 4.08344517063, 3.7617129961, 3.3318379961, 3.07180915787, 2.99756588074];
    assert_stream(Bench::q4("fedavg").weighting("all"), "{ every-arrival = {} }", [0, 0, 2, 1, 4, 1, 3], expected);
}

#[test]
fn fedasync_mixes_models() {
    let expected = [3.93728, 3.2510179328, 3.72342911973, 3.20964016733, 3.22865385566, 2.91758970129, 3.08065176585];
    // The discount is the method's own.
    assert_stream(Bench::q4("fedasync; rho = 0.0"), "{ every-arrival = {} }", [0, 0, 2, 1, 4, 1, 3], expected);
}

#[test]
fn a_share_of_one_makes_the_arriving_model_the_servers() {
    // y = c + (1 − a)(base − c) from the model that each was sent: 3 from 5, 3 again from there, and 2 from 5.
    let reached = |base: f64, i: usize| C[i] + (1.0 - 0.05 * H[i]).powi(4) * (base - C[i]);
    let first = reached(5.0, 3);
    let arrivals = Bench::q4("fedasync; alpha = 1.0; rho = 0.0")
        .visits(&F80)
        .schedule("{ every-arrival = { discount = \"constant\" } }")
        .arrivals(3);
    let found: Vec<f64> = arrivals.iter().map(|arrival| arrival.x[0]).collect();
    assert_trace(&found, &[first, reached(first, 3), reached(5.0, 2)]);
}

#[test]
fn momentum_takes_stale_updates_for_shares_of_a_step() {
    let expected = [4.5572, 3.78123728, 3.52050350251, 3.08323021396, 2.89462408485, 2.40671333332, 2.16506379493];
    let chain = "[{ momentum = { beta = 0.9, by-staleness = true } }]";
    let bench = Bench::q4("fedavg").weighting("all").set("served.server", chain);
    let schedule = "{ every-arrival = { discount = { polynomial = { a = 1.0 } } } }";
    assert_stream(bench, schedule, [0, 0, 2, 1, 4, 1, 3], expected);
}

#[test]
fn fedbuff_of_two() {
    let expected = [5.0, 3.2288, 3.2288, 2.7298523487, 2.7298523487, 2.01802304143, 2.01802304143];
    let schedule = "{ buffered = { size = 2, replace = \"same\" } }";
    assert_stream(Bench::q4("fedbuff"), schedule, [0, 0, 1, 0, 2, 0, 2], expected);
}

#[test]
fn an_epoch_ends_with_what_the_buffer_holds() {
    // B/K also where one update is left of two.
    let expected = [5.0, 3.2288, 3.092594108701, 3.092594108701, 2.33972005645, 2.111654232822, 2.111654232822];
    let schedule = "{ buffered = { size = 2, epoch = 3, replace = \"same\" } }";
    assert_stream(Bench::q4("fedbuff"), schedule, [0, 0, 1, 1, 2, 1, 2], expected);
}

#[test]
fn delayed_nesterov_with_shared_out_momentum() {
    let expected = [4.5572, 3.626093444, 3.34522672263, 2.37989951424, 1.70825257555, 0.671380159199, 0.28797864336];
    let text = "delayed-nesterov; lr = 0.5; delay = 2; activation = 0.25";
    assert_stream(Bench::q4(text), "{ every-arrival = {} }", [0, 0, 2, 1, 4, 1, 3], expected);
}

#[test]
fn stale_pseudo_gradients_are_compensated_by_their_squares() {
    let expected = [4.5572, 3.626093444, 3.36051998823, 2.43626568562, 2.34070101821, 1.69487763414, 1.45052912084];
    let text = "delayed-nesterov; lr = 0.5; delay = 2; activation = 0.25; compensation = 0.3";
    assert_stream(Bench::q4(text), "{ every-arrival = {} }", [0, 0, 2, 1, 4, 1, 3], expected);
}

#[test]
fn a_cosine_may_count_local_steps() {
    let bench = Bench::q4("fedavg").set("problem.objective", "{ quadratic = { curvature = [2.0], centre = [1.0] } }");
    let bench = bench.set("fleet.clients", 1).set("served.local.clock", "\"steps\"");
    let trace = bench.set("served.local.lr", "{ cosine = { start = 0.1, over = 8 } }").iterates(3);
    let mut y = 5.0;
    let expected: Vec<f64> = (0..12)
        .map(|step| {
            let share = f64::from(step.min(8)) / 8.0;
            y -= 0.05 * (1.0 + (std::f64::consts::PI * share).cos()) * 2.0 * (y - 1.0);
            y
        })
        .collect();
    assert_trace(&trace, &[expected[3], expected[7], expected[11]]);
}
