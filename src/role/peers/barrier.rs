//! What a synchronous method waits for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Mail;

/// Messages of the current and later iterations, by the iteration they are stamped with.
///
/// A neighbour can be ahead, and links can reorder its messages; a barrier hands out those of one iteration when all are
/// there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Serialize + serde::de::DeserializeOwned")]
pub struct Barrier<R> {
    rounds: BTreeMap<u64, Vec<Mail<R>>>,
}

impl<R> Default for Barrier<R> {
    fn default() -> Self {
        Self { rounds: BTreeMap::new() }
    }
}

impl<R> Barrier<R> {
    /// Keeps a message until its iteration is complete.
    pub fn push(&mut self, mail: Mail<R>) {
        self.rounds.entry(mail.stamp).or_default().push(mail);
    }

    /// The messages of iteration `stamp` by ascending sender, if there are `expected` of them.
    pub fn take(&mut self, stamp: u64, expected: usize) -> Option<Vec<Mail<R>>> {
        if expected == 0 {
            return Some(Vec::new());
        }
        if self.rounds.get(&stamp)?.len() < expected {
            return None;
        }
        let mut mails = self.rounds.remove(&stamp)?;
        mails.sort_by_key(|mail| mail.from);
        Some(mails)
    }
}
