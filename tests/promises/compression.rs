//! Compressed links: golden traces, identities, exact limits and noise floors.

use fedfleet::engine::Workers;

use crate::{
    bench::Bench,
    momentum::{assert_near, gp},
    watch::{Observer, Until},
};

const TOP_1: &str = "{ top-k = { k = 1 } }";

/// The two quadratics in the plane of the golden values, one local step of 0.1 from zero.
fn plane(text: &str) -> Bench {
    Bench::q4(text)
        .set("problem.objective", "{ quadratic = { curvature = [[1.0, 2.0], [3.0, 1.0]], centre = [[1.0, -1.0], [-1.0, 2.0]] } }")
        .set("problem.init", "\"zeros\"")
        .set("fleet.clients", 2)
        .steps("1")
        .lr(0.1)
}

#[track_caller]
fn assert_path(bench: &Bench, expected: &[[f64; 2]]) {
    for (found, expected) in bench.path(expected.len()).iter().zip(expected) {
        assert_near(found, expected, 1e-12);
    }
}

#[test]
fn golden_paths() {
    let scafcom = plane("scafcom; beta = 0.5").steps("2").set("federated.uplink", TOP_1);
    assert_path(&scafcom, &[[-0.1275, -0.09], [-0.1761, -0.0321], [-0.29987475, -0.0418335]]);
    let feedback = plane("fedavg").set("federated.uplink", format!("{{ ef = {TOP_1} }}"));
    assert_path(&feedback, &[[-0.15, -0.1], [-0.0425, 0.105], [-0.313625, -0.0955]]);
    let ef21 = plane("fedavg").set("federated.uplink", format!("{{ ef21 = {TOP_1} }}"));
    assert_path(&ef21, &[[-0.1, 0.0], [-0.18, 0.0], [-0.244, 0.0]]);
}

#[test]
fn golden_letters_of_scafcom() {
    let mut engine = plane("scafcom; beta = 0.5").steps("2").set("federated.uplink", TOP_1).engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(3)));
    let federated = engine.protocol();
    assert_near(&federated.model().vectors[1], &[0.61887375, 0.0486675], 1e-12);
    let variate = |client: usize| federated.memories().get(client).unwrap().own.vectors[0].clone();
    assert_near(&variate(0), &[-0.789, 1.576335], 1e-12);
    assert_near(&variate(1), &[2.0267475, -1.479], 1e-12);
}

#[test]
fn golden_traces_without_compression() {
    for text in ["scallion; alpha = 0.5", "scafcom; beta = 0.5"] {
        assert_near(&gp(text).iterates(3), &[1.335, 1.789625, 2.229745625], 1e-12);
    }
}

#[test]
fn one_vector_up_is_scaffold() {
    for schedule in ["{ rounds = {} }", "{ rounds = { cohort = 2 } }"] {
        let over = |text: &str| Bench::q4(text).steps("{ values = [1.0, 2.0, 4.0, 8.0] }").schedule(schedule).iterates(20);
        let expected = over("scaffold");
        for text in ["scaffold-1", "scallion; alpha = 1.0", "scafcom; beta = 1.0"] {
            assert_near(&over(text), &expected, 1e-12);
        }
    }
}

#[test]
fn links_that_lose_nothing_change_nothing() {
    let expected = plane("fedavg").path(20);
    let both = ["\"identity\"", "{ top-k = { k = 2 } }", "{ rand-k = { fraction = 1.0 } }", "{ ef21 = \"identity\" }"];
    let everywhere = ["federated.uplink", "federated.downlink"].into_iter().flat_map(|key| both.map(|link| (key, link)));
    for (key, link) in everywhere.chain([("federated.uplink", "{ ef = \"identity\" }")]) {
        let found = plane("fedavg").set(key, link).path(20);
        found.iter().zip(&expected).for_each(|(found, expected)| assert_near(found, expected, 1e-12));
    }
}

/// Random quadratics, exact gradients, `steps` local steps.
fn random(text: &str, uplink: &str, steps: &str) -> Bench {
    Bench::random(text, 8).set("federated.uplink", uplink).steps(steps)
}

