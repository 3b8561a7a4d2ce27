//! The laws that data are drawn from: linear models, teachers, mixtures of Gaussians, and Synthetic(α, β) of FedProx.

use rand::RngExt;
use rand_distr::{Distribution, LogNormal};
use rayon::prelude::*;

use super::{Drawn, MODEL, Part, SIZES, TEST, TRAIN, argmax, clients_of, normal, normals, numbered};
use crate::{
    num::Real,
    problem::data::{
        CentreLaw, LinearSpec, LinearTargets, MixtureClients, MixtureSpec, Samples, SyntheticSpec, Table, Targets, TeacherSpec,
        partition::dirichlet,
    },
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

/// Draws `x ~ N(0, I)` and `y = argmax(tanh(x A) B)`.
pub fn teacher<R: Real>(spec: &TeacherSpec, streams: &Streams) -> Table<R> {
    let mut rng = streams.stream(Purpose::Data, 0, MODEL);
    let width = (spec.features as f64).sqrt();
    // Both by output: `[hidden][features]` and `[classes][hidden]`.
    let first: Vec<Vec<f64>> =
        (0..spec.hidden).map(|_| normals(spec.features, &mut rng).into_iter().map(|value| value / width).collect()).collect();
    let second: Vec<Vec<f64>> = (0..spec.classes).map(|_| normals(spec.hidden, &mut rng)).collect();
    let draw = |_, rng: &mut Rng, row: &mut [R]| {
        let x = normals(spec.features, rng);
        let hidden: Vec<f64> = first.iter().map(|unit| dot(unit, &x).tanh()).collect();
        let scores: Vec<f64> = second.iter().map(|unit| dot(unit, &hidden)).collect();
        row.iter_mut().zip(x).for_each(|(value, x)| *value = R::of(x));
        argmax(&scores)
    };
    let test = Drawn::pool((spec.test, spec.features), TEST, streams, draw);
    let train = Drawn::pool((spec.samples, spec.features), TRAIN, streams, draw).classified(spec.classes);
    let held_out = (spec.test > 0).then(|| test.classified(spec.classes));
    let classes = numbered(spec.classes);
    Table::new(train, held_out, classes)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

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

/// Numbers of training and of held-out samples of each client.
///
/// `⌊LogNormal⌋ + min-samples`, at most `max-samples`; of `m` samples `⌊(1 − test) m⌋`, and at least one, are for training.
pub fn sizes(spec: &SyntheticSpec, clients: usize, streams: &Streams) -> Vec<(usize, usize)> {
    let law = LogNormal::new(spec.log_mean, spec.log_sd).expect("the specification is checked: the deviation is finite");
    let size = |client| {
        let draw = law.sample(&mut streams.stream(Purpose::Data, client, SIZES)).floor();
        let samples = spec.min_samples.saturating_add(draw as usize).clamp(1, spec.max_samples);
        let train = (((1.0 - spec.test) * samples as f64).floor() as usize).max(1);
        (train, samples - train)
    };
    (0..clients).map(size).collect()
}

/// Draws the samples of all clients.
pub fn synthetic<R: Real>(spec: &SyntheticSpec, clients: usize, streams: &Streams) -> Table<R> {
    let sizes = sizes(spec, clients, streams);
    let laws: Vec<ClientLaw> = (0..clients).into_par_iter().map(|client| ClientLaw::new(spec, client, streams)).collect();
    let draw = |sizes: Vec<usize>, use_of: u64| {
        Drawn::parts(sizes.into_iter(), spec.features, |part: Part<'_, R, u32>| {
            let mut rng = streams.stream(Purpose::Data, part.index, use_of);
            let rows = part.features.chunks_exact_mut(spec.features).zip(part.targets);
            rows.for_each(|(features, target)| *target = laws[part.index].draw(features, &mut rng));
        })
    };
    let test = draw(sizes.iter().map(|size| size.1).collect(), TEST);
    let train = draw(sizes.iter().map(|size| size.0).collect(), TRAIN).classified(spec.classes);
    let test = (!test.targets.is_empty()).then(|| test.classified(spec.classes));
    let (natural, held_out) = (clients_of(sizes.iter().map(|size| size.0)), clients_of(sizes.iter().map(|size| size.1)));
    Table { natural: Some(natural), held_out: vec![held_out], ..Table::new(train, test, numbered(spec.classes)) }
}

/// The law of one client's samples.
struct ClientLaw {
    /// `[features]`.
    mean: Vec<f64>,
    /// `[features]`.
    deviation: Vec<f64>,
    /// `[classes][features]`.
    weights: Vec<Vec<f64>>,
    /// `[classes]`.
    bias: Vec<f64>,
}

impl ClientLaw {
    fn new(spec: &SyntheticSpec, client: usize, streams: &Streams) -> Self {
        let mut own = streams.stream(Purpose::Data, client, MODEL);
        // Both are drawn whatever α and β are: the noise of one client is the same for all of them.
        let (u, b) = (spec.alpha * normal(&mut own), spec.beta * normal(&mut own));
        let mean = if spec.iid { vec![b; spec.features] } else { shifted(b, spec.features, &mut own) };
        // Stream 0 belongs to the first client, so the common classifier has one no client can have.
        let mut common = streams.stream(Purpose::Data, usize::MAX, MODEL);
        let (u, rng) = if spec.iid { (0.0, &mut common) } else { (u, &mut own) };
        let weights = (0..spec.classes).map(|_| shifted(u, spec.features, rng)).collect();
        let bias = shifted(u, spec.classes, rng);
        let deviation = (1..=spec.features).map(|j| (j as f64).powf(-0.6)).collect();
        Self { mean, deviation, weights, bias }
    }

    /// Draws one sample in place and returns its class.
    fn draw<R: Real>(&self, features: &mut [R], rng: &mut Rng) -> u32 {
        let inputs: Vec<f64> =
            self.mean.iter().zip(&self.deviation).map(|(mean, deviation)| mean + deviation * normal(rng)).collect();
        let score = |(row, bias): (&Vec<f64>, &f64)| row.iter().zip(&inputs).map(|(w, x)| w * x).sum::<f64>() + bias;
        let scores: Vec<f64> = self.weights.iter().zip(&self.bias).map(score).collect();
        features.iter_mut().zip(inputs).for_each(|(feature, x)| *feature = R::of(x));
        argmax(&scores)
    }
}

fn shifted(mean: f64, count: usize, rng: &mut Rng) -> Vec<f64> {
    normals(count, rng).into_iter().map(|value| mean + value).collect()
}
