//! Mixtures of Gaussians.

use rand::RngExt;

use super::{Drawn, MODEL, Part, TEST, TRAIN, clients_of, normal, normals, numbered};
use crate::{
    num::Real,
    problem::data::{CentreLaw, MixtureClients, MixtureSpec, Table, partition::dirichlet},
    random::{Purpose, Rng, Streams},
};

/// Draws the pool, or the samples of `clients` natural clients, and the held-out samples.
pub fn mixture<R: Real>(spec: &MixtureSpec, clients: usize, streams: &Streams) -> Table<R> {
    let centres: Vec<Vec<f64>> = (0..spec.classes * spec.clusters).map(|cluster| centre(spec, cluster, streams)).collect();
    let sample = |class: usize, rng: &mut Rng, row: &mut [R]| {
        let cluster = if spec.clusters == 1 { class } else { class * spec.clusters + rng.random_range(0..spec.clusters) };
        row.iter_mut().zip(&centres[cluster]).for_each(|(value, centre)| *value = R::of(centre + spec.noise * normal(rng)));
        class as u32
    };
    let (train, natural) = match &spec.clients {
        None => {
            let draw = |_, rng: &mut Rng, row: &mut [R]| sample(rng.random_range(0..spec.classes), rng, row);
            (Drawn::pool((spec.samples, spec.features), TRAIN, streams, draw), None)
        }
        Some(law) => {
            let sizes = std::iter::repeat_n(law.samples, clients);
            let drawn = Drawn::parts(sizes.clone(), spec.features, |part: Part<'_, R, u32>| {
                let mut rng = streams.stream(Purpose::Data, part.index, TRAIN);
                let rows = part.features.chunks_exact_mut(spec.features).zip(part.targets);
                for (class, (row, target)) in client_labels(law, spec.classes, &mut rng).into_iter().zip(rows) {
                    *target = sample(class, &mut rng, row);
                }
            });
            (drawn, Some(clients_of(sizes)))
        }
    };
    let draw = |row: usize, rng: &mut Rng, values: &mut [R]| sample(row % spec.classes, rng, values);
    let test = Drawn::pool((spec.test, spec.features), TEST, streams, draw);
    let train = train.classified(spec.classes);
    let held_out = (spec.test > 0).then(|| test.classified(spec.classes));
    Table { natural, ..Table::new(train, held_out, numbered(spec.classes)) }
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
