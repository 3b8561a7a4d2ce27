//! FedSign: the server follows the sign of the mean update.

use fedfleet::prelude::*;

/// Parameters of FedSign.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedSign {
    /// How far each coordinate moves in a step of the server.
    pub lr: f64,
}

impl Default for FedSign {
    fn default() -> Self {
        Self { lr: 0.01 }
    }
}

impl Method for FedSign {
    const CARD: Card = Card {
        name: "fedsign",
        summary: "the server follows the sign of the mean update",
        paper: Paper {
            key: "nobody2026sign",
            authors: "Nobody, Ann",
            title: "An Invented Method",
            venue: "This page",
            year: 2026,
            place: "Algorithm 1",
            link: "https://example.org",
        },
        update: "client:  as FedAvg\n\
                 server:  x ← x − lr sign(Σ w_i Δ_i)",
        weights: BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; nothing stays at the client",
        differs: "",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl FederatedMethod for FedSign {
    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { lr: self.lr })
    }
}

/// The server half. Its fields are saved with a run, so that an interrupted run goes on from them.
#[derive(Serialize, Deserialize)]
struct Server {
    lr: f64,
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if !batch.is_empty() {
            let mut update = ctx.aggregate(batch, 0);
            update.iter_mut().for_each(|u| *u = u.signum() * R::of(self.lr));
            ctx.step(&mut model.vectors[0], update);
        }
    }
}
