//! SCAFFOLD-M-VR: SCAFFOLD-M with recursive variance reduction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Setup,
    controlled::{CONTROLS, renew},
    momentum::{RECURSION, Recursive, Start, cheng, combine, descend_recursively, gradient_at, gradients, previous, validate},
};
use crate::{
    analysis::Needs,
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Local, Payload,
        federated::{ClientUpdate, ServerUpdate, Update, Workload},
    },
};

/// Parameters of SCAFFOLD-M-VR.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScaffoldMVr {
    /// Weight of the control variates; the correction by the server's momentum has the weight `1 − beta`. 1 is SCAFFOLD.
    pub beta: f64,
    /// Server step `gamma` along the momentum; FedAvg's, `K lr`, when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// The initial momentum and control variates.
    pub start: Start,
}

impl Default for ScaffoldMVr {
    fn default() -> Self {
        Self { beta: 0.1, gamma: None, start: Start::Gradient }
    }
}

impl Method for ScaffoldMVr {
    const CARD: Card = Card {
        name: "scaffold-m-vr",
        summary: "SCAFFOLD-M (client momentum) with recursive variance reduction: two gradients a step on one sample",
        paper: cheng("Algorithm 4"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) − beta (c_i − c) + (1 − beta) (g − ∇F_i(x_prev; ξ)))\n\
                 \x20        c_i⁺ = (1/K) Σ ∇F_i(y; ξ);   send x − y and c_i⁺ − c_i\n\
                 server:  g ← (1/|S|) Σ_{i∈S} (x − y_i) / (K lr);   c ← c + (1/N) Σ_{i∈S} (c_i⁺ − c_i);   x_prev ← x;   x ← x − gamma g",
        weights: "with weights p_i: g ← the gradients of S by N p_i/|S|, with their share of the old g counted once; \
                  c ← c + Σ_{i∈S} p_i (c_i⁺ − c_i), so that c = Σ p_i c_i; at x* g = c = 0, under any `weighting`",
        traffic: "down: x, g, c [3 d] and the last gamma, with which x_prev = x + gamma g; up: x − y, c_i⁺ − c_i [2 d]; \
                  stays at the client: c_i [d]",
        differs: "the first round collects g and the c_i of its cohort, means of K stochastic gradients at the initial model, and does \
                  not move it; all other c_i start at zero; where clients take different numbers of steps, x moves by the mean of K lr along the \
                  mean direction; c_i⁺ is the plain mean also where step sizes change within a visit",
    };

    fn validate(&self) -> Result<(), Invalid> {
        validate(self.beta, self.gamma)
    }
}

impl FederatedMethod for ScaffoldMVr {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        self.start.model(x, 2)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Recursive::new(self.beta, self.gamma, true))
    }

    fn needs(&self) -> Needs {
        Needs { client: RECURSION.client, server: RECURSION.server, overlap: self.start.overlap(), ..CONTROLS }
    }
}

impl<R: Real> ClientUpdate<R> for ScaffoldMVr {
    fn remembers(&self) -> &'static [&'static str] {
        &["c_i"]
    }

    fn gradients(&self, down: &Payload<R>, work: Workload) -> usize {
        gradients(down, work)
    }

    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        if down.vectors.len() == 1 {
            let mut gradient = gradient_at(&down.vectors[0], local);
            local.transmit(&mut gradient);
            return Update { up: Payload::one(gradient.clone()), memory: Some(Payload::one(gradient)) };
        }
        let [x, g, c] = down.firsts();
        let mut c_i = memory.vector_or_zeros(0, x.len());
        let shift = combine(self.beta, &vector::difference(c, &c_i), 1.0 - self.beta, g);
        let previous = previous(x, down.scalars[0], g);
        let mut y = x.to_vec();
        let mean = descend_recursively(&mut y, (self.beta, &previous), &shift, local);
        let mut change = vector::difference(&mean, &c_i);
        let delta = local.transmit_change(x, &y);
        local.transmit(&mut change);
        renew(&mut c_i, &change);
        Update { up: Payload::of([delta, change]), memory: Some(Payload::one(c_i)) }
    }
}
