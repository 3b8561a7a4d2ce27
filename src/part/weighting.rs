//! How the updates of a batch are weighted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    num::Real,
    role::served::{Apply, Arrived},
};

/// The coefficient of each update in their sum. `N` clients, `S` the batch, `nᵢ` samples, `pᵢ` the client's weight in the objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Weighting {
    /// `1 / |S|`: the plain mean of those who took part; `1 / K` for buffers of `K`, full or not.
    #[default]
    Participating,
    /// `nᵢ / Σ nⱼ` over those who took part (McMahan et al. 2017, Algorithm 1).
    ParticipatingWeighted,
    /// `1 / N`: absent clients count as zero.
    All,
    /// `1 / (N · P(i takes part))` with the probability in the round: unbiased where everyone who is present is called.
    KnownProbability,
    /// `N pᵢ / |S|`: unbiased for cohorts drawn uniformly.
    Sampling,
    /// `pᵢ`: absent clients count as zero.
    AllWeighted,
    /// `pᵢ / E[deliveries of i in a server step]`: unbiased whatever the schedule (Fraboni et al. 2023). Deliveries are predicted
    /// from the times of downloads, work and uploads: from their means for `every-arrival` and `buffered`, from their whole
    /// distribution for `window` and `group`, where times that are drawn anew leave an error of up to a hundredth, and of more in
    /// fleets of many thousands. Refused in rounds whose clients come and go in seconds.
    Unbiased,
    /// `1 / √N`, for updates that are applied one by one (Liu et al. 2024).
    InverseRoot,
    /// `wᵢ / Σ wⱼ` with the staleness weights `w`: they sum to one.
    SumWeights,
    /// `1`: the sum.
    Sum,
}

impl Weighting {
    /// Whether a client counts by its weight in the objective, or by its samples; otherwise all count alike.
    pub fn tells_clients_apart(self) -> bool {
        matches!(self, Self::ParticipatingWeighted | Self::Sampling | Self::AllWeighted | Self::Unbiased)
    }

    /// The coefficients of a batch, staleness weights included.
    pub fn coefficients<R: Real>(&self, batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> Vec<f64> {
        let norm = self.norm(batch, ctx);
        let share = |up: &Arrived<R>| match self {
            Self::ParticipatingWeighted => ctx.samples(up.from) as f64,
            Self::KnownProbability => 1.0 / ctx.probability(up.from),
            Self::Sampling | Self::AllWeighted => ctx.weight(up.from),
            Self::Unbiased => ctx.weight(up.from) / ctx.deliveries(up.from),
            _ => 1.0,
        };
        batch.iter().map(|up| up.weight * share(up) / norm).collect()
    }

    /// What the weighted updates of a batch are divided by.
    pub fn norm<R: Real>(&self, batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> f64 {
        let (size, clients) = (ctx.batch_size(batch) as f64, ctx.clients() as f64);
        let total_samples = || batch.iter().map(|up| ctx.samples(up.from) as f64).sum::<f64>();
        let total_weight = || batch.iter().map(|up| up.weight).sum::<f64>();
        match self {
            Self::Participating => size,
            Self::ParticipatingWeighted => total_samples(),
            Self::All => clients,
            Self::KnownProbability => clients,
            Self::Sampling => size / clients,
            Self::SumWeights => total_weight(),
            Self::InverseRoot => clients.sqrt(),
            Self::AllWeighted | Self::Unbiased | Self::Sum => 1.0,
        }
    }
}
