//! Decentralised SGD with compressed gossip.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::{PeerNeeds, Slot},
    engine::NodeId,
    invalid::{Invalid, require},
    num::{Real, vector},
    part::compressor::{CompressorSpec, Encoder, Keep, TopK, Wire, contract},
    protocol::{
        Payload,
        peers::{
            Barrier, Message, Node, Nodes, PeerUpdate, PeersSpec, Phase, Reliability, Synchronous, TimeVaryingGraphSpec,
            nodes_with,
        },
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

/// What the public copies start from.
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
    /// Whether what an unbiased compressor sends is shrunk by `1 / (1 + ω)`: then it is contractive, as the theory needs, and
    /// dithering is the biased QSGD of the paper.
    pub contractive: bool,
    /// When models are mixed.
    pub order: ChocoOrder,
    /// What the public copies start from.
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
                  not take part in a round sends and mixes at once, without a step of its own; low-bit \
                  messages do not apply: `compressor` says what travels",
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
        Ok(nodes_with(Rule {
            parameters: self.clone(),
            compressor: parts.compressor.as_ref().expect("the method has a default").build(),
            synchronous: Synchronous::new(TimeVaryingGraphSpec::Static, setting.streams),
        }))
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
    synchronous: Synchronous,
}

/// What a node remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// Iteration from 1; 0 is the phase of initial models.
    t: u64,
    /// The model; once the local step is done, after that step.
    x: Vec<R>,
    /// The public copy `x̂_i`.
    hat: Vec<R>,
    /// `Σ_j W_ij x̂_j`.
    s: Vec<R>,
    /// What has been sent in this iteration.
    q: Option<Vec<R>>,
    barrier: Barrier<R>,
}

impl<R: Real> Rule<R> {
    fn begin(&self, state: &State<R>, node: &mut Node<'_, R>) {
        if node.takes_part(state.t - 1) {
            node.compute(state.t - 1, Payload::one(state.x.clone()));
        } else {
            node.rest(0.0);
        }
    }

    /// Sends how far the model is from its public copy.
    fn compress(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        if self.parameters.order == ChocoOrder::Code {
            self.mix(state);
            node.complete();
        }
        let mut q = vector::difference(&state.x, &state.hat);
        let wire = &mut Wire { rng: &mut node.link_rng(), blocks: node.blocks() };
        let bits = if self.parameters.contractive {
            contract(self.compressor.as_ref(), &mut q, wire)
        } else {
            self.compressor.transmit(&mut q, &mut Payload::default(), wire)
        };
        self.share(q, bits, state, node);
    }

    /// `x ← x + gamma (s − x̂)`.
    fn mix(&self, state: &mut State<R>) {
        let pull = vector::difference(&state.s, &state.hat);
        vector::axpy(R::of(self.parameters.gamma), &pull, &mut state.x);
    }

    fn share(&self, q: Vec<R>, bits: u64, state: &mut State<R>, node: &mut Node<'_, R>) {
        let payload = Arc::new(Payload::one(q.clone()));
        self.synchronous.share_sized(Phase::first(state.t), payload, bits, &mut state.barrier, node);
        state.q = Some(q);
        self.advance(state, node);
    }

    fn advance(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        if state.q.is_none() || !self.synchronous.gather(Phase::first(state.t), &mut state.barrier, node) {
            return;
        }
        let Some(mut q) = state.q.take() else { return };
        vector::axpy(R::one(), &q, &mut state.hat);
        state.barrier.mix(&mut q, 0);
        vector::axpy(R::one(), &q, &mut state.s);
        if state.t > 0 && self.parameters.order == ChocoOrder::Paper {
            self.mix(state);
            node.complete();
        }
        state.t += 1;
        self.begin(state, node);
    }
}

impl<R: Real> PeerUpdate<R> for Rule<R> {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        let zeros = vec![R::zero(); x.len()];
        let t = u64::from(self.parameters.copies == Copies::Zero);
        State { t, x, hat: zeros.clone(), s: zeros, q: None, barrier: Barrier::default() }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        match self.parameters.copies {
            Copies::Zero => self.begin(state, node),
            Copies::Model => {
                let model = Payload::one(state.x.clone());
                self.share(state.x.clone(), model.dense_bits(), state, node);
            }
        }
    }

    fn on_computed(&self, state: &mut State<R>, mut out: Payload<R>, node: &mut Node<'_, R>) {
        state.x = out.vectors.swap_remove(0);
        self.compress(state, node);
    }

    fn on_rested(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.compress(state, node);
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
        &state.x
    }

    fn state_vectors<'s>(&self, state: &'s State<R>) -> Vec<(&'static str, &'s [R])> {
        vec![("x̂", &state.hat), ("s", &state.s)]
    }
}
