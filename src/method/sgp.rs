//! Stochastic gradient push.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::{PeerNeeds, Slot},
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

/// Parameters of stochastic gradient push.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Sgp {
    /// How the topology changes from iteration to iteration.
    pub contacts: TimeVaryingGraphSpec,
}

impl Method for Sgp {
    const CARD: Card = Card {
        name: "sgp",
        summary: "decentralised SGD on directed graphs: push-sum weights undo the bias of one-way averaging",
        paper: Paper {
            key: "assran2019stochastic",
            authors: "Assran, Mahmoud and Loizou, Nicolas and Ballas, Nicolas and Rabbat, Mike",
            title: "Stochastic Gradient Push for Distributed Deep Learning",
            venue: "ICML",
            year: 2019,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/1811.10792",
        },
        update: "x_i ← x_i − lr ∇F_i(z_i; ξ);   with P_ij = 1/(1 + outdegree of j) for j and all it sends to:\n\
                 x_i ← Σ_j P_ij x_j;   w_i ← Σ_j P_ij w_j;   z_i ← x_i / w_i",
        weights: super::SCALED,
        traffic: "to every receiver, each iteration: P_ij x_j, P_ij w_j [d + 1]; stays: x, w [d + 1]",
        differs: "with several local steps, lr ∇F becomes the sum of the local steps from z; a node that does not take part in a \
                  round pushes at once, without a step of its own; lost messages are sent again; no overlap of communication and computation",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.contacts.validate().map_err(|invalid| invalid.under("contacts"))
    }
}

impl PeerMethod for Sgp {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(nodes_with(Rule { synchronous: Synchronous::new(self.contacts, setting.streams) }))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds { one_way: Slot::Open, ..PeerNeeds::averaging(self.contacts) }
    }
}

struct Rule {
    synchronous: Synchronous,
}

/// What a node remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// Iteration.
    t: u64,
    /// The biased model; once the local step is done, only the share the node keeps.
    x: Vec<R>,
    /// The push-sum weight, kept like `x`.
    w: f64,
    /// The model, `x / w`.
    z: Vec<R>,
    /// Whether the local step of this iteration is done.
    stepped: bool,
    barrier: Barrier<R>,
}

impl Rule {
    fn begin<R: Real>(&self, state: &State<R>, node: &mut Node<'_, R>) {
        if node.takes_part(state.t) {
            node.compute(state.t, Payload::one(state.z.clone()));
        } else {
            node.rest(0.0);
        }
    }

    /// Pushes a share of the model to each receiver, and keeps one.
    fn push<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        let share = 1.0 / (1 + self.synchronous.neighbourhood(state.t, &mut state.barrier, node).to.len()) as f64;
        vector::scale(R::of(share), &mut state.x);
        state.w *= share;
        let payload = Payload::one(state.x.clone()).with_scalar(state.w);
        self.synchronous.share(Phase::first(state.t), payload, &mut state.barrier, node);
        state.stepped = true;
        self.advance(state, node);
    }

    fn advance<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        if !state.stepped || !self.synchronous.gather(Phase::first(state.t), &mut state.barrier, node) {
            return;
        }
        for message in state.barrier.gathered() {
            vector::axpy(R::one(), &message.payload.vectors[0], &mut state.x);
            state.w += message.payload.scalars[0];
        }
        state.z.copy_from_slice(&state.x);
        vector::scale(R::of(state.w.recip()), &mut state.z);
        state.stepped = false;
        state.t += 1;
        node.complete();
        self.begin(state, node);
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        State { t: 0, z: x.clone(), x, w: 1.0, stepped: false, barrier: Barrier::default() }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.begin(state, node);
    }

    fn on_computed(&self, state: &mut State<R>, out: Payload<R>, node: &mut Node<'_, R>) {
        let step = vector::difference(&out.vectors[0], &state.z);
        vector::axpy(R::one(), &step, &mut state.x);
        self.push(state, node);
    }

    fn on_rested(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.push(state, node);
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        state.barrier.push(message);
        self.advance(state, node);
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.begin(state, node);
    }

    fn reliability(&self, _: u64) -> Reliability {
        Reliability::Repeated
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.z
    }
}
