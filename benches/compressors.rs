//! What a compressor costs a message of 7,850 numbers, beside a copy of them.
//!
//! A visit of 25 steps of softmax regression to a client takes about 70 µs: what a link adds to it matters there.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use fedfleet::{
    part::compressor::{CompressorSpec, Wire},
    protocol::Payload,
    random::Rng,
};
use rand::{RngExt, SeedableRng};

/// Parameters of softmax regression 784-10.
const DIM: usize = 7850;

/// The compressors as a scenario names them.
const LINKS: [&str; 15] = [
    r#""identity""#,
    r#"{ "top-k": { "fraction": 0.01 } }"#,
    r#"{ "pruned": { "fraction": 0.1 } }"#,
    r#"{ "rand-k": { "fraction": 0.01 } }"#,
    r#"{ "lazy": 0.5 }"#,
    r#"{ "qsgd": { "bits": 4 } }"#,
    r#""tern-grad""#,
    r#""natural""#,
    r#"{ "natural-dithering": { "bits": 4 } }"#,
    r#"{ "sign": {} }"#,
    r#"{ "stochastic": { "bits": 8 } }"#,
    r#"{ "nearest": { "bits": 8 } }"#,
    r#"{ "ef": { "top-k": { "fraction": 0.01 } } }"#,
    r#"{ "ef21": { "top-k": { "fraction": 0.01 } } }"#,
    r#"{ "diana": { "qsgd": { "bits": 4 } } }"#,
];

fn compressors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a message of 7850");
    let mut rng = Rng::seed_from_u64(1);
    let sent: Vec<f32> = (0..DIM).map(|_| rng.random::<f32>().powi(3) - 0.25).collect();
    let mut v = sent.clone();
    group.bench_function("copy", |bencher| bencher.iter(|| black_box(&mut v).copy_from_slice(&sent)));
    for text in LINKS {
        let spec: CompressorSpec = serde_json::from_str(text).expect("the link is sound");
        let (link, mut memory) = (spec.build::<f32>(), Payload::default());
        group.bench_function(text, |bencher| {
            bencher.iter(|| {
                v.copy_from_slice(&sent);
                link.transmit(black_box(&mut v), &mut memory, &mut Wire { rng: &mut rng, blocks: &[] })
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
    targets = compressors
}
criterion_main!(benches);
