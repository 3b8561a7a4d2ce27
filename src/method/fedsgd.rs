//! FedSGD: one gradient a round.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Recipe, fedavg};
use crate::analysis::Needs;

/// Parameters of FedSGD: none of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FedSgd {}

impl Method for FedSgd {
    const CARD: Card = Card {
        name: "fedsgd",
        summary: "distributed SGD: every client sends one gradient a round",
        paper: fedavg::MCMAHAN,
        update: "client:  send lr ∇F_i(x; ξ)\n\
                 server:  x ← x − Σ_{i∈S} w_i lr ∇F_i(x; ξ)",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: gradient [d]; nothing stays at the client",
        differs: "always one local step, without regard to `local.steps`; mini-batches are allowed (`batch = \"full\"` is the paper's)",
    };
}

impl FederatedMethod for FedSgd {
    fn recipe(&self) -> Recipe {
        Recipe { steps: Some(1), ..Recipe::default() }
    }

    fn needs(&self) -> Needs {
        Needs::SUMS
    }
}
