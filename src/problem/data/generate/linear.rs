//! Standard normal inputs with linear or random targets.

use rand::RngExt;

use super::{Drawn, MODEL, TEST, TRAIN, normal, normals, numbered};
use crate::{
    num::Real,
    problem::data::{LinearSpec, LinearTargets, Samples, Table, Targets},
    random::{Purpose, Rng, Streams},
};

/// Draws the training and the held-out samples.
pub fn linear<R: Real>(spec: &LinearSpec, streams: &Streams) -> Table<R> {
    let weights = normals(spec.features, &mut streams.stream(Purpose::Data, 0, MODEL));
    let part = |rows: usize, use_of: u64| match spec.targets {
        LinearTargets::Labels { classes } => {
            let draw = |_, rng: &mut Rng, row: &mut [R]| {
                inputs(rng, row);
                rng.random_range(0..classes as u32)
            };
            Drawn::pool((rows, spec.features), use_of, streams, draw).classified(classes)
        }
        LinearTargets::Linear { noise } => real(spec, rows, use_of, streams, |x, rng| {
            weights.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + noise * normal(rng)
        }),
        LinearTargets::Random => real(spec, rows, use_of, streams, |_, rng| normal(rng)),
    };
    let train = part(spec.samples, TRAIN);
    let held_out = (spec.test > 0).then(|| part(spec.test, TEST));
    let classes = if let LinearTargets::Labels { classes } = spec.targets { numbered(classes) } else { Vec::new() };
    Table::new(train, held_out, classes)
}

/// Fills `row` with standard normal numbers and returns them unrounded.
fn inputs<R: Real>(rng: &mut Rng, row: &mut [R]) -> Vec<f64> {
    let x = normals(row.len(), rng);
    row.iter_mut().zip(&x).for_each(|(value, &x)| *value = R::of(x));
    x
}

fn real<R: Real>(
    spec: &LinearSpec,
    rows: usize,
    use_of: u64,
    streams: &Streams,
    target: impl Fn(&[f64], &mut Rng) -> f64 + Sync,
) -> Samples<R> {
    let drawn = Drawn::pool((rows, spec.features), use_of, streams, |_, rng: &mut Rng, row: &mut [R]| {
        let x = inputs(rng, row);
        R::of(target(&x, rng))
    });
    let (features, values) = drawn.matrix();
    Samples { features, targets: Targets::Values(values) }
}
