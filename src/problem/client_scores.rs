//! Predictions for every client's own held-out samples: of the model of the run, of the client's personalised model, and of their mixtures.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Problem, Workspace,
    personal::PersonalSpec,
    predictions::{Predictions, Share},
};
use crate::{num::Real, random::Streams};

/// A model that predicts for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The model of the run; without a server that of the client's own node.
    Run,
    /// The client's personalised model.
    Personal,
    /// A mixture of both.
    Mixed,
}

/// The models besides that of the run whose predictions are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beside {
    /// Personalised models.
    pub personal: Option<PersonalSpec>,
    /// Mixtures with these shares; none without personalised models.
    pub shares: Vec<Share>,
}

/// Predictions for the held-out samples of one client.
#[derive(Debug, Clone, PartialEq)]
pub struct OfClient {
    /// The client.
    pub client: usize,
    /// Of the model of the run.
    pub run: Predictions,
    /// Of its personalised model.
    pub personal: Option<Predictions>,
    /// Of the mixtures, each with the share of the personalised model that it has, which differs by client where it is fitted.
    pub mixed: Vec<(Predictions, f64)>,
}

impl OfClient {
    /// The predictions of a model, the mixture number `share` where it is one.
    pub fn of(&self, whose: Whose, share: usize) -> Option<&Predictions> {
        match whose {
            Whose::Run => Some(&self.run),
            Whose::Personal => self.personal.as_ref(),
            Whose::Mixed => self.mixed.get(share).map(|(mixed, _)| mixed),
        }
    }
}

impl<R: Real> Problem<R> {
    /// The predictions for each of `clients`, in their order; `model` is that of the run, shape `[d]`. Nothing where clients have no
    /// held-out samples of their own, or models do not predict.
    ///
    /// Clients are predicted in parallel, and each has the same bits on any number of threads.
    pub fn predict_clients<'x>(
        &self,
        streams: Streams,
        clients: &[usize],
        model: impl Fn(usize) -> &'x [R] + Sync,
        beside: &Beside,
    ) -> Vec<OfClient> {
        let (Some(test), Some(predictor)) = (self.client_test(), self.objective().predictor()) else { return Vec::new() };
        let predict = |work: &mut Workspace<R>, &client: &usize| {
            let rows = test.rows(client);
            let x = model(client);
            let run = Predictions::of(predictor, x, (&test.samples, rows.clone()), work);
            let personal = beside.personal.map(|personal| {
                let y = personal.model(self, streams, client, x, work);
                Predictions::of(predictor, &y, (&test.samples, rows), work)
            });
            let mixed = personal.iter().flat_map(|personal| beside.shares.iter().map(|&share| run.mixed(personal, share)));
            OfClient { client, mixed: mixed.collect(), run, personal }
        };
        clients.par_iter().map_init(Workspace::new, predict).collect()
    }
}
