//! Variance-corrected gossip: how variance decays, and stays.

use std::path::Path;

use fedfleet::{
    problem::init::{InitSpec, NormalInit},
    record::{axis::Axis, curves::Curves},
    run::{Options, Plan, Results, Silent, execute},
    scenario::Scenario,
};

use super::bench::{Bench, gap, mean, variance};

/// Fifty nodes with 2000 independent normal weights, eight neighbours each; all train (with step size 0) every second.
fn silent(target: &str) -> Bench {
    let text = format!("vc-gossip target = \"{target}\"; period = 10.0; tick = 0.1");
    Bench::new(&text, "{ circulant = { degree = 8 } }", vec![vec![0.0; 2000]; 50])
        .init(InitSpec::Normal(NormalInit { sd: 0.3, independent: true }))
        .lr(0.0)
}

fn mean_variance(models: &[Vec<f64>]) -> f64 {
    models.iter().map(|x| variance(x)).sum::<f64>() / models.len() as f64
}

#[test]
fn plain_averaging_loses_variance_as_the_mixing_matrix_says() {
    for (round, expected) in [0.28125, 0.13147, 0.09055, 0.07448, 0.06567, 0.05969].into_iter().enumerate() {
        assert!((retained(round as i32 + 1) - expected).abs() < 5e-6, "round {}", round + 1);
    }
    let bench = silent("none");
    let start = mean_variance(&bench.models());
    for round in 0..6 {
        let expected = retained(round + 1);
        let ratio = mean_variance(&bench.after(f64::from(round) + 0.5)) / start;
        assert!((ratio / expected - 1.0).abs() < 0.02, "round {}: {ratio} for {expected}", round + 1);
    }
}

/// `tr(M^2t) / n` of the mixing matrix `M = I/2 + A/16` of the circulant graph.
fn retained(rounds: i32) -> f64 {
    let eigenvalue = |k: i32| {
        let waves = (1..=4).map(|h| 2.0 * (2.0 * std::f64::consts::PI * f64::from(k * h) / 50.0).cos());
        0.5 + waves.sum::<f64>() / 16.0
    };
    (0..50).map(|k| eigenvalue(k).powi(2 * rounds)).sum::<f64>() / 50.0
}

#[test]
fn correction_keeps_the_variance_to_rounding() {
    let bench = silent("others");
    let received = bench.models();
    for round in 0..6 {
        let models = bench.after(round as f64 + 0.5);
        if round == 0 {
            for (node, x) in models.iter().enumerate() {
                let target = [1, 2, 3, 4, 46, 47, 48, 49].map(|k| variance(&received[(node + k) % 50]));
                let target = target.iter().sum::<f64>() / 8.0;
                assert!((variance(x) / target - 1.0).abs() < 1e-12);
            }
        }
        let ratio = mean_variance(&models) / mean_variance(&received);
        assert!((ratio - 1.0).abs() < 1e-12, "round {}: {ratio}", round + 1);
    }
}

#[test]
fn plain_averaging_conserves_the_mean_and_correction_each_layers_mean() {
    let (plain, corrected) = (silent("none"), silent("others"));
    let [before, after] = [plain.models(), plain.after(2.5)];
    assert!(gap(&[mean(&before)], &[mean(&after)]) < 1e-14);
    let level = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    for (a, b) in plain.after(0.5).iter().zip(&corrected.after(0.5)) {
        assert!((level(a) - level(b)).abs() < 1e-14);
    }
}

#[test]
fn identical_models_stay_as_they_are() {
    let bench = silent("others").init(InitSpec::Normal(NormalInit { sd: 0.3, independent: false }));
    assert!(gap(&bench.models(), &bench.after(3.5)) < 1e-14);
}

#[test]
fn a_star_around_a_hub_is_federated_averaging() {
    let centres: Vec<Vec<f64>> = (0..5).map(|i| vec![f64::from(i), 1.0 - f64::from(i * i), 0.5]).collect();
    let text = "vc-gossip hub = 0; beta = 0.0; target = \"none\"; period = 10.0; tick = 0.1";
    let bench = Bench::new(text, "\"star\"", centres.clone()).lr(0.3);
    let mut x = vec![0.0; 3];
    for round in 0..5 {
        let reached: Vec<Vec<f64>> =
            centres[1..].iter().map(|c| x.iter().zip(c).map(|(x, c)| x - 0.3 * (x - c)).collect()).collect();
        x = mean(&reached);
        let models = bench.after(f64::from(round) + 0.5);
        assert!(gap(&models, &vec![x.clone(); 5]) < 1e-14, "round {round}: {models:?} for {x:?}");
    }
}

