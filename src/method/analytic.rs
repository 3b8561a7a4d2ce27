//! Analytic federated learning: the last layer in closed form, in one round.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, Method, Paper, Parts, Recipe, ServedMethod, Setup};
use crate::{
    engine::{NodeId, touched::Touched},
    invalid::{Invalid, require},
    num::Real,
    problem::{
        ObjectiveSpec,
        head::{Layout, Moments},
        quadratic::Hessian,
    },
    role::{
        Local, Payload,
        schedule::ScheduleSpec,
        served::{Apply, Arrived, ClientUpdate, ServerUpdate, Update},
    },
};

/// Parameters of analytic federated learning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Analytic {
    /// What each client adds to the diagonal of its Gram matrix.
    pub gamma: f64,
    /// Whether the server takes these regularisation intermediaries out again; otherwise the solution is that of ridge
    /// regression with `N · gamma`.
    pub remove: bool,
    /// Ridge of the solution on top, on the sum over all samples; 0 for plain least squares.
    pub ridge: f64,
}

impl Default for Analytic {
    fn default() -> Self {
        Self { gamma: 1.0, remove: true, ridge: 0.0 }
    }
}

impl Method for Analytic {
    const CARD: Card = Card {
        name: "analytic",
        summary: "least squares for the last layer in closed form, exact in one round for any partition",
        paper: Paper {
            key: "he2025afl",
            authors: "He, Run and Tong, Kai and Fang, Di and Sun, Han and Zeng, Ziqian and Li, Haoran and Chen, Tianyi and Zhuang, Huiping",
            title: "AFL: A Single-Round Analytic Approach for Federated Learning with Pre-trained Models",
            venue: "CVPR",
            year: 2025,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/2405.16240",
        },
        update: "client:  X_i: features of its samples under the frozen layers below;  Y_i: targets, one-hot\n\
                 \x20        sends C_i = X_iᵀ X_i + gamma I  and  B_i = X_iᵀ Y_i\n\
                 server:  C = Σ C_i,  B = Σ B_i;   W = (C − N gamma I + ridge I)⁻¹ B, the last layer of x",
        traffic: "down: x [d], once; up: half of C_i [q (q + 1)/2] and B_i [q × C]; nothing stays at the client",
        differs: "clients send B_i = C_i W_i in place of W_i: the same number of scalars, no inverse at the client, and the paper's \
                  pairwise aggregation law becomes a sum; the layers below the last are those of the initial model; a client \
                  counts once, however often it is called; every sample counts the same, whatever `weights` and `l2` say; solved in double precision",
    };

    fn validate(&self) -> Result<(), Invalid> {
        let at_least_0 = |key: &str, value: f64| require(value >= 0.0 && value.is_finite(), key, value, "a number of at least 0");
        at_least_0("gamma", self.gamma).and_then(|()| at_least_0("ridge", self.ridge))
    }
}

impl ServedMethod for Analytic {
    fn recipe(&self) -> Recipe {
        Recipe { steps: Some(1), ..Recipe::default() }
    }

    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(Client { gamma: self.gamma })
    }

    fn server<R: Real>(&self, setup: Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let x = Arc::new(Payload::one(setup.x));
        Box::new(Server {
            gamma: if self.remove { self.gamma } else { 0.0 },
            ridge: self.ridge,
            x,
            seen: Touched::default(),
            gram: Vec::new(),
            cross: Vec::new(),
        })
    }

    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid> {
        if let ObjectiveSpec::Quadratic(_) | ObjectiveSpec::Logistic(_) = parts.objective {
            return Err(Invalid::at("", "`analytic` solves for a linear layer over samples, which this objective does not have")
                .help("choose `least-squares`, `softmax` or `mlp` as the objective"));
        }
        if !matches!(parts.schedule, ScheduleSpec::Rounds(_)) {
            return Err(Invalid::at("schedule", "`analytic` hears every client once: there is nothing to apply in between")
                .help("remove `schedule`, or choose `rounds`"));
        }
        parts.weighs_itself("`analytic` sums over all samples")
    }
}

#[derive(Debug, Clone, Copy)]
struct Client {
    gamma: f64,
}

impl<R: Real> ClientUpdate<R> for Client {
    fn update(&self, down: &Payload<R>, _: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x] = down.firsts();
        let Some(Moments { gram, cross }) = local.moments(x) else { return Update::stateless(Payload::default()) };
        let features = gram.len().isqrt();
        let mut scalars = Vec::with_capacity(features * (features + 1) / 2 + cross.len());
        for (row, entries) in gram.chunks_exact(features).enumerate() {
            scalars.push(entries[row] + self.gamma);
            scalars.extend_from_slice(&entries[row + 1..]);
        }
        scalars.extend_from_slice(&cross);
        Update::stateless(Payload { vectors: Vec::new(), scalars })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    /// What is to be taken out of the diagonal for each client.
    gamma: f64,
    ridge: f64,
    x: Arc<Payload<R>>,
    /// Clients that have been counted.
    seen: Touched<()>,
    /// `Σ C_i`, upper triangle row by row.
    gram: Vec<f64>,
    /// `Σ B_i`.
    cross: Vec<f64>,
}

impl<R: Real> Server<R> {
    /// `(C − N gamma I + ridge I)⁻¹ B`, shape `[q, C]`.
    fn solve(&self, layout: &Layout) -> Vec<f64> {
        let (features, outputs) = (layout.features(), layout.outputs);
        let mut full = vec![0.0; features * features];
        let mut packed = self.gram.iter();
        for row in 0..features {
            for (column, &entry) in (row..features).zip(packed.by_ref()) {
                full[row * features + column] = entry;
                full[column * features + row] = entry;
            }
            full[row * features + row] += self.ridge - self.seen.len() as f64 * self.gamma;
        }
        let system = Hessian::Dense(full);
        let mut solution = vec![0.0; features * outputs];
        for output in 0..outputs {
            let target: Vec<f64> = self.cross.iter().skip(output).step_by(outputs).copied().collect();
            for (feature, value) in system.solve(&target).into_iter().enumerate() {
                solution[feature * outputs + output] = value;
            }
        }
        solution
    }
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn broadcast(&mut self, _: NodeId) -> Arc<Payload<R>> {
        Arc::clone(&self.x)
    }

    fn apply(&mut self, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let Some(layout) = Layout::of(ctx.blocks()) else { return };
        let triangle = layout.features() * (layout.features() + 1) / 2;
        let before = self.seen.len();
        for up in batch {
            if up.up.scalars.is_empty() || self.seen.insert(up.from, ()).is_some() {
                continue;
            }
            let (gram, cross) = up.up.scalars.split_at(triangle);
            for (sum, own) in [(&mut self.gram, gram), (&mut self.cross, cross)] {
                sum.resize(own.len(), 0.0);
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
        }
        if self.seen.len() > before {
            let solution = self.solve(&layout);
            layout.write(&solution, &mut Arc::make_mut(&mut self.x).vectors[0]);
        }
    }

    fn iterate(&self) -> &[R] {
        &self.x.vectors[0]
    }
}
