//! The local computation of one client visit.

mod rule;
mod uplink;

pub use rule::{LocalRule, Pace, Steps};
use serde::{Deserialize, Serialize};
pub use uplink::Uplink;

use crate::{
    interrupt::Interrupt,
    num::{Real, low_precision::Bits, vector},
    part::{compressor::round_blocks, rate::Clock, transform::Point},
    problem::{
        Batches, Correction, Objective, Sample, Visit, Workspace,
        head::{Layout, Moments},
    },
    protocol::Payload,
    random::{Purpose, Rng, Streams},
};

/// Buffers of one worker thread.
#[derive(Debug, Default)]
pub struct Scratch<R> {
    /// Buffers of the objective.
    pub work: Workspace<R>,
    order: Vec<u32>,
    draw: Vec<R>,
}

/// The memory of a client between visits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory<R> {
    /// The method's memory; empty before the first visit.
    pub own: Payload<R>,
    /// State of the client's optimiser, where it outlives a visit.
    pub optimiser: Vec<Payload<R>>,
    /// The uplink's memory, one payload for each vector of an upload.
    pub compressor: Vec<Payload<R>>,
}

impl<R: Real> Memory<R> {
    /// Its size at 32 bits a number, whatever the client's precision [bit].
    pub fn bits(&self) -> u64 {
        let others = self.optimiser.iter().chain(&self.compressor).map(Payload::dense_bits);
        self.own.dense_bits() + others.sum::<u64>()
    }
}

/// One visit, as a client half sees it.
///
/// Samples come from the stream `(Batch, client, visit)`, the uplink's random numbers from `(Link, client, visit)`.
pub struct Local<'a, R> {
    /// The client whose samples these are.
    pub client: usize,
    /// Number of local steps of this visit.
    pub steps: usize,
    pace: Pace,
    /// Factor of the local objective.
    share: f64,
    rule: &'a LocalRule<R>,
    objective: &'a dyn Objective<R>,
    rng: Rng,
    optimiser_state: Vec<Payload<R>>,
    width: Bits,
    /// Precision to which the model is rounded at the end of the local steps.
    stored: Bits,
    uplink: Uplink<'a, R>,
    interrupt: Interrupt<'a>,
    scratch: &'a mut Scratch<R>,
}

impl<'a, R: Real> Local<'a, R> {
    /// Opens the visit number `visit` of a client.
    pub fn open(
        objective: &'a dyn Objective<R>,
        rule: &'a LocalRule<R>,
        streams: Streams,
        (client, visit): (usize, u64),
        pace: Pace,
        scratch: &'a mut Scratch<R>,
    ) -> Self {
        let rng = streams.stream(Purpose::Batch, client, visit);
        let uplink = Uplink::plain(streams, client, visit);
        let width = Bits::FLOAT;
        Self {
            client,
            steps: pace.steps,
            pace,
            share: 1.0,
            rule,
            objective,
            rng,
            optimiser_state: Vec::new(),
            width,
            stored: width,
            uplink,
            interrupt: Interrupt::default(),
            scratch,
        }
    }

    /// Has the visit stop short when the run is interrupted.
    pub fn heed(&mut self, interrupt: Interrupt<'a>) {
        self.interrupt = interrupt;
    }