#[test]
fn links_that_reorder_messages_within_a_period_change_nothing() {
    let straight = silent("others").lr(0.1);
    let mut reordered = straight.clone();
    reordered.network.link.jitter = fedfleet::random::Quantity::Uniform { low: 0.0, high: 0.4 };
    // Buffers fill within the period either way, and nobody trains before they have.
    assert_eq!(straight.after(4.9), reordered.after(4.9));
}

#[test]
fn averages_made_while_training_are_kept() {
    // Training takes 0.5 s of every second, and neighbours' models arrive 0.7 s later: in the middle of the next training.
    let mut bench = silent("none").lr(0.1);
    bench.fleet = super::bench::fleet("step = 0.5");
    bench.network.link.latency = 0.7.into();
    let start = bench.models();
    let trained: Vec<Vec<f64>> = start.iter().map(|x| x.iter().map(|x| 0.9 * x).collect()).collect();
    for (node, x) in bench.after(1.6).iter().enumerate() {
        let received: Vec<Vec<f64>> = [1, 2, 3, 4, 46, 47, 48, 49].map(|k| trained[(node + k) % 50].clone()).to_vec();
        let merged = mean(&[trained[node].clone(), mean(&received)]);
        // The second training began with `trained`, at 1 s, and took 0.1 of that away after the average at 1.2 s.
        let expected: Vec<f64> = merged.iter().zip(&trained[node]).map(|(u, x)| u - 0.1 * x).collect();
        assert!(gap(std::slice::from_ref(x), &[expected]) < 1e-14);
    }
}

/// A tenth of a second is no binary fraction, an eighth is: the sums of either must meet in the same instants.
#[test]
fn the_length_of_a_tick_is_a_unit_of_time_and_nothing_else() {
    let after = |tick: f64| {
        let centres = (0..12).map(|i| vec![f64::from(i), f64::from(i % 5)]).collect();
        Bench::new(&format!("vc-gossip tick = {tick}"), "{ circulant = { degree = 4 } }", centres).after(400.5 * tick)
    };
    assert_eq!(after(0.1), after(0.125));
}

#[test]
fn the_variance_of_every_layer_is_recorded() {
    let scenario = r#"
title = "Layers"
seeds = 1
stop  = { seconds = 2 }

[problem]
objective = { mlp = { hidden = { sweep = [[30], [30, 20]] } } }
data      = "digits-8x8"
partition = "shared"
init      = { xavier = { independent = true } }

[fleet]
clients = 40
step    = 0

[network]
topology = { circulant = { degree = 8 } }

[record]
every   = { seconds = 1 }
metrics = ["layer-variance"]

[peers]
local = { steps = 1, lr = 1e-9 }

[[method]]
name   = "vc-gossip"
target = "none"
"#;
    let plan = Plan::resolve(
        Scenario::read(Path::new("layers.toml"), scenario, &[], &fedfleet::registry::Registry::builtin()).unwrap(),
        &[],
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let _ = execute(&plan, &Results::at(folder.path()), &Options::default(), &Silent).unwrap();
    let curves = Curves::read(&folder.path().join("curves.csv")).unwrap();
    assert_eq!(curves.names(), ["layer-variance-1", "layer-variance-2", "layer-variance-3"]);
    for (run, sizes) in curves.runs.iter().zip([vec![64, 30, 10], vec![64, 30, 20, 10]]) {
        for layer in 0..3 {
            let points: Vec<f64> = run.samples(Axis::Seconds, layer).map(|(_, value)| value).collect();
            let Some(ends) = sizes.get(layer..layer + 2) else {
                assert!(points.is_empty(), "there is no layer {layer}");
                continue;
            };
            // Xavier's 2 / (inputs + outputs), of which the average at time zero keeps 0.28125 and two more a third of that.
            let start = 2.0 / f64::from(ends[0] + ends[1]);
            assert!((points[0] / start / retained(1) - 1.0).abs() < 0.06, "layer {layer}: {} of {start}", points[0]);
            assert!(points.last().unwrap() / start < 0.15, "layer {layer}: {points:?}");
        }
    }
}
