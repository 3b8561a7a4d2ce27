//! The table `participants.csv`: who took part in each server step.

use std::io;

use super::{part::Part, units::shortest};
use crate::protocol::Participant;

/// The header of the table, after the swept `keys`.
pub fn header(keys: &[String]) -> Vec<String> {
    let columns = ["method", "seed", "round", "seconds", "client", "staleness"];
    keys.iter().cloned().chain(columns.map(str::to_owned)).collect()
}

/// Appends the participants of the rounds after `known` to `part`, with the time `seconds` [s] of the steps; returns the last round
/// that is known then.
///
/// # Errors
/// When they cannot be written.
pub(super) fn append(part: &mut Part, known: u64, seconds: f64, participants: &[Participant]) -> io::Result<u64> {
    for Participant { round, client, staleness } in participants.iter().filter(|one| one.round > known) {
        part.append([round.to_string(), shortest(seconds), client.to_string(), staleness.to_string()])?;
    }
    Ok(participants.last().map_or(known, |one| known.max(one.round)))
}
