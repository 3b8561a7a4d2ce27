//! FedAvgM: FedAvg with heavy-ball momentum at the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Recipe};
use crate::{
    analysis::Needs,
    invalid::{Invalid, require},
    part::transform::{MomentumSpec, TransformSpec},
};

/// Parameters of FedAvgM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedAvgM {
    /// Share of the old momentum that stays [1]; 0 is FedAvg.
    pub beta: f64,
    /// Server step size.
    pub lr: f64,
}

impl Default for FedAvgM {
    fn default() -> Self {
        Self { beta: 0.9, lr: 1.0 }
    }
}

impl Method for FedAvgM {
    const CARD: Card = Card {
        name: "fedavgm",
        summary: "FedAvgM (server momentum): FedAvg with heavy-ball momentum at the server",
        paper: Paper {
            key: "hsu2019measuring",
            authors: "Hsu, Tzu-Ming Harry and Qi, Hang and Brown, Matthew",
            title: "Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification",
            venue: "NeurIPS Workshop on Federated Learning",
            year: 2019,
            place: "Section 4.3",
            link: "https://arxiv.org/abs/1909.06335",
        },
        update: "client:  as FedAvg\n\
                 server:  b ← beta b + Σ_{i∈S} w_i Δ_i;   x ← x − lr b",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; nothing stays at the client",
        differs: "",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require((0.0..1.0).contains(&self.beta), "beta", self.beta, "a number in [0, 1)")?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl FederatedMethod for FedAvgM {
    fn recipe(&self) -> Recipe {
        let momentum = TransformSpec::Momentum(MomentumSpec { beta: self.beta, nesterov: false, by_staleness: false });
        Recipe { server: vec![momentum, TransformSpec::Scale(self.lr)], ..Recipe::default() }
    }

    fn needs(&self) -> Needs {
        Needs::AVERAGES
    }
}
