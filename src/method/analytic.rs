//! Analytic federated learning: the last layer in closed form, in one round.

mod evidence;
mod law;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::evidence::Prior;
use self::{evidence::Statistics, law::Solution};
use super::{Card, FederatedMethod, Method, Paper, Recipe, Setup};
use crate::{
    analysis::{Identity, Needs, Slot},
    engine::sparse_map::SparseMap,
    invalid::{Invalid, require},
    num::Real,
    problem::head::{Layout, Moments},
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update},
    },
};

/// The clients' messages, and how the server combines them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Clients send `B_i = X_iᵀ Y_i`, and the server adds up: exact with any `gamma`.
    #[default]
    Sum,
    /// Clients send their solutions `W_i`, and the server merges two at a time by the absolute aggregation law, as the paper
    /// prints it: with `gamma = 0` it breaks down where a client has fewer samples than features.
    Pairwise,
}

/// Parameters of analytic federated learning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Analytic {
    /// The regularisation that each client adds to the diagonal of its Gram matrix.
    pub gamma: f64,
    /// Whether the server takes these regularisation intermediaries out again; otherwise the solution is that of ridge
    /// regression with `N · gamma`.
    pub remove: bool,
    /// Ridge of the solution on top, on the sum over all samples; 0 for plain least squares.
    pub ridge: f64,
    /// The clients' messages, and how the server combines them.
    pub law: Law,
    /// The law under which the metric `evidence` is the marginal likelihood of the targets given the features, so that layers, features and
    /// ridges can be compared without held-out samples. Clients then send their number of samples and their sums of squared targets too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Prior>,
}

impl Default for Analytic {
    fn default() -> Self {
        Self { gamma: 1.0, remove: true, ridge: 0.0, law: Law::Sum, evidence: None }
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
                 \x20        sends C_i = X_iᵀ X_i + gamma I  and  B_i = X_iᵀ Y_i   (pairwise:  W_i = C_i⁻¹ B_i)\n\
                 server:  C = Σ C_i,  B = Σ B_i;   W = (C − N gamma I + ridge I)⁻¹ B, the last layer of x",
        weights: "the solution of all samples together, which is that of p_i = n_i / Σ n_j",
        traffic: "down: x [d], whenever it is called; up: half of C_i [q (q + 1)/2] and B_i [q × C], once, with `evidence` also n_i and Σ y² [1 + C]; stays at the client: a mark that it has sent",
        differs: "unless `law = \"pairwise\"`, clients send B_i = C_i W_i in place of W_i: the same number of scalars, no \
                  inverse at the client, and the paper's pairwise aggregation law becomes a sum; the layers below the last are \
                  those of the initial model; a client that is called again sends nothing; every sample counts the \
                  same, without regard to `weights` and `l2`; summed and solved in double precision, while a scalar that is sent \
                  counts 32 bits, whatever the client's precision",
    };

    fn validate(&self) -> Result<(), Invalid> {
        let at_least_0 = |key: &str, value: f64| require(value >= 0.0 && value.is_finite(), key, value, "a number of at least 0");
        at_least_0("gamma", self.gamma)?;
        at_least_0("ridge", self.ridge)?;
        self.evidence.map_or(Ok(()), Prior::check).map_err(|error| error.under("evidence"))
    }
}

impl FederatedMethod for Analytic {
    fn recipe(&self) -> Recipe {
        Recipe { steps: Some(1), ..Recipe::default() }
    }

    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server {
            gamma: if self.remove { self.gamma } else { 0.0 },
            ridge: self.ridge,
            seen: SparseMap::default(),
            law: self.law,
            sums: None,
            prior: self.evidence,
            added: self.gamma,
            targets: Vec::new(),
        })
    }

    fn needs(&self) -> Needs {
        const SUMS: &str = "clients of `analytic` send sums over their samples, in full precision";
        Needs {
            weighting: Slot::Own("`analytic` sums over all samples"),
            server: Slot::Own("`analytic` puts its solution in the place of the last layer"),
            client: Slot::Closed("clients of `analytic` take no local steps", "remove `client`"),
            overlap: Slot::Own("`analytic` asks every client once, in one round"),
            uplink: Slot::Own(SUMS),
            message_width: Slot::Closed(SUMS, "remove `bit-width`"),
            no_head: Slot::Own("`analytic` solves for a linear layer over samples"),
            identity: Identity::Known,
            pools_samples: true,
            evidence: self.evidence.is_some(),
            ..Needs::NOTHING
        }
    }
}

/// The mark of a client that has sent its moments.
const SENT: f64 = 1.0;

