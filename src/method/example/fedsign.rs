//! FedSign: the server follows the sign of the mean update.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, ServedMethod, Setup, fedavg};
use crate::{
    engine::NodeId,
    invalid::{Invalid, require},
    num::Real,
    role::{
        Payload,
        served::{Apply, Arrived, ClientUpdate, ServerUpdate},
    },
};

/// Parameters of FedSign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedSign {
    /// How far each coordinate moves in a step of the server.
    pub lr: f64,
}

impl Default for FedSign {
    fn default() -> Self {
        Self { lr: 0.01 }
    }
}

impl Method for FedSign {
    const CARD: Card = Card {
        name: "fedsign",
        summary: "the server follows the sign of the mean update",
        paper: Paper {
            key: "nobody2026sign",
            authors: "Nobody, Ann",
            title: "An Invented Method",
            venue: "This page",
            year: 2026,
            place: "Algorithm 1",
            link: "https://example.org",
        },
        update: "client:  as FedAvg\n\
                 server:  x ← x − lr sign(Σ w_i Δ_i)",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; nothing stays at the client",
        differs: "",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl ServedMethod for FedSign {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(fedavg::LocalSgd { mu: 0.0 })
    }

    fn server<R: Real>(&self, setup: Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { x: Arc::new(Payload::one(setup.x)), lr: self.lr })
    }
}

/// The server half. Its fields are saved with a run, so an interrupted run goes on from them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    x: Arc<Payload<R>>,
    lr: f64,
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn broadcast(&mut self, _: NodeId) -> Arc<Payload<R>> {
        Arc::clone(&self.x)
    }

    fn apply(&mut self, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if !batch.is_empty() {
            let mut update = ctx.aggregate(batch, 0);
            update.iter_mut().for_each(|u| *u = u.signum() * R::of(self.lr));
            ctx.step(&mut Arc::make_mut(&mut self.x).vectors[0], update);
        }
    }

    fn iterate(&self) -> &[R] {
        &self.x.vectors[0]
    }
}
