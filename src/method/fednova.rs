//! FedNova: updates are normalised by the steps behind them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, LocalSgd, Method, Paper, Setup};
use crate::{
    analysis::{Combination, Needs, Slot},
    invalid::{Invalid, require},
    num::Real,
    part::transform::TransformSpec,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, weighted_sum},
        spec::ClientSpec,
    },
};

/// Parameters of FedNova.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedNova {
    /// Strength of a proximal pull in the local steps; 0 for plain SGD.
    pub mu: f64,
}

impl Method for FedNova {
    const CARD: Card = Card {
        name: "fednova",
        summary: "averages updates per local step, so that clients that step more do not pull harder",
        paper: Paper {
            key: "wang2020tackling",
            authors: "Wang, Jianyu and Liu, Qinghua and Liang, Hao and Joshi, Gauri and Poor, H. Vincent",
            title: "Tackling the Objective Inconsistency Problem in Heterogeneous Federated Optimization",
            venue: "NeurIPS",
            year: 2020,
            place: "Section 4, equation (7)",
            link: "https://arxiv.org/abs/2007.07481",
        },
        update: "client:  local SGD as FedAvg;  send Δ_i = x − y and a_i = ‖a_i‖₁  (K_i for plain SGD, more with momentum, less with mu,\n\
                 \x20        Σ_k lr_k / lr where step sizes change within a visit)\n\
                 server:  τ = Σ_{i∈S} p_i a_i;   x ← x − τ Σ_{i∈S} p_i Δ_i / a_i",
        weights: "with weights p_i: τ as above, and the directions count by N p_i/|S|:  x ← x − τ Σ_{i∈S} (N p_i/|S|) Δ_i / a_i, on average \
                  along Σ p_i Δ_i / a_i where cohorts are drawn uniformly; by 1/|S| where they are drawn by weights",
        traffic: "down: x [d]; up: Δ [d] and a scalar; nothing stays at the client",
        differs: "with partial participation τ takes the p_i renormalised over the participants; staleness weights act on \
                  the Δ_i and not on τ; the rest of a buffer of K at the end of an epoch counts by its share of K, and an \
                  update that comes alone, in a window or in a round that others have missed, is not normalised",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.mu >= 0.0 && self.mu.is_finite(), "mu", self.mu, "a number of at least 0")
    }
}

impl FederatedMethod for FedNova {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(self.clone())
    }

    fn needs(&self) -> Needs {
        Needs {
            weighting: Slot::Own("FedNova weights by the objective's p_i per local step"),
            single: Slot::Own("FedNova normalises the updates of a batch against each other"),
            ..Needs::NOTHING
        }
    }

    fn refuses(&self, of: &Combination<'_>) -> Option<Invalid> {
        let reason = "FedNova normalises plain SGD, SGD with a momentum that starts afresh, or SGD with the pull `mu`";
        let remedy = "let `client` be `{ optimiser = [{ momentum = { beta = … } }] }` with `mu = 0`, or remove it";
        let known = of.written.client.as_ref().is_none_or(|client| self.normalises(client));
        (!known).then(|| Invalid::at("client", reason).help(remedy))
    }
}

impl FedNova {
    /// Whether the length of the clients' steps is known.
    fn normalises(&self, client: &ClientSpec) -> bool {
        match client.optimiser[..] {
            [] => true,
            [TransformSpec::Momentum(_)] => self.mu == 0.0 && !client.keep_state,
            _ => false,
        }
    }
}

impl<R: Real> ClientUpdate<R> for FedNova {
    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let normaliser = local.reach(self.mu);
        let Update { up, memory } = LocalSgd { mu: self.mu }.update(down, memory, local);
        Update { up: up.with_scalar(normaliser), memory }
    }
}

impl<R: Real> ServerUpdate<R> for FedNova {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let total: f64 = batch.iter().map(|up| ctx.weight(up.from)).sum();
        if total == 0.0 {
            return;
        }
        let p: Vec<f64> = batch.iter().map(|up| ctx.weight(up.from) / total).collect();
        let tau: f64 = batch.iter().zip(&p).map(|(up, p)| p * up.up.scalars[0]).sum();
        // The rest of a buffer at the end of an epoch is a part of a step.
        let part = batch.len() as f64 / ctx.batch_size(batch) as f64;
        // From the weights among those who came to N p_i / |S|, or to 1 / |S| where clients are drawn by their weights.
        let mean_share = batch.iter().map(|up| ctx.share(up.from)).sum::<f64>() / batch.len() as f64;
        let unbiased = |up: &Arrived<R>| mean_share * (ctx.drawn_share(up.from) / ctx.share(up.from));
        let per_step = |(up, p): (&Arrived<R>, &f64)| {
            let length = up.up.scalars[0];
            if length > 0.0 { part * (tau * up.weight * (p * unbiased(up)) / length) } else { 0.0 }
        };
        let per_step: Vec<f64> = batch.iter().zip(&p).map(per_step).collect();
        let update = weighted_sum(batch, 0, &per_step);
        ctx.step(&mut model.vectors[0], update);
    }
}
