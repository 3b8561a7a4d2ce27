//! Decentralised parallel SGD.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::PeerNeeds,
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Payload,
        peers::{Exchange, Nodes, PeersSpec, Phase, SynchronousUpdate, TimeVaryingGraphSpec, synchronous_nodes},
    },
    random::Setting,
};

/// The order within an iteration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Combine, then adapt: `X ← W X − lr G(X)`, as in the paper. Models travel while nodes compute.
    #[default]
    Cta,
    /// Adapt, then combine: `X ← W (X − lr G(X))`.
    Atc,
}

/// Parameters of D-PSGD.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DPsgd {
    /// The order within an iteration.
    pub order: Order,
    /// How the topology changes from iteration to iteration.
    pub contacts: TimeVaryingGraphSpec,
}

impl Method for DPsgd {
    const CARD: Card = Card {
        name: "d-psgd",
        summary: "every node takes a step and averages with its neighbours, all in lockstep",
        paper: Paper {
            key: "lian2017can",
            authors: "Lian, Xiangru and Zhang, Ce and Zhang, Huan and Hsieh, Cho-Jui and Zhang, Wei and Liu, Ji",
            title: "Can Decentralized Algorithms Outperform Centralized Algorithms? A Case Study for Decentralized Parallel Stochastic Gradient Descent",
            venue: "NeurIPS",
            year: 2017,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/1705.09056",
        },
        update: "cta:  x_i ← Σ_j W_ij x_j − lr ∇F_i(x_i; ξ)\n\
                 atc:  x_i ← Σ_j W_ij (x_j − lr ∇F_j(x_j; ξ))",
        weights: super::SCALED,
        traffic: "to every neighbour, each iteration: x [d]; nothing else stays",
        differs: "a node waits for its slowest neighbour, not for all nodes; with several local steps, lr ∇F becomes the sum \
                  of the local steps; a node that does not take part in a round mixes at once, without a local step; lost messages \
                  are sent again",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.contacts.validate().map_err(|invalid| invalid.under("contacts"))
    }
}

impl PeerMethod for DPsgd {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(synchronous_nodes(Rule { order: self.order }, self.contacts, setting.streams))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds::averaging(self.contacts)
    }
}

struct Rule {
    order: Order,
}

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model.
    x: Vec<R>,
    /// The result of the local step of this iteration.
    y: Vec<R>,
}

impl<R: Real> SynchronousUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, x: Vec<R>) -> State<R> {
        State { x, y: Vec::new() }
    }

    fn begin(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        if self.order == Order::Cta {
            exchange.share(Phase::first(exchange.t), Payload::one(state.x.clone()));
        }
    }

    fn step(&self, state: &mut State<R>, out: Option<Payload<R>>, exchange: &mut Exchange<'_, '_, R>) {
        state.y = out.map_or_else(|| state.x.clone(), |mut out| out.vectors.swap_remove(0));
        if self.order == Order::Atc {
            exchange.share(Phase::first(exchange.t), Payload::one(state.y.clone()));
        }
    }

    fn combine(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        let State { x, y } = state;
        match self.order {
            Order::Atc => {
                exchange.mix(y, 0);
                std::mem::swap(x, y);
            }
            Order::Cta => {
                vector::axpy(-R::one(), x, y);
                exchange.mix(x, 0);
                vector::axpy(R::one(), y, x);
            }
        }
        exchange.complete();
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }
}
