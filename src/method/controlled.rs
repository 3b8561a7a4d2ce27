//! SCAFFOLD with one vector up, and its compressed relatives SCALLION and SCAFCOM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Setup};
use crate::{
    analysis::{Identity, Needs, Slot},
    invalid::{Invalid, require},
    num::{Real, vector},
    problem::Correction,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, weighted_sum},
    },
};

/// The paper of the three methods; the algorithm differs.
const fn huang(place: &'static str) -> Paper {
    Paper {
        key: "huang2024stochastic",
        authors: "Huang, Xinmeng and Li, Ping and Li, Xiaoyun",
        title: "Stochastic Controlled Averaging for Federated Learning with Communication Compression",
        venue: "ICLR",
        year: 2024,
        place,
        link: "https://arxiv.org/abs/2308.08165",
    }
}

/// Needs of methods with control variates, whose clients send mean local gradients.
pub(super) const CONTROLS: Needs = Needs {
    client: Slot::Own("the control variates are mean local gradients, read from how far a client went"),
    memory: Slot::Own("the control variates absorb what messages lose"),
    identity: Identity::Remembered,
    takes_up: Some(1.0),
    ..Needs::NOTHING
};

/// Parameters of SCAFFOLD with one vector up: none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scaffold1 {}

impl Method for Scaffold1 {
    const CARD: Card = Card {
        name: "scaffold-1",
        summary: "SCAFFOLD that sends one vector up in place of two",
        paper: huang("Algorithm 1"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) − c_i + c)\n\
                 \x20        Δ_i = (x − y)/(K lr) − c;   c_i ← c_i + Δ_i;   send Δ_i\n\
                 server:  x ← x − (1/|S|) Σ_{i∈S} K lr (Δ_i + c);   c ← c + (1/N) Σ_{i∈S} Δ_i",
        weights: super::CONTROLLED,
        traffic: "down: x, c [2 d]; up: Δ [d]; stays at the client: c_i [d]",
        differs: "the paper's η_g is `server = [{ scale = … }]`",
    };
}

impl FederatedMethod for Scaffold1 {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(Scallion { alpha: 1.0 })
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::with_zeros(x, 1)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server::OfOne)
    }

    fn needs(&self) -> Needs {
        CONTROLS
    }
}

/// Parameters of SCALLION.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scallion {
    /// Factor of a message before it is compressed, in (0, 1]; below `2/(1 + ω)` for a compressor of variance `ω`. Dithering of few
    /// levels by the Euclidean norm loses more the longer the model is; by the largest magnitude it never goes astray.
    pub alpha: f64,
}

impl Default for Scallion {
    fn default() -> Self {
        Self { alpha: 0.1 }
    }
}

impl Method for Scallion {
    const CARD: Card = Card {
        name: "scallion",
        summary: "SCAFFOLD with unbiased compressed uplinks; still converges to the exact optimum",
        paper: huang("Algorithm 2"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) − c_i + c)\n\
                 \x20        δ_i = C(alpha ((x − y)/(K lr) − c));   c_i ← c_i + δ_i;   send δ_i\n\
                 server:  x ← x − (1/|S|) Σ_{i∈S} K lr (δ_i + c);   c ← c + (1/N) Σ_{i∈S} δ_i        (C is `uplink`)",
        weights: super::CONTROLLED,
        traffic: "down: x, c [2 d]; up: δ [compressed d]; stays at the client: c_i [d]",
        differs: "the paper's η_g is `server = [{ scale = … }]`",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.alpha > 0.0 && self.alpha <= 1.0, "alpha", self.alpha, "a factor in (0, 1]")
    }
}

impl FederatedMethod for Scallion {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::with_zeros(x, 1)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server::OfOne)
    }

    fn needs(&self) -> Needs {
        Needs {
            takes_up: Some(self.alpha),
            biased: Slot::Closed(
                "SCALLION needs an unbiased compressor",
                "choose `natural`, `qsgd = { bits = 4, norm = \"max\" }` or `rand-k`, or the method `scafcom`, which works with biased ones",
            ),
            ..CONTROLS
        }
    }
}

/// Parameters of SCAFCOM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scafcom {
    /// Share of the fresh mean gradient in a client's momentum, in (0, 1].
    pub beta: f64,
}

impl Default for Scafcom {
    fn default() -> Self {
        Self { beta: 0.2 }
    }
}

impl Method for Scafcom {
    const CARD: Card = Card {
        name: "scafcom",
        summary: "SCAFFOLD with biased compressed uplinks, such as top-k, and momentum in the clients",
        paper: huang("Algorithm 3"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) − c_i + c)\n\
                 \x20        v_i ← (1 − beta) v_i + beta ((x − y)/(K lr) + c_i − c);   δ_i = C(v_i − c_i);   c_i ← c_i + δ_i;   send δ_i\n\
                 server:  x ← x − (1/|S|) Σ_{i∈S} K lr (δ_i + c);   c ← c + (1/N) Σ_{i∈S} δ_i        (C is `uplink`)",
        weights: super::CONTROLLED,
        traffic: "down: x, c [2 d]; up: δ [compressed d]; stays at the client: c_i, v_i [2 d]",
        differs: "v_i and c_i start at zero; unbiased compressors are shrunk by 1/(1 + ω), which makes them contractive; \
                  the paper's η_g is `server = [{ scale = … }]`",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.beta > 0.0 && self.beta <= 1.0, "beta", self.beta, "a share in (0, 1]")
    }
}

