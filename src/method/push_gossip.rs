//! Push gossip learning.

mod flow;
mod model;

use std::{collections::VecDeque, sync::Arc};

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{flow::Flow, model::MergeRule};

use self::model::{Extent, Model};
use super::{Card, Method, Paper, PeerMethod};
use crate::{
    analysis::{PeerNeeds, Slot},
    engine::NodeId,
    invalid::{Invalid, require},
    num::Real,
    protocol::{
        Local, Payload,
        peers::{Message, Node, Nodes, PeerUpdate, PeersSpec, nodes_with},
    },
    random::{Quantity, Sampler, Setting},
};

/// How a node uses a received model; `UPDATE` are the local steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// `UPDATE(received)`: the models walk at random.
    Rw,
    /// `UPDATE(MERGE(own, received))`.
    #[default]
    Mu,
    /// `MERGE(UPDATE(own), UPDATE(received))`.
    Um,
}

/// Which model of its own a node merges with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Partner {
    /// Its current model.
    #[default]
    Own,
    /// The model it received last, as in the paper of 2013.
    LastReceived,
}

/// Parameters of push gossip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PushGossip {
    /// How a node uses a received model.
    pub variant: Variant,
    /// How two models are merged.
    pub merge: MergeRule,
    /// Which model of its own a node merges with.
    pub partner: Partner,
    /// Seconds between two pushes of a node [s].
    pub period: Quantity,
    /// Seconds until a node's first push [s]; uniform within the first period when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Quantity>,
    /// Whether the step size is divided by the model's age.
    pub step_by_age: bool,
    /// Fixed parts of the model with ages of their own, of which a message carries a random one.
    pub parts: usize,
    /// Fraction of the coordinates that a message carries, drawn at random each time [1].
    pub sample: f64,
    /// When a node sends.
    pub flow: Flow,
    /// Received models that wait while a node is at work; beyond, the oldest is forgotten.
    pub backlog: usize,
}

impl Default for PushGossip {
    fn default() -> Self {
        Self {
            variant: Variant::Mu,
            merge: MergeRule::Plain,
            partner: Partner::Own,
            period: Quantity::Constant(100.0),
            phase: None,
            step_by_age: false,
            parts: 1,
            sample: 1.0,
            flow: Flow::Proactive,
            backlog: 16,
        }
    }
}

impl Method for PushGossip {
    const CARD: Card = Card {
        name: "push-gossip",
        summary: "every period a node pushes its model to a random neighbour, which merges and trains it",
        paper: Paper {
            key: "ormandi2013gossip",
            authors: "Ormándi, Róbert and Hegedűs, István and Jelasity, Márk",
            title: "Gossip Learning with Linear Models on Fully Distributed Data",
            venue: "Concurrency and Computation: Practice and Experience",
            year: 2013,
            place: "Algorithms 1 and 2; ages and parts: Hegedűs, Danner, Jelasity (2021), doi:10.1016/j.jpdc.2020.10.006; \
                    token accounts: Danner, Jelasity (2018); limited merging: Danner et al. (2023)",
            link: "https://arxiv.org/abs/1109.1396",
        },
        update: "every period:    send (x, t) to a random neighbour\n\
                 on (x', t'):     rw  (x, t) ← UPDATE(x', t')\n\
                 \x20                mu  (x, t) ← UPDATE(MERGE((x, t), (x', t')))\n\
                 \x20                um  (x, t) ← MERGE(UPDATE(x, t), UPDATE(x', t'))\n\
                 MERGE:           (x + x')/2,  or  (t x + t' x')/(t + t');   t ← max(t, t')   (part by part)\n\
                 UPDATE:          local steps, each with t ← t + 1",
        weights: super::SCALED,
        traffic: "to one neighbour: x, t [d + 1], one part of k [d/k + 1], or a sample [s d + 1]; stays: the model the next one \
                  is merged with [d]",
        differs: "a node finishes one received model before it begins the next, so received models wait at slow \
                  nodes; the step size does not fall with the age unless `step-by-age` is set; every received model counts as useful \
                  to a token account",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.period.validate(&(f64::MIN_POSITIVE..=f64::MAX)).map_err(|invalid| invalid.under("period"))?;
        if let Some(phase) = &self.phase {
            phase.validate(&(0.0..=f64::MAX)).map_err(|invalid| invalid.under("phase"))?;
        }
        require(self.backlog >= 1, "backlog", self.backlog, "at least 1")?;
        self.flow.validate().map_err(|invalid| invalid.under("flow"))?;
        if let MergeRule::Limited(most) = self.merge {
            require(most >= 0.0, "merge.limited", most, "a number of steps of at least 0")?;
        }
        require(self.parts >= 1, "parts", self.parts, "at least 1")?;
        require(self.sample > 0.0 && self.sample <= 1.0, "sample", self.sample, "a fraction in (0, 1]")?;
        let (in_parts, sampled) = (self.parts > 1, self.sample < 1.0);
        if in_parts && sampled {
            return Err(Invalid::at("sample", "a message carries either a part or a sample").help("remove `parts` or `sample`"));
        }
        if (in_parts || sampled) && (self.variant != Variant::Mu || self.partner != Partner::Own) {
            let key = if in_parts { "parts" } else { "sample" };
            return Err(Invalid::at(key, "only whole models can be received unmerged or remembered")
                .help("use `variant = \"mu\"` and `partner = \"own\"`"));
        }
        Ok(())
    }
}

