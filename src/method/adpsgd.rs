//! Asynchronous decentralised parallel SGD.

use std::sync::Arc;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, PeerMethod};
use crate::{
    engine::NodeId,
    invalid::Invalid,
    num::{Real, vector},
    problem::Correction,
    protocol::{
        Local, Payload,
        peers::{Message, Node, Nodes, PeerUpdate, PeersSpec, Reliability, nodes_with},
    },
    random::Setting,
};

/// Parameters of AD-PSGD: none of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdPsgd {}

impl Method for AdPsgd {
    const CARD: Card = Card {
        name: "ad-psgd",
        summary: "nodes step at their own pace and average with one random neighbour a step, without waiting for slow nodes",
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
        weights: super::SCALED,
        traffic: "to one neighbour a step: x [d]; back: the average [d]",
        differs: "averaging takes a question and an answer. Each step has a random rank: a node that waits for an answer lets \
                  askers of higher rank wait, and sends the others away until it has averaged itself; meanwhile these \
                  answer others. This keeps averaging atomic without deadlock on any graph, where the paper needs a \
                  bipartite one. A node gives up a question that is lost or finds its neighbour down: it takes that step without \
                  averaging. Lost answers are sent again. With several local steps, lr g is their sum. A node that \
                  does not take part in a step answers others and lets the mean time of a visit pass",
    };
}

impl PeerMethod for AdPsgd {
    fn nodes<R: Real>(&self, _: &PeersSpec, _: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        Ok(nodes_with(Rule))
    }
}

struct Rule;

/// The memory of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    /// The model.
    x: Vec<R>,
    /// The step that waits until the node has averaged.
    step: Option<Step<R>>,
    /// Questions that wait for the end of that step.
    askers: Vec<Message<R>>,
    /// Who was sent away until then, with the tags of their questions.
    sent_away: Vec<(NodeId, u64)>,
    steps: u64,
}

/// A step that waits until its node has averaged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Step<R> {
    /// `lr g`, shape `[d]`.
    descent: Vec<R>,
    /// Whom the node asks.
    to: NodeId,
    question: Question,
    /// Whether the question is with that neighbour; while it is, the model must not change.
    asks: bool,
}

/// A question: its rank among all, and the number of earlier attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    rank: u64,
    times: u64,
}

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A model to average with.
    Ask,
    /// The average.
    Answer,
    /// The other node is waiting itself: withdraw the question.
    Away,
    /// It waits no longer: ask again.
    Again,
}

impl Question {
    /// The tag of a message about this question: its rank, the number of its times and the kind of message.
    fn tag(self, kind: Kind) -> u64 {
        self.rank << 18 | (self.times & 0xffff) << 2 | kind as u64
    }

    fn of_tag(tag: u64) -> Self {
        Self { rank: tag >> 18, times: tag >> 2 & 0xffff }
    }
}

impl Kind {
    fn of_tag(tag: u64) -> Self {
        [Self::Ask, Self::Answer, Self::Away, Self::Again][(tag & 3) as usize]
    }
}

impl<R: Real> State<R> {
    /// Sends the model to the neighbour of the step that waits.
    fn ask(&mut self, node: &mut Node<'_, R>) {
        if let Some(step) = &mut self.step {
            step.asks = true;
            node.send(step.to, step.question.tag(Kind::Ask), Arc::new(Payload::one(self.x.clone())));
        }
    }

    /// Averages at once unless the node's own question is under way; then lets questions of higher rank wait, so that no nodes wait in a
    /// circle, and sends the others away.
    fn receive(&mut self, message: Message<R>, node: &mut Node<'_, R>) {
        let question = Question::of_tag(message.tag);
        match self.step.as_ref().filter(|step| step.asks) {
            None => self.meet(&message, node),
            Some(step) if (question.rank, message.from) > (step.question.rank, node.id) => self.askers.push(message),
            Some(_) => {
                self.sent_away.push((message.from, message.tag));
                node.send(message.from, question.tag(Kind::Away), Arc::default());
            }
        }
    }

    fn meet(&mut self, message: &Message<R>, node: &mut Node<'_, R>) {
        let half = R::of(0.5);
        vector::blend(half, &message.payload.vectors[0], half, &mut self.x);
        let tag = Question::of_tag(message.tag).tag(Kind::Answer);
        node.send(message.from, tag, Arc::new(Payload::one(self.x.clone())));
    }

