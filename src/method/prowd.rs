//! ProWD: the server restores the models of narrow clients and averages the coordinates that agree with the wide ones.

mod block;
mod dequantiser;
mod selection;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Setup};
use crate::{
    analysis::{Needs, Slot},
    fleet::{FULL_WIDTH, Widths},
    invalid::{Invalid, require},
    num::{Real, vector},
    part::transform::{AdamWSpec, Chain, TransformSpec},
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate},
    },
};

use dequantiser::{Dequantiser, Lesson};

/// Most training steps of a block: nothing else happens while the server takes them.
const MOST_STEPS: usize = 100_000;

/// Parameters of ProWD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ProWd {
    /// Whether the models of narrow clients pass through the dequantiser; otherwise they count as they arrive.
    pub dequantise: bool,
    /// Whether only those coordinates of narrow clients count that agree with the wide ones; otherwise all do.
    pub select: bool,
    /// Training steps of each block of the dequantiser, every time the server acts.
    pub steps: usize,
    /// Step size of the dequantiser's optimiser, Adam.
    pub lr: f64,
}

impl Default for ProWd {
    fn default() -> Self {
        Self { dequantise: true, select: true, steps: 200, lr: 1e-3 }
    }
}

/// The paper of the dequantiser and of the averages by bit-width that it is compared with.
pub(super) const fn yoon(place: &'static str) -> Paper {
    Paper {
        key: "yoon2022bitwidth",
        authors: "Yoon, Jaehong and Park, Geon and Jeong, Wonyong and Hwang, Sung Ju",
        title: "Bitwidth Heterogeneous Federated Learning with Progressive Weight Dequantization",
        venue: "ICML",
        year: 2022,
        place,
        link: "https://arxiv.org/abs/2202.11453",
    }
}

impl Method for ProWd {
    const CARD: Card = Card {
        name: "prowd",
        summary: "FedAvg for heterogeneous bit-widths: narrow models are dequantised and averaged where they agree with wide ones",
        paper: yoon("Section 4"),
        update: "client of width b:  y ← Q_b(x);  K times  y ← y − lr ∇F_i(Q_b(y); ξ);  send Q_b(y)\n\
                 server:  φ_1, φ_2 ← Adam on Σ_t ‖φ_t(Q_{b_{t−1}}(w_h)) − Q_{b_t}(w_h)‖² over the widest clients h\n\
                 \x20        ŵ_l = φ_2(φ_1(w_l));   m_l = argmax_m cos(m ⊙ (ŵ_l − x), mean_h (w_h − x))  for the narrower clients l\n\
                 \x20        x_j ← (Σ_h w_hj + Σ_l m_lj ŵ_lj) / (#h + Σ_l m_lj)",
        weights: "with weights p_i: means are weighted by the p_i of the participants",
        traffic: "down: x [d]; up: w [d], each in the client's width; nothing stays at the client",
        differs: "a scaled-down variant of ours, since the paper's code is not public: φ_t are residual blocks of one hidden layer of 32 \
                  tanh units on chunks of 64 weights in steps of their grid, b → 12 → 32 bits, shared by all layers, the identity at \
                  first, trained on 64 chunks a step; the loss is that on weights alone, without distillation on a buffer; the mask is \
                  the exact maximiser (a threshold on the ratio of the updates) in place of learnt scores; the wide clients are those of \
                  the fleet's greatest width, and where none of them took part the narrow ones count whole; clients round weights and \
                  hidden activations (max(b, 8) bits), not errors and gradients; Q_b has one step a layer, from 3 bits on the one that \
                  fits it best by least squares and not max|w|/(2^{b−1} − 1), two bits are ternary",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require((1..=MOST_STEPS).contains(&self.steps), "steps", self.steps, "from 1 to 100000 steps")?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl FederatedMethod for ProWd {
    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let mut narrow = setup.widths.ascending();
        let widest = narrow.pop().unwrap_or(FULL_WIDTH);
        Box::new(Server { spec: self.clone(), widths: setup.widths.clone(), narrow, widest, dequantiser: None })
    }

    fn needs(&self) -> Needs {
        Needs {
            uplink: Slot::Own("`prowd` restores models that arrive in the client's width"),
            message_width: Slot::Closed(
                "`prowd` restores models that clients store in few bits, but here they send changes",
                "remove `bit-width`, or choose \"all\"",
            ),
            ..Needs::WIDTHS
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    spec: ProWd,
    widths: Widths,
    /// Widths below the widest, in ascending order.
    narrow: Vec<u32>,
    widest: u32,
    /// `φ`, once it has been needed.
    dequantiser: Option<Dequantiser<R>>,
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let (narrow, wide): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&k| self.widths.of(batch[k].from) < self.widest);
        let update = if narrow.is_empty() { ctx.aggregate(batch, 0) } else { self.mix(batch, &narrow, &wide, ctx) };
        ctx.step(&mut model.vectors[0], update);
    }
}

impl<R: Real> Server<R> {
    /// The mean of the `wide` updates of a batch and of those coordinates of the `narrow` ones that count.
    fn mix(&mut self, batch: &[Arrived<R>], narrow: &[usize], wide: &[usize], ctx: &Apply<'_, R>) -> Vec<R> {
        let coefficients = ctx.coefficients(batch);
        let restored = self.restored(batch, narrow, wide, ctx);
        let mut sum = vec![R::zero(); batch[0].up.vectors[0].len()];
        for &k in wide {
            vector::axpy(R::of(coefficients[k]), &batch[k].up.vectors[0], &mut sum);
        }
        let weight: f64 = wide.iter().map(|&k| coefficients[k]).sum();
        let (reference, mut weights) = (sum.clone(), vec![weight; sum.len()]);
        for (update, &k) in restored.iter().zip(narrow) {
            let selects = self.spec.select && !wide.is_empty();
            let mask = if selects { selection::agreeing(update, &reference) } else { vec![true; update.len()] };
            for (j, _) in mask.iter().enumerate().filter(|(_, counts)| **counts) {
                sum[j] += R::of(coefficients[k]) * update[j];
                weights[j] += coefficients[k];
            }
        }
        let total: f64 = coefficients.iter().sum();
        sum.iter_mut().zip(&weights).filter(|(_, weight)| **weight > 0.0).for_each(|(sum, weight)| *sum *= R::of(total / weight));
        sum
    }