    /// Gives the client an uplink, and the precision in which it computes.
    pub fn equip(&mut self, width: Bits, equip: impl FnOnce(&mut Uplink<'a, R>)) {
        self.width = width;
        equip(&mut self.uplink);
    }

    /// Has the client work on its local objective times this factor, for methods that take the plain mean over clients: with `n pᵢ` it
    /// is the objective of the weights `pᵢ`.
    pub fn weigh(&mut self, share: f64) {
        self.share = share;
    }

    /// Has the client store the model that its local steps reach in this precision.
    pub fn store_in(&mut self, width: Bits) {
        self.stored = width;
    }

    /// Sends one vector and replaces it by the vector that the server receives, for methods whose clients go on with their own
    /// compressed message. A client half that calls it must send all its vectors so, in the order in which it returns them.
    pub fn transmit(&mut self, v: &mut [R]) {
        self.uplink.transmit(v, self.objective.blocks());
    }

    /// The same with an unbiased compressor shrunk until it is contractive, for methods whose memory accumulates its errors.
    pub fn transmit_contracted(&mut self, v: &mut [R]) {
        self.uplink.transmit_contracted(v, self.objective.blocks());
    }

    /// The update of a client whose local steps led from the received model `x` to `y`: `x − y`.
    ///
    /// A client that stores models in few bits has rounded `y` already. It sends `y` itself, or through a compressor its distance from
    /// `x`, the rounded model that it received; the server, which knows the model it sent and its rounding, takes the difference to
    /// `y`.
    pub fn model_change(&mut self, x: &[R], mut y: Vec<R>) -> Vec<R> {
        let Some(sent) = self.uplink.origin().filter(|_| self.width != Bits::FLOAT) else {
            vector::blend(R::one(), x, -R::one(), &mut y);
            return y;
        };
        if self.uplink.has_compressor() {
            vector::blend(R::one(), x, -R::one(), &mut y);
            self.transmit(&mut y);
            y.iter_mut().zip(sent.iter().zip(x)).for_each(|(change, (&sent, &stored))| *change += sent - stored);
            return y;
        }
        self.transmit(&mut y);
        vector::difference(sent, &y)
    }

    /// Sends the [change of the model](Self::model_change), for a client half that sends its vectors one by one.
    pub fn transmit_change(&mut self, x: &[R], y: &[R]) -> Vec<R> {
        let sends_model = self.width != Bits::FLOAT && self.uplink.origin().is_some();
        let mut change = self.model_change(x, y.to_vec());
        if !sends_model {
            self.transmit(&mut change);
        }
        change
    }

    /// Sends the result of the client half, unless it has done so itself, and counts the bits of all messages [bit].
    pub fn send(&mut self, up: &mut Payload<R>) -> u64 {
        self.uplink.send(up, self.objective.blocks())
    }

    /// The uplink's memory for the next visit; `None` where it has none.
    pub fn kept_compressor(&mut self) -> Option<Vec<Payload<R>>> {
        self.uplink.kept()
    }

    /// Restores the optimiser's state of an earlier visit.
    pub fn resume_optimiser(&mut self, state: &[Payload<R>]) {
        self.optimiser_state = state.to_vec();
    }

    /// The optimiser state to keep for the next visit; `None` where the rule resets it.
    pub fn kept_optimiser(&mut self) -> Option<Vec<Payload<R>>> {
        (self.rule.keep_state && !self.rule.optimiser.is_plain()).then(|| std::mem::take(&mut self.optimiser_state))
    }

    /// Number of parameters `d`.
    pub fn dim(&self) -> usize {
        self.objective.dim()
    }

    /// The objective that is minimised.
    pub fn objective(&self) -> &'a dyn Objective<R> {
        self.objective
    }

    /// Step size of local step `k`.
    pub fn lr(&self, k: usize) -> f64 {
        self.rule.lr(self.pace, k)
    }

    /// Sum of the step sizes of all local steps: `K · lr` where the step size is constant.
    pub fn total_lr(&self) -> f64 {
        self.interrupt.steps(self.steps).map(|k| self.lr(k)).sum()
    }

    /// The distance that the visit's steps cover on gradients of 1: `‖a‖₁` of Wang et al. 2020, with the pull `mu` towards the start.
    /// It is in units of the visit's step size, the number of steps for plain SGD; where step sizes change within a visit, in units of a
    /// step size of 1, which all clients share: `Σ lr` for plain SGD.
    pub fn reach(&self, mu: f64) -> f64 {
        let mut state = Vec::new();
        let changes = self.rule.clock == Clock::Steps;
        self.interrupt.steps(self.steps).fold(0.0, |reached, k| {
            let (unit, step) = if changes { (1.0, self.lr(k)) } else { (self.lr(k), 1.0) };
            let at = Point { x: &[R::of(-unit * reached)], version: self.pace.version, weight: 1.0 };
            let mut direction = [R::of(1.0 - unit * mu * reached)];
            self.rule.optimiser.apply(&mut direction, &mut state, &at);
            reached + step * direction[0].f64()
        })
    }

    /// `(x − y) / Σ lr`: the mean direction of the steps that led from `x` to `y`, given `delta = x − y`; `None` where all step
    /// sizes were 0.
    pub fn mean_direction(&self, delta: &[R]) -> Option<Vec<R>> {
        let total = self.total_lr();
        (total > 0.0).then(|| {
            let mut mean = delta.to_vec();
            vector::scale(R::of(1.0 / total), &mut mean);
            mean
        })
    }

    /// Takes all local steps in place: `y ← y − lr · optimiser(scale · ∇F(y; ξ) + shift + pull (y − anchor))`. At their end a client
    /// of few bits rounds `y`, so that a method reads the model that the client stores.
    pub fn descend(&mut self, y: &mut [R], correction: &Correction<'_, R>) {
        if self.rule.optimiser.is_plain() && self.width == Bits::FLOAT {
            let (rule, pace) = (self.rule, self.pace);
            let lr = |k| rule.lr(pace, k);
            let (mut batches, work) = batches(self.rule, self.objective, self.client, &mut self.rng, self.scratch);
            let mut visit = Visit { steps: self.steps, lr: &lr, batches: &mut batches, interrupt: self.interrupt };
            let correction = &Correction { scale: correction.scale * self.share, ..*correction };
            return self.objective.descend(self.client, y, &mut visit, correction, work);
        }
        let (rule, version) = (self.rule, self.pace.version);
        let mut state = std::mem::take(&mut self.optimiser_state);
        self.each_step(y, |step, y| {
            let mut direction = step.gradient(y);
            correction.turn(&mut direction, y);
            rule.optimiser.apply(&mut direction, &mut state, &Point { x: y, version, weight: 1.0 });
            vector::axpy(R::of(-step.lr), &direction, y);
            step.work.give(direction);
        });
        self.optimiser_state = state;
    }

