//! How the updates of a batch are weighted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::spec::WeightsSpec;

/// The coefficient of each update in their sum. `N` clients that have samples, `S` the batch, `nᵢ` samples, `pᵢ` the client's weight
/// in the objective. Where `problem.weights` are not uniform, a method's default `participating`, `all` or `sum` becomes `sampling`,
/// `all-weighted` or `sum-weighted`, so that the run minimises the objective unless the scenario says otherwise.
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
    /// `pᵢ / P(i takes part)` with the probability in the round: unbiased where everyone who is present is called.
    KnownProbability,
    /// `N pᵢ / |S|`: the plain mean in which every client counts by its weight; unbiased for cohorts drawn uniformly. Without rounds
    /// only under weights that are not uniform.
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
    /// `N pᵢ`: the sum in which every client counts by its weight.
    SumWeighted,
}

impl Weighting {
    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Self::Participating => "participating",
            Self::ParticipatingWeighted => "participating-weighted",
            Self::All => "all",
            Self::KnownProbability => "known-probability",
            Self::Sampling => "sampling",
            Self::AllWeighted => "all-weighted",
            Self::Unbiased => "unbiased",
            Self::InverseRoot => "inverse-root",
            Self::SumWeights => "sum-weights",
            Self::Sum => "sum",
            Self::SumWeighted => "sum-weighted",
        }
    }

    /// Whether a client counts by its weight in the objective, or by its samples; otherwise all count alike.
    pub fn tells_clients_apart(self) -> bool {
        self == Self::ParticipatingWeighted || self.is_linear_in_weights()
    }

    /// Whether a coefficient is a multiple of the client's weight in the objective, whatever the rest of the batch.
    pub fn is_linear_in_weights(self) -> bool {
        matches!(self, Self::KnownProbability | Self::Sampling | Self::AllWeighted | Self::Unbiased | Self::SumWeighted)
    }

    /// The weighting that takes the place of a method's own under these weights of the objective.
    #[must_use]
    pub fn following(self, weights: WeightsSpec) -> Self {
        match (weights, self) {
            (WeightsSpec::Uniform, own) => own,
            (WeightsSpec::Samples, Self::Participating) => Self::Sampling,
            (WeightsSpec::Samples, Self::All) => Self::AllWeighted,
            (WeightsSpec::Samples, Self::Sum) => Self::SumWeighted,
            (WeightsSpec::Samples, own) => own,
        }
    }
}
