//! Synthetic(α, β) of FedProx.

use rand_distr::{Distribution, LogNormal};
use rayon::prelude::*;

use super::{Drawn, MODEL, Part, SIZES, TEST, TRAIN, argmax, clients_of, normal, normals, numbered};
use crate::{
    num::Real,
    problem::data::{SyntheticSpec, Table},
    random::{Purpose, Rng, Streams},
};

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
    let held_out = (!test.targets.is_empty()).then(|| test.classified(spec.classes));
    Table { natural: Some(clients_of(sizes.iter().map(|size| size.0))), ..Table::new(train, held_out, numbered(spec.classes)) }
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
