//! Gossip averaging with variance correction.

mod merge;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::merge::Merge;
use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::PeerNeeds,
    engine::NodeId,
    invalid::{Invalid, require},
    num::{Real, vector},
    protocol::{
        Payload,
        peers::{Message, Node, Nodes, PeerUpdate, PeersSpec, nodes_with},
    },
    random::{Quantity, Sampler, Setting},
};

/// The variance that a layer is given after averaging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The mean variance of the received models: the paper's method.
    #[default]
    Others,
    /// `beta` times the own variance and `1 − beta` times the mean variance of the received models.
    FollowBeta,
    /// The variance of the average itself, which changes nothing.
    Itself,
    /// No correction: plain averaging.
    None,
}

/// Which of the authors' two simulators the correction follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// DFL2: variance over `N` entries, ratio `√(v / Var u)`, weights only.
    #[default]
    Dfl2,
    /// DFL_torch: variance over `N − 1`, ratio `√((v + 1e-4) / (Var u + 1e-4))`, biases too; in place of the own
    /// variance it takes that of the average.
    DflTorch,
}

/// Parameters of variance-corrected gossip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GossipVc {
    /// Weight of a node's own model in an average [1].
    pub beta: f64,
    /// Models a node waits for before it averages, in multiples of its degree [1].
    pub buffer: f64,
    /// Trainings between two pushes of the model to all neighbours.
    pub push_every: u64,
    /// The variance that a layer is given.
    pub target: Target,
    /// Which of the authors' simulators the correction follows.
    pub reference: Reference,
    /// Ticks between the starts of two trainings of a node \[1\]; drawn anew each time.
    pub period: Quantity,
    /// Ticks until a node's first training \[1\].
    pub phase: Quantity,
    /// Length of a tick [s].
    pub tick: f64,
    /// A node that never trains: it averages received models, without its own and without correction, and sends the average to all
    /// its neighbours. The comparator of the paper: a star around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hub: Option<usize>,
}

impl Default for GossipVc {
    fn default() -> Self {
        Self {
            beta: 0.5,
            buffer: 1.0,
            push_every: 1,
            target: Target::Others,
            reference: Reference::Dfl2,
            period: Quantity::Integer { low: 8, high: 12 },
            phase: Quantity::Constant(0.0),
            tick: 0.1,
            hub: None,
        }
    }
}

impl Method for GossipVc {
    const CARD: Card = Card {
        name: "vc-gossip",
        summary: "nodes average their neighbours' models and give every layer its variance back",
        paper: Paper {
            key: "tian2024vanishing",
            authors: "Tian, Yongding and Al-Ars, Zaid and Kitsak, Maksim and Hofstee, Peter",
            title: "Vanishing Variance Problem in Fully Decentralized Neural-Network Systems",
            venue: "arXiv",
            year: 2024,
            place: "Section IV and the authors' simulators DFL2 and DFL_torch",
            link: "https://arxiv.org/abs/2404.04616",
        },
        update: "every period:   x ← x − lr ∇F_i(x; ξ);  send x to all neighbours\n\
                 with m ≥ buffer · degree received models w_j, after all messages of the instant:\n\
                 \x20        u ← beta x + (1 − beta) (1/m) Σ w_j;   v_l ← (1/m) Σ Var(w_j,l)\n\
                 \x20        x_l ← μ(u_l) + √(v_l / Var(u_l)) (u_l − μ(u_l)) for each weight tensor l;  biases ← u",
        weights: super::SCALED,
        traffic: "to every neighbour: x [d]; stays: received models [m d], momentum of the local optimiser [d]",
        differs: "a tensor of one entry, or whose average has a variance below 1e-30, is left as it is; if training takes \
                  time, averages made meanwhile stay, and the training's change is added to them; received models are kept \
                  whole until they are averaged, by ascending sender, where the simulators keep running sums",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require((0.0..1.0).contains(&self.beta), "beta", self.beta, "a share in [0, 1)")?;
        require(self.buffer > 0.0 && self.buffer.is_finite(), "buffer", self.buffer, "a positive number")?;
        require(self.push_every >= 1, "push-every", self.push_every, "at least 1")?;
        require(self.tick > 0.0 && self.tick.is_finite(), "tick", self.tick, "a positive number of seconds")?;
        self.period.validate(&POSITIVE).map_err(|invalid| invalid.under("period"))?;
        self.phase.validate(&(0.0..=f64::MAX)).map_err(|invalid| invalid.under("phase"))
    }
}

/// Periods must go on.
const POSITIVE: std::ops::RangeInclusive<f64> = f64::MIN_POSITIVE..=f64::MAX;

