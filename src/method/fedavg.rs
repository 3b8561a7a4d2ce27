//! FedAvg: the server averages the results of local SGD.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper};
use crate::{
    analysis::Needs,
    num::Real,
    problem::Correction,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update},
    },
};

/// Parameters of FedAvg: none of its own; weighting, step sizes and schedule are parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FedAvg {}

/// The paper behind FedAvg and FedSGD.
pub(super) const MCMAHAN: Paper = Paper {
    key: "mcmahan2017communication",
    authors: "McMahan, Brendan and Moore, Eider and Ramage, Daniel and Hampson, Seth and Agüera y Arcas, Blaise",
    title: "Communication-Efficient Learning of Deep Networks from Decentralized Data",
    venue: "AISTATS",
    year: 2017,
    place: "Algorithm 1",
    link: "https://arxiv.org/abs/1602.05629",
};

impl Method for FedAvg {
    const CARD: Card = Card {
        name: "fedavg",
        summary: "clients take local SGD steps, the server averages the models they reach",
        paper: MCMAHAN,
        update: "client:  y ← x;  K times  y ← y − lr ∇F_i(y; ξ);  send Δ_i = x − y\n\
                 server:  x ← x − Σ_{i∈S} w_i Δ_i        (w_i by `weighting`, then the `server` chain)",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; nothing stays at the client",
        differs: "w_i is 1/|S| where all weights are equal; `weighting = \"participating-weighted\"` is the paper's n_i/n",
    };
}

impl FederatedMethod for FedAvg {
    fn needs(&self) -> Needs {
        Needs::AVERAGES
    }
}

/// Local SGD from the received model, optionally with FedProx's pull `mu` towards it. Sends `Δ = x − y`.
#[derive(Debug, Clone, Copy)]
pub struct LocalSgd {
    /// Strength of the pull [1].
    pub mu: f64,
}

impl<R: Real> ClientUpdate<R> for LocalSgd {
    fn update(&self, down: &Payload<R>, _: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x] = down.firsts();
        let mut y = x.to_vec();
        let pull = (self.mu > 0.0).then_some((self.mu, x));
        local.descend(&mut y, &Correction { pull, ..Correction::NONE });
        Update::stateless(Payload::one(local.model_change(x, y)))
    }
}

/// The server half of FedAvg: `x ← x − optimiser(Σ wᵢ Δᵢ)`. An empty round changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Averaging;

impl<R: Real> ServerUpdate<R> for Averaging {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if !batch.is_empty() {
            let update = ctx.aggregate(batch, 0);
            ctx.step(&mut model.vectors[0], update);
        }
    }
}
