//! Messages that wait for nodes that are down: for their receivers, or for their senders.

use serde::{Deserialize, Serialize};

use crate::engine::{NodeId, sparse_map::SparseMap};

/// Messages that wait for nodes that are down, by node, in the order in which they came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Mailbox<T> {
    messages: SparseMap<Vec<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { messages: SparseMap::default() }
    }
}

impl<T> Mailbox<T> {
    /// Keeps a message; says whether it is the first that waits for `node`, which must then be woken when it is back.
    pub fn keep(&mut self, node: NodeId, message: T) -> bool {
        let waiting = self.messages.entry(node);
        waiting.push(message);
        waiting.len() == 1
    }

    /// All that has waited for `node`.
    pub fn take(&mut self, node: NodeId) -> Vec<T> {
        self.messages.remove(node).unwrap_or_default()
    }
}
