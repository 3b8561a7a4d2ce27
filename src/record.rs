//! Recorded runs: reading `curves.csv`, summaries, targets, claims and comparison tables.

pub mod axis;
pub mod claim;
pub mod compare;
pub mod curves;
pub mod filter;
pub mod measure;
pub mod spread;
pub mod summary;
pub mod target;
pub mod units;
