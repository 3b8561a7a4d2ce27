//! What a part of the world is built in.

use std::path::{Path, PathBuf};

use super::Streams;
use crate::invalid::{Invalid, require};

/// The largest fleet: what is looked at once for every client, such as who belongs to which group, takes seconds there. Client
/// numbers fit `u32` and stay apart from [`POPULATION`](super::POPULATION).
pub const MAX_CLIENTS: usize = 100_000_000;

/// What a part of the world is built in.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The streams of the run's seed.
    pub streams: Streams,
    /// Number of clients `n`.
    pub clients: usize,
    /// The folder that relative paths of data files start from.
    pub folder: PathBuf,
}

impl Setting {
    /// Where the data file `path` is.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// Refuses empty fleets and those whose client numbers do not fit.
pub(crate) fn check_clients(clients: usize) -> Result<(), Invalid> {
    require((1..=MAX_CLIENTS).contains(&clients), "clients", clients, "from 1 client to 100 million")
}
