//! FedVARP: variance reduction at the server for partial participation.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, Parts, ServedMethod, Setup};
use crate::{
    engine::{NodeId, touched::Touched},
    invalid::Invalid,
    num::{Real, vector},
    role::{
        Payload,
        served::{Apply, Arrived, ClientUpdate, Letter, ServerUpdate},
    },
};

/// Parameters of FedVARP: none of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FedVarp {}

impl Method for FedVarp {
    const CARD: Card = Card {
        name: "fedvarp",
        summary: "the server corrects each round by the latest updates of all clients (SAGA on updates)",
        paper: Paper {
            key: "jhunjhunwala2022fedvarp",
            authors: "Jhunjhunwala, Divyansh and Sharma, Pranay and Nagarkatti, Aushim and Joshi, Gauri",
            title: "FedVARP: Tackling the Variance Due to Partial Client Participation in Federated Learning",
            venue: "UAI",
            year: 2022,
            place: "Algorithm 2",
            link: "https://arxiv.org/abs/2207.14130",
        },
        update: "client:  as FedAvg, sends Δ_i = x − y;   D_i = Δ_i / (lr K)\n\
                 server:  v = ȳ + (1/|S|) Σ_{i∈S} (D_i − y_i);   x ← x − lr K v\n\
                 \x20        ȳ ← ȳ + (1/N) Σ_{i∈S} (D_i − y_i);   y_i ← D_i  for i ∈ S      (a round without anybody changes nothing)",
        traffic: "down: x [d]; up: Δ [d]; stays at the server: ȳ [d] and y [N × d], rows only for clients that took part",
        differs: "where clients take unlike numbers of steps, lr K is the mean over the participants",
    };
}

impl ServedMethod for FedVarp {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(super::fedavg::LocalSgd { mu: 0.0 })
    }

    fn server<R: Real>(&self, setup: Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let mean = setup.zeros();
        Box::new(Server { x: Arc::new(Payload::one(setup.x)), rows: Touched::default(), mean })
    }

    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid> {
        parts.weighs_itself("FedVARP averages over the participants and its table")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    x: Arc<Payload<R>>,
    /// `y_i` of the clients that have taken part.
    rows: Touched<Vec<R>>,
    /// `ȳ`.
    mean: Vec<R>,
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn broadcast(&mut self, _: NodeId) -> Arc<Payload<R>> {
        Arc::clone(&self.x)
    }

    fn apply(&mut self, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let (to_step, to_mean) = (1.0 / batch.len() as f64, 1.0 / ctx.clients() as f64);
        let mut update = self.mean.clone();
        for up in batch.iter().filter(|up| up.total_lr > 0.0) {
            let mut row = up.up.vectors[0].clone();
            vector::scale(R::of(up.per_lr()), &mut row);
            let change = match self.rows.get(up.from) {
                Some(old) => vector::difference(&row, old),
                None => row.clone(),
            };
            let _ = self.rows.insert(up.from, row);
            // A discount for staleness acts on the step only, so that ȳ stays the mean of the y_i.
            vector::axpy(R::of(up.weight * to_step), &change, &mut update);
            vector::axpy(R::of(to_mean), &change, &mut self.mean);
        }
        let step = batch.iter().map(|up| up.total_lr).sum::<f64>() / batch.len() as f64;
        vector::scale(R::of(step), &mut update);
        ctx.step(&mut Arc::make_mut(&mut self.x).vectors[0], update);
    }

    fn iterate(&self) -> &[R] {
        &self.x.vectors[0]
    }

    fn letters(&self) -> Vec<Letter<'_, R>> {
        std::iter::once(Letter::own("ȳ", &self.mean)).chain(Letter::rows("y", &self.rows)).collect()
    }
}
