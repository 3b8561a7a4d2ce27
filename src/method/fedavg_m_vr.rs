//! FedAvg-M-VR: FedAvg-M with recursive variance reduction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Setup,
    momentum::{
        Coefficients, RECURSION, Start, advance, answers, cheng, descend_recursively, gradient_at, gradients, previous, scaled,
        validate,
    },
};
use crate::{
    analysis::Needs,
    invalid::Invalid,
    num::Real,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, Workload, weighted_sum},
    },
};

/// Parameters of FedAvg-M-VR.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedAvgMVr {
    /// The correction by the server's momentum has the weight `1 − beta`; 1 is FedAvg.
    pub beta: f64,
    /// Server step `gamma` along the momentum; FedAvg's, `K lr`, when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// What the momentum is at first.
    pub start: Start,
}

impl Default for FedAvgMVr {
    fn default() -> Self {
        Self { beta: 0.1, gamma: None, start: Start::Gradient }
    }
}

impl Method for FedAvgMVr {
    const CARD: Card = Card {
        name: "fedavg-m-vr",
        summary: "FedAvg-M with recursive variance reduction: two gradients a step on one sample",
        paper: cheng("Algorithm 2"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) + (1 − beta) (g − ∇F_i(x_prev; ξ)));  send D_i = x − y\n\
                 server:  g ← (1/|S|) Σ_{i∈S} D_i / (K lr);   x_prev ← x;   x ← x − gamma g",
        weights: "with weights p_i: gradients count by N p_i/|S| (`sampling`), and what the D_i hold of g counts once",
        traffic: "down: x, g [2 d] and the last gamma, with which x_prev = x + gamma g; up: D [d]; nothing stays at the client",
        differs: "the first round collects g, the mean of K stochastic gradients at the initial model, and does not move it; \
                  where clients take unlike numbers of steps, x moves by the mean of K lr along the mean direction",
    };

    fn validate(&self) -> Result<(), Invalid> {
        validate(self.beta, self.gamma)
    }
}

impl FederatedMethod for FedAvgMVr {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(Client { beta: self.beta })
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        match self.start {
            Start::Zero => Payload::with_zeros(x, 1),
            Start::Gradient => Payload::one(x),
        }
        .with_scalar(0.0)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { beta: self.beta, gamma: self.gamma, waited: 0 })
    }

    fn needs(&self) -> Needs {
        Needs { memory: self.start.memory(), ..RECURSION }
    }
}

#[derive(Debug, Clone, Copy)]
struct Client {
    beta: f64,
}

impl<R: Real> ClientUpdate<R> for Client {
    fn gradients(&self, down: &Payload<R>, work: Workload) -> usize {
        gradients(down, work)
    }

    fn update(&self, down: &Payload<R>, _: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        if down.vectors.len() == 1 {
            return Update::stateless(Payload::one(gradient_at(&down.vectors[0], local)));
        }
        let [x, g] = down.firsts();
        let previous = previous(x, down.scalars[0], g);
        let mut y = x.to_vec();
        let _ = descend_recursively(&mut y, (self.beta, &previous), &scaled(1.0 - self.beta, g), local);
        Update::stateless(Payload::one(local.model_change(x, y)))
    }
}

/// Clients are sent `x`, then `g` once it is known, and the last server step.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    beta: f64,
    gamma: Option<f64>,
    /// Rounds that collected first gradients and did not move `x`.
    waited: u64,
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let known = model.vectors.len();
        self.waited += u64::from(known == 1);
        let batch = answers(batch, known);
        if batch.is_empty() {
            return;
        }
        let coefficients = Coefficients::of(&batch, ctx);
        if known == 1 {
            return model.vectors.push(weighted_sum(&batch, 0, &coefficients.gradients));
        }
        advance(model, (self.beta, self.gamma), &batch, &coefficients);
    }

    fn waited(&self) -> u64 {
        self.waited
    }

    fn sent(&self) -> &'static [&'static str] {
        &["g"]
    }
}
