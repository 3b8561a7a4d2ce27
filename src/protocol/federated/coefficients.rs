//! What the updates of a batch count, by their weighting.

use super::{Apply, Arrived};
use crate::{num::Real, part::weighting::Weighting};

impl Weighting {
    /// The coefficients of a batch, staleness weights included.
    pub(super) fn coefficients<R: Real>(&self, batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> Vec<f64> {
        let norm = self.norm(batch, ctx);
        let share = |up: &Arrived<R>| match self {
            Self::ParticipatingWeighted => ctx.samples(up.from) as f64,
            Self::KnownProbability => ctx.share(up.from) / ctx.probability(up.from),
            Self::Sampling | Self::AllWeighted => ctx.weight(up.from),
            Self::Unbiased => ctx.weight(up.from) / ctx.deliveries(up.from),
            Self::SumWeighted => ctx.share(up.from),
            _ => 1.0,
        };
        batch.iter().map(|up| up.weight * share(up) / norm).collect()
    }

    /// What the weighted updates of a batch are divided by; never 0, so that a batch without any weight is a step of nothing.
    pub(super) fn norm<R: Real>(&self, batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> f64 {
        let (size, clients) = (ctx.batch_size(batch) as f64, ctx.holders() as f64);
        let total_samples = || batch.iter().map(|up| ctx.samples(up.from) as f64).sum::<f64>();
        let total_weight = || batch.iter().map(|up| up.weight).sum::<f64>();
        let norm = match self {
            Self::Participating => size,
            Self::ParticipatingWeighted => total_samples(),
            Self::All => clients,
            Self::KnownProbability => clients,
            Self::Sampling => size / clients,
            Self::SumWeights => total_weight(),
            Self::InverseRoot => clients.sqrt(),
            Self::AllWeighted | Self::Unbiased | Self::Sum | Self::SumWeighted => 1.0,
        };
        if norm == 0.0 { 1.0 } else { norm }
    }
}