impl<R: Real> ClientUpdate<R> for Analytic {
    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        if !memory.is_empty() {
            return Update::stateless(Payload::default());
        }
        let [x] = down.firsts();
        let Some(Moments { mut gram, cross, count, squares }) = local.moments(x) else {
            return Update::stateless(Payload::default());
        };
        let features = gram.len().isqrt();
        gram.iter_mut().step_by(features + 1).for_each(|diagonal| *diagonal += self.gamma);
        let (gram, sent) = match self.law {
            Law::Sum => (gram, cross),
            Law::Pairwise => {
                let Solution { gram, weights } = Solution::of(gram, &cross);
                (gram, weights)
            }
        };
        let upper = gram.chunks_exact(features).enumerate().flat_map(|(row, entries)| &entries[row..]);
        let mut scalars: Vec<f64> = upper.chain(&sent).copied().collect();
        if self.evidence.is_some() {
            scalars.push(count as f64);
            scalars.extend(squares);
        }
        let up = Payload { vectors: Vec::new(), scalars };
        Update { up, memory: Some(Payload { vectors: Vec::new(), scalars: vec![SENT] }) }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    /// The regularisation to subtract from the diagonal for each client.
    gamma: f64,
    ridge: f64,
    /// Clients that have been counted.
    seen: SparseMap<()>,
    law: Law,
    /// Their combined messages.
    sums: Option<Sums>,
    prior: Option<Prior>,
    /// The regularisation that each client has added.
    added: f64,
    /// Their number of samples and sums of squared targets, shape `[1 + C]`, where there is a prior.
    targets: Vec<f64>,
}

/// The combined messages of some clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Sums {
    /// `Σ C_i`, shape `[q, q]`, and `Σ B_i`, shape `[q, C]`.
    Moments(Vec<f64>, Vec<f64>),
    /// `Σ C_i` and the `W` of them all.
    Solution(Solution),
}

impl Sums {
    /// The message of one client: the upper triangle of `C_i`, row by row, then `B_i` or `W_i`; the rest is returned.
    fn of<'a>(law: Law, scalars: &'a [f64], layout: &Layout) -> (Self, &'a [f64]) {
        let features = layout.features();
        let mut gram = vec![0.0; features * features];
        let mut packed = scalars.iter();
        for row in 0..features {
            for (column, &entry) in (row..features).zip(packed.by_ref()) {
                gram[row * features + column] = entry;
                gram[column * features + row] = entry;
            }
        }
        let sent = packed.by_ref().take(features * layout.outputs).copied().collect();
        let sums = match law {
            Law::Sum => Self::Moments(gram, sent),
            Law::Pairwise => Self::Solution(Solution { gram, weights: sent }),
        };
        (sums, packed.as_slice())
    }

    fn with(self, other: Self) -> Self {
        let sum = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
        match (self, other) {
            (Self::Moments(gram, cross), Self::Moments(other_gram, other_cross)) => {
                Self::Moments(sum(gram, other_gram), sum(cross, other_cross))
            }
            (Self::Solution(all), Self::Solution(own)) => Self::Solution(all.merge(&own)),
            (all, _) => unreachable!("all clients follow one law, not {all:?} and another"),
        }
    }

    /// `Σ C_i` and `Σ B_i`.
    fn moments(&self) -> (Vec<f64>, Vec<f64>) {
        match self {
            Self::Moments(gram, cross) => (gram.clone(), cross.clone()),
            Self::Solution(all) => (all.gram.clone(), all.cross()),
        }
    }
}

impl Server {
    /// `(C − N gamma I + ridge I)⁻¹ B`, shape `[q, C]`.
    fn solve(&self, sums: &Sums) -> Vec<f64> {
        let (mut gram, cross) = sums.moments();
        let features = gram.len().isqrt();
        let shift = self.ridge - self.seen.len() as f64 * self.gamma;
        gram.iter_mut().step_by(features + 1).for_each(|diagonal| *diagonal += shift);
        Solution::of(gram, &cross).weights
    }
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let Some(layout) = Layout::of(ctx.blocks()) else { return };
        let before = self.seen.len();
        for up in batch {
            if up.up.scalars.is_empty() || self.seen.insert(up.from, ()).is_some() {
                continue;
            }
            let (own, targets) = Sums::of(self.law, &up.up.scalars, &layout);
            self.targets.resize(targets.len(), 0.0);
            self.targets.iter_mut().zip(targets).for_each(|(sum, own)| *sum += own);
            self.sums = Some(match self.sums.take() {
                Some(sums) => sums.with(own),
                None => own,
            });
        }
        if let Some(sums) = self.sums.as_ref().filter(|_| self.seen.len() > before) {
            let solution = self.solve(sums);
            layout.write(&solution, &mut model.vectors[0]);
        }
    }

    fn evidence(&self) -> Option<f64> {
        let (prior, (mut gram, cross)) = (self.prior?, self.sums.as_ref()?.moments());
        let features = gram.len().isqrt();
        let added = self.seen.len() as f64 * self.added;
        gram.iter_mut().step_by(features + 1).for_each(|diagonal| *diagonal -= added);
        Some(prior.evidence(Statistics { targets: &self.targets, gram: &gram, cross: &cross }))
    }
}
