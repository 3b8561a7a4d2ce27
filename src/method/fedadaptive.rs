//! FedAdagrad, FedAdam and FedYogi: FedAvg with an adaptive optimiser at the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Recipe};
use crate::{
    analysis::Needs,
    invalid::{Invalid, require},
    part::transform::{AdaptiveSpec, TransformSpec},
};

const REDDI: Paper = Paper {
    key: "reddi2021adaptive",
    authors: "Reddi, Sashank J. and Charles, Zachary and Zaheer, Manzil and Garrett, Zachary and Rush, Keith and Konečný, Jakub and Kumar, Sanjiv and McMahan, H. Brendan",
    title: "Adaptive Federated Optimization",
    venue: "ICLR",
    year: 2021,
    place: "Algorithm 2",
    link: "https://arxiv.org/abs/2003.00295",
};

const TRAFFIC: &str = "down: x [d]; up: Δ [d]; nothing stays at the client";
const DIFFERS: &str = "updates are weighted by `weighting`, 1/|S| by default";

macro_rules! adaptive {
    ($method:ident, $name:literal, $summary:literal, $spec:ident, $second:literal, $b1:literal) => {
        #[doc = concat!("Parameters of `", $name, "`.")]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        pub struct $method {
            /// Server step size.
            pub lr: f64,
            /// Share of the old first moment that stays [1].
            pub b1: f64,
            /// Share of the old second moment that stays [1]; unused by Adagrad.
            pub b2: f64,
            /// Added to the root of the second moment: the degree of adaptivity.
            pub tau: f64,
            /// Second moment before the first update; `tau²` when left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub v0: Option<f64>,
        }

        impl Default for $method {
            fn default() -> Self {
                Self { lr: 0.1, b1: $b1, b2: 0.99, tau: 1e-3, v0: None }
            }
        }

        impl Method for $method {
            const CARD: Card = Card {
                name: $name,
                summary: $summary,
                paper: REDDI,
                update: concat!(
                    "client:  as FedAvg;   u = Σ_{i∈S} w_i Δ_i\n",
                    "server:  m ← b1 m + (1 − b1) u;   ",
                    $second,
                    ";   x ← x − lr m / (√v + tau)"
                ),
                weights: super::BY_WEIGHTING,
                traffic: TRAFFIC,
                differs: DIFFERS,
            };

            fn validate(&self) -> Result<(), Invalid> {
                require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")?;
                self.moments().validate()
            }
        }

        impl $method {
            fn moments(&self) -> AdaptiveSpec {
                AdaptiveSpec { b1: self.b1, b2: self.b2, tau: self.tau, v0: self.v0 }
            }
        }

        impl FederatedMethod for $method {
            fn recipe(&self) -> Recipe {
                let server = vec![TransformSpec::$spec(self.moments()), TransformSpec::Scale(self.lr)];
                Recipe { server, ..Recipe::default() }
            }

            fn needs(&self) -> Needs {
                Needs::SUMS
            }
        }
    };
}

adaptive!(FedAdagrad, "fedadagrad", "FedAvg with Adagrad at the server", Adagrad, "v ← v + u²", 0.0);
adaptive!(FedAdam, "fedadam", "FedAvg with Adam (no bias correction) at the server", Adam, "v ← b2 v + (1 − b2) u²", 0.9);
adaptive!(FedYogi, "fedyogi", "FedAvg with Yogi at the server", Yogi, "v ← v − (1 − b2) u² sign(v − u²)", 0.9);
