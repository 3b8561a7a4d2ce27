//! Push gossip learning.

use std::{collections::VecDeque, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    engine::NodeId,
    invalid::{Invalid, require},
    num::{Real, vector},
    problem::Drift,
    random::{Quantity, Sampler, Setting},
    role::{
        Local, Payload,
        peers::{Mail, Node, PeerUpdate, Population, population},
    },
};

/// What a node makes of a received model; `UPDATE` are the local steps.
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

/// How two models are merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MergeRule {
    /// Their mean.
    #[default]
    Plain,
    /// Weighted by their ages.
    ByAge,
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
    /// What a node makes of a received model.
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
            backlog: 16,
        }
    }
}

impl Method for PushGossip {
    const CARD: Card = Card {
        name: "push-gossip",
        summary: "every period a node pushes its model to a random neighbour, who merges and trains it",
        paper: Paper {
            key: "ormandi2013gossip",
            authors: "Ormándi, Róbert and Hegedűs, István and Jelasity, Márk",
            title: "Gossip Learning with Linear Models on Fully Distributed Data",
            venue: "Concurrency and Computation: Practice and Experience",
            year: 2013,
            place: "Algorithms 1 and 2; merging by age: Hegedűs, Danner, Jelasity (2019)",
            link: "https://arxiv.org/abs/1109.1396",
        },
        update: "every period:    send (x, t) to a random neighbour\n\
                 on (x', t'):     rw  (x, t) ← UPDATE(x', t')\n\
                 \x20                mu  (x, t) ← UPDATE(MERGE((x, t), (x', t')))\n\
                 \x20                um  (x, t) ← MERGE(UPDATE(x, t), UPDATE(x', t'))\n\
                 MERGE:           (x + x')/2,  or  (t x + t' x')/(t + t');   t ← max(t, t')\n\
                 UPDATE:          local steps, each with t ← t + 1",
        traffic: "to one neighbour a period: x, t [d + 1]; stays: the model the next one is merged with [d]",
        differs: "a node finishes one received model before it takes up the next, so a node that is slow keeps others \
                  waiting; the step size does not fall with the age unless `step-by-age` is set",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.period.validate(&(f64::MIN_POSITIVE..=f64::MAX)).map_err(|invalid| invalid.under("period"))?;
        if let Some(phase) = &self.phase {
            phase.validate(&(0.0..=f64::MAX)).map_err(|invalid| invalid.under("phase"))?;
        }
        require(self.backlog >= 1, "backlog", self.backlog, "at least 1")
    }
}

impl PeerMethod for PushGossip {
    fn nodes<R: Real>(&self, setting: &Setting) -> Result<Box<dyn Population<R>>, Invalid> {
        let seconds = |key: &str, quantity: &Quantity| {
            let built = quantity.build(&format!("push-gossip.{key}"), &(0.0..=f64::MAX), setting);
            built.map_err(|invalid| invalid.under(key))
        };
        let period = seconds("period", &self.period)?;
        let phase = self.phase.as_ref().map(|phase| seconds("phase", phase)).transpose()?;
        Ok(population(Rule { parameters: self.clone(), period, phase }))
    }
}

struct Rule {
    parameters: PushGossip,
    period: Sampler,
    phase: Option<Sampler>,
}

/// A model and its age: the local steps it has seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Model<R> {
    x: Vec<R>,
    age: f64,
}

impl<R: Real> Model<R> {
    fn of(payload: &Payload<R>, k: usize) -> Self {
        Self { x: payload.vectors[k].clone(), age: payload.scalars[k] }
    }

    fn from_payload(mut payload: Payload<R>) -> Self {
        Self { x: payload.vectors.swap_remove(0), age: payload.scalars[0] }
    }

    fn into_payload(self) -> Payload<R> {
        Payload::one(self.x).with_scalar(self.age)
    }

