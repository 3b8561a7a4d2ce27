//! Asynchronous decentralised parallel SGD.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    engine::NodeId,
    invalid::Invalid,
    num::{Real, vector},
    problem::Drift,
    random::Setting,
    role::{
        Local, Payload,
        peers::{Mail, Node, PeerUpdate, Population, population},
    },
};

/// Parameters of AD-PSGD: none of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdPsgd {}

impl Method for AdPsgd {
    const CARD: Card = Card {
        name: "ad-psgd",
        summary: "nodes step at their own pace and average with one random neighbour a step; nobody waits for the slow",
        paper: Paper {
            key: "lian2018asynchronous",
            authors: "Lian, Xiangru and Zhang, Wei and Zhang, Ce and Liu, Ji",
            title: "Asynchronous Decentralized Parallel Stochastic Gradient Descent",
            venue: "ICML",
            year: 2018,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/1710.06952",
        },
        update: "read x̂ ← x_i;  compute g ← ∇F_i(x̂; ξ);  choose a random neighbour j\n\
                 x_i, x_j ← (x_i + x_j)/2  at once;   x_i ← x_i − lr g",
        traffic: "to one neighbour a step: x [d]; back: the average [d]",
        differs: "averaging takes a question and an answer, and a node that waits for an answer refuses to be asked: its asker \
                  steps without averaging that time. This keeps averaging atomic without deadlock on any graph, where the paper \
                  asks for a bipartite one. With several local steps, lr g is their sum. Lost messages are sent again",
    };
}

impl PeerMethod for AdPsgd {
    fn nodes<R: Real>(&self, _: &Setting) -> Result<Box<dyn Population<R>>, Invalid> {
        Ok(population(Rule))
    }
}

struct Rule;

/// What a node remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model.
    x: Vec<R>,
    /// The step that waits for an answer; while there is one, the model must not change.
    step: Option<Vec<R>>,
    steps: u64,
}

/// Stamps: what a message is.
const ASK: u64 = 0;
const ANSWER: u64 = 1;
const REFUSE: u64 = 2;

/// Takes the step that waited, and begins the next.
fn go_on<R: Real>(state: &mut State<R>, node: &mut Node<'_, R>) {
    if let Some(step) = state.step.take() {
        vector::axpy(-R::one(), &step, &mut state.x);
    }
    state.steps += 1;
    node.compute(state.steps, Payload::one(state.x.clone()));
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        State { x, step: None, steps: 0 }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        node.compute(0, Payload::one(state.x.clone()));
    }

    /// The sum of the local steps, as a descent direction.
    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let [x] = input.firsts();
        let mut y = x.to_vec();
        local.descend(&mut y, &Drift::NONE);
        Payload::one(vector::difference(x, &y))
    }

    fn on_computed(&self, state: &mut State<R>, mut out: Payload<R>, node: &mut Node<'_, R>) {
        if !node.takes_part(state.steps) {
            return go_on(state, node);
        }
        state.step = Some(out.vectors.swap_remove(0));
        match node.random_neighbour() {
            Some(to) => node.send(to, ASK, Arc::new(Payload::one(state.x.clone()))),
            None => go_on(state, node),
        }
    }

    fn on_message(&self, state: &mut State<R>, mail: Mail<R>, node: &mut Node<'_, R>) {
        match mail.stamp {
            ASK if state.step.is_some() => node.send(mail.from, REFUSE, Arc::default()),
            ASK => {
                let half = R::of(0.5);
                vector::blend(half, &mail.payload.vectors[0], half, &mut state.x);
                node.send(mail.from, ANSWER, Arc::new(Payload::one(state.x.clone())));
            }
            ANSWER => {
                state.x.copy_from_slice(&mail.payload.vectors[0]);
                go_on(state, node);
            }
            _ => go_on(state, node),
        }
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        node.compute(state.steps, Payload::one(state.x.clone()));
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }
}
