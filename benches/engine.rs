//! One event of the engine at a constant number of pending messages: queue, protocol, ledger, delay and watcher together.
//!
//! The protocol is the smallest there is: whoever gets a message sends one on. What an event costs here, every run pays.

use std::{
    io::{Read, Write},
    time::Duration,
};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fedfleet::{
    engine::{Control, Delivery, Engine, Finish, NodeId, Physics, Protocol, Snapshot, Watcher, Workers},
    interrupt::Interrupt,
    random::{Rng, Streams},
};
use rand::{RngExt, SeedableRng};

/// Events of one measurement.
const EVENTS: u64 = 100_000;

/// Nodes that send a message on to the next as soon as one comes.
struct Relay {
    nodes: usize,
    events: u64,
}

impl Protocol for Relay {
    type Msg = [u64; 16];
    type Job = ();
    type Out = ();
    type Scratch = ();

    fn start(&mut self, control: &mut Control<'_, Self>) {
        for node in 0..self.nodes {
            control.send(node, (node + 1) % self.nodes, [node as u64; 16], 32);
        }
    }

    fn on_message(&mut self, _: NodeId, to: NodeId, message: Self::Msg, control: &mut Control<'_, Self>) {
        self.events += 1;
        control.send(to, (to + 1) % self.nodes, message, 32);
    }

    fn on_computed(&mut self, _: NodeId, (): (), _: &mut Control<'_, Self>) {}
    fn on_timer(&mut self, _: u64, _: &mut Control<'_, Self>) {}
    fn on_lost(&mut self, _: NodeId, _: &mut Control<'_, Self>) {}
    fn on_dropped(&mut self, _: NodeId, _: NodeId, _: Self::Msg, _: &mut Control<'_, Self>) {}
    fn run_job(&self, (): &(), (): &mut (), _: Interrupt<'_>) {}

    fn cost(&self, (): &()) -> f64 {
        0.0
    }

    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        self.events.save(out)
    }

    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        self.events.load(input)
    }
}

/// Messages that take 0 to 2 s.
struct Jitter(Rng);

impl Physics for Jitter {
    fn work(&mut self, _: NodeId, now: f64, _: usize, _: u64) -> Finish {
        Finish::At(now)
    }

    fn transit(&mut self, _: NodeId, _: NodeId, _: f64, _: u64, _: u64) -> Delivery {
        Delivery::After(2.0 * self.0.random::<f64>())
    }
}

/// Ends a run after so many events.
struct Until(u64);

impl Watcher<Relay> for Until {
    fn before(&mut self, _: f64, engine: &Engine<Relay>) -> bool {
        engine.protocol().events < self.0
    }
}

/// A run in which every node has met a message and the queue is in its steady state.
fn warm(nodes: usize) -> Engine<Relay> {
    let physics = Box::new(Jitter(Rng::seed_from_u64(1)));
    let mut engine = Engine::new(Relay { nodes, events: 0 }, physics, Streams::new(0), Workers::single());
    let _ = engine.run(&mut Until(3 * nodes as u64));
    engine
}

fn relay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("{EVENTS} events of the engine"));
    group.throughput(Throughput::Elements(EVENTS));
    for nodes in [1_000, 100_000] {
        group.bench_function(format!("{nodes} pending"), |bencher| {
            let run = |mut engine: Engine<Relay>| {
                let events = engine.protocol().events;
                let _ = engine.run(&mut Until(events + EVENTS));
                engine
            };
            bencher.iter_batched(|| warm(nodes), run, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = relay
}
criterion_main!(benches);
