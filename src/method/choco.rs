//! Decentralised SGD with compressed gossip.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::{PeerNeeds, Slot},
    invalid::{Invalid, require},
    num::{Real, vector},
    part::compressor::{CompressorSpec, Encoder, Keep, TopK, Wire, contract},
    protocol::{
        Payload,
        peers::{Exchange, Node, Nodes, PeersSpec, Phase, SynchronousUpdate, TimeVaryingGraphSpec, synchronous_nodes},
    },
    random::Setting,
};

/// When models are mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChocoOrder {
    /// After this iteration's differences have arrived, as in the paper's Algorithm 2.
    #[default]
    Paper,
    /// Before they are sent, with the copies of the iteration before, as in the authors' code for convex problems.
    Code,
}

/// The initial public copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Copies {
    /// Zero: nothing is sent beforehand.
    #[default]
    Zero,
    /// The initial models, sent once without compression.
    Model,
}

/// Parameters of CHOCO-SGD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Choco {
    /// Consensus step size [1].
    pub gamma: f64,
    /// Whether messages of unbiased compressors are shrunk by `1 / (1 + ω)`, which makes them contractive, as the theory needs, and
    /// dithering the biased QSGD of the paper.
    pub contractive: bool,
    /// When models are mixed.
    pub order: ChocoOrder,
    /// The initial public copies.
    pub copies: Copies,
}

impl Default for Choco {
    fn default() -> Self {
        Self { gamma: 0.1, contractive: true, order: ChocoOrder::Paper, copies: Copies::Zero }
    }
}

impl Method for Choco {
    const CARD: Card = Card {
        name: "choco-sgd",
        summary: "nodes gossip compressed differences to public copies of their models; any compressor converges",
        paper: Paper {
            key: "koloskova2019decentralized",
            authors: "Koloskova, Anastasia and Stich, Sebastian U. and Jaggi, Martin",
            title: "Decentralized Stochastic Optimization and Gossip Algorithms with Compressed Communication",
            venue: "ICML",
            year: 2019,
            place: "Algorithm 2",
            link: "https://arxiv.org/abs/1902.00340",
        },
        update: "z_i ← x_i − lr ∇F_i(x_i; ξ);   q_i ← Q(z_i − x̂_i);   send q_i\n\
                 x̂_i ← x̂_i + q_i;   s_i ← s_i + Σ_j W_ij q_j   (j = i too);   x_i ← z_i + gamma (s_i − x̂_i)\n\
                 code:  x_i ← z_i + gamma (s_i − x̂_i) first, then q_i ← Q(x_i − x̂_i)",
        weights: super::SCALED,
        traffic: "to every neighbour, each iteration: q [as compressed]; stays: x̂, s [2 d]",
        differs: "with several local steps, lr ∇F becomes their sum; lost messages are sent again; a node that does \
                  not take part in a round sends and mixes at once, without a local step; the compressor alone determines \
                  messages, whatever the bit-width of the node",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.gamma > 0.0 && self.gamma <= 1.0, "gamma", self.gamma, "a step size in (0, 1]")
    }
}

impl PeerMethod for Choco {
    fn compressor(&self) -> Option<CompressorSpec> {
        Some(TopK { keep: Keep { k: None, fraction: Some(0.1) } }.into())
    }

    fn nodes<R: Real>(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        let compressor = parts.compressor.as_ref().expect("the method has a default").build();
        Ok(synchronous_nodes(Rule { parameters: self.clone(), compressor }, TimeVaryingGraphSpec::Static, setting.streams))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds {
            memory: Slot::Closed(
                "the public copies are the method's memory, so its compressor has to be a plain one",
                "name the compressor itself, without `ef`, `ef21` or `diana` around it",
            ),
            ..PeerNeeds::NOTHING
        }
    }
}

struct Rule<R> {
    parameters: Choco,
    compressor: Box<dyn Encoder<R>>,
}

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model; once the local step is done, after that step.
    x: Vec<R>,
    /// The public copy `x̂_i`.
    hat: Vec<R>,
    /// `Σ_j W_ij x̂_j`.
    s: Vec<R>,
    /// The difference sent in this iteration.
    q: Vec<R>,
}

impl<R: Real> Rule<R> {
    /// `x ← x + gamma (s − x̂)`, the next iterate.
    fn mix(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        let pull = vector::difference(&state.s, &state.hat);
        vector::axpy(R::of(self.parameters.gamma), &pull, &mut state.x);
        exchange.complete();
    }

    /// `Q(x − x̂)` and its size [bit].
    fn compress(&self, state: &State<R>, node: &mut Node<'_, R>) -> (Vec<R>, u64) {
        let mut q = vector::difference(&state.x, &state.hat);
        let wire = &mut Wire { rng: &mut node.link_rng(), blocks: node.blocks() };
        let bits = if self.parameters.contractive {
            contract(self.compressor.as_ref(), &mut q, wire)
        } else {
            self.compressor.transmit(&mut q, &mut Payload::default(), wire)
        };
        (q, bits)
    }
}

fn share<R: Real>((q, bits): (Vec<R>, u64), phase: Phase, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
    exchange.share_sized(phase, Arc::new(Payload::one(q.clone())), bits);
    state.q = q;
}

impl<R: Real> SynchronousUpdate<R> for Rule<R> {
    type State = State<R>;

    fn init(&self, x: Vec<R>) -> State<R> {
        let zeros = vec![R::zero(); x.len()];
        State { x, hat: zeros.clone(), s: zeros, q: Vec::new() }
    }

    fn open(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        if self.parameters.copies == Copies::Model {
            let bits = Payload::one(state.x.clone()).dense_bits();
            share((state.x.clone(), bits), Phase::OPENING, state, exchange);
        }
    }

    fn step(&self, state: &mut State<R>, out: Option<Payload<R>>, exchange: &mut Exchange<'_, '_, R>) {
        if let Some(mut out) = out {
            state.x = out.vectors.swap_remove(0);
        }
        if self.parameters.order == ChocoOrder::Code {
            self.mix(state, exchange);
        }
        share(self.compress(state, exchange.node), Phase::first(exchange.t), state, exchange);
    }

    fn combine(&self, state: &mut State<R>, exchange: &mut Exchange<'_, '_, R>) {
        vector::axpy(R::one(), &state.q, &mut state.hat);
        exchange.mix(&mut state.q, 0);
        vector::axpy(R::one(), &state.q, &mut state.s);
        if self.parameters.order == ChocoOrder::Paper && !exchange.is_in(Phase::OPENING) {
            self.mix(state, exchange);
        }
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }

    fn state_vectors<'s>(&self, state: &'s State<R>) -> Vec<(&'static str, &'s [R])> {
        vec![("x̂", &state.hat), ("s", &state.s)]
    }
}
