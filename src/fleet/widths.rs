//! The bit-widths that clients compute and store in.

use serde::{Deserialize, Serialize};

use super::spec::FULL_WIDTH;

/// The bit-width of every client `[bit]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widths {
    /// By client, shape `[n]`; empty where all have full precision.
    of_client: Vec<u32>,
}

impl Widths {
    /// The widths of clients, at least one of which is not the full one.
    pub(super) fn unlike(of_client: Vec<u32>) -> Self {
        Self { of_client }
    }

    /// The width of a client; [`FULL_WIDTH`] means full precision.
    pub fn of(&self, client: usize) -> u32 {
        self.of_client.get(client).copied().unwrap_or(FULL_WIDTH)
    }

    /// The widths that there are, in ascending order; never empty.
    pub fn ascending(&self) -> Vec<u32> {
        let mut found = self.of_client.clone();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            found.push(FULL_WIDTH);
        }
        found
    }
}