    /// `MERGE` with the model number `k` of a payload.
    fn merge(&mut self, rule: MergeRule, other: &Payload<R>, k: usize) {
        let (x, age) = (&other.vectors[k], other.scalars[k]);
        let ages = self.age + age;
        let own = if rule == MergeRule::ByAge && ages > 0.0 { self.age / ages } else { 0.5 };
        vector::blend(R::of(1.0 - own), x, R::of(own), &mut self.x);
        self.age = self.age.max(age);
    }
}

/// What a node remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    model: Model<R>,
    /// The model received last, where it is what the next is merged with.
    last: Option<Arc<Payload<R>>>,
    /// Received models that wait.
    inbox: VecDeque<Arc<Payload<R>>>,
    periods: u64,
}

const PUSH: u32 = 0;

impl Rule {
    /// Takes up the next received model, if there is one.
    fn next<R: Real>(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        let Some(message) = state.inbox.pop_front() else { return };
        let partner = || match (self.parameters.partner, &state.last) {
            (Partner::LastReceived, Some(last)) => Model::of(last, 0),
            _ => state.model.clone(),
        };
        match self.parameters.variant {
            Variant::Rw => {
                let received = Model::of(&message, 0);
                node.compute(received.age as u64, received.into_payload());
            }
            Variant::Mu => {
                let mut merged = partner();
                merged.merge(self.parameters.merge, &message, 0);
                node.compute(merged.age as u64, merged.into_payload());
            }
            Variant::Um => {
                let (partner, received) = (partner(), Model::of(&message, 0));
                let version = partner.age as u64;
                let mut both = partner.into_payload().with_scalar(received.age);
                both.vectors.push(received.x);
                node.compute_passes(2, version, both);
            }
        }
        if self.parameters.partner == Partner::LastReceived {
            state.last = Some(message);
        }
    }

    /// `UPDATE`: the local steps of a visit from a model.
    fn update<R: Real>(&self, mut model: Model<R>, local: &mut Local<'_, R>) -> Model<R> {
        if self.parameters.step_by_age {
            let age = model.age;
            local.each_step(&mut model.x, |step, x| {
                let gradient = step.gradient(x);
                vector::axpy(R::of(-step.lr / (age + (step.k + 1) as f64)), &gradient, x);
                step.work.give(gradient);
            });
        } else {
            local.descend(&mut model.x, &Drift::NONE);
        }
        model.age += local.steps as f64;
        model
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        State { model: Model { x, age: 0.0 }, last: None, inbox: VecDeque::new(), periods: 0 }
    }

    fn start(&self, _: &mut State<R>, node: &mut Node<'_, R>) {
        let mut rng = node.route_rng();
        let after = match &self.phase {
            Some(phase) => phase.sample(node.id, &mut rng),
            None => self.period.sample(node.id, &mut rng) * rand::RngExt::random::<f64>(&mut rng),
        };
        node.wake(after, PUSH);
    }

    fn on_timer(&self, state: &mut State<R>, _: u32, node: &mut Node<'_, R>) {
        let after = self.period.sample(node.id, &mut node.route_rng());
        node.wake(after, PUSH);
        state.periods += 1;
        if node.takes_part(state.periods - 1)
            && let Some(to) = node.random_neighbour()
        {
            node.send(to, 0, Arc::new(state.model.clone().into_payload()));
        }
    }

    fn on_message(&self, state: &mut State<R>, mail: Mail<R>, node: &mut Node<'_, R>) {
        if state.inbox.len() == self.parameters.backlog {
            let _ = state.inbox.pop_front();
        }
        state.inbox.push_back(mail.payload);
        if !node.is_busy() {
            self.next(state, node);
        }
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let mut model = self.update(Model::of(input, 0), local);
        if self.parameters.variant == Variant::Um {
            let received = self.update(Model::of(input, 1), local);
            model.merge(self.parameters.merge, &received.into_payload(), 0);
        }
        model.into_payload()
    }

    fn on_computed(&self, state: &mut State<R>, out: Payload<R>, node: &mut Node<'_, R>) {
        state.model = Model::from_payload(out);
        self.next(state, node);
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        self.next(state, node);
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.model.x
    }
}
