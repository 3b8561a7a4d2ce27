//! FedVARP: variance reduction at the server for partial participation.

mod clusters;

use std::collections::{BTreeMap, btree_map::Entry};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Setup};
use crate::{
    analysis::{Identity, Needs, Slot},
    engine::sparse_map::SparseMap,
    invalid::Invalid,
    num::{Real, vector},
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate, StateVector},
    },
};

use clusters::{Clusters, Membership};

/// Parameters of FedVARP.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedVarp {
    /// Which clients share a row of the table (ClusterFedVARP).
    pub clusters: Clusters,
}

impl Method for FedVarp {
    const CARD: Card = Card {
        name: "fedvarp",
        summary: "the server corrects each round by the latest updates of all clients (SAGA on updates)",
        paper: Paper {
            key: "jhunjhunwala2022fedvarp",
            authors: "Jhunjhunwala, Divyansh and Sharma, Pranay and Nagarkatti, Aushim and Joshi, Gauri",
            title: "FedVARP: Tackling the Variance Due to Partial Client Participation in Federated Learning",
            venue: "UAI",
            year: 2022,
            place: "Algorithm 2",
            link: "https://arxiv.org/abs/2207.14130",
        },
        update: "client:  as FedAvg, sends Δ_i = x − y;   D_i = Δ_i / (lr K)\n\
                 server:  v = ȳ + (1/|S|) Σ_{i∈S} (D_i − y_i);   x ← x − lr K v\n\
                 \x20        ȳ ← ȳ + (1/N) Σ_{i∈S} (D_i − y_i);   y_i ← D_i  for i ∈ S      (an empty round changes nothing)\n\
                 clusters (ClusterFedVARP, Algorithm 3):  clients of a cluster k of N_k share y_k, in place of their y_i above;\n\
                 \x20        y_k ← mean of D_i over i ∈ S ∩ k, unless it is empty;   ȳ = Σ_k (N_k/N) y_k",
        weights: "with weights p_i: v = ȳ + (1/|S|) Σ_{i∈S} N p_i (D_i − y_i) with ȳ = Σ p_i y_i, so that E v = Σ p_i D_i for any y_i; \
                  a cluster counts by the sum of its p_i; (D_i − y_i)/|S| where clients are drawn by weights",
        traffic: "down: x [d]; up: Δ [d]; stays at the server: ȳ [d] and y [N × d], rows only for clients that took part; with \
                  clusters a row each",
        differs: "where clients take different numbers of steps, lr K is the mean over the participants; the paper takes the clusters \
                  as given, and its experiments put clients with the same classes together (`clusters = \"classes\"`): \
                  contiguous and listed ones are additions; with `classes` the server knows the classes of each client",
    };

    fn validate(&self) -> Result<(), Invalid> {
        self.clusters.validate().map_err(|invalid| invalid.under("clusters"))
    }
}

impl FederatedMethod for FedVarp {
    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { clusters: self.clusters.clone(), members: None, rows: SparseMap::default(), mean: setup.zeros() })
    }

    fn needs(&self) -> Needs {
        Needs {
            weighting: Slot::Own("FedVARP averages over the participants and its table"),
            identity: Identity::Known,
            ..Needs::NOTHING
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Server<R> {
    clusters: Clusters,
    /// Who is in which cluster, once the first update has come.
    members: Option<Membership>,
    /// `y_k` of the clusters of whom someone has taken part.
    rows: SparseMap<Vec<R>>,
    /// `ȳ`.
    mean: Vec<R>,
}

impl<R: Real> Server<R> {
    /// `y_k ← row`, and `ȳ` with it; `share` is the weight of the cluster.
    fn renew(&mut self, cluster: usize, row: Vec<R>, share: f64) {
        vector::axpy(R::of(share), &row, &mut self.mean);
        if let Some(old) = self.rows.insert(cluster, row) {
            vector::axpy(R::of(-share), &old, &mut self.mean);
        }
    }
}

impl<R: Real> ServerUpdate<R> for Server<R> {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let size = ctx.batch_size(batch) as f64;
        let members = self.members.take().unwrap_or_else(|| self.clusters.resolve(ctx));
        let mut update = self.mean.clone();
        let mut fresh: BTreeMap<usize, (f64, Vec<R>)> = BTreeMap::new();
        for up in batch.iter().filter(|up| up.total_lr > 0.0) {
            let (cluster, mut row) = (members.of(up.from), up.up.vectors[0].clone());
            vector::scale(R::of(up.per_lr()), &mut row);
            // A discount for staleness acts on the step only, so that ȳ stays the mean of the y.
            let to_step = R::of(up.weight * ctx.drawn_share(up.from) / size);
            vector::axpy(to_step, &row, &mut update);
            if let Some(old) = self.rows.get(cluster) {
                vector::axpy(-to_step, old, &mut update);
            }
            match fresh.entry(cluster) {
                Entry::Vacant(place) => {
                    let _ = place.insert((1.0, row));
                }
                Entry::Occupied(place) => {
                    let (count, sum) = place.into_mut();
                    *count += 1.0;
                    vector::axpy(R::one(), &row, sum);
                }
            }
        }
        for (cluster, (count, mut row)) in fresh {
            vector::scale(R::of(1.0 / count), &mut row);
            self.renew(cluster, row, members.share(cluster, ctx) / ctx.holders() as f64);
        }
        self.members = Some(members);
        let step = batch.iter().map(|up| up.total_lr).sum::<f64>() / batch.len() as f64;
        vector::scale(R::of(step), &mut update);
        ctx.step(&mut model.vectors[0], update);
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        std::iter::once(StateVector::own("ȳ", &self.mean)).chain(StateVector::rows("y", &self.rows)).collect()
    }
}