#[test]
fn control_variates_reach_the_optimum_through_lossy_links() {
    let half = "{ rounds = { cohort = 4 } }";
    let cases = [
        random("scallion; alpha = 0.2", "{ rand-k = { k = 2 } }", "4"),
        random("scallion; alpha = 0.2", "{ rand-k = { k = 2 } }", "4").schedule(half),
        random("scallion; alpha = 0.3", "{ qsgd = { bits = 3 } }", "4").schedule(half),
        random("scafcom; beta = 0.2", "{ top-k = { k = 1 } }", "4"),
        random("scafcom; beta = 0.2", "{ top-k = { k = 1 } }", "4").schedule(half),
        random("scafcom; beta = 0.2", "{ sign = {} }", "4").schedule(half),
        random("fedavg", "{ ef21 = { top-k = { k = 1 } } }", "1"),
        random("fedavg", "{ diana = { rand-k = { k = 2 } } }", "1"),
        random("fedavg", "{ diana = { qsgd = { bits = 3 } } }", "1"),
        random("fedavg", "\"identity\"", "1").set("federated.downlink", "{ ef21 = { top-k = { k = 2 } } }"),
    ];
    for bench in cases {
        let (start, end) = bench.gaps(8_000);
        assert!(end < 1e-16 * start, "{bench:?}: from {start} to {end}");
    }
}

#[test]
fn a_naive_link_and_plain_error_feedback_stop_short_of_it() {
    for (uplink, floor) in [("{ rand-k = { k = 2 } }", 1e-6), ("{ ef = { top-k = { k = 1 } } }", 1e-9)] {
        let (start, end) = random("fedavg", uplink, "1").gaps(8_000);
        assert!(end > floor * start && end < 0.2 * start, "{uplink}: from {start} to {end}");
    }
}

#[test]
fn scafcom_shrinks_an_unbiased_compressor_until_it_is_contractive() {
    // One coordinate, of which one level of dithering sends all, with ω = 1: half of it counts. v = ∇f(x), c⁺ = (c + v) / 2.
    let bench = plane("scafcom; beta = 1.0")
        .set("problem.objective", "{ quadratic = { curvature = [1.0, 1.0], centre = [1.0, 1.0] } }")
        .set("federated.uplink", "{ qsgd = { levels = 1 } }");
    let (mut x, mut c) = (0.0, 0.0);
    for found in bench.iterates(20) {
        c += 0.5 * (x - 1.0 - c);
        x -= 0.1 * c;
        approx::assert_abs_diff_eq!(found, x, epsilon = 1e-12);
    }
}

#[test]
fn scallion_diverges_beyond_its_largest_factor() {
    // ω = 3 leaves room for alpha < 2/(1 + ω) = 0.5.
    let at = |alpha: f64| {
        random(&format!("scallion; alpha = {alpha}"), "{ rand-k = { k = 2 } }", "1")
            .set("problem.objective", "{ quadratic = { generate = { dimension = 8, condition = 10.0 } } }")
            .lr(0.005)
            .gaps(3000)
    };
    let (start, end) = at(0.25);
    assert!(end < 0.1 * start, "from {start} to {end}");
    let (start, end) = at(0.6);
    assert!(end.is_nan() || end > 1e3 * start, "from {start} to {end}");
}

#[test]
fn undamped_control_variates_go_astray_over_compressors_that_lose_more_than_they_bring() {
    // ω = 8/2 − 1 = 3 with the coordinates multiplied by 4; without, a quarter of the square is left.
    let over = |text: &str, uplink: &str| {
        random(text, uplink, "1")
            .set("problem.objective", "{ quadratic = { generate = { dimension = 8, condition = 10.0 } } }")
            .lr(0.005)
            .gaps(3000)
    };
    // Made contractive, it is the one that does not multiply.
    let (start, end) = over("scafcom", "{ rand-k = { k = 2 } }");
    assert!(end < 0.5 * start, "scafcom: from {start} to {end}");
    for text in ["scaffold", "scaffold-1", "scaffold-m; beta = 0.5", "scaffold-m-vr; beta = 0.5"] {
        let (start, end) = over(text, "{ rand-k = { k = 2 } }");
        assert!(end.is_nan() || end > 1e3 * start, "{text}: from {start} to {end}");
        let (start, end) = over(text, "{ rand-k = { k = 2, scaled = false } }");
        assert!(end < 0.5 * start, "{text}: from {start} to {end}");
    }
}

