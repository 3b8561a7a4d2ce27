//! Messages that wait for nodes that are down.

use serde::{Deserialize, Serialize};

use super::Mail;
use crate::{
    engine::{NodeId, touched::Touched},
    num::Real,
};

/// Messages that wait for nodes that are down, by receiver, in the order in which they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct Postponed<R> {
    mails: Touched<Vec<Mail<R>>>,
}

impl<R: Real> Postponed<R> {
    /// Keeps a message; says whether it is the first that waits for `to`, who must then be woken when it is back.
    pub fn keep(&mut self, to: NodeId, mail: Mail<R>) -> bool {
        let waiting = self.mails.entry(to);
        waiting.push(mail);
        waiting.len() == 1
    }

    /// All that has waited for `to`.
    pub fn take(&mut self, to: NodeId) -> Vec<Mail<R>> {
        self.mails.remove(to).unwrap_or_default()
    }
}
