//! Gradient tracking.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod, dpsgd::Order};
use crate::{
    analysis::{PeerNeeds, Slot},
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Local, Payload,
        peers::{Exchange, Nodes, PeersSpec, Phase, SynchronousUpdate, TimeVaryingGraphSpec, synchronous_nodes},
    },
    random::Setting,
};

/// Parameters of gradient tracking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GradientTracking {
    /// The order within an iteration: combining first (DIGing), or adapting.
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
        Ok(synchronous_nodes(Rule { order: self.order }, self.contacts, setting.streams))
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
}

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model; while models are awaited in the order `atc`, after the step and before mixing.
    x: Vec<R>,
    /// The tracker of the mean gradient; empty before the first gradient.
    y: Vec<R>,
    /// The gradient that entered the tracker last.
    g: Vec<R>,
    /// Step size of this iteration.
    lr: f64,
}

/// `x ← x − lr y`, which nodes then mix.
fn adapt<R: Real>(state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
    vector::axpy(R::of(-state.lr), &state.y, &mut state.x);
    exchange.share(Phase::first(exchange.t), Payload::one(state.x.clone()));
}

impl<R: Real> SynchronousUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, x: Vec<R>) -> State<R> {
        State { x, y: Vec::new(), g: Vec::new(), lr: 0.0 }
    }

    fn overlooks_rounds(&self) -> bool {
        true
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        Payload::one(local.stochastic_gradient(&input.vectors[0])).with_scalar(local.lr(0))
    }

    /// The new gradient enters the tracker. In the order `atc` trackers are mixed next, with the weights of the iteration before.
    fn step(&self, state: &mut State<R>, out: Option<Payload<R>>, exchange: &mut Exchange<'_, '_, R>) {
        let Some(mut out) = out else { return };
        let g = out.vectors.swap_remove(0);
        state.lr = out.scalars[0];
        let is_first = state.y.is_empty();
        if is_first {
            state.y.clone_from(&g);
        } else {
            vector::axpy(R::one(), &vector::difference(&g, &state.g), &mut state.y);
        }
        state.g = g;
        match self.order {
            Order::Cta => exchange.share(Phase::first(exchange.t), Payload::of([state.x.clone(), state.y.clone()])),
            Order::Atc if is_first => adapt(state, exchange),
            Order::Atc => exchange.share(Phase::second(exchange.t - 1), Payload::one(state.y.clone())),
        }
    }

    fn combine(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        if !exchange.is_in(Phase::first(exchange.t)) {
            exchange.mix(&mut state.y, 0);
            return adapt(state, exchange);
        }
        exchange.mix(&mut state.x, 0);
        if self.order == Order::Cta {
            vector::axpy(R::of(-state.lr), &state.y, &mut state.x);
            exchange.mix(&mut state.y, 1);
        }
        exchange.complete();
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
