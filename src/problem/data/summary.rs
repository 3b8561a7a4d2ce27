//! How large a data set is.

use super::{Features, Samples, Table, Targets};
use crate::num::Real;

/// Size of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Number of training samples.
    pub rows: usize,
    /// Number of features.
    pub columns: usize,
    /// Number of classes; `None` for real targets.
    pub classes: Option<usize>,
    /// Number of held-out samples.
    pub test_rows: usize,
    /// Number of natural clients.
    pub clients: Option<usize>,
    /// Whether rows are sparse.
    pub sparse: bool,
}

impl Summary {
    /// The sizes of `table`.
    pub fn of<R: Real>(table: &Table<R>) -> Self {
        Self {
            rows: table.train.len(),
            columns: table.train.features.columns(),
            classes: if let Targets::Classes { count, .. } = table.train.targets { Some(count) } else { None },
            test_rows: table.test.as_ref().map_or(0, Samples::len),
            clients: table.natural.as_ref().map(|natural| natural.values.len()),
            sparse: matches!(table.train.features, Features::Sparse(_)),
        }
    }
}