impl PeerMethod for PushGossip {
    fn fits(&self, d: usize) -> Result<(), Invalid> {
        require(self.parts <= d, "parts", self.parts, &format!("at most {d}, the number of coordinates"))
    }

    fn nodes<R: Real>(&self, _: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        let seconds = |key: &str, quantity: &Quantity| {
            let built = quantity.build(&format!("push-gossip.{key}"), &(0.0..=f64::MAX), setting);
            built.map_err(|invalid| invalid.under(key))
        };
        let period = seconds("period", &self.period)?;
        let phase = self.phase.as_ref().map(|phase| seconds("phase", phase)).transpose()?;
        Ok(nodes_with(Rule { parameters: self.clone(), period, phase }))
    }

    fn needs(&self) -> PeerNeeds {
        let client = Slot::Own("the step size of every part falls with its age");
        // Of periods that are drawn, some may be short.
        let period = if let Quantity::Constant(seconds) = self.period { seconds } else { f64::INFINITY };
        PeerNeeds {
            client: if self.step_by_age { client } else { Slot::Open },
            period: Some(("period", period)),
            ..PeerNeeds::NOTHING
        }
    }
}

struct Rule {
    parameters: PushGossip,
    period: Sampler,
    phase: Option<Sampler>,
}

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    model: Model<R>,
    /// The model received last, where the next one is merged with it.
    last: Option<Arc<Payload<R>>>,
    /// Received models that wait.
    inbox: VecDeque<(u64, Arc<Payload<R>>)>,
    periods: u64,
    /// Balance of the token account.
    tokens: u64,
}

const PUSH: u32 = 0;

impl Rule {
    /// Begins with the next received model, if there is one.
    fn next<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        let Some((tag, message)) = state.inbox.pop_front() else { return };
        let PushGossip { variant, partner, merge, sample, .. } = self.parameters;
        let extent = Extent::of_tag(tag);
        let mut own = match state.last.take() {
            Some(last) => Model::of(&last, 0),
            None => state.model.clone(),
        };
        match variant {
            Variant::Rw => node.compute(Model::of(&message, 0).age() as u64, Payload::clone(&message)),
            Variant::Mu => {
                own.merge_excerpt(merge, extent, sample, &message);
                node.compute(own.age() as u64, own.into_payload());
            }
            Variant::Um => {
                let version = own.age() as u64;
                let mut both = own.into_payload();
                both.vectors.extend(message.vectors.iter().cloned());
                both.scalars.extend(&message.scalars);
                node.compute_passes(2, version, both);
            }
        }
        if partner == Partner::LastReceived {
            state.last = Some(message);
        }
    }

    /// Pushes the model, or a part of it, to a random neighbour.
    fn push<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        let Some(to) = node.random_neighbour() else { return };
        let extent = match self.parameters {
            PushGossip { parts, .. } if parts > 1 => Extent::Part(node.link_rng().random_range(0..parts)),
            PushGossip { sample, .. } if sample < 1.0 => Extent::of_tag(Extent::Sample(node.link_rng().random()).tag()),
            _ => Extent::Whole,
        };
        node.send(to, extent.tag(), Arc::new(state.model.excerpt(extent, self.parameters.sample)));
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        let model = Model { x, ages: vec![0.0; self.parameters.parts] };
        State { model, last: None, inbox: VecDeque::new(), periods: 0, tokens: 0 }
    }

    fn start(&self, _: &mut State<R>, node: &mut Node<'_, R>) {
        let mut rng = node.route_rng();
        let after = match &self.phase {
            Some(phase) => phase.sample(node.id, &mut rng),
            None => self.period.sample(node.id, &mut rng) * rng.random::<f64>(),
        };
        node.wake(after, PUSH);
    }

    fn on_timer(&self, state: &mut State<R>, _: u32, node: &mut Node<'_, R>) {
        let after = self.period.sample(node.id, &mut node.route_rng());
        node.wake(after, PUSH);
        state.periods += 1;
        if !node.takes_part(state.periods - 1) {
            return;
        }
        let push = self.parameters.flow.proactive(state.tokens);
        if push >= 1.0 || (push > 0.0 && node.route_rng().random::<f64>() < push) {
            self.push(state, node);
        } else {
            state.tokens += 1;
        }
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        if state.inbox.len() == self.parameters.backlog {
            let _ = state.inbox.pop_front();
        }
        state.inbox.push_back((message.tag, message.payload));
        if !node.is_busy() {
            self.next(state, node);
        }
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let by_age = self.parameters.step_by_age;
        let mut model = Model::of(input, 0).update(by_age, local);
        if self.parameters.variant == Variant::Um {
            let received = Model::of(input, 1).update(by_age, local);
            model.merge(self.parameters.merge, &received.x, &received.ages);
        }
        model.into_payload()
    }

    fn on_computed(&self, state: &mut State<R>, out: Payload<R>, node: &mut Node<'_, R>) {
        state.model = Model::from_payload(out);
        node.complete();
        if self.parameters.flow != Flow::Proactive {
            let answers = self.parameters.flow.reactive(state.tokens, true, &mut node.route_rng());
            state.tokens -= answers;
            (0..answers).for_each(|_| self.push(state, node));
        }
        self.next(state, node);
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.next(state, node);
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.model.x
    }
}

#[cfg(test)]
mod tests;
