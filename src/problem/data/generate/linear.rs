//! Standard normal inputs with linear or random targets.

use rand::RngExt;

use super::{Drawn, MODEL, TEST, TRAIN, normal, normals, numbered};
use crate::{
    num::Real,
    problem::data::{Features, LinearSpec, LinearTargets, Samples, Table, Targets, table::dense},
    random::{Purpose, Rng, Streams},
};

/// Draws the training and the held-out samples.
pub fn linear<R: Real>(spec: &LinearSpec, streams: &Streams) -> Table<R> {
    let weights = normals(spec.features, &mut streams.stream(Purpose::Data, 0, MODEL));
    let part = |rows: usize, use_of: u64| match spec.targets {
        LinearTargets::Labels { classes } => {
            let draw = |_, rng: &mut Rng, row: &mut Vec<R>| {
                inputs(spec.features, rng, row);
                rng.random_range(0..classes as u32)
            };
            Drawn::pool(rows, use_of, streams, draw).classified(spec.features, classes)
        }
        LinearTargets::Linear { noise } => real(spec, rows, use_of, streams, |x, rng| {
            weights.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + noise * normal(rng)
        }),
        LinearTargets::Random => real(spec, rows, use_of, streams, |_, rng| normal(rng)),
    };
    Table {
        train: part(spec.samples, TRAIN),
        test: (spec.test > 0).then(|| part(spec.test, TEST)),
        classes: if let LinearTargets::Labels { classes } = spec.targets { numbered(classes) } else { Vec::new() },
        natural: None,
        columns: Vec::new(),
    }
}

fn inputs<R: Real>(count: usize, rng: &mut Rng, row: &mut Vec<R>) -> Vec<f64> {
    let x = normals(count, rng);
    row.extend(x.iter().map(|&value| R::of(value)));
    x
}

fn real<R: Real>(
    spec: &LinearSpec,
    rows: usize,
    use_of: u64,
    streams: &Streams,
    target: impl Fn(&[f64], &mut Rng) -> f64 + Sync,
) -> Samples<R> {
    let drawn = Drawn::pool(rows, use_of, streams, |_, rng: &mut Rng, row: &mut Vec<R>| {
        let x = inputs(spec.features, rng, row);
        R::of(target(&x, rng))
    });
    Samples { features: Features::Dense(dense(rows, spec.features, drawn.features)), targets: Targets::Values(drawn.targets) }
}
