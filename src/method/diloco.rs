//! DiLoCo: many AdamW steps inside, Nesterov momentum outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Recipe};
use crate::{
    analysis::{Needs, Slot},
    invalid::{Invalid, require},
    part::transform::{AdamWSpec, MomentumSpec, TransformSpec},
    protocol::spec::ClientSpec,
};

/// Parameters of DiLoCo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DiLoCo {
    /// Outer step size.
    pub lr: f64,
    /// Outer momentum [1].
    pub beta: f64,
    /// The clients' optimiser.
    pub inner: AdamWSpec,
    /// Whether a client keeps the moments of its optimiser between rounds, or starts afresh.
    pub keep_state: bool,
}

impl Default for DiLoCo {
    fn default() -> Self {
        Self { lr: 0.7, beta: 0.9, inner: AdamWSpec { weight_decay: 0.1, ..AdamWSpec::default() }, keep_state: true }
    }
}

impl Method for DiLoCo {
    const CARD: Card = Card {
        name: "diloco",
        summary: "many local AdamW steps, then one outer step with Nesterov momentum",
        paper: Paper {
            key: "douillard2023diloco",
            authors: "Douillard, Arthur and Feng, Qixuan and Rusu, Andrei A. and Chhaparia, Rachita and Donchev, Yani and Kuncoro, Adhiguna and Ranzato, Marc'Aurelio and Szlam, Arthur and Shen, Jiajun",
            title: "DiLoCo: Distributed Low-Communication Training of Language Models",
            venue: "arXiv",
            year: 2023,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/2311.08105",
        },
        update: "client:  y ← x;  H times  y ← y − lr_L AdamW(∇F_i(y; ξ));  send Δ_i = x − y\n\
                 server:  u = Σ_{i∈S} w_i Δ_i;   b ← beta b + u;   x ← x − lr (u + beta b)",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; stays at the client: moments of AdamW [2 d]",
        differs: "a client that misses a round starts the next one from the server's model and not from the model it had",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")?;
        require((0.0..1.0).contains(&self.beta), "beta", self.beta, "a number in [0, 1)")?;
        self.inner.validate().map_err(|invalid| invalid.under("inner"))
    }
}

impl FederatedMethod for DiLoCo {
    fn recipe(&self) -> Recipe {
        let momentum = TransformSpec::Momentum(MomentumSpec { beta: self.beta, nesterov: true, by_staleness: false });
        Recipe {
            server: vec![momentum, TransformSpec::Scale(self.lr)],
            client: ClientSpec { optimiser: vec![TransformSpec::Adamw(self.inner)], keep_state: self.keep_state },
            ..Recipe::default()
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            server: Slot::Closed(
                "a server optimiser would take the place of `lr` and `beta` of `diloco`",
                "remove `server`; other outer optimisers fit `fedavg` with `client.optimiser = [{ adamw = {} }]`",
            ),
            client: Slot::Closed(
                "a client optimiser would take the place of `inner` and `keep-state` of `diloco`",
                "set `inner` and `keep-state` of the method; `client = { optimiser = [] }` takes plain steps in place of AdamW",
            ),
            ..Needs::SUMS
        }
    }
}
