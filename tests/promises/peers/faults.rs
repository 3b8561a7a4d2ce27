//! Peers that come and go, lose work and lose messages.

use std::{fs, path::Path};

use fedfleet::{
    engine::{Engine, Workers},
    protocol::peers::{Absent, Peers},
    run::{Options, Plan, Results, Silent, execute},
    scenario::Scenario,
};

use super::bench::{Bench, fleet, iterates, network, run_to};
use crate::absences::{Witness, started};

/// Every method without a server, in its variants; periods suit visits of less than a second.
pub const METHODS: &[&str] = &[
    "vc-gossip",
    "vc-gossip target = \"follow-beta\"; reference = \"dfl-torch\"; buffer = 2.0; push-every = 2",
    "push-gossip period = 1.0",
    "push-gossip period = 1.0; variant = \"rw\"; flow = { simple = { capacity = 5 } }",
    "push-gossip period = 1.0; variant = \"um\"; partner = \"last-received\"; step-by-age = true; backlog = 2",
    "push-gossip period = 1.0; parts = 2; merge = \"by-age\"; flow = { randomised = { capacity = 20, reactivity = 10 } }",
    "push-gossip period = 1.0; sample = 0.5; merge = { limited = 1.0 }; flow = { generalised = { capacity = 9, reactivity = 3 } }",
    "d-psgd",
    "d-psgd contacts = { failing-edges = 0.3 }",
    "d-psgd order = \"atc\"; contacts = \"random-matching\"",
    "gradient-tracking",
    "gradient-tracking order = \"atc\"; contacts = { failing-edges = 0.3 }",
    "sgp",
    "sgp contacts = \"one-peer-exponential\"",
    "ad-psgd",
    "choco-sgd",
    "choco-sgd gamma = 0.5; compressor = { sign = {} }",
    "choco-sgd order = \"code\"; copies = \"model\"; compressor = { qsgd = { bits = 4 } }",
    "token-walk tokens = 16; alpha = 2.0",
    "token-walk tokens = 16; alpha = 0.0; chain = \"lazy\"",
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

/// Nodes that are up for 5 s and down for 2 s on average, and messages of which one in ten is lost and repeated. A node that is down
/// sends when it is back, but that AD-PSGD learns of it from the network.
#[test]
fn no_message_starts_while_its_node_is_away() {
    for text in METHODS.iter().filter(|text| **text != "ad-psgd") {
        for absent in [Absent::Wait, Absent::Lose] {
            let bench = hostile(text, absent);
            let world = bench.world();
            let (witness, sent) = Witness::new(&world);
            let peers = bench.peers(std::sync::Arc::clone(&world)).unwrap();
            let mut engine = Engine::new(peers, Box::new(witness), world.streams, Workers::single());
            run_to(&mut engine, 200.0);
            let [messages, _] = started(&world, &sent, engine.now(), text);
            assert!(messages > 200, "{text}: {messages} messages");
        }
    }
}

fn saved(engine: &Engine<Peers<f64>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.save(&mut bytes).expect("the run ends");
    bytes
}

#[test]
fn a_run_taken_up_in_the_middle_ends_with_the_same_bytes_on_any_number_of_threads() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    for text in METHODS {
        let bench = hostile(text, Absent::Wait);
        let whole = bench.run(60.0);
        let half = saved(&bench.run(31.0));
        let mut resumed = bench.engine(pool.install(|| Workers::pool().sharing_from(0.0)));
        resumed.load(&mut half.as_slice()).unwrap();
        pool.install(|| run_to(&mut resumed, 60.0));
        assert!(resumed.workers().parallel_batches() > 0, "{text} ran on one thread");
        assert_eq!(iterates(&whole), iterates(&resumed), "{text}");
        // What is saved differs in jobs that other threads have done ahead of the clock.
        assert_eq!((whole.now().to_bits(), whole.ledger()), (resumed.now().to_bits(), resumed.ledger()), "{text}");
    }
}

#[test]
fn methods_without_a_server_ask_for_a_topology() {
    let mut bench = hostile(METHODS[0], Absent::Wait);
    bench.network.topology = None;
    let refused = bench.try_engine(Workers::single()).err().expect("there is no topology");
    assert_eq!(refused.path, ["network"]);
}

/// Six nodes, all with all, of which the last leaves for good after 20 s.
fn departure(folder: &Path) -> String {
    let trace = folder.join("trace.csv");
    let rows: String = (0..6).map(|node| format!("{node},0,{}\n", if node == 5 { 20.3 } else { 1e6 })).collect();
    fs::write(&trace, format!("client,from,to\n{rows}")).expect("the trace can be written");
    format!("step = {{ exponential = {{ mean = 0.3 }} }}\navailability = {{ trace = {trace:?} }}")
}

#[test]
fn a_departure_for_good_stops_nobody_but_barriers() {
    let folder = tempfile::tempdir().unwrap();
    for text in METHODS {
        for absent in [Absent::Wait, Absent::Lose] {
            let centres = (0..6).map(|i| vec![f64::from(i % 5), f64::from(i % 3)]).collect();
            let mut bench = Bench::new(text, "\"complete\"", centres);
            bench.fleet = fleet(&departure(folder.path()));
            let topology = bench.network.topology.take();
            bench.network = network("link = { latency = { exponential = { mean = 0.2 } }, loss = 0.1 }");
            (bench.network.topology, bench.absent) = (topology, absent);
            let visits = |seconds: f64| -> Vec<u64> {
                let engine = bench.run(seconds);
                (0..6).map(|node| engine.protocol().visits(node)).collect()
            };
            let (before, after) = (visits(60.0), visits(300.0));
            let locked = ["d-psgd", "sgp", "gradient-tracking", "choco"].iter().any(|name| text.starts_with(name));
            if locked {
                assert_eq!(before, after, "{text}: all wait for the one that is gone");
            } else {
                assert!((0..5).all(|node| after[node] > before[node]), "{text}: {before:?} {after:?}");
            }
        }
    }
}

#[test]
fn a_run_that_waits_for_ever_says_so_although_seconds_bound_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| {
        let text = format!(
            "title = 'Departure'\nseeds = 1\nstop = {{ seconds = 100 }}\n[problem]\nobjective = 'quadratic'\n\
             [fleet]\nclients = 6\n{}\n[network]\ntopology = 'complete'\n[peers]\nlocal.lr = 0.1\n[[method]]\nname = '{name}'",
            departure(folder.path())
        );
        let plan = Plan::resolve(
            Scenario::read(Path::new("departure.toml"), &text, &[], &fedfleet::registry::Registry::builtin()).unwrap(),
            &[],
        )
        .unwrap();
        execute(&plan, &Results::at(folder.path().join(name)), &Options::default(), &Silent).expect("the runs end").stalled
    };
    assert_eq!(run("d-psgd").len(), 1);
    assert!(run("ad-psgd").is_empty());
}
