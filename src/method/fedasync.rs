//! FedAsync: every arrival is mixed into the model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Recipe, Setup, fedavg};
use crate::{
    analysis::{Needs, Slot},
    invalid::{Invalid, require},
    num::Real,
    part::discount::Discount,
    protocol::{
        Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate},
        schedule::{ScheduleSpec, StreamSpec},
    },
};

/// Parameters of FedAsync.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedAsync {
    /// Share of a fresh model in the mixture [1].
    pub alpha: f64,
    /// Strength of the clients' proximal pull.
    pub rho: f64,
}

impl Default for FedAsync {
    fn default() -> Self {
        Self { alpha: 0.6, rho: 0.005 }
    }
}

impl Method for FedAsync {
    const CARD: Card = Card {
        name: "fedasync",
        summary: "every arriving model is mixed into the server's, less so the staler it is",
        paper: Paper {
            key: "xie2019asynchronous",
            authors: "Xie, Cong and Koyejo, Sanmi and Gupta, Indranil",
            title: "Asynchronous Federated Optimization",
            venue: "arXiv",
            year: 2019,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/1903.03934",
        },
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) + rho (y − x));  send y\n\
                 server:  a = min(1, alpha · w(s));   x ← (1 − a) x + a y        (w(s) by the schedule's `discount`,\n\
                 \x20        { polynomial = { a = 0.5 } } unless it is given)",
        weights: "with weights p_i: the odds a/(1 − a) are p_i / max_j p_j times those above: with these odds a client that comes in turn \
                  moves the model by a/(1 − a) of its step in the long run",
        traffic: "down: x [d]; up: y [d]; nothing stays at the client",
        differs: "a is at most 1, also where a discount exceeds 1; y is sent as x_received − y and put together again at the \
                  server, so that uplinks can compress it; staleness is 0 for a fresh model and comes from the clients' \
                  durations, not from a draw; alpha stays the same for the whole run, without the halving late in training",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.alpha > 0.0 && self.alpha <= 1.0, "alpha", self.alpha, "a share in (0, 1]")?;
        require(self.rho >= 0.0 && self.rho.is_finite(), "rho", self.rho, "a number of at least 0")
    }
}

impl FederatedMethod for FedAsync {
    fn recipe(&self) -> Recipe {
        let stream = StreamSpec { discount: Some(Discount::Polynomial { a: 0.5 }), ..StreamSpec::default() };
        Recipe { schedule: Some(ScheduleSpec::EveryArrival(stream)), ..Recipe::default() }
    }

    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(fedavg::LocalSgd { mu: self.rho })
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(self.clone())
    }

    fn needs(&self) -> Needs {
        const MIXES: Slot = Slot::Own("FedAsync mixes each model with a share of its own, `alpha`");
        Needs { weighting: MIXES, selection: MIXES, ..Needs::NOTHING }
    }
}

impl<R: Real> ServerUpdate<R> for FedAsync {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        for up in batch {
            let (a, weight) = ((self.alpha * up.weight).min(1.0), ctx.relative_weight(up.from));
            let share = R::of(a * weight / (1.0 - a * (1.0 - weight)));
            let x = &mut model.vectors[0];
            let (base, delta) = (&up.down.vectors[0], &up.up.vectors[0]);
            let update = x.iter().zip(base).zip(delta).map(|((&x, &base), &delta)| share * (x - (base - delta))).collect();
            ctx.step(x, update);
        }
    }
}
