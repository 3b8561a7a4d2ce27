//! FedProx: FedAvg with a pull towards the received model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, fedavg};
use crate::{
    analysis::Needs,
    invalid::{Invalid, require},
    num::Real,
    protocol::federated::ClientUpdate,
};

/// Parameters of FedProx.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedProx {
    /// Strength of the proximal pull; 0 is FedAvg.
    pub mu: f64,
}

impl Default for FedProx {
    fn default() -> Self {
        Self { mu: 0.01 }
    }
}

impl Method for FedProx {
    const CARD: Card = Card {
        name: "fedprox",
        summary: "FedAvg whose clients are pulled towards the model they received",
        paper: Paper {
            key: "li2020federated",
            authors: "Li, Tian and Sahu, Anit Kumar and Zaheer, Manzil and Sanjabi, Maziar and Talwalkar, Ameet and Smith, Virginia",
            title: "Federated Optimization in Heterogeneous Networks",
            venue: "MLSys",
            year: 2020,
            place: "Algorithm 2",
            link: "https://arxiv.org/abs/1812.06127",
        },
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) + mu (y − x));  send Δ_i = x − y\n\
                 server:  as FedAvg",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; nothing stays at the client",
        differs: "the local problem is solved by a given number of SGD steps, not to a given inexactness γ",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.mu >= 0.0 && self.mu.is_finite(), "mu", self.mu, "a number of at least 0")
    }
}

impl FederatedMethod for FedProx {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(fedavg::LocalSgd { mu: self.mu })
    }

    fn needs(&self) -> Needs {
        Needs::SUMS
    }
}
