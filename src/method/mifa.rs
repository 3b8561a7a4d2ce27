//! MIFA: the server remembers every client's latest update.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Setup};
use crate::{
    analysis::{Identity, Needs, Slot},
    engine::sparse_map::SparseMap,
    num::{Real, vector},
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate, StateVector},
    },
};

/// The initial table of updates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// Empty: the model waits until every client has sent an update.
    #[default]
    Wait,
    /// Zeros: the model moves from the first round on.
    Zero,
}

/// Parameters of MIFA.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Mifa {
    /// The initial table of updates.
    pub table: Table,
}

impl Method for Mifa {
    const CARD: Card = Card {
        name: "mifa",
        summary: "the server reuses the latest update of every absent client",
        paper: Paper {
            key: "gu2021fast",
            authors: "Gu, Xinran and Huang, Kaixuan and Zhang, Jingzhao and Huang, Longbo",
            title: "Fast Federated Learning in the Presence of Arbitrary Device Unavailability",
            venue: "NeurIPS",
            year: 2021,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/2106.04159",
        },
        update: "client:  as FedAvg, sends Δ_i = x − y\n\
                 server:  G_i ← Δ_i / lr  for i ∈ S;   x ← x − lr (1/N) Σ_{all i} G_i      (every round, also an empty one)",
        weights: "with weights p_i: x ← x − lr Σ_{all i} p_i G_i, the mean update of all clients",
        traffic: "down: x [d]; up: Δ [d]; stays at the server: G [N × d], rows only for clients that took part",
        differs: "while it waits for every client, the table keeps the updates as they come in, all of them at the initial model, where \
                  the authors' code calls all clients again at the end of the wait",
    };
}

impl FederatedMethod for Mifa {
    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Latest::new(self.table, 1.0, false, setup))
    }

    fn needs(&self) -> Needs {
        const KEEPS: &str = "MIFA keeps every client's latest update for good";
        Needs {
            weighting: Slot::Own("MIFA takes the plain mean of its table"),
            discount: Slot::Own(KEEPS),
            selection: Slot::Own(KEEPS),
            identity: Identity::Known,
            ..Needs::NOTHING
        }
    }
}

/// A server that steps along the mean of the latest update of every client, absent ones included.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct Latest<R> {
    table: Table,
    /// Server step size on top of the local one.
    lr: f64,
    /// Whether rows are divided by the client's number of local steps.
    per_step: bool,
    /// `G_i` of the clients that have sent an update.
    rows: SparseMap<Vec<R>>,
    /// `Σ N p_i G_i`.
    sum: Vec<R>,
    /// Rounds before every client had sent an update.
    waited: u64,
}

impl<R: Real> Latest<R> {
    pub(super) fn new(table: Table, lr: f64, per_step: bool, setup: &Setup<R>) -> Self {
        Self { table, lr, per_step, rows: SparseMap::default(), sum: setup.zeros(), waited: 0 }
    }
}

impl<R: Real> ServerUpdate<R> for Latest<R> {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        for up in batch.iter().filter(|up| up.total_lr > 0.0) {
            let mut row = up.up.vectors[0].clone();
            let steps = if self.per_step { 1.0 } else { up.steps as f64 };
            vector::scale(R::of(steps * up.per_lr()), &mut row);
            let share = R::of(ctx.share(up.from));
            vector::axpy(share, &row, &mut self.sum);
            if let Some(old) = self.rows.insert(up.from, row) {
                vector::axpy(-share, &old, &mut self.sum);
            }
        }
        if self.table == Table::Wait && self.rows.len() < ctx.holders() {
            self.waited += 1;
            return;
        }
        let mut update = self.sum.clone();
        vector::scale(R::of(self.lr * ctx.local_lr() / ctx.holders() as f64), &mut update);
        ctx.step(&mut model.vectors[0], update);
    }

    fn waited(&self) -> u64 {
        self.waited
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        std::iter::once(StateVector::own("ΣG", &self.sum)).chain(StateVector::rows("G", &self.rows)).collect()
    }
}
