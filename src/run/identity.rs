//! What a run is: the digest of everything that it comes from.
//!
//! Two runs of one identity have the same bytes, whichever scenario, sweep or folder they stand in. So results can be extended,
//! and what an earlier call has done is known again.

use super::{arm::Arm, made, plan::PlannedCell};
use crate::{file::digest::Digest, record::RecordSpec};

/// Most characters of a label in the name of a file.
const LABEL: usize = 40;

/// The digest of one method in one cell: build, data, cell with its names, method with its parts, and what is recorded of it.
///
/// What a type shows of itself is all that it holds, with every number to its last digit.
pub(super) fn of_arm(planned: &PlannedCell, arm: &Arm, record: &RecordSpec) -> u128 {
    let cell = &planned.cell;
    let keys: Vec<_> = cell.keys.iter().map(|key| (&key.name, &key.value)).collect();
    let data: Vec<_> = planned.files.values().collect();
    let build = (made::VERSION, made::COMMIT);
    let world = (&cell.problem, cell.fleet.resolved(), &cell.network, planned.precision);
    let parameters = arm.parameters.clone().resolved(&cell.problem);
    // Whether models are kept changes no curve, but a run that kept none has none to show.
    let kept = (record.models, record.iterates, record.staleness, record.surrogate, record.participants, record.states);
    let text = format!("{build:?} {data:?} {keys:?} {world:?} {:?} {parameters:?} {:?} {kept:?}", arm.label, planned.record);
    Digest::of(text.as_bytes()).hash
}

/// The name of the files of a run: whose they are, for the eye, and the identity.
pub(super) fn name(label: &str, arm: u128, seed: u64) -> String {
    let label: String = label.chars().take(LABEL).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let identity = Digest::of(&[&arm.to_le_bytes()[..], &seed.to_le_bytes()].concat()).hash;
    format!("{label}-seed{seed}-{:016x}", identity >> 64)
}
