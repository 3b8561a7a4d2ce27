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
    let scafcom = plane("scafcom; beta = 0.5").steps("2").set("served.uplink", TOP_1);
    assert_path(&scafcom, &[[-0.1275, -0.09], [-0.1761, -0.0321], [-0.29987475, -0.0418335]]);
    let feedback = plane("fedavg").set("served.uplink", format!("{{ ef = {TOP_1} }}"));
    assert_path(&feedback, &[[-0.15, -0.1], [-0.0425, 0.105], [-0.313625, -0.0955]]);
    let ef21 = plane("fedavg").set("served.uplink", format!("{{ ef21 = {TOP_1} }}"));
    assert_path(&ef21, &[[-0.1, 0.0], [-0.18, 0.0], [-0.244, 0.0]]);
}

#[test]
fn golden_letters_of_scafcom() {
    let mut engine = plane("scafcom; beta = 0.5").steps("2").set("served.uplink", TOP_1).engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(3)));
    let served = engine.protocol();
    assert_near(served.server().letters()[0].vector, &[0.61887375, 0.0486675], 1e-12);
    let variate = |client: usize| served.memories().get(client).unwrap().own.vectors[0].clone();
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
    for link in [
        "\"identity\"",
        "{ top-k = { k = 2 } }",
        "{ rand-k = { fraction = 1.0 } }",
        "{ ef = \"identity\" }",
        "{ ef21 = \"identity\" }",
    ] {
        for key in ["served.uplink", "served.downlink"] {
            let found = plane("fedavg").set(key, link).path(20);
            found.iter().zip(&expected).for_each(|(found, expected)| assert_near(found, expected, 1e-12));
        }
    }
}

/// Random quadratics, exact gradients, `steps` local steps.
fn random(text: &str, uplink: &str, steps: &str) -> Bench {
    Bench::random(text, 8).set("served.uplink", uplink).steps(steps)
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
        random("fedavg", "\"identity\"", "1").set("served.downlink", "{ ef21 = { top-k = { k = 2 } } }"),
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
        .set("served.uplink", "{ rand-k = { k = 2 } }")
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
        let served = engine.protocol();
        let letters = served.server().letters();
        let c = letters.last().unwrap().vector;
        for (j, c) in c.iter().enumerate() {
            let mean = served.memories().sorted().iter().map(|(_, memory)| memory.own.vectors[0][j]).sum::<f64>() / 8.0;
            assert!((mean - c).abs() < 1e-12, "{text}: {mean} instead of {c}");
        }
    }
}

#[test]
fn nonsense_is_refused() {
    let cases = [
        (plane("fedavg").set("served.uplink", "{ top-k = { k = 3 } }"), "the number of coordinates"),
        (plane("fedavg").set("served.downlink", "{ ef21 = { ef = { top-k = { k = 1 } } } }"), "cannot stand within"),
        (plane("fedavg").set("served.uplink", "{ diana = { sign = {} } }"), "unbiased"),
        (plane("scallion").set("served.uplink", "{ top-k = { k = 1 } }"), "unbiased"),
        (plane("scallion").set("served.uplink", "{ ef21 = { rand-k = { k = 1 } } }"), "twice"),
        (plane("fedavg-m-vr").set("served.server", "[{ scale = 0.5 }]"), "server optimiser"),
    ];
    for (bench, reason) in cases {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}