impl PeerMethod for GossipVc {
    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        let ticks = |key: &str, quantity: &Quantity| {
            let built = quantity.build(&format!("vc-gossip.{key}"), &(0.0..=f64::MAX), setting);
            built.map_err(|invalid| invalid.under(key))
        };
        if let Some(hub) = self.hub {
            require(hub < setting.clients, "hub", hub, &format!("a node below {}", setting.clients))?;
        }
        Ok(nodes_with(Rule {
            period: ticks("period", &self.period)?,
            phase: ticks("phase", &self.phase)?,
            merge: Merge { beta: self.beta, target: self.target, reference: self.reference },
            parameters: self.clone(),
        }))
    }

    fn needs(&self) -> PeerNeeds {
        PeerNeeds { period: Some(("tick", self.tick)), ..PeerNeeds::NOTHING }
    }
}

struct Rule {
    parameters: GossipVc,
    period: Sampler,
    phase: Sampler,
    merge: Merge,
}

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model.
    x: Vec<R>,
    /// The model that the training under way began with, if averages have changed it since.
    base: Option<Vec<R>>,
    /// Received models.
    buffer: Vec<Message<R>>,
    /// Whether an average is due at the end of this instant.
    settling: bool,
    /// Whether a training was due while another was under way.
    overdue: bool,
    /// When the next training is due, or the one that has begun last was, from time zero \[1\].
    ticks: f64,
    periods: u64,
    trainings: u64,
}

/// Keys of wake-ups.
const TRAIN: u32 = 0;
const AVERAGE: u32 = 1;

impl Rule {
    fn is_hub(&self, node: NodeId) -> bool {
        self.parameters.hub == Some(node)
    }

    /// Wakes the node a number of ticks after its last wake-up was due. Ticks are counted from time zero, so that all wake-ups of one
    /// tick fall into one instant, however their periods add up.
    fn wake_after<R: Real>(&self, ticks: &Sampler, state: &mut State<R>, node: &mut Node<'_, R>) {
        let tick = self.parameters.tick;
        if node.now > tick * state.ticks {
            // It has been down; it goes on with the next whole tick.
            state.ticks = (node.now / tick).ceil();
        }
        state.ticks += ticks.sample(node.id, &mut node.route_rng());
        node.wake_at(tick * state.ticks, TRAIN);
    }

    fn train<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.overdue = node.is_busy();
        if !state.overdue {
            node.compute(state.trainings, Payload::one(state.x.clone()));
        }
    }

    fn average<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.settling = false;
        let mut buffer = std::mem::take(&mut state.buffer);
        // By sender, so that the order of arrival within a buffer changes nothing; a sender's own order is kept.
        buffer.sort_by_key(|message| message.from);
        let received: Vec<&[R]> = buffer.iter().map(|message| message.payload.vectors[0].as_slice()).collect();
        if node.is_busy() && state.base.is_none() {
            state.base = Some(state.x.clone());
        }
        if self.is_hub(node.id) {
            Merge { beta: 0.0, target: Target::None, reference: self.parameters.reference }.apply(
                &mut state.x,
                &received,
                node.blocks(),
            );
            node.send_to_all(0, Payload::one(state.x.clone()));
        } else {
            self.merge.apply(&mut state.x, &received, node.blocks());
        }
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        State { x, base: None, buffer: Vec::new(), settling: false, overdue: false, ticks: 0.0, periods: 0, trainings: 0 }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        if !self.is_hub(node.id) {
            self.wake_after(&self.phase, state, node);
        }
    }

    fn on_timer(&self, state: &mut State<R>, key: u32, node: &mut Node<'_, R>) {
        if key == AVERAGE {
            return self.average(state, node);
        }
        self.wake_after(&self.period, state, node);
        state.periods += 1;
        if node.takes_part(state.periods - 1) {
            self.train(state, node);
        }
    }

    fn on_computed(&self, state: &mut State<R>, out: Payload<R>, node: &mut Node<'_, R>) {
        let [y] = out.firsts();
        match state.base.take() {
            Some(base) => vector::axpy(R::one(), &vector::difference(y, &base), &mut state.x),
            None => state.x.copy_from_slice(y),
        }
        state.trainings += 1;
        node.complete();
        if state.trainings.is_multiple_of(self.parameters.push_every) {
            node.send_to_all(0, Payload::one(state.x.clone()));
        }
        if state.overdue {
            self.train(state, node);
        }
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.base = None;
        if state.overdue {
            self.train(state, node);
        }
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        state.buffer.push(message);
        let full = self.parameters.buffer * node.in_degree() as f64;
        if !state.settling && state.buffer.len() as f64 >= full {
            state.settling = true;
            node.settle(AVERAGE);
        }
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }
}
