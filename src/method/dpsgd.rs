//! Decentralised parallel SGD.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::PeerNeeds,
    engine::NodeId,
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Payload,
        peers::{
            Barrier, Message, Node, Nodes, PeerUpdate, PeersSpec, Phase, Reliability, Synchronous, TimeVaryingGraphSpec,
            nodes_with,
        },
    },
    random::Setting,
};

/// Which comes first in an iteration.
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
    /// Which comes first in an iteration.
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
        differs: "a node waits for its slowest neighbour, not for everybody; with several local steps, lr ∇F becomes the sum \
                  of the local steps; a node that does not take part in a round mixes at once, without a step of its own; lost messages \
                  are sent again",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.contacts.validate().map_err(|invalid| invalid.under("contacts"))
    }
}

impl PeerMethod for DPsgd {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(nodes_with(Rule { order: self.order, synchronous: Synchronous::new(self.contacts, setting.streams) }))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds::averaging(self.contacts)
    }
}

struct Rule {
    order: Order,
    synchronous: Synchronous,
}

/// What a node remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// Iteration.
    t: u64,
    /// The model.
    x: Vec<R>,
    /// What the local step of this iteration has reached.
    y: Option<Vec<R>>,
    barrier: Barrier<R>,
}

impl Rule {
    fn begin<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        if node.takes_part(state.t) {
            node.compute(state.t, Payload::one(state.x.clone()));
        } else {
            node.rest(0.0);
        }
        if self.order == Order::Cta {
            self.synchronous.share(Phase::first(state.t), Payload::one(state.x.clone()), &mut state.barrier, node);
        }
    }

    /// The local step of this iteration has reached `y`.
    fn reach<R: Real>(&self, state: &mut State<R>, y: Vec<R>, node: &mut Node<'_, R>) {
        if self.order == Order::Atc {
            self.synchronous.share(Phase::first(state.t), Payload::one(y.clone()), &mut state.barrier, node);
        }
        state.y = Some(y);
        self.advance(state, node);
    }

    /// Ends the iteration if the local step and all neighbours' models are there.
    fn advance<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        if state.y.is_none() || !self.synchronous.gather(Phase::first(state.t), &mut state.barrier, node) {
            return;
        }
        let Some(mut y) = state.y.take() else { return };
        match self.order {
            Order::Atc => {
                state.barrier.mix(&mut y, 0);
                state.x = y;
            }
            Order::Cta => {
                vector::axpy(-R::one(), &state.x, &mut y);
                state.barrier.mix(&mut state.x, 0);
                vector::axpy(R::one(), &y, &mut state.x);
            }
        }
        state.t += 1;
        node.complete();
        self.begin(state, node);
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        State { t: 0, x, y: None, barrier: Barrier::default() }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.begin(state, node);
    }

    fn on_computed(&self, state: &mut State<R>, mut out: Payload<R>, node: &mut Node<'_, R>) {
        self.reach(state, out.vectors.swap_remove(0), node);
    }

    fn on_rested(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.reach(state, state.x.clone(), node);
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        state.barrier.push(message);
        self.advance(state, node);
    }

    /// The model is with the neighbours or on its way: only the work begins again.
    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        node.compute(state.t, Payload::one(state.x.clone()));
    }

    fn reliability(&self, _: u64) -> Reliability {
        Reliability::Repeated
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }
}
