//! FedAvg-M-VR: FedAvg-M with recursive variance reduction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Setup,
    momentum::{RECURSION, Recursive, Start, cheng, descend_recursively, gradient_at, gradients, previous, scaled, validate},
};
use crate::{
    analysis::Needs,
    invalid::Invalid,
    num::Real,
    protocol::{
        Local, Payload,
        federated::{ClientUpdate, ServerUpdate, Update, Workload},
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
    /// The initial momentum.
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
        summary: "FedAvg-M (client momentum) with recursive variance reduction: two gradients a step on one sample",
        paper: cheng("Algorithm 2"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) + (1 − beta) (g − ∇F_i(x_prev; ξ)));  send D_i = x − y\n\
                 server:  g ← (1/|S|) Σ_{i∈S} D_i / (K lr);   x_prev ← x;   x ← x − gamma g",
        weights: "with weights p_i: gradients count by N p_i/|S| (`sampling`), and the share of g in the D_i counts once",
        traffic: "down: x, g [2 d] and the last gamma, with which x_prev = x + gamma g; up: D [d]; nothing stays at the client",
        differs: "the first round collects g, the mean of K stochastic gradients at the initial model, and does not move it; \
                  where clients take different numbers of steps, x moves by the mean of K lr along the mean direction",
    };

    fn validate(&self) -> Result<(), Invalid> {
        validate(self.beta, self.gamma)
    }
}

impl FederatedMethod for FedAvgMVr {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        self.start.model(x, 1)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Recursive::new(self.beta, self.gamma, false))
    }

    fn needs(&self) -> Needs {
        Needs { memory: self.start.memory(), ..RECURSION }
    }
}

impl<R: Real> ClientUpdate<R> for FedAvgMVr {
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
