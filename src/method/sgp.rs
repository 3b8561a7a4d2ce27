//! Stochastic gradient push.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::{PeerNeeds, Slot},
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Payload,
        peers::{Exchange, Nodes, PeersSpec, Phase, SynchronousUpdate, TimeVaryingGraphSpec, synchronous_nodes},
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
                  round pushes at once, without a local step; lost messages are sent again; no overlap of communication and computation",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.contacts.validate().map_err(|invalid| invalid.under("contacts"))
    }
}

impl PeerMethod for Sgp {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(synchronous_nodes(Rule, self.contacts, setting.streams))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds { one_way: Slot::Open, ..PeerNeeds::averaging(self.contacts) }
    }
}

struct Rule;

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The biased model; once the local step is done, only the share the node keeps.
    x: Vec<R>,
    /// The push-sum weight, kept like `x`.
    w: f64,
    /// The model, `x / w`.
    z: Vec<R>,
}

impl<R: Real> SynchronousUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, x: Vec<R>) -> State<R> {
        State { z: x.clone(), x, w: 1.0 }
    }

    /// Pushes a share of the model to each receiver, and keeps one.
    fn step(&self, state: &mut State<R>, out: Option<Payload<R>>, exchange: &mut Exchange<'_, '_, R>) {
        if let Some(out) = out {
            let step = vector::difference(&out.vectors[0], &state.z);
            vector::axpy(R::one(), &step, &mut state.x);
        }
        let share = 1.0 / (1 + exchange.receivers()) as f64;
        vector::scale(R::of(share), &mut state.x);
        state.w *= share;
        exchange.share(Phase::first(exchange.t), Payload::one(state.x.clone()).with_scalar(state.w));
    }

    fn combine(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        for message in exchange.gathered() {
            vector::axpy(R::one(), &message.payload.vectors[0], &mut state.x);
            state.w += message.payload.scalars[0];
        }
        state.z.copy_from_slice(&state.x);
        vector::scale(R::of(state.w.recip()), &mut state.z);
        exchange.complete();
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.z
    }
}
