//! Gradient tracking.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod, dpsgd::Order};
use crate::{
    analysis::{PeerNeeds, Slot},
    engine::NodeId,
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Local, Payload,
        peers::{
            Barrier, Message, Node, Nodes, PeerUpdate, PeersSpec, Phase, Reliability, Synchronous, TimeVaryingGraphSpec,
            nodes_with,
        },
    },
    random::Setting,
};

/// Parameters of gradient tracking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GradientTracking {
    /// Which comes first in an iteration: combining (DIGing), or adapting.
    pub order: Order,
    /// How the topology changes from iteration to iteration.
    pub contacts: TimeVaryingGraphSpec,
}

impl Method for GradientTracking {
    const CARD: Card = Card {
        name: "gradient-tracking",
        summary: "every node tracks the mean gradient, so that a constant step size reaches the exact optimum",
        paper: Paper {
            key: "nedic2017achieving",
            authors: "Nedić, Angelia and Olshevsky, Alex and Shi, Wei",
            title: "Achieving Geometric Convergence for Distributed Optimization over Time-Varying Graphs",
            venue: "SIAM Journal on Optimization",
            year: 2017,
            place: "DIGing, Algorithm 1",
            link: "https://arxiv.org/abs/1607.03218",
        },
        update: "Y ← G(X);  then each iteration, with the new gradients G⁺ = G(X⁺):\n\
                 cta:  X⁺ ← W X − lr Y;      Y⁺ ← W Y + G⁺ − G\n\
                 atc:  X⁺ ← W (X − lr Y);    Y⁺ ← W (Y + G⁺ − G)",
        weights: super::SCALED,
        traffic: "to every neighbour, each iteration: x, y [2 d]; stays: y and the last gradient [2 d]",
        differs: "availability by rounds does not apply: all nodes take part in every iteration; one stochastic gradient an \
                  iteration, the same one in G⁺ and in the next iteration's G; `local.steps` and the client's optimiser are \
                  not used; lost messages are sent again",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.contacts.validate().map_err(|invalid| invalid.under("contacts"))
    }
}

impl PeerMethod for GradientTracking {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(nodes_with(Rule { order: self.order, synchronous: Synchronous::new(self.contacts, setting.streams) }))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds {
            client: Slot::Own("nodes step along the gradient that they track"),
            rounds: Slot::Own("all nodes take part in every iteration"),
            steps: Some(1),
            ..PeerNeeds::averaging(self.contacts)
        }
    }
}

struct Rule {
    order: Order,
    synchronous: Synchronous,
}

/// What a node is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Its own gradient at `x`.
    Gradient,
    /// Neighbours' models (and trackers, when combining comes first).
    Models,
    /// Neighbours' trackers.
    Trackers,
}

/// What a node remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// Iteration.
    t: u64,
    stage: Stage,
    /// The model; while models are awaited in the order `atc`, after the step and before mixing.
    x: Vec<R>,
    /// The tracker of the mean gradient; empty before the first gradient.
    y: Vec<R>,
    /// The gradient that entered the tracker last.
    g: Vec<R>,
    /// Step size of this iteration.
    lr: f64,
    barrier: Barrier<R>,
}

impl Rule {
    /// The new gradient is in the tracker: shares what the order asks for.
    fn begin<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.stage = Stage::Models;
        let payload = match self.order {
            Order::Cta => Payload::of([state.x.clone(), state.y.clone()]),
            Order::Atc => {
                vector::axpy(R::of(-state.lr), &state.y, &mut state.x);
                Payload::one(state.x.clone())
            }
        };
        self.synchronous.share(Phase::first(state.t), payload, &mut state.barrier, node);
    }

    /// Goes on as far as messages allow.
    fn advance<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        loop {
            let phase = match state.stage {
                Stage::Gradient => return,
                Stage::Models => Phase::first(state.t),
                Stage::Trackers => Phase::second(state.t),
            };
            if !self.synchronous.gather(phase, &mut state.barrier, node) {
                return;
            }
            if state.stage == Stage::Models {
                self.move_on(state, node);
            } else {
                state.barrier.mix(&mut state.y, 0);
                state.t += 1;
                self.begin(state, node);
            }
        }
    }

    /// The models are there: mixes, and asks for the gradient where that leads.
    fn move_on<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.barrier.mix(&mut state.x, 0);
        if self.order == Order::Cta {
            vector::axpy(R::of(-state.lr), &state.y, &mut state.x);
            state.barrier.mix(&mut state.y, 1);
        }
        state.stage = Stage::Gradient;
        node.complete();
        node.compute(state.t + 1, Payload::one(state.x.clone()));
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        let barrier = Barrier::default();
        State { t: 0, stage: Stage::Gradient, x, y: Vec::new(), g: Vec::new(), lr: 0.0, barrier }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        node.compute(0, Payload::one(state.x.clone()));
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        Payload::one(local.stochastic_gradient(&input.vectors[0])).with_scalar(local.lr(0))
    }

    fn on_computed(&self, state: &mut State<R>, mut out: Payload<R>, node: &mut Node<'_, R>) {
        let g = out.vectors.swap_remove(0);
        state.lr = out.scalars[0];
        if state.y.is_empty() {
            state.y = g.clone();
            state.g = g;
            self.begin(state, node);
        } else {
            let change = vector::difference(&g, &state.g);
            vector::axpy(R::one(), &change, &mut state.y);
            state.g = g;
            if self.order == Order::Cta {
                state.t += 1;
                self.begin(state, node);
            } else {
                state.stage = Stage::Trackers;
                self.synchronous.share(Phase::second(state.t), Payload::one(state.y.clone()), &mut state.barrier, node);
            }
        }
        self.advance(state, node);
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        state.barrier.push(message);
        self.advance(state, node);
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        let version = if state.y.is_empty() { 0 } else { state.t + 1 };
        node.compute(version, Payload::one(state.x.clone()));
    }

    fn reliability(&self, _: u64) -> Reliability {
        Reliability::Repeated
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }

    fn state_vectors<'s>(&self, state: &'s State<R>) -> Vec<(&'static str, &'s [R])> {
        vec![("y", &state.y), ("g", &state.g)]
    }
}

#[cfg(test)]
mod tests;
