//! Tokens that walk over the nodes and carry the model, repelled by where they have been.

mod chain;
mod token;

use std::{collections::VecDeque, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::chain::{Chain, Repellence};

use self::{chain::Walk, token::Token};
use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::{PeerNeeds, Slot},
    engine::NodeId,
    invalid::{Invalid, require},
    message::FLOAT_BITS,
    num::{Real, vector},
    protocol::{
        Local, Payload,
        peers::{Message, Node, Nodes, PeerUpdate, PeersSpec, nodes_with},
    },
    random::Setting,
};

/// Where the measure of a token's visits is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureAt {
    /// With the token: a hop carries all of it.
    #[default]
    Token,
    /// Each node keeps its own part, and a token asks its neighbours for theirs.
    Nodes,
}

/// Parameters of token walks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TokenWalk {
    /// Strength of self-repellence; 0 is the chain itself [1].
    pub alpha: f64,
    /// The chain that is repelled.
    pub chain: Chain,
    /// The form of repellence: the kernel of the self-repellent walk, or a history-driven target.
    pub repellence: Repellence,
    /// Where the measure of a token's visits is; affects traffic alone.
    pub measure_at: MeasureAt,
    /// Number of tokens, each with a model of its own.
    pub tokens: usize,
    /// Exponent `a` of the measure's step size `(n + 1)^(−a)`, above 1/2 and up to 1 [1].
    pub measure_exponent: f64,
    /// Exponent `b` of the model's step size `lr · (n + 1)^(−b)` [1].
    pub model_exponent: f64,
    /// Seconds after which the last holder sends a lost token again [s]; with `inf` it is gone for ever.
    pub recreate: f64,
}

impl Default for TokenWalk {
    fn default() -> Self {
        Self {
            alpha: 5.0,
            chain: Chain::Metropolis,
            repellence: Repellence::Kernel,
            measure_at: MeasureAt::Token,
            tokens: 1,
            measure_exponent: 0.6,
            model_exponent: 0.9,
            recreate: 1.0,
        }
    }
}

impl Method for TokenWalk {
    const CARD: Card = Card {
        name: "token-walk",
        summary: "a token carries the model from node to node, away from where it has been most",
        paper: Paper {
            key: "hu2024accelerating",
            authors: "Hu, Jie and Doshi, Vishwaraj and Eun, Do Young",
            title: "Accelerating Distributed Stochastic Optimization via Self-Repellent Random Walks",
            venue: "ICLR",
            year: 2024,
            place: "Equations (3) and (4); history-driven target: Hu, Ma, Eun (ICML 2025), arXiv:2505.18300",
            link: "https://arxiv.org/abs/2401.09665",
        },
        update: "X ~ K[x](X, ·)  with  K_ij[x] ∝ P_ij (x_j/μ_j)^(−alpha),  or by Metropolis–Hastings\n\
                 with target π_i[x] ∝ μ_i (x_i/μ_i)^(−alpha);   at the node X, with its hop number n:\n\
                 x ← x + (n + 1)^(−a) (δ_X − x)\n\
                 θ ← θ − lr (n + 1)^(−b) (p_X/μ_X) ∇F_X(θ; ξ)",
        weights: "with weights p_i: the token's step at X is that of (p_X/μ_X) f_X, and visits in the ratio of the μ_i make it the mean of Σ p_i f_i",
        traffic: "per hop: θ, x [d + n]; with the measure at the nodes, θ [d] and a number from each neighbour asked: all of them for \
                  the kernel, one for the target; without repellence θ [d]",
        differs: "a holder whose token is lost, or finds that its next node is gone for good, draws the next node anew; a \
                  token at a node that leaves for good is lost; availability by rounds does not apply; gradients are weighted \
                  by p_i/μ_i, so that the optimum is that of the problem whatever the chain; x starts uniform; a step size \
                  schedule of `local.lr` runs by hops and multiplies (n + 1)^(−b); a node whose work on a token is lost does \
                  it again; neighbours answer questions at once, and their numbers count with the next hop",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.alpha >= 0.0 && self.alpha.is_finite(), "alpha", self.alpha, "a number of at least 0")?;
        require(self.tokens >= 1 && self.tokens < 1 << 16, "tokens", self.tokens, "from 1 to 65535")?;
        let exponent = |key, value: f64| require((0.0..=1.0).contains(&value), key, value, "an exponent from 0 to 1");
        // As the paper asks; with small exponents the measure of nodes not seen for long vanishes, and they weigh infinitely.
        let measured = self.measure_exponent > 0.5 && self.measure_exponent <= 1.0;
        require(measured, "measure-exponent", self.measure_exponent, "an exponent above 1/2, up to 1")?;
        exponent("model-exponent", self.model_exponent)?;
        require(self.recreate > 0.0, "recreate", self.recreate, "a positive number of seconds, or inf")
    }
}

impl PeerMethod for TokenWalk {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(nodes_with(Rule { parameters: self.clone(), clients: setting.clients }))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds {
            client: Slot::Own("the token takes one step of its own size at a node"),
            rounds: Slot::Own("the token moves on at any time"),
            steps: Some(1),
            ..PeerNeeds::NOTHING
        }
    }
}