#[test]
fn the_noise_floor_of_naive_compression_is_the_predicted_one() {
    // f_i = (a/2) ‖x − m_i‖², independent rand-k: E‖x − m̄‖² → γ a ω ζ / (N (2 − γa − γaω/N)).
    let (clients, d, k, a, gamma) = (4.0, 6.0, 2.0, 1.5, 0.2);
    let centres = [
        [1.0, 0.0, 2.0, -1.0, 0.5, 0.0],
        [-1.0, 2.0, 0.0, 1.0, 0.0, 1.0],
        [0.0, -2.0, 1.0, 0.0, 1.5, -1.0],
        [2.0, 1.0, -1.0, 0.5, 0.0, 0.0],
    ];
    let mean: Vec<f64> = (0..6).map(|j| centres.iter().map(|centre| centre[j]).sum::<f64>() / clients).collect();
    let distance2 = |x: &[f64]| x.iter().zip(&mean).map(|(x, mean)| (x - mean).powi(2)).sum::<f64>();
    let spread = centres.iter().map(|centre| distance2(centre)).sum::<f64>() / clients;
    let omega = d / k - 1.0;
    let expected = gamma * a * omega * spread / (clients * (2.0 - gamma * a - gamma * a * omega / clients));
    let path = Bench::q4("fedavg")
        .set("problem.objective", format!("{{ quadratic = {{ curvature = {a:?}, centre = {centres:?} }} }}"))
        .set("problem.init", "\"zeros\"")
        .set("federated.uplink", "{ rand-k = { k = 2 } }")
        .steps("1")
        .lr(gamma)
        .path(40_000);
    let settled = &path[100..];
    let found = settled.iter().map(|x| distance2(x)).sum::<f64>() / settled.len() as f64;
    assert!((found / expected - 1.0).abs() < 0.05, "{found} instead of {expected}");
}

#[test]
fn control_variates_are_the_mean_of_the_clients_even_when_uploads_are_lost() {
    for (text, uplink) in [
        ("scallion; alpha = 0.2", "{ rand-k = { k = 2 } }"),
        ("scafcom", "{ top-k = { k = 1 } }"),
        ("scaffold-m", "{ qsgd = { bits = 3 } }"),
    ] {
        let bench = random(text, uplink, "4").set("network.up", "{ loss = 0.3 }");
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(200)));
        let federated = engine.protocol();
        let c = federated.model().vectors.last().unwrap();
        for (j, c) in c.iter().enumerate() {
            let mean = federated.memories().sorted().iter().map(|(_, memory)| memory.own.vectors[0][j]).sum::<f64>() / 8.0;
            assert!((mean - c).abs() < 1e-12, "{text}: {mean} instead of {c}");
        }
    }
}

#[test]
fn control_variates_that_take_up_lost_uploads_are_no_longer_the_mean() {
    for (text, uplink) in [("scaffold-1", "\"identity\""), ("scallion; alpha = 0.2", "\"identity\""), ("scafcom", TOP_1)] {
        let off = |commit: &str, loss: f64| {
            let bench = random(text, uplink, "4").set("network.up", format!("{{ loss = {loss:?} }}"));
            let mut engine = bench.set("federated.commit", format!("\"{commit}\"")).engine();
            let _ = engine.run(&mut Observer::new(Until::Versions(50)));
            let federated = engine.protocol();
            let memories = federated.memories().sorted();
            let mean = |j: usize| memories.iter().map(|(_, memory)| memory.own.vectors[0][j]).sum::<f64>() / 8.0;
            federated.model().vectors[1].iter().enumerate().map(|(j, c)| (mean(j) - c).abs()).fold(0.0, f64::max)
        };
        assert!(off("acknowledged", 0.3) < 1e-12, "{text}");
        assert!(off("sent", 0.3) > 1e-3, "{text}: {}", off("sent", 0.3));
    }
}

