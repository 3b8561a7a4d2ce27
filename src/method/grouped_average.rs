//! Grouped averaging: one model for each bit-width.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Setup, prowd::yoon};
use crate::{
    analysis::{Needs, Slot},
    engine::NodeId,
    fleet::Widths,
    num::{Real, vector},
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate, StateVector},
    },
};

/// Parameters of grouped averaging.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GroupedAverage {
    /// Whether a group also averages the models of all wider clients; otherwise only those of its own width.
    pub asymmetric: bool,
}

impl Method for GroupedAverage {
    const CARD: Card = Card {
        name: "grouped-average",
        summary: "FedAvg with a model for each bit-width of the clients; the widest one is scored",
        paper: yoon("Section 5, baselines FedGroupedAvg and FedGroupedAvg-Asymmetric"),
        update: "client of width b:  y ← x_b;  K times  y ← y − lr ∇F_i(Q_b(y); ξ);  send Q_b(y)\n\
                 server:  x_b ← mean of the models of width b   (asymmetric: of width b and wider)",
        weights: "with weights p_i: the mean of a group is weighted by the p_i of its participants",
        traffic: "down: x_b [d]; up: Δ [d], each in the client's width; nothing stays at the client",
        differs: "the asymmetric rule is our reading of its description: a group learns from all clients that are at least as wide; \
                  a group without participants keeps its model",
    };
}

impl FederatedMethod for GroupedAverage {
    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let x = Arc::new(Payload::one(setup.x.clone()));
        let groups = setup.widths.ascending().into_iter().map(|width| (width, Arc::clone(&x))).collect();
        Box::new(Server { asymmetric: self.asymmetric, widths: setup.widths.clone(), groups, shares: Vec::new() })
    }

    fn needs(&self) -> Needs {
        Needs { server: Slot::Own("each group has a model of its own"), ..Needs::WIDTHS }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    asymmetric: bool,
    widths: Widths,
    /// The model of each width, in ascending order; never empty.
    groups: Vec<(u32, Arc<Payload<R>>)>,
    /// Mean share of the clients that each group learns from, once it has been worked out: it looks at every client.
    #[serde(skip)]
    shares: Vec<Option<f64>>,
}

impl<R: Real> Server<R> {
    /// The model of a client's group.
    fn group(&self, client: NodeId) -> &Arc<Payload<R>> {
        let width = self.widths.of(client);
        &self.groups.iter().find(|(other, _)| *other == width).expect("every client's width has a group").1
    }
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn personal(&self, client: NodeId) -> Option<&Arc<Payload<R>>> {
        Some(self.group(client))
    }

    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let coefficients = ctx.coefficients(batch);
        let widths: Vec<u32> = batch.iter().map(|up| self.widths.of(up.from)).collect();
        let asymmetric = self.asymmetric;
        let learns_from = |width: u32, other: u32| if asymmetric { other >= width } else { other == width };
        if self.shares.is_empty() {
            let share = |(width, _): &(u32, _)| ctx.mean_share(|client| learns_from(*width, self.widths.of(client)));
            self.shares = self.groups.iter().map(share).collect();
        }
        for ((width, group), mean) in self.groups.iter_mut().zip(&self.shares) {
            let counts = |other: u32| learns_from(*width, other);
            let ups = || batch.iter().zip(&coefficients).zip(&widths).filter(|(_, other)| counts(**other)).map(|(up, _)| up);
            // The sum of the coefficients; where clients count by their weights, its mean over cohorts.
            let total: f64 =
                ups().map(|(up, coefficient)| coefficient * mean.map_or(1.0, |mean| mean / ctx.share(up.from))).sum();
            if total <= 0.0 {
                continue;
            }
            let x = &mut Arc::make_mut(group).vectors[0];
            let mut update = vec![R::zero(); x.len()];
            for (up, coefficient) in ups() {
                let share = R::of(coefficient / total);
                vector::axpy(share, &up.up.vectors[0], &mut update);
                vector::axpy(share, &vector::difference(x, &up.down.vectors[0]), &mut update);
            }
            vector::axpy(-R::one(), &update, x);
        }
        if let Some((_, widest)) = self.groups.last() {
            model.vectors[0].clone_from(&widest.vectors[0]);
        }
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        self.groups.iter().map(|(_, group)| StateVector::own("x_b", &group.vectors[0])).collect()
    }
}
