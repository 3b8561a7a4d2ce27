//! Which clients share a row of the table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    engine::NodeId,
    invalid::{Invalid, require},
    num::Real,
    protocol::federated::Apply,
};

/// How clients are divided into clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clusters {
    /// A cluster for each client: plain FedVARP.
    #[default]
    Alone,
    /// Clients whose samples are of the same classes, as in the paper's experiments; all together where there are no classes.
    Classes,
    /// This many clusters of neighbouring client numbers, alike in size.
    Contiguous(usize),
    /// The cluster of each client, in the order of clients; the list is repeated if there are more clients.
    Listed(Vec<usize>),
}

impl Clusters {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] where there is no cluster.
    pub fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::Alone | Self::Classes => Ok(()),
            Self::Contiguous(count) => require(*count >= 1, "contiguous", count, "at least 1 cluster"),
            Self::Listed(list) => require(!list.is_empty(), "listed", "[]", "a cluster for each client"),
        }
    }

    /// The clusters of the clients of a run.
    pub fn resolve<R: Real>(&self, ctx: &Apply<'_, R>) -> Membership {
        let clients = ctx.clients();
        let of: Vec<usize> = match self {
            Self::Alone => Vec::new(),
            Self::Classes => by_classes(ctx.label_fractions().unwrap_or_else(|| vec![Vec::new(); clients])),
            Self::Contiguous(count) => (0..clients).map(|client| client * count.min(&clients) / clients).collect(),
            Self::Listed(list) => list.iter().copied().cycle().take(clients).collect(),
        };
        let mut shares = vec![0.0; of.iter().max().map_or(0, |last| last + 1)];
        of.iter().enumerate().for_each(|(client, &cluster)| shares[cluster] += ctx.share(client));
        Membership { of, shares }
    }
}

/// Clusters in the order of their first clients.
fn by_classes(fractions: Vec<Vec<f64>>) -> Vec<usize> {
    let mut known: Vec<Vec<bool>> = Vec::new();
    let classes = fractions.into_iter().map(|row| row.into_iter().map(|share| share > 0.0).collect::<Vec<bool>>());
    classes
        .map(|held| {
            known.iter().position(|other| *other == held).unwrap_or_else(|| {
                known.push(held);
                known.len() - 1
            })
        })
        .collect()
}

/// The cluster of every client, and the weight of each in the objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Cluster of each client, shape `[N]`; empty where everyone is alone.
    of: Vec<usize>,
    /// The weight of each cluster, in average clients.
    shares: Vec<f64>,
}

impl Membership {
    /// The cluster of a client.
    pub fn of(&self, client: NodeId) -> usize {
        self.of.get(client).copied().unwrap_or(client)
    }

    /// The weight of a cluster in the objective, in average clients: the number of its clients where all weights are equal.
    pub fn share<R: Real>(&self, cluster: usize, ctx: &Apply<'_, R>) -> f64 {
        self.shares.get(cluster).copied().unwrap_or_else(|| ctx.share(cluster))
    }
}

#[cfg(test)]
mod tests {
    use super::by_classes;

    #[test]
    fn clients_with_the_same_classes_are_together() {
        let fractions = vec![vec![0.5, 0.5, 0.0], vec![0.0, 0.1, 0.9], vec![0.2, 0.8, 0.0], vec![1.0, 0.0, 0.0]];
        assert_eq!(by_classes(fractions), [0, 1, 0, 2]);
    }
}