    /// Averages with all that have waited, in the order in which they came.
    fn meet_askers(&mut self, node: &mut Node<'_, R>) {
        for message in std::mem::take(&mut self.askers) {
            self.meet(&message, node);
        }
    }

    /// The neighbour has sent the question away: until it is put once more, the model may change.
    fn leave(&mut self, tag: u64, node: &mut Node<'_, R>) {
        let Some(step) = self.step.as_mut().filter(|step| step.question.tag(Kind::Away) == tag) else { return };
        step.asks = false;
        self.meet_askers(node);
    }

    /// Puts the question once more.
    fn ask_again(&mut self, node: &mut Node<'_, R>) {
        self.meet_askers(node);
        if let Some(step) = &mut self.step {
            step.question.times += 1;
        }
        self.ask(node);
    }

    /// Takes the step that waited, and begins the next.
    fn go_on(&mut self, node: &mut Node<'_, R>) {
        if let Some(step) = self.step.take() {
            vector::axpy(-R::one(), &step.descent, &mut self.x);
        }
        self.meet_askers(node);
        self.call_back(node);
        self.steps += 1;
        node.complete();
        self.begin(node);
    }

    /// Begins a step, or lets one pass: as long as a visit, or absence would cost a node nothing.
    fn begin(&self, node: &mut Node<'_, R>) {
        if node.takes_part(self.steps) {
            node.compute(self.steps, Payload::one(self.x.clone()));
        } else {
            node.rest(node.mean_visit());
        }
    }

    /// Tells those that were sent away to ask again.
    fn call_back(&mut self, node: &mut Node<'_, R>) {
        for (to, tag) in self.sent_away.drain(..) {
            node.send(to, Question::of_tag(tag).tag(Kind::Again), Arc::default());
        }
    }
}

impl<R: Real> PeerUpdate<R> for Rule {
    type State = State<R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> State<R> {
        State { x, step: None, askers: Vec::new(), sent_away: Vec::new(), steps: 0 }
    }

    fn start(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.begin(node);
    }

    /// The sum of the local steps, as a descent direction.
    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let [x] = input.firsts();
        let mut y = x.to_vec();
        local.descend(&mut y, &Correction::NONE);
        Payload::one(vector::difference(x, &y))
    }

    fn on_computed(&self, state: &mut State<R>, mut out: Payload<R>, node: &mut Node<'_, R>) {
        let descent = out.vectors.swap_remove(0);
        match node.random_neighbour() {
            Some(to) => {
                let question = Question { rank: node.route_rng().random::<u64>() >> 18, times: 0 };
                state.step = Some(Step { descent, to, question, asks: true });
                state.ask(node);
            }
            None => {
                vector::axpy(-R::one(), &descent, &mut state.x);
                state.go_on(node);
            }
        }
    }

    fn on_message(&self, state: &mut State<R>, message: Message<R>, node: &mut Node<'_, R>) {
        match Kind::of_tag(message.tag) {
            Kind::Ask => state.receive(message, node),
            Kind::Answer => {
                state.x.copy_from_slice(&message.payload.vectors[0]);
                state.go_on(node);
            }
            Kind::Away => state.leave(message.tag, node),
            Kind::Again => state.ask_again(node),
        }
    }

    fn on_lost(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.begin(node);
    }

    fn on_rested(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.go_on(node);
    }

    fn on_dropped(&self, state: &mut State<R>, _: NodeId, _: Message<R>, node: &mut Node<'_, R>) {
        state.go_on(node);
    }

    /// No node waits for one that is down: asking again, it learns so.
    fn on_missed(&self, state: &mut State<R>, node: &mut Node<'_, R>) {
        state.sent_away.extend(state.askers.drain(..).map(|message| (message.from, message.tag)));
        state.call_back(node);
    }

    fn reliability(&self, tag: u64) -> Reliability {
        if Kind::of_tag(tag) == Kind::Ask { Reliability::OnlyIfUp } else { Reliability::Repeated }
    }

    fn iterate<'s>(&self, state: &'s State<R>) -> &'s [R] {
        &state.x
    }
}