    /// The updates of the narrow clients from their restored models, in the order of `narrow`.
    fn restored(&mut self, batch: &[Arrived<R>], narrow: &[usize], wide: &[usize], ctx: &Apply<'_, R>) -> Vec<Vec<R>> {
        if !self.spec.dequantise {
            return narrow.iter().map(|&k| batch[k].up.vectors[0].clone()).collect();
        }
        let mut rng = ctx.rng();
        let mut dequantiser = self.dequantiser.take().unwrap_or_else(|| Dequantiser::new(&mut rng));
        let models: Vec<Vec<R>> = wide.iter().map(|&k| model(&batch[k])).collect();
        let optimiser = self.optimiser();
        let lesson = Lesson {
            narrow: &self.narrow,
            widest: self.widest,
            models: &models,
            layers: ctx.blocks(),
            steps: self.spec.steps,
            optimiser: &optimiser,
        };
        dequantiser.learn(&lesson, &mut rng);
        let restored = |&k: &usize| {
            let mut model = model(&batch[k]);
            dequantiser.restore(self.widths.of(batch[k].from), self.widest, ctx.blocks(), &mut model);
            vector::difference(&batch[k].down.vectors[0], &model)
        };
        let updates = narrow.iter().map(restored).collect();
        self.dequantiser = Some(dequantiser);
        updates
    }

    fn optimiser(&self) -> Chain<R> {
        let adam = AdamWSpec { weight_decay: 0.0, ..AdamWSpec::default() };
        Chain::build(&[TransformSpec::Adamw(adam), TransformSpec::Scale(self.spec.lr)])
    }
}

/// The model that a client sent, shape `[d]`.
fn model<R: Real>(up: &Arrived<R>) -> Vec<R> {
    vector::difference(&up.down.vectors[0], &up.up.vectors[0])
}