    /// Calls `body` once a local step with the step's sample, for methods that need more than one gradient a step. `y` is the local
    /// model, which may be empty; after the last step a client of few bits rounds it to its precision.
    pub fn each_step(&mut self, y: &mut [R], mut body: impl FnMut(&mut Step<'_, R>, &mut [R])) {
        let (rule, pace) = (self.rule, self.pace);
        let (client, objective, width, share) = (self.client, self.objective, self.width, self.share);
        let (mut batches, work) = batches(self.rule, self.objective, self.client, &mut self.rng, self.scratch);
        for k in self.interrupt.steps(self.steps) {
            let sample = batches.next_sample();
            let lr = rule.lr(pace, k);
            body(&mut Step { k, lr, client, width, share, sample, objective, work: &mut *work }, y);
        }
        round_blocks(self.stored, objective.blocks(), y);
    }

    /// The exact local gradient `∇fᵢ(x)`.
    pub fn full_gradient(&mut self, x: &[R]) -> Vec<R> {
        gradient_in((self.width, self.share), self.objective, (self.client, Sample::Full), x, &mut self.scratch.work)
    }

    /// Second moments of the client's samples under the layers of `x` below the last; `None` where there is no such layer.
    pub fn moments(&mut self, x: &[R]) -> Option<Moments> {
        let head = self.objective.linear_head()?;
        let layout = Layout::of(self.objective.blocks())?;
        Some(Moments::of_client(head, &layout, self.client, x, &mut self.scratch.work))
    }

    /// A stochastic gradient on one mini-batch, the visit's next.
    pub fn stochastic_gradient(&mut self, x: &[R]) -> Vec<R> {
        let (measure, objective, client) = ((self.width, self.share), self.objective, self.client);
        let (mut batches, work) = batches(self.rule, self.objective, self.client, &mut self.rng, self.scratch);
        gradient_in(measure, objective, (client, batches.next_sample()), x, work)
    }
}

/// One local step, as [`Local::each_step`] hands it out.
pub struct Step<'s, R> {
    /// Number of the step within the visit, from 0.
    pub k: usize,
    /// Step size.
    pub lr: f64,
    /// The client.
    pub client: usize,
    /// Width that the client computes in [bit].
    pub width: Bits,
    /// Factor of the local objective.
    pub share: f64,
    /// The sample; use it again for a second gradient on the same mini-batch.
    pub sample: Sample<'s, R>,
    /// The objective that is minimised.
    pub objective: &'s dyn Objective<R>,
    /// Buffers.
    pub work: &'s mut Workspace<R>,
}

impl<R: Real> Step<'_, R> {
    /// `∇F(x; ξ)` on the step's sample, in a buffer to be [given back](Workspace::give).
    pub fn gradient(&mut self, x: &[R]) -> Vec<R> {
        gradient_in((self.width, self.share), self.objective, (self.client, self.sample), x, self.work)
    }
}

/// `share · ∇F(x; ξ)` as a client of this width computes it, in a buffer of `work`.
///
/// In few bits it is taken at `x` and with activations rounded to them, and passes straight through the rounding.
fn gradient_in<R: Real>(
    (width, share): (Bits, f64),
    objective: &dyn Objective<R>,
    (client, sample): (usize, Sample<'_, R>),
    x: &[R],
    work: &mut Workspace<R>,
) -> Vec<R> {
    let mut gradient = work.take(x.len());
    if width == Bits::FLOAT {
        let _ = objective.gradient(client, x, sample, &mut gradient, work);
    } else {
        let mut rounded = work.take(x.len());
        rounded.copy_from_slice(x);
        round_blocks(width, objective.blocks(), &mut rounded);
        let _ = objective.gradient_in(width.of_activations(), client, &rounded, sample, &mut gradient, work);
        work.give(rounded);
    }
    if share != 1.0 {
        vector::scale(R::of(share), &mut gradient);
    }
    gradient
}

fn batches<'s, R: Real>(
    rule: &LocalRule<R>,
    objective: &dyn Objective<R>,
    client: usize,
    rng: &'s mut Rng,
    scratch: &'s mut Scratch<R>,
) -> (Batches<'s, R>, &'s mut Workspace<R>) {
    let shape = (objective.samples(client), objective.dim());
    let noise = objective.gradient_noise();
    (Batches::new(rule.batch, noise, shape, rng, &mut scratch.order, &mut scratch.draw), &mut scratch.work)
}
