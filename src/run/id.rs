//! Which run of a plan is meant, and what its files are called.

use crate::file::digest::Digest;

/// Most characters of a label in the name of a file.
const LABEL: usize = 40;

/// One run of a plan, by its places in the plan's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    /// The cell.
    pub cell: usize,
    /// The seed.
    pub seed: usize,
    /// The method.
    pub method: usize,
    /// The arm of the method.
    pub arm: usize,
}

/// The name of the files of a run: whose they are, for the eye, and the identity.
pub(super) fn file_name(label: &str, arm: u128, seed: u64) -> String {
    let label: String = label.chars().take(LABEL).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let identity = Digest::of(&[&arm.to_le_bytes()[..], &seed.to_le_bytes()].concat()).hash;
    format!("{label}-seed{seed}-{:016x}", identity >> 64)
}
