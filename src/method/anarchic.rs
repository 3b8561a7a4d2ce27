//! Anarchic federated averaging: clients choose when they start and how many local steps they take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Paper, Recipe, Setup,
    mifa::{Latest, Table},
};
use crate::{
    analysis::{Identity, Needs, Slot},
    invalid::{Invalid, require},
    num::Real,
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate, weighted_sum},
        schedule::{BufferedSpec, ScheduleSpec},
    },
};

const YANG: Paper = Paper {
    key: "yang2022anarchic",
    authors: "Yang, Haibo and Zhang, Xin and Khanduri, Prashant and Liu, Jia",
    title: "Anarchic Federated Learning",
    venue: "ICML",
    year: 2022,
    place: "Algorithm 1",
    link: "https://arxiv.org/abs/2108.09875",
};

const DIFFERS: &str = "the server's step is lr times the local step size, the paper's η η_L; K_i is drawn, or as large as a budget of \
                       time or energy allows (`local.steps`, `local.seconds`, `local.energy`); the update was not checked \
                       against official code";

/// The server collects uploads without waiting for particular clients.
fn anarchy() -> Recipe {
    Recipe { schedule: Some(ScheduleSpec::Buffered(BufferedSpec::default())), ..Recipe::default() }
}

/// Parameters of AFA-CD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AfaCd {
    /// Server step size `η`, on top of the local one.
    pub lr: f64,
}

impl Default for AfaCd {
    fn default() -> Self {
        Self { lr: 1.0 }
    }
}

impl Method for AfaCd {
    const CARD: Card = Card {
        name: "afa-cd",
        summary: "anarchic averaging across devices: the mean local gradients of the clients that come, for any number of steps",
        paper: YANG,
        update: "client:  K_i local SGD steps, K_i of its own choice;  sends G_i = (x − y)/(lr_L K_i)\n\
                 server:  every m arrivals:  x ← x − lr · lr_L (1/m) Σ G_i",
        weights: "with weights p_i: x ← x − lr · lr_L (1/m) Σ N p_i G_i (`sampling`), on average along Σ p_i G_i where clients come equally \
                  often",
        traffic: "down: x [d]; up: G [d]; nothing stays at the client",
        differs: DIFFERS,
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl FederatedMethod for AfaCd {
    fn recipe(&self) -> Recipe {
        anarchy()
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(self.clone())
    }

    fn needs(&self) -> Needs {
        Needs { client: Slot::Own("AFA-CD reads mean gradients from how far clients went"), ..Needs::NOTHING }
    }
}

impl<R: Real> ServerUpdate<R> for AfaCd {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let step = self.lr * ctx.local_lr();
        let weights = ctx.coefficients(batch);
        let weights: Vec<f64> = weights.iter().zip(batch).map(|(weight, up)| step * weight * up.per_lr()).collect();
        let update = weighted_sum(batch, 0, &weights);
        ctx.step(&mut model.vectors[0], update);
    }
}

/// Parameters of AFA-CS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AfaCs {
    /// Server step size `η`, on top of the local one.
    pub lr: f64,
    /// The initial table of mean gradients.
    pub table: Table,
}

impl Default for AfaCs {
    fn default() -> Self {
        Self { lr: 1.0, table: Table::Wait }
    }
}

impl Method for AfaCs {
    const CARD: Card = Card {
        name: "afa-cs",
        summary: "anarchic averaging across silos: the latest mean gradient of every client, in the manner of SAG",
        paper: Paper { place: "Algorithm 2", ..YANG },
        update: "client:  K_i local SGD steps, K_i of its own choice;  sends G_i = (x − y)/(lr_L K_i)\n\
                 server:  every m arrivals:  the uploaders' slots take their G_i;   x ← x − lr · lr_L (1/N) Σ_{all i} G_i",
        weights: "with weights p_i: x ← x − lr · lr_L Σ_{all i} p_i G_i",
        traffic: "down: x [d]; up: G [d]; stays at the server: G [N × d], rows only for clients that took part",
        differs: DIFFERS,
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl FederatedMethod for AfaCs {
    fn recipe(&self) -> Recipe {
        anarchy()
    }

    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Latest::new(self.table, self.lr, true, setup))
    }

    fn needs(&self) -> Needs {
        const KEEPS: &str = "AFA-CS keeps every client's latest mean gradient for good";
        Needs {
            weighting: Slot::Own("AFA-CS takes the plain mean of its table"),
            client: Slot::Own("AFA-CS reads mean gradients from how far clients went"),
            discount: Slot::Own(KEEPS),
            selection: Slot::Own(KEEPS),
            identity: Identity::Known,
            ..Needs::NOTHING
        }
    }
}
