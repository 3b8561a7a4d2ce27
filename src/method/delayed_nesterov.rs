//! Asynchronous Local-SGD with delayed Nesterov momentum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Recipe, Setup};
use crate::{
    analysis::{Needs, Slot},
    invalid::{Invalid, require},
    num::{Real, vector},
    part::{
        transform::{AdamWSpec, TransformSpec},
        weighting::Weighting,
    },
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate, StateVector},
        schedule::{GraceSpec, ScheduleSpec},
        spec::ClientSpec,
    },
};

/// Parameters of delayed Nesterov.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DelayedNesterov {
    /// Outer step size `ε`.
    pub lr: f64,
    /// Outer momentum [1].
    pub beta: f64,
    /// Arrivals between renewals of the momentum; 1 is plain Nesterov at every arrival.
    pub delay: usize,
    /// Share of the momentum that each arrival applies, from 0 (all of it at the renewals) to `1 / delay` (evenly).
    pub activation: f64,
    /// Strength of the delay compensation `g + compensation · g ⊙ g ⊙ (x − x_received)`; 0 for none.
    pub compensation: f64,
    /// The clients' optimiser; plain SGD when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<AdamWSpec>,
}

impl Default for DelayedNesterov {
    fn default() -> Self {
        Self { lr: 0.7, beta: 0.9, delay: 4, activation: 0.0, compensation: 0.0, inner: None }
    }
}

impl Method for DelayedNesterov {
    const CARD: Card = Card {
        name: "delayed-nesterov",
        summary: "asynchronous local SGD whose outer momentum is renewed only every few arrivals",
        paper: Paper {
            key: "liu2024asynchronous",
            authors: "Liu, Bo and Chhaparia, Rachita and Douillard, Arthur and Kale, Satyen and Rusu, Andrei A. and Shen, Jiajun and Szlam, Arthur and Ranzato, Marc'Aurelio",
            title: "Asynchronous Local-SGD Training for Language Modeling",
            venue: "arXiv",
            year: 2024,
            place: "Algorithm 3",
            link: "https://arxiv.org/abs/2401.09135",
        },
        update: "client:  H local steps from the model it was sent;  sends g = x_received − y\n\
                 server:  on arrival t:  g ← g + compensation · g ⊙ g ⊙ (x − x_received);   a ← a + g\n\
                 \x20        if (t + 1) mod B = 0:  m ← beta m + a/B;   x ← x − lr ((1 − c B + c) beta m + g/B);   a ← 0\n\
                 \x20        else:                  x ← x − lr (c beta m + g/B)          (B = `delay`, c = `activation`)",
        weights: "with weights p_i: g ← N p_i g on arrival (`sum-weighted`), on average the g of Σ p_i f_i where clients come equally often",
        traffic: "down: x [d]; up: g [d]; stays at the server: m, a [2 d]",
        differs: "every worker keeps its data unless `shards = \"least-visited\"`; a grace period ends after its length or when \
                  all clients are in, not with the last arrival inside it",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")?;
        require((0.0..1.0).contains(&self.beta), "beta", self.beta, "a number in [0, 1)")?;
        require(self.delay >= 1, "delay", self.delay, "at least 1 arrival")?;
        let most = 1.0 / self.delay.max(1) as f64;
        require((0.0..=most).contains(&self.activation), "activation", self.activation, "a share from 0 to 1 / delay")?;
        let strength = self.compensation;
        require(strength >= 0.0 && strength.is_finite(), "compensation", strength, "a number of at least 0")?;
        self.inner.map_or(Ok(()), |inner| inner.validate()).map_err(|invalid| invalid.under("inner"))
    }
}

impl FederatedMethod for DelayedNesterov {
    fn recipe(&self) -> Recipe {
        Recipe {
            schedule: Some(ScheduleSpec::Grace(GraceSpec::default())),
            weighting: Weighting::Sum,
            client: ClientSpec { optimiser: self.inner.map(TransformSpec::Adamw).into_iter().collect(), keep_state: false },
            ..Recipe::default()
        }
    }

    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let Self { lr, beta, delay, activation, compensation, .. } = *self;
        let (m, sum) = (setup.zeros(), setup.zeros());
        Box::new(Server { lr, beta, delay, activation, compensation, m, sum, count: 0 })
    }

    fn needs(&self) -> Needs {
        let inner = Slot::Closed("a client optimiser would take the place of `inner`", "remove one of the two");
        Needs {
            server: Slot::Own("delayed Nesterov is the server's optimiser"),
            client: if self.inner.is_some() { inner } else { Slot::Open },
            ..Needs::NOTHING
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    lr: f64,
    beta: f64,
    delay: usize,
    activation: f64,
    compensation: f64,
    m: Vec<R>,
    /// Pseudo-gradients since the momentum was renewed.
    sum: Vec<R>,
    /// How many they are.
    count: usize,
}

impl<R: Real> Server<R> {
    /// `g + compensation · g ⊙ g ⊙ (x − x_received)`, times the arrival's weight.
    fn pseudo_gradient(&self, x: &[R], up: &Arrived<R>, weight: f64) -> Vec<R> {
        let mut g = up.up.vectors[0].clone();
        if self.compensation > 0.0 {
            let strength = R::of(self.compensation);
            for ((g, &now), &then) in g.iter_mut().zip(x).zip(&up.down.vectors[0]) {
                *g += strength * *g * *g * (now - then);
            }
        }
        vector::scale(R::of(weight), &mut g);
        g
    }
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let Self { lr, beta, delay, activation, .. } = *self;
        let block = delay as f64;
        let weights = if batch.is_empty() { Vec::new() } else { ctx.coefficients(batch) };
        for (up, weight) in batch.iter().zip(weights) {
            let g = self.pseudo_gradient(&model.vectors[0], up, weight);
            vector::axpy(R::one(), &g, &mut self.sum);
            self.count += 1;
            let mut share = activation;
            if self.count == delay {
                vector::blend(R::of(1.0 / block), &self.sum, R::of(beta), &mut self.m);
                self.sum.fill(R::zero());
                self.count = 0;
                share = 1.0 - activation * block + activation;
            }
            let mut update = g;
            vector::blend(R::of(lr * share * beta), &self.m, R::of(lr / block), &mut update);
            ctx.step(&mut model.vectors[0], update);
        }
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        vec![StateVector::own("m", &self.m), StateVector::own("a", &self.sum)]
    }
}
