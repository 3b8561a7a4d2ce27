//! SCAFFOLD-M-VR: SCAFFOLD-M with recursive variance reduction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Setup,
    controlled::CONTROLS,
    momentum::{
        Coefficients, RECURSION, Start, advance, answers, cheng, combine, descend_recursively, gradient_at, gradients, previous,
        validate,
    },
};
use crate::{
    analysis::Needs,
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, Workload, weighted_sum},
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
    /// What the momentum and the control variates are at first.
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
        summary: "SCAFFOLD-M with recursive variance reduction: two gradients a step on one sample",
        paper: cheng("Algorithm 4"),
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) − beta (c_i − c) + (1 − beta) (g − ∇F_i(x_prev; ξ)))\n\
                 \x20        c_i⁺ = (1/K) Σ ∇F_i(y; ξ);   send x − y and c_i⁺ − c_i\n\
                 server:  g ← (1/|S|) Σ_{i∈S} (x − y_i) / (K lr);   c ← c + (1/N) Σ_{i∈S} (c_i⁺ − c_i);   x_prev ← x;   x ← x − gamma g",
        weights: "with weights p_i: g ← the gradients of S by N p_i/|S|, with what they hold of g and is not theirs counted once; \
                  c ← c + Σ_{i∈S} p_i (c_i⁺ − c_i), so that c = Σ p_i c_i; at x* g = c = 0, whatever `weighting` says",
        traffic: "down: x, g, c [3 d] and the last gamma, with which x_prev = x + gamma g; up: x − y, c_i⁺ − c_i [2 d]; \
                  stays at the client: c_i [d]",
        differs: "the first round collects g and the c_i of its cohort, means of K stochastic gradients at the initial model, and does \
                  not move it; all other c_i start at zero; where clients take unlike numbers of steps, x moves by the mean of K lr along the \
                  mean direction; c_i⁺ is the plain mean also where step sizes change within a visit",
    };

    fn validate(&self) -> Result<(), Invalid> {
        validate(self.beta, self.gamma)
    }
}

impl FederatedMethod for ScaffoldMVr {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(Client { beta: self.beta })
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        match self.start {
            Start::Zero => Payload::with_zeros(x, 2),
            Start::Gradient => Payload::one(x),
        }
        .with_scalar(0.0)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { beta: self.beta, gamma: self.gamma, waited: 0 })
    }

    fn needs(&self) -> Needs {
        Needs { client: RECURSION.client, server: RECURSION.server, overlap: self.start.overlap(), ..CONTROLS }
    }
}

#[derive(Debug, Clone, Copy)]
struct Client {
    beta: f64,
}

impl<R: Real> ClientUpdate<R> for Client {
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
        let mut c_i = memory.vectors.first().cloned().unwrap_or_else(|| vec![R::zero(); x.len()]);
        let shift = combine(self.beta, &vector::difference(c, &c_i), 1.0 - self.beta, g);
        let previous = previous(x, down.scalars[0], g);
        let mut y = x.to_vec();
        let mean = descend_recursively(&mut y, (self.beta, &previous), &shift, local);
        let mut change = vector::difference(&mean, &c_i);
        let delta = local.transmit_change(x, &y);
        local.transmit(&mut change);
        vector::axpy(R::one(), &change, &mut c_i);
        Update { up: Payload::of([delta, change]), memory: Some(Payload::one(c_i)) }
    }
}

/// Clients are sent `x`, then `g` and `c` once they are known, and the last server step.
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
        let weights = ctx.weights(&batch);
        if known == 1 {
            model.vectors.push(weighted_sum(&batch, 0, &coefficients.gradients));
            return model.vectors.push(weighted_sum(&batch, 0, &weights));
        }
        advance(model, (self.beta, self.gamma), &batch, &coefficients);
        vector::axpy(R::one(), &weighted_sum(&batch, 1, &weights), &mut model.vectors[2]);
    }

    fn waited(&self) -> u64 {
        self.waited
    }

    fn sent(&self) -> &'static [&'static str] {
        &["g", "c"]
    }
}