impl FederatedMethod for Scafcom {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::with_zeros(x, 1)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server::OfOne)
    }

    fn needs(&self) -> Needs {
        Needs {
            takes_up: None,
            one_bit: Slot::Closed(
                "one bit over a range can lose more than it keeps, and what is lost of a message is added to the next",
                "give it two bits or more, or choose `sign`",
            ),
            ..CONTROLS
        }
    }
}

/// A visit of a client with a control variate: where its local steps led, and how the control variate is to change.
pub(super) struct Visited<R> {
    /// The model that the local steps reached, shape `[d]`.
    pub y: Vec<R>,
    /// `c_i⁺ − c_i = (x − y)/(K lr) − c`, shape `[d]`; zero where all step sizes are 0, as if the gradient were the one that the
    /// client remembers.
    pub change: Vec<R>,
}

impl<R: Real> Visited<R> {
    /// Takes the local steps `y ← y − lr (∇F_i(y; ξ) − c_i + c)`.
    pub fn of(x: &[R], c: &[R], c_i: &[R], local: &mut Local<'_, R>) -> Self {
        let mut y = x.to_vec();
        local.descend(&mut y, &Correction { shift: Some(&vector::difference(c, c_i)), ..Correction::NONE });
        let mean = local.mean_direction(&vector::difference(x, &y));
        let change = mean.map_or_else(|| vec![R::zero(); x.len()], |mean| vector::difference(&mean, c));
        Self { y, change }
    }
}

/// Adds what the server receives of the change of a control variate: `c` stays the mean of the `c_i` whatever the uplink loses.
pub(super) fn renew<R: Real>(c_i: &mut [R], received: &[R]) {
    vector::axpy(R::one(), received, c_i);
}

impl<R: Real> ClientUpdate<R> for Scallion {
    fn remembers(&self) -> &'static [&'static str] {
        &["c_i"]
    }

    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x, c] = down.firsts();
        let mut c_i = memory.vector_or_zeros(0, x.len());
        let Visited { mut change, .. } = Visited::of(x, c, &c_i, local);
        vector::scale(R::of(self.alpha), &mut change);
        local.transmit(&mut change);
        renew(&mut c_i, &change);
        Update { up: Payload::one(change), memory: Some(Payload::one(c_i)) }
    }
}

impl<R: Real> ClientUpdate<R> for Scafcom {
    fn remembers(&self) -> &'static [&'static str] {
        &["c_i", "v_i"]
    }

    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x, c] = down.firsts();
        let (mut c_i, mut v_i) = (memory.vector_or_zeros(0, x.len()), memory.vector_or_zeros(1, x.len()));
        let Visited { change: mut mean, .. } = Visited::of(x, c, &c_i, local);
        vector::axpy(R::one(), &c_i, &mut mean);
        vector::blend(R::of(self.beta), &mean, R::of(1.0 - self.beta), &mut v_i);
        let mut change = vector::difference(&v_i, &c_i);
        local.transmit_contracted(&mut change);
        renew(&mut c_i, &change);
        Update { up: Payload::one(change), memory: Some(Payload::of([c_i, v_i])) }
    }
}

/// The server of SCAFFOLD and its relatives. Clients are sent `x` and `c`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Server {
    /// Clients send `x − y` and the change of `c_i`.
    OfTwo,
    /// Clients send the change `Δ_i` of `c_i` alone: `x − y = K lr (Δ_i + c)`.
    OfOne,
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let (update, last) = match self {
            Self::OfTwo => (ctx.aggregate(batch, 0), 1),
            Self::OfOne => (sum_of_steps(batch, &ctx.coefficients(batch)), 0),
        };
        let change = weighted_sum(batch, last, &ctx.weights(batch));
        ctx.step(&mut model.vectors[0], update);
        vector::axpy(R::one(), &change, &mut model.vectors[1]);
    }

    fn sent(&self) -> &'static [&'static str] {
        &["c"]
    }
}

/// `Σ coefficient_i K lr (Δ_i + c)` with the `c` that each client had been sent.
fn sum_of_steps<R: Real>(batch: &[Arrived<R>], coefficients: &[f64]) -> Vec<R> {
    let steps: Vec<f64> = batch.iter().zip(coefficients).map(|(up, coefficient)| coefficient * up.total_lr).collect();
    let mut update = weighted_sum(batch, 0, &steps);
    for (up, &step) in batch.iter().zip(&steps) {
        vector::axpy(R::of(step), &up.down.vectors[1], &mut update);
    }
    update
}
