//! Mixtures of Gaussians.

use rand::RngExt;
use rayon::prelude::*;

use super::{Drawn, MODEL, TEST, TRAIN, clients_of, normal, normals, numbered};
use crate::{
    num::Real,
    problem::data::{CentreLaw, MixtureClients, MixtureSpec, Table, partition::dirichlet},
    random::{Purpose, Rng, Streams},
};

/// Draws the pool, or the samples of `clients` natural clients, and the held-out samples.
pub fn mixture<R: Real>(spec: &MixtureSpec, clients: usize, streams: &Streams) -> Table<R> {
    let centres: Vec<Vec<f64>> = (0..spec.classes * spec.clusters).map(|cluster| centre(spec, cluster, streams)).collect();
    let sample = |class: usize, rng: &mut Rng, row: &mut Vec<R>| {
        let cluster = if spec.clusters == 1 { class } else { class * spec.clusters + rng.random_range(0..spec.clusters) };
        row.extend(centres[cluster].iter().map(|centre| R::of(centre + spec.noise * normal(rng))));
        class as u32
    };
    let (train, natural) = match &spec.clients {
        None => {
            let draw = |_, rng: &mut Rng, row: &mut Vec<R>| sample(rng.random_range(0..spec.classes), rng, row);
            (Drawn::pool(spec.samples, TRAIN, streams, draw), None)
        }
        Some(law) => {
            let parts = (0..clients).into_par_iter().map(|client| {
                let mut rng = streams.stream(Purpose::Data, client, TRAIN);
                let mut drawn = Drawn { features: Vec::with_capacity(law.samples * spec.features), targets: Vec::new() };
                for class in client_labels(law, spec.classes, &mut rng) {
                    let label = sample(class, &mut rng, &mut drawn.features);
                    drawn.targets.push(label);
                }
                drawn
            });
            (Drawn::concat(parts.collect()), Some(clients_of(std::iter::repeat_n(law.samples, clients))))
        }
    };
    let test =
        Drawn::pool(spec.test, TEST, streams, |row, rng: &mut Rng, values: &mut Vec<R>| sample(row % spec.classes, rng, values));
    Table {
        train: train.classified(spec.features, spec.classes),
        test: (spec.test > 0).then(|| test.classified(spec.features, spec.classes)),
        classes: numbered(spec.classes),
        natural,
        columns: Vec::new(),
    }
}

fn centre(spec: &MixtureSpec, cluster: usize, streams: &Streams) -> Vec<f64> {
    let draw = normals(spec.features, &mut streams.stream(Purpose::Data, cluster, MODEL));
    let scale = match spec.centres {
        CentreLaw::UnitNorm => draw.iter().map(|value| value * value).sum::<f64>().sqrt().recip(),
        CentreLaw::Normal { sd } => sd,
    };
    draw.into_iter().map(|value| scale * value).collect()
}

/// The classes of one client's samples, independent draws from its own Dirichlet mix.
fn client_labels(law: &MixtureClients, classes: usize, rng: &mut Rng) -> Vec<usize> {
    let mix = dirichlet(law.alpha, classes, rng);
    let pick = |rng: &mut Rng| {
        let mut left: f64 = rng.random();
        let hit = mix.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        // Rounding may leave a sliver above the last share.
        hit.unwrap_or_else(|| mix.iter().rposition(|&share| share > 0.0).unwrap_or_default())
    };
    (0..law.samples).map(|_| pick(rng)).collect()
}
