//! The same bits for any number of threads, and after a run was saved and taken up again.

use fedfleet::{
    engine::{Engine, Workers},
    protocol::federated::Federated,
    registry::{Entry, Registry},
};

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// Every registered method on dense quadratics that are worth a thread, with clients of unlike speed that come and go.
fn benches() -> Vec<Bench> {
    let registry = Registry::builtin();
    let federated = registry.methods().iter().filter(|entry| entry.section == "federated" && entry.card.name != "analytic");
    let bench = |entry: &Entry| {
        // A dequantiser trains for a few steps, so that runs stay short.
        let few = if entry.card.name == "prowd" { "; steps = 3" } else { "" };
        let law = "{ quadratic = { noise = 0.1, generate = { dimension = 60, condition = 10.0, shape = \"dense\" } } }";
        Bench::random(&format!("{}{few}", entry.card.name), 12)
            .set("problem.objective", law)
            .set("fleet.step", "{ fixed = { exponential = { mean = 0.1 } } }")
            .set("fleet.availability", "{ markov = { up = 20.0, down = 5.0 } }")
            .set("fleet.group", "[{ share = 0.5 }, { share = 0.5, bits = 6 }]")
            .set("fleet.dropout", 0.05)
            .set("network.up", "{ latency = 0.05, jitter = { exponential = { mean = 0.1 } }, loss = 0.02 }")
            .steps("{ integer = { low = 5, high = 30 } }")
    };
    federated.map(bench).collect()
}

const SCHEDULES: [&str; 8] = [
    "{ rounds = { cohort = 5 } }",
    "{ rounds = { cohort = 4, over-selection = 1.5, deadline = 2.0 } }",
    "{ every-arrival = { concurrency = 8, replace = \"random\" } }",
    "{ buffered = { size = 3, batch-ties = true } }",
    "{ buffered = { size = 3, epoch = 7 } }",
    "{ window = { seconds = 1.5 } }",
    "{ group = { size = 3 } }",
    "{ grace = { seconds = 0.5, buffer = 2 } }",
];

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

fn advance(engine: &mut Engine<Federated<f64>>, versions: usize) -> Vec<u64> {
    let _ = engine.run(&mut Observer::new(Until::Versions(versions)));
    bits(engine.protocol().iterate())
}

#[test]
fn threads_change_no_bit() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads can be started");
    for bench in benches() {
        let single = advance(&mut bench.engine(), 25);
        let workers = pool.install(|| Workers::pool().sharing_from(0.0));
        let mut engine = bench.build(workers).expect("the bench is sound").1;
        let pooled = pool.install(|| advance(&mut engine, 25));
        assert_eq!(single, pooled, "{bench:?}");
        assert!(engine.workers().parallel_batches() > 0, "{bench:?} ran on one thread");
    }
}

#[test]
fn a_saved_run_goes_on_as_if_nothing_had_happened() {
    for bench in benches() {
        check_resumption(&bench);
    }
    for schedule in SCHEDULES {
        let lossy =
            Bench::random("scaffold", 12).schedule(schedule).set("fleet.dropout", 0.1).set("network.up", "{ loss = 0.05 }");
        check_resumption(&lossy);
        let travelling =
            Bench::random("fedavg", 12).schedule(schedule).set("fleet.dropout", 0.1).set("network.up", "{ loss = 0.05 }");
        let travelling = travelling.set("federated.shards", "\"least-visited\"").set("federated.local.clock", "\"steps\"");
        check_resumption(&travelling.set("federated.local.lr", "{ cosine = { start = 0.05, over = 60 } }"));
    }
}

fn check_resumption(bench: &Bench) {
    let mut whole = bench.engine();
    let _ = whole.run(&mut Observer::new(Until::Version(20)));
    let expected = bits(whole.protocol().iterate());
    let mut first = bench.engine();
    let _ = first.run(&mut Observer::new(Until::Events(61)));
    let mut saved = Vec::new();
    first.save(&mut saved).expect("the state can be written");
    let mut second = bench.engine();
    second.load(&mut saved.as_slice()).expect("the state can be read");
    let _ = second.run(&mut Observer::new(Until::Version(20)));
    assert_eq!(bits(second.protocol().iterate()), expected, "{bench:?}");
    assert_eq!(second.now().to_bits(), whole.now().to_bits(), "{bench:?}");
    assert_eq!(second.ledger(), whole.ledger(), "{bench:?}");
}
