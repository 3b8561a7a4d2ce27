//! Peers that come and go, lose work and lose messages.

use fedfleet::{
    engine::{Engine, Workers},
    role::peers::{Absent, Peers},
};

use super::bench::{Bench, fleet, iterates, network, run_to};

const METHODS: &[&str] = &[
    "vc-gossip",
    "push-gossip period = 1.0",
    "push-gossip period = 1.0; parts = 2; merge = \"by-age\"; flow = { randomised = { capacity = 20, reactivity = 10 } }",
    "push-gossip period = 1.0; sample = 0.5; merge = { limited = 1.0 }; flow = { generalised = { capacity = 9, reactivity = 3 } }",
    "d-psgd",
    "d-psgd order = \"atc\"; contacts = \"random-matching\"",
    "gradient-tracking",
    "gradient-tracking order = \"atc\"; contacts = { failing-edges = 0.3 }",
    "sgp contacts = \"one-peer-exponential\"",
    "ad-psgd",
    "choco-sgd",
    "choco-sgd order = \"code\"; copies = \"model\"; compressor = { qsgd = { bits = 4 } }",
    "token-walk tokens = 16; alpha = 2.0",
    "token-walk tokens = 16; alpha = 2.0; repellence = \"target\"; measure-at = \"nodes\"; chain = \"simple\"",
];

fn hostile(text: &str, absent: Absent) -> Bench {
    let centres = (0..16).map(|i| vec![f64::from(i % 5), f64::from(i % 3)]).collect();
    let mut bench = Bench::new(text, "\"torus\"", centres);
    bench.fleet = fleet(
        "step = { exponential = { mean = 0.3 } }\ndropout = 0.1\nleave = \"lose\"\n\
         availability = { markov = { up = 5.0, down = 2.0 } }",
    );
    let topology = bench.network.topology.clone();
    bench.network = network("link = { latency = { exponential = { mean = 0.2 } }, loss = 0.1 }");
    bench.network.topology = topology;
    bench.absent = absent;
    bench
}

#[test]
fn nobody_stops_for_departures_losses_and_stragglers() {
    for text in METHODS {
        for absent in [Absent::Wait, Absent::Lose] {
            let bench = hostile(text, absent);
            let mut engine = bench.engine(Workers::single());
            run_to(&mut engine, 100.0);
            let before: Vec<u64> = (0..16).map(|node| engine.protocol().visits(node)).collect();
            run_to(&mut engine, 300.0);
            let after: Vec<u64> = (0..16).map(|node| engine.protocol().visits(node)).collect();
            assert!(before.iter().zip(&after).all(|(before, after)| after >= &(before + 5)), "{text}: {before:?} {after:?}");
            assert!(iterates(&engine).concat().iter().all(|x| x.is_finite()), "{text}");
        }
    }
}

#[test]
fn a_run_taken_up_in_the_middle_ends_with_the_same_bytes_on_any_number_of_threads() {
    for text in METHODS {
        let bench = hostile(text, Absent::Wait);
        let whole = bench.run(60.0);
        let half = bench.run(31.0).save().unwrap();
        let mut resumed = bench.engine(Workers::pool());
        resumed.load(&half).unwrap();
        run_to(&mut resumed, 60.0);
        assert_eq!(iterates(&whole), iterates(&resumed), "{text}");
        assert_eq!(whole.save().unwrap(), resumed.save().unwrap(), "{text}");
    }
}

#[test]
fn methods_without_a_server_ask_for_a_topology() {
    let mut bench = hostile(METHODS[0], Absent::Wait);
    bench.network.topology = None;
    let refused = bench.try_engine(Workers::single()).err().expect("there is no topology");
    assert_eq!(refused.path, ["network"]);
}

#[test]
fn random_fleets_on_random_graphs_with_random_faults_keep_going() {
    let topologies = ["\"ring\"", "\"star\"", "\"complete\"", "{ erdos-renyi = { p = 0.6 } }", "{ circulant = { degree = 3 } }"];
    let ups = ["1.0", "10.0"];
    let losses = ["0.0", "0.5"];
    let leaves = ["pause", "lose"];
    let steps = ["0.1", "{ exponential = { mean = 0.5 } }", "{ pareto = { min = 0.1, shape = 3.0 } }"];
    for seed in 0..1000_usize {
        let nodes = 2 + 2 * (seed % 5);
        let centres = (0..nodes).map(|i| vec![i as f64]).collect();
        let mut bench = Bench::new(METHODS[seed % METHODS.len()], topologies[(seed / 2) % 5], centres);
        if nodes < 4 {
            bench.network = network("topology = \"complete\"");
        }
        bench.seed = seed as u64;
        bench.fleet = fleet(&format!(
            "step = {}\nleave = \"{}\"\ndropout = 0.2\navailability = {{ markov = {{ up = {}, down = 1.0 }} }}",
            steps[seed % 3],
            leaves[(seed / 3) % 2],
            ups[(seed / 5) % 2]
        ));
        bench.network.link.loss = losses[(seed / 7) % 2].parse::<f64>().unwrap().into();
        bench.network.link.latency = (0.01 + 0.1 * (seed % 4) as f64).into();
        bench.fleet.bits = (seed % 11 == 0).then_some(4);
        bench.absent = if seed % 2 == 0 { Absent::Wait } else { Absent::Lose };
        let mut engine = bench.engine(Workers::single());
        run_to(&mut engine, 30.0);
        let before = engine.ledger().visits;
        run_to(&mut engine, 150.0);
        assert!(engine.ledger().visits > before, "seed {seed}: nothing has happened in two minutes");
        assert_sound(&engine, METHODS[seed % METHODS.len()], nodes, &format!("seed {seed}"));
    }
}

/// What holds in every run on quadratics with centres from 0 to `nodes − 1` that starts at 0 with steps of 0.1.
fn assert_sound(engine: &Engine<Peers<f64>>, method: &str, nodes: usize, run: &str) {
    let (peers, models) = (engine.protocol(), iterates(engine).concat());
    // Averages and small steps towards centres never leave their convex hull; memories and stale steps can, and come back.
    let stays = ["d-psgd", "push-gossip", "token-walk"].iter().any(|name| method.starts_with(name));
    let (least, most) = if stays { (-1e-12, nodes as f64 - 1.0 + 1e-12) } else { (-1e3, 1e3) };
    assert!(models.iter().all(|x| (least..=most).contains(x)), "{run}: {method}: {models:?}");
    assert_eq!(
        (0..nodes).map(|node| peers.visits(node)).sum::<u64>(),
        peers.standing().updates,
        "{run}: visits are counted once"
    );
    assert_eq!(peers.standing().updates, engine.ledger().visits, "{run}: the engine agrees");
    assert_eq!(peers.rounds(), peers.standing().updates / nodes as u64, "{run}");
}
