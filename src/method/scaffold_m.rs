//! SCAFFOLD-M: control variates and the server's momentum in every local step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Setup,
    controlled::{CONTROLS, renew},
    momentum::{cheng, combine, scaled, server_step, validate},
};
use crate::{
    analysis::{Needs, Slot},
    invalid::Invalid,
    num::{Real, vector},
    problem::Correction,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, weighted_sum},
    },
};

/// Parameters of SCAFFOLD-M.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScaffoldM {
    /// Share of the fresh corrected gradient in a local step; the rest is the server's momentum. 1 is SCAFFOLD.
    pub beta: f64,
    /// Server step `gamma` along the momentum; FedAvg's, `K lr`, when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
}

impl Default for ScaffoldM {
    fn default() -> Self {
        Self { beta: 0.1, gamma: None }
    }
}

impl Method for ScaffoldM {
    const CARD: Card = Card {
        name: "scaffold-m",
        summary: "SCAFFOLD-M (client momentum): SCAFFOLD with the server's momentum in every local step; exact with any cohort",
        paper: cheng("Algorithm 3"),
        update: "client:  y ← x;  K times  y ← y − lr (beta (∇F_i(y; ξ) − c_i + c) + (1 − beta) g)\n\
                 \x20        c_i⁺ = (1/K) Σ ∇F_i(y; ξ);   send Δ_i = c_i⁺ − c_i\n\
                 server:  g ← (1/|S|) Σ_{i∈S} (beta (Δ_i + c) + (1 − beta) g);   c ← c + (1/N) Σ_{i∈S} Δ_i;   x ← x − gamma g",
        weights: "with weights p_i: g ← Σ_{i∈S} (N p_i/|S|) beta (Δ_i + c) + (1 − beta) g and c ← c + Σ_{i∈S} p_i Δ_i, so that c = Σ p_i c_i and \
                  E g = beta ∇f + (1 − beta) g for any c_i; at x* g = c = 0 and c_i = ∇f_i(x*), under any `weighting`",
        traffic: "down: x, g, c [3 d]; up: Δ [d]; stays at the client: c_i [d]",
        differs: "one vector goes up in place of two: the server computes the mean of x − y from it exactly; c_i, c and g start at zero; \
                  where clients take different numbers of steps, x moves by the mean of K lr along the mean direction; \
                  where step sizes change within a visit, c_i⁺ is the mean of the gradients weighted by them",
    };

    fn validate(&self) -> Result<(), Invalid> {
        validate(self.beta, self.gamma)
    }
}

impl FederatedMethod for ScaffoldM {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::with_zeros(x, 2)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { beta: self.beta, gamma: self.gamma })
    }

    fn needs(&self) -> Needs {
        Needs {
            client: Slot::Own("momentum and control variates are mean local gradients, read from how far a client went"),
            ..CONTROLS
        }
    }
}

impl<R: Real> ClientUpdate<R> for ScaffoldM {
    fn remembers(&self) -> &'static [&'static str] {
        &["c_i"]
    }

    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x, g, c] = down.firsts();
        let mut c_i = memory.vector_or_zeros(0, x.len());
        let shift = combine(self.beta, &vector::difference(c, &c_i), 1.0 - self.beta, g);
        let mut y = x.to_vec();
        local.descend(&mut y, &Correction { scale: self.beta, shift: Some(&shift), pull: None });
        let mut change = match local.mean_direction(&vector::difference(x, &y)) {
            Some(mean) => vector::difference(&combine(1.0 / self.beta, &mean, 1.0 - 1.0 / self.beta, g), c),
            None => vec![R::zero(); x.len()],
        };
        local.transmit(&mut change);
        renew(&mut c_i, &change);
        Update { up: Payload::one(change), memory: Some(Payload::one(c_i)) }
    }
}

/// Clients are sent `x`, `g` and `c`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    beta: f64,
    gamma: Option<f64>,
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let coefficients = ctx.coefficients(batch);
        let mut next = weighted_sum(batch, 0, &coefficients);
        vector::scale(R::of(self.beta), &mut next);
        let returns = ctx.coefficients_of_returns(batch);
        for ((up, &coefficient), returned) in batch.iter().zip(&coefficients).zip(returns) {
            let [_, g, c] = up.down.firsts();
            vector::axpy(R::of(coefficient * self.beta), c, &mut next);
            vector::axpy(R::of(returned * (1.0 - self.beta)), g, &mut next);
        }
        let change = weighted_sum(batch, 0, &ctx.weights(batch));
        let update = scaled(server_step(self.gamma, batch, &coefficients), &next);
        ctx.step(&mut model.vectors[0], update);
        model.vectors[1] = next;
        vector::axpy(R::one(), &change, &mut model.vectors[2]);
    }

    fn sent(&self) -> &'static [&'static str] {
        &["g", "c"]
    }
}