#[test]
fn nonsense_is_refused() {
    let cases = [
        (plane("fedavg").set("federated.uplink", "{ top-k = { k = 3 } }"), "the number of coordinates"),
        (plane("fedavg").set("federated.downlink", "{ ef21 = { ef = { top-k = { k = 1 } } } }"), "cannot wrap"),
        (plane("fedavg").set("federated.uplink", "{ diana = { sign = {} } }"), "unbiased"),
        (plane("scallion").set("federated.uplink", "{ top-k = { k = 1 } }"), "unbiased"),
        (plane("scallion").set("federated.uplink", "{ ef21 = { rand-k = { k = 1 } } }"), "twice"),
        (plane("scaffold-m").set("federated.uplink", "{ ef = { top-k = { k = 1 } } }"), "twice"),
        (plane("fedavg-m-vr").set("federated.uplink", "{ ef = { top-k = { k = 1 } } }"), "a gradient"),
        (plane("fedavg").set("federated.downlink", "{ ef = { top-k = { k = 1 } } }"), "the server sends its model"),
        (plane("fedavg-m-vr").set("federated.server", "[{ scale = 0.5 }]"), "server optimiser"),
        (plane("scaffold-m-vr").schedule("{ buffered = { size = 2 } }"), "no round comes before"),
        (
            plane("feddyn").schedule("{ every-arrival = {} }").set("federated.shards", "\"least-visited\""),
            "two clients may work on the same",
        ),
    ];
    for (bench, reason) in cases {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}

/// `C`: the coordinate of largest magnitude, of equal ones that of lowest index.
fn largest(v: [f64; 2]) -> [f64; 2] {
    if v[0].abs() >= v[1].abs() { [v[0], 0.0] } else { [0.0, v[1]] }
}

#[test]
fn one_local_step_makes_scafcom_ef21_with_momentum() {
    // v_i ← (1 − β) v_i + β ∇f_i(x),  g_i ← g_i + C(v_i − g_i),  x ← x − γ mean g_i  (Fatkhullin, Tyurin and Richtárik 2023).
    let (curvature, centre) = ([[1.0, 2.0], [3.0, 1.0]], [[1.0, -1.0], [-1.0, 2.0]]);
    for beta in [0.3, 1.0] {
        let (mut x, mut v, mut g, mut expected) = ([0.0; 2], [[0.0; 2]; 2], [[0.0; 2]; 2], Vec::new());
        for _ in 0..30 {
            for i in 0..2 {
                let mut message = [0.0; 2];
                for j in 0..2 {
                    v[i][j] = (1.0 - beta) * v[i][j] + beta * curvature[i][j] * (x[j] - centre[i][j]);
                    message[j] = v[i][j] - g[i][j];
                }
                let sent = largest(message);
                (0..2).for_each(|j| g[i][j] += sent[j]);
            }
            (0..2).for_each(|j| x[j] -= 0.1 * 0.5 * (g[0][j] + g[1][j]));
            expected.push(x);
        }
        assert_path(&plane(&format!("scafcom; beta = {beta}")).set("federated.uplink", TOP_1), &expected);
    }
}

#[test]
fn the_server_steps_along_the_control_variate_as_it_is_after_the_round() {
    // With everyone in every round x⁺ = x − K lr c⁺, whatever the compressor.
    for (text, uplink) in [("scallion; alpha = 0.2", "{ rand-k = { k = 2 } }"), ("scafcom", "{ top-k = { k = 1 } }")] {
        let bench = random(text, uplink, "4");
        let path = bench.path(12);
        for round in 2..12 {
            let mut engine = bench.engine();
            let _ = engine.run(&mut Observer::new(Until::Versions(round)));
            let moved: Vec<f64> = path[round - 2].iter().zip(&path[round - 1]).map(|(before, after)| before - after).collect();
            let step: Vec<f64> = engine.protocol().model().vectors[1].iter().map(|c| 4.0 * 0.05 * c).collect();
            assert_near(&moved, &step, 1e-12);
        }
    }
}

#[test]
fn what_error_feedback_owes_is_what_arrived_less_than_computed_though_uploads_are_lost() {
    // Of one client: x − e is where accepted gradients alone would have led, x⁰ − γ Σ ∇f(x). Lost uploads leave no trace.
    let (curvature, centre, gamma) = ([1.0, 2.0], [1.0, -3.0], 0.1);
    let bench = plane("fedavg")
        .set("problem.objective", format!("{{ quadratic = {{ curvature = [{curvature:?}], centre = [{centre:?}] }} }}"))
        .set("fleet.clients", 1)
        .set("network.up", "{ loss = 0.5 }")
        .set("federated.uplink", format!("{{ ef = {TOP_1} }}"))
        .lr(gamma);
    let rounds = 60;
    let path = bench.path(rounds);
    let mut engine = bench.engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(rounds)));
    let memory = &engine.protocol().memories().get(0).unwrap().compressor[0].vectors[0];
    let (mut x, mut exact, mut lost) = (vec![0.0; 2], [0.0; 2], 0);
    for next in &path {
        if *next == x {
            lost += 1;
            continue;
        }
        (0..2).for_each(|j| exact[j] -= gamma * curvature[j] * (x[j] - centre[j]));
        x.clone_from(next);
    }
    assert!(lost > 10 && lost < rounds - 10, "{lost} uploads of {rounds} were lost");
    assert_near(&[x[0] - memory[0], x[1] - memory[1]], &exact, 1e-12);
    assert!(memory.iter().any(|e| *e != 0.0));
}

#[test]
fn plain_error_feedback_stalls_at_a_distance_in_proportion_to_the_step() {
    let stalled = |gamma: f64| {
        let bench = random("fedavg", "{ ef = { top-k = { k = 1 } } }", "1").lr(gamma);
        bench.gaps((400.0 / gamma) as usize).1.sqrt()
    };
    let distances = [0.02, 0.01, 0.005].map(stalled);
    for pair in distances.windows(2) {
        assert!((1.6..2.5).contains(&(pair[0] / pair[1])), "{distances:?}");
    }
}