struct Rule {
    parameters: TokenWalk,
    clients: usize,
}

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model of the token that was here last.
    x: Vec<R>,
    /// Tokens that wait; the first is being worked on.
    here: VecDeque<Token<R>>,
    /// Lost tokens that wait to be sent again.
    lost: VecDeque<Token<R>>,
    /// Numbers of the tokens that have been here, with their hops the last time.
    seen: Vec<(u64, u64)>,
}

const RECREATE: u32 = 0;

impl Rule {
    fn work<R: Real>(&self, state: &State<R>, node: &mut Node<'_, R>) {
        let Some(token) = state.here.front() else { return };
        let degrees = |id| self.parameters.chain.stationary(node.topology().graph().degree(id));
        let total: f64 = (0..node.nodes()).map(degrees).sum();
        let scale = token.pace(self.parameters.model_exponent) * total / degrees(node.id);
        node.compute(token.hops, Payload::one(token.payload.vectors[0].clone()).with_scalar(scale));
    }

    /// Ends a visit of a token and sends it on.
    fn hop<R: Real>(&self, mut token: Token<R>, state: &mut State<R>, node: &mut Node<'_, R>) {
        token.hops += 1;
        self.route(token, state, node);
    }

    /// Sends a token on, or keeps it for another visit.
    fn route<R: Real>(&self, mut token: Token<R>, state: &mut State<R>, node: &mut Node<'_, R>) {
        let TokenWalk { alpha, chain, repellence, .. } = self.parameters;
        let mut rng = node.route_rng();
        let walk = Walk { chain, repellence, alpha };
        let hop = walk.next(node.topology(), node.id, &token.payload.scalars, &mut rng);
        token.queries += hop.queries;
        if hop.to == node.id {
            return self.arrive(token, state, node);
        }
        self.send(token, hop.to, node);
    }

    /// Sends a token with its measure, or with the numbers that it has from neighbours.
    fn send<R: Real>(&self, token: Token<R>, to: NodeId, node: &mut Node<'_, R>) {
        let measure = token.payload.scalars.len() as u64;
        let numbers = match self.parameters.measure_at {
            _ if self.parameters.alpha == 0.0 => 0,
            MeasureAt::Token => measure,
            MeasureAt::Nodes => token.queries,
        };
        let tag = token.tag();
        let (payload, bits) = node.pack(0, Arc::new(token.payload));
        node.send_sized(to, tag, payload, bits - FLOAT_BITS * measure + FLOAT_BITS * numbers);
    }

    fn arrive<R: Real>(&self, mut token: Token<R>, state: &mut State<R>, node: &mut Node<'_, R>) {
        token.visit(node.id, self.parameters.measure_exponent);
        state.here.push_back(token);
        if !node.is_busy() {
            self.work(state, node);
        }
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, node: NodeId, x: Vec<R>) -> State<R> {
        let tokens = self.parameters.tokens as u64;
        let measure = vec![1.0 / self.clients as f64; self.clients];
        // Token k starts at node ⌊k n / tokens⌋.
        let here = (0..tokens)
            .filter(|k| (k * self.clients as u64 / tokens) as usize == node)
            .map(|number| Token::new(number, x.clone(), measure.clone()))
            .collect();
        State { x, here, lost: VecDeque::new(), seen: Vec::new() }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        for token in std::mem::take(&mut state.here) {
            self.hop(token, state, node);
        }
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let [x] = input.firsts();
        // The gradient is that of n p_i f_i, and the input's scalar is 1/μ_i.
        let weight = 1.0 / local.objective().clients() as f64;
        let lr = input.scalars[0] * weight * local.lr(0);
        let mut y = x.to_vec();
        vector::axpy(R::of(-lr), &local.stochastic_gradient(x), &mut y);
        Payload::one(y)
    }

    fn on_computed(&self, state: &mut State<R>, mut out: Payload<R>, node: &mut Node<'_, R>) {
        let Some(mut token) = state.here.pop_front() else { return };
        token.payload.vectors = std::mem::take(&mut out.vectors);
        state.x.copy_from_slice(&token.payload.vectors[0]);
        state.seen.retain(|&(number, _)| number != token.number);
        state.seen.push((token.number, token.hops));
        node.complete();
        self.hop(token, state, node);
        if !node.is_busy() {
            self.work(state, node);
        }
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        self.arrive(Token::of(&message), state, node);
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.work(state, node);
    }

    fn on_dropped(&self, state: &mut State<R>, _: NodeId, message: Message<R>, node: &mut Node<'_, R>) {
        if self.parameters.recreate.is_finite() {
            state.lost.push_back(Token::of(&message));
            node.wake(self.parameters.recreate, RECREATE);
        }
    }

    fn on_timer(&self, state: &mut State<R>, _: u32, node: &mut Node<'_, R>) {
        if let Some(token) = state.lost.pop_front() {
            self.route(token, state, node);
        }
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }

    /// The nodes that tokens have visited last.
    fn answering(&self, states: &[State<R>]) -> Option<Vec<NodeId>> {
        let mut latest = vec![(0, 0); self.parameters.tokens];
        for (node, state) in states.iter().enumerate() {
            for &(number, hops) in &state.seen {
                let (most, at) = &mut latest[number as usize];
                if hops >= *most {
                    (*most, *at) = (hops, node);
                }
            }
        }
        let mut nodes: Vec<NodeId> = latest.into_iter().map(|(_, node)| node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Some(nodes)
    }
}
