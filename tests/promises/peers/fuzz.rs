//! A thousand random fleets on random graphs with random faults.

use std::collections::BTreeMap;

use fedfleet::{
    engine::{Engine, Workers},
    fleet::AvailabilitySpec,
    part::compressor::CompressorSpec,
    protocol::peers::{Absent, Peers},
    random::{Purpose, Rng, Streams},
    registry::Registry,
    toml::decode::read,
};
use rand::RngExt;

use super::{
    bench::{Bench, fleet, iterates, network, run_to},
    faults::METHODS,
};

const TOPOLOGIES: &[&str] = &[
    "\"star\"",
    "\"complete\"",
    "\"exponential\"",
    "\"ring\"",
    "{ circulant = { degree = 3 } }",
    "{ erdos-renyi = { p = 0.6 } }",
    "{ random-regular = { degree = 3 } }",
    "{ small-world = { k = 2, p = 0.3 } }",
    "{ barabasi-albert = { m = 2 } }",
];
const STEPS: &[&str] = &["0.0", "0.1", "{ exponential = { mean = 0.5 } }", "{ pareto = { min = 0.1, shape = 1.5 } }"];
const AVAILABILITY: &[&str] = &[
    "{ markov = { up = 1.0, down = 1.0 } }",
    "{ markov = { up = 10.0, down = 1.0 } }",
    "{ markov = { up = 3.0, down = 5.0 } }",
    "{ bernoulli = { probability = 0.7 } }",
    "\"always\"",
];
const LATENCY: &[&str] = &["0.0", "0.05", "{ exponential = { mean = 0.3 } }", "{ integer = { low = 0, high = 1 } }"];
const LINKS: &[&str] = &["", "", "", "{ top-k = { fraction = 0.5 } }", "{ qsgd = { bits = 4 } }", "{ ef21 = { sign = {} } }"];

fn one<'a>(choices: &[&'a str], rng: &mut Rng) -> &'a str {
    choices[rng.random_range(0..choices.len())]
}

/// A method on a fleet of nodes with different centres, where anything may happen.
fn world(method: &'static str, seed: u64) -> Bench {
    let rng = &mut Streams::new(seed).stream(Purpose::Cohort, 0, 0);
    let nodes = [1, 2, 4, 6, 8, 9, 10][rng.random_range(0..7)];
    let topology = one(if nodes < 4 { &TOPOLOGIES[..3] } else { TOPOLOGIES }, rng);
    let topology = if nodes == 9 { "\"torus\"" } else { topology };
    let centres = (0..nodes).map(|i| vec![f64::from(i), f64::from(i % 3)]).collect();
    let mut bench = Bench::new(method, topology, centres);
    bench.seed = seed;
    // A lone node whose visits take no time would never get beyond an instant.
    let (step, latency) = (one(if nodes == 1 { &STEPS[1..] } else { STEPS }, rng), one(LATENCY, rng));
    bench.fleet = fleet(&format!(
        "step = {step}\nleave = \"{}\"\ndropout = {}\navailability = {}",
        one(&["pause", "lose"], rng),
        one(&["0.0", "0.2"], rng),
        one(AVAILABILITY, rng)
    ));
    bench.fleet.bits = [None, None, Some(4), Some(2)][rng.random_range(0..4)];
    let loss = one(&["0.0", "0.1", "0.5"], rng);
    let bandwidth = one(&["", ", bandwidth = 500"], rng);
    let topology = bench.network.topology.take();
    bench.network = network(&format!("link = {{ latency = {latency}, loss = {loss}, jitter = 0.01{bandwidth} }}"));
    bench.network.topology = topology;
    bench.absent = if rng.random() { Absent::Wait } else { Absent::Lose };
    let remembers = ["d-psgd", "sgp", "gradient-tracking"].contains(&method);
    let compressor = one(if remembers { LINKS } else { &LINKS[..5] }, rng);
    if !compressor.is_empty() && !method.starts_with("choco") && !method.contains("parts") && !method.contains("sample") {
        let tables: BTreeMap<String, CompressorSpec> =
            read(&format!("compressor = {compressor}"), &Registry::builtin()).expect("it is well written");
        bench.compressor = tables.get("compressor").cloned();
    }
    bench
}

#[test]
fn random_fleets_on_random_graphs_with_random_faults_keep_going() {
    for seed in 0..1000_u64 {
        let method = METHODS[seed as usize % METHODS.len()];
        let bench = world(method, seed);
        let run = format!("seed {seed}, {} nodes, {method}", bench.nodes);
        let mut engine = bench.engine(Workers::single());
        run_to(&mut engine, 30.0);
        let before = engine.ledger().visits;
        run_to(&mut engine, 150.0);
        let idle = bench.nodes == 1 && (method.starts_with("push") || method.starts_with("vc"));
        assert!(engine.ledger().visits > before || idle, "{run}: nothing has happened in two minutes");
        assert_sound(&engine, &bench, method, &run);
    }
}

/// What holds in every run on quadratics with centres from 0 to `nodes − 1` that starts at 0 with steps of 0.1.
fn assert_sound(engine: &Engine<Peers<f64>>, bench: &Bench, method: &str, run: &str) {
    let (peers, ledger, nodes) = (engine.protocol(), engine.ledger(), bench.nodes);
    let models = iterates(engine).concat();
    // Averages and small steps towards centres never leave their convex hull; memories and stale steps can, and come back.
    let averages = ["d-psgd", "push-gossip", "token-walk"].iter().any(|name| method.starts_with(name));
    let exact = bench.compressor.is_none() && bench.fleet.bits.is_none();
    let (least, most) = if averages && exact { (-1e-12, nodes as f64 - 1.0 + 1e-12) } else { (-1e3, 1e3) };
    assert!(models.iter().all(|x| (least..=most).contains(x)), "{run}: {models:?}");
    let visits: Vec<u64> = (0..nodes).map(|node| peers.visits(node)).collect();
    assert_eq!(visits.iter().sum::<u64>(), ledger.visits, "{run}: visits are counted once");
    // Absent in a round, a node finishes an iteration without a visit.
    let rests = matches!(bench.fleet.availability, Some(AvailabilitySpec::Bernoulli { .. }));
    let updates = peers.participation().updates;
    assert!(ledger.visits <= updates + nodes as u64, "{run}: a visit is that of an iteration: {} of {updates}", ledger.visits);
    assert!(ledger.visits >= updates || rests, "{run}: an iteration has a visit: {} of {updates}", ledger.visits);
    assert_eq!(peers.rounds(), peers.participation().updates / nodes as u64, "{run}");
    // A message has 32 bits or more unless it is narrow or a refusal, and none is heard that was not sent.
    let wide = exact && !method.starts_with("choco") && method != "ad-psgd";
    assert!(
        !wide || peers.participation().heard * 32 <= ledger.uplink_bits,
        "{run}: {} messages heard",
        peers.participation().heard
    );
    let locked = ["d-psgd", "sgp", "gradient-tracking", "choco"].iter().any(|name| method.starts_with(name));
    if locked && !rests && !method.contains("contacts") {
        let (least, most) = (visits.iter().min(), visits.iter().max());
        let ahead = most.zip(least).map_or(0, |(most, least)| most - least);
        assert!(ahead <= nodes as u64, "{run}: a node is at most as far ahead as its messages allow: {visits:?}");
    }
}
