//! FedDyn: a dynamic regulariser makes local and global optima agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Setup};
use crate::{
    analysis::{Identity, Needs},
    invalid::{Invalid, require},
    num::{Real, vector},
    problem::Correction,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, StateVector, Update, weighted_sum},
    },
};

/// Parameters of FedDyn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedDyn {
    /// Strength of the dynamic regulariser.
    pub alpha: f64,
}

impl Default for FedDyn {
    fn default() -> Self {
        Self { alpha: 0.01 }
    }
}

impl Method for FedDyn {
    const CARD: Card = Card {
        name: "feddyn",
        summary: "a dynamic regulariser at each client makes local optima agree with the global one",
        paper: Paper {
            key: "acar2021federated",
            authors: "Acar, Durmus Alp Emre and Zhao, Yue and Matas, Ramon and Mattina, Matthew and Whatmough, Paul and Saligrama, Venkatesh",
            title: "Federated Learning Based on Dynamic Regularization",
            venue: "ICLR",
            year: 2021,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/2111.04263",
        },
        update: "client:  θ ≈ argmin_y f_i(y) − ⟨g_i, y⟩ + (alpha/2) ‖y − x‖²   (local SGD);   g_i ← g_i − alpha (θ − x);   send x − θ\n\
                 server:  h ← h − (alpha/N) Σ_{i∈S} (θ_i − x);   x ← (1/|S|) Σ_{i∈S} θ_i − h/alpha",
        weights: "with weights p_i: h ← h − alpha Σ_{i∈S} p_i (θ_i − x), so that h = Σ p_i g_i; θ_i = x for all implies ∇f_i(x) = g_i, and a \
                  fixed x implies h = 0: Σ p_i ∇f_i(x) = 0, under any `weighting`; the θ_i − x count by N p_i/|S| (`sampling`)",
        traffic: "down: x [d]; up: x − θ [d]; stays at the client: g_i [d]",
        differs: "the local problem is solved by a given number of SGD steps; a stale θ_i counts as a step from the newest x; \
                  alpha is the same for all clients; with lossy compressors g_i changes by the θ − x that the server receives",
    };

    fn validate(&self) -> Result<(), Invalid> {
        require(self.alpha > 0.0 && self.alpha.is_finite(), "alpha", self.alpha, "a positive number")
    }
}

impl FederatedMethod for FedDyn {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { alpha: self.alpha, h: setup.zeros() })
    }

    fn needs(&self) -> Needs {
        Needs { identity: Identity::Remembered, ..Needs::NOTHING }
    }
}

impl<R: Real> ClientUpdate<R> for FedDyn {
    fn remembers(&self) -> &'static [&'static str] {
        &["g_i"]
    }

    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x] = down.firsts();
        let mut g_i = memory.vector_or_zeros(0, x.len());
        let linear: Vec<R> = g_i.iter().map(|&g| -g).collect();
        let mut theta = x.to_vec();
        local.descend(&mut theta, &Correction { scale: 1.0, shift: Some(&linear), pull: Some((self.alpha, x)) });
        let mut delta = vector::difference(x, &theta);
        // The client keeps the vector that the server receives: h stays the mean of the g_i under any compressor.
        local.transmit(&mut delta);
        vector::axpy(R::of(self.alpha), &delta, &mut g_i);
        Update { up: Payload::one(delta), memory: Some(Payload::one(g_i)) }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    alpha: f64,
    h: Vec<R>,
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let shares: Vec<f64> = batch.iter().map(|up| self.alpha * ctx.share(up.from) / ctx.holders() as f64).collect();
        let change = weighted_sum(batch, 0, &shares);
        vector::axpy(R::one(), &change, &mut self.h);
        // Mean θ = x − mean (x − θ), and the step on top of it subtracts h/alpha.
        let mut update = ctx.aggregate(batch, 0);
        vector::axpy(R::of(1.0 / self.alpha), &self.h, &mut update);
        ctx.step(&mut model.vectors[0], update);
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        vec![StateVector::own("h", &self.h)]
    }
}
