//! The event queue at a constant number of pending events, beside a plain binary heap of (time, number) without any event.
//!
//! One operation takes the earliest event and schedules another. Delays are random, as in an asynchronous run, or constant, as
//! in rounds and periodic gossip.

use std::{cmp::Reverse, collections::BinaryHeap, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fedfleet::{
    engine::queue::{Phase, Queue},
    random::Rng,
};
use rand::{RngExt, SeedableRng};

/// As large as the messages of a federated run.
type Event = [u64; 20];

fn delays(constant: bool) -> impl FnMut() -> f64 {
    let mut rng = Rng::seed_from_u64(1);
    move || if constant { 1.0 } else { 2.0 * rng.random::<f64>() }
}

fn hold(criterion: &mut Criterion) {
    for pending in [1_000, 100_000] {
        let mut group = criterion.benchmark_group(format!("one event, {pending} pending"));
        group.throughput(Throughput::Elements(1));
        for (constant, name) in [(false, "random delays"), (true, "constant delays")] {
            let mut delay = delays(constant);
            let mut queue = Queue::<Event>::default();
            for k in 0..pending {
                let _ = queue.push(delay() * k as f64 / pending as f64, Phase::Normal, [k; 20]);
            }
            group.bench_function(format!("queue, {name}"), |bencher| {
                bencher.iter(|| {
                    let (now, event) = queue.pop().expect("events are pending");
                    queue.push(now + delay(), Phase::Normal, black_box(event))
                });
            });
            let mut delay = delays(constant);
            let mut heap: BinaryHeap<Reverse<(u64, u64)>> =
                (0..pending).map(|k| Reverse(((delay() * k as f64 / pending as f64).to_bits(), k))).collect();
            let mut number = pending;
            group.bench_function(format!("heap, {name}"), |bencher| {
                bencher.iter(|| {
                    let Reverse((now, _)) = heap.pop().expect("events are pending");
                    number += 1;
                    heap.push(Reverse(((f64::from_bits(now) + delay()).to_bits(), black_box(number))));
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = hold
}
criterion_main!(benches);
