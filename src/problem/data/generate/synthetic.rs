//! Synthetic(α, β) of FedProx.

use rand_distr::{Distribution, LogNormal};
use rayon::prelude::*;

use super::{Drawn, MODEL, SIZES, TRAIN, argmax, clients_of, normal, normals, numbered};
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
    let parts: Vec<_> = sizes
        .par_iter()
        .enumerate()
        .map(|(client, &(train, test))| {
            let law = ClientLaw::new(spec, client, streams);
            let mut rng = streams.stream(Purpose::Data, client, TRAIN);
            (law.draw(train, &mut rng), law.draw(test, &mut rng))
        })
        .collect();
    let (train, test): (Vec<Drawn<R, u32>>, Vec<Drawn<R, u32>>) = parts.into_iter().unzip();
    let test = Drawn::concat(test);
    Table {
        train: Drawn::concat(train).classified(spec.features, spec.classes),
        test: (!test.targets.is_empty()).then(|| test.classified(spec.features, spec.classes)),
        classes: numbered(spec.classes),
        natural: Some(clients_of(sizes.iter().map(|&(train, _)| train))),
        columns: Vec::new(),
    }
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

    fn draw<R: Real>(&self, samples: usize, rng: &mut Rng) -> Drawn<R, u32> {
        let mut drawn = Drawn { features: Vec::with_capacity(samples * self.mean.len()), targets: Vec::new() };
        for _ in 0..samples {
            let x: Vec<f64> =
                self.mean.iter().zip(&self.deviation).map(|(mean, deviation)| mean + deviation * normal(rng)).collect();
            let score = |(row, bias): (&Vec<f64>, &f64)| row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + bias;
            let scores: Vec<f64> = self.weights.iter().zip(&self.bias).map(score).collect();
            drawn.targets.push(argmax(&scores));
            drawn.features.extend(x.into_iter().map(R::of));
        }
        drawn
    }
}

fn shifted(mean: f64, count: usize, rng: &mut Rng) -> Vec<f64> {
    normals(count, rng).into_iter().map(|value| mean + value).collect()
}
