//! Push gossip: random walks, merging, ages.

use fedfleet::{
    part::rate::Rate,
    problem::init::{InitSpec, NormalInit},
    random::{Purpose, Streams},
};
use rand::RngExt;

use super::bench::{Bench, gap};

fn centres(nodes: usize) -> Vec<Vec<f64>> {
    (0..nodes).map(|i| vec![(i as f64).sin(), (2.0 * i as f64).cos()]).collect()
}

/// Replays the pushes of a run without delays: calls `deliver(from, to)` in order of time.
fn replay(bench: &Bench, period: f64, seconds: f64, mut deliver: impl FnMut(usize, usize)) {
    let streams = Streams::new(bench.seed);
    let world = bench.world();
    let graph = world.network.topology().expect("the world has a topology").graph();
    let mut pushes: Vec<(f64, usize, u64)> = Vec::new();
    for node in 0..bench.nodes {
        let mut time = period * streams.stream(Purpose::Route, node, 0).random::<f64>();
        let mut count = 0;
        while time <= seconds {
            pushes.push((time, node, count));
            time += period;
            count += 1;
        }
    }
    pushes.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, from, count) in pushes {
        // Each period draws its length, then its receiver.
        let k = streams.stream(Purpose::Route, from, 2 + 2 * count).random_range(0..graph.degree(from));
        deliver(from, graph.neighbour(from, k));
    }
}

#[test]
fn received_models_walk_at_random() {
    let bench = Bench::new("push-gossip variant = \"rw\"", "{ random-regular = { degree = 4 } }", centres(12));
    let mut models = bench.models();
    replay(&bench, 100.0, 2000.0, |from, to| {
        let walked = models[from].clone();
        models[to] = walked.iter().zip(&centres(12)[to]).map(|(x, c)| x - 0.1 * (x - c)).collect();
    });
    assert!(gap(&models, &bench.after(2000.0)) < 1e-13);
}

#[test]
fn models_are_merged_by_age_and_then_trained() {
    let start = InitSpec::Normal(NormalInit { sd: 1.0, independent: true });
    let bench = Bench::new("push-gossip merge = \"by-age\"; step-by-age = true", "\"ring\"", centres(7)).init(start).steps(3.0);
    let mut nodes: Vec<(Vec<f64>, f64)> = bench.models().into_iter().map(|x| (x, 0.0)).collect();
    replay(&bench, 100.0, 3000.0, |from, to| {
        let (sent, (own, age)) = (nodes[from].clone(), nodes[to].clone());
        let share = if age + sent.1 > 0.0 { age / (age + sent.1) } else { 0.5 };
        let mut x: Vec<f64> = own.iter().zip(&sent.0).map(|(own, sent)| share * own + (1.0 - share) * sent).collect();
        let mut age = age.max(sent.1);
        for _ in 0..3 {
            age += 1.0;
            x = x.iter().zip(&centres(7)[to]).map(|(x, c)| x - 0.1 / age * (x - c)).collect();
        }
        nodes[to] = (x, age);
    });
    let models: Vec<Vec<f64>> = nodes.into_iter().map(|(x, _)| x).collect();
    assert!(gap(&models, &bench.after(3000.0)) < 1e-13);
}

#[test]
fn both_models_are_trained_before_they_are_merged() {
    let bench = Bench::new("push-gossip variant = \"um\"", "\"complete\"", centres(5)).lr(0.2);
    let mut models = bench.models();
    replay(&bench, 100.0, 1000.0, |from, to| {
        let train = |x: &[f64]| -> Vec<f64> { x.iter().zip(&centres(5)[to]).map(|(x, c)| x - 0.2 * (x - c)).collect() };
        let (own, sent) = (train(&models[to]), train(&models[from]));
        models[to] = own.iter().zip(&sent).map(|(own, sent)| 0.5 * (own + sent)).collect();
    });
    let engine = bench.run(1000.0);
    assert!(gap(&models, &super::bench::iterates(&engine)) < 1e-13);
    assert_eq!(engine.ledger().gradients, 2 * engine.ledger().visits, "training two models costs two gradients");
}

#[test]
fn gossip_approaches_the_optimum_as_steps_fall() {
    let mut bench = Bench::new("push-gossip", "{ random-regular = { degree = 20 } }", centres(100));
    bench.network.link.latency = fedfleet::random::Quantity::Uniform { low: 0.0, high: 10.0 };
    let optimum = super::bench::mean(&centres(100));
    let error = |bench: &Bench| gap(&bench.after(40_000.0), &vec![optimum.clone(); 100]);
    let constant = error(&bench);
    bench.lr = Rate::Rule(fedfleet::part::rate::RateRule::Inverse { start: 0.3, offset: 20.0 });
    let falling = error(&bench);
    assert!(constant < 0.5 && falling < 0.25 * constant, "constant steps {constant}, falling {falling}");
}
