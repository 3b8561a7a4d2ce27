//! Rounds: call a cohort, wait for it, apply, again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Next, Roster, RoundsSpec, Schedule, Wake,
    cohort::{self, CohortSpec},
};
use crate::engine::NodeId;

/// Synchronous rounds, with over-selection and a deadline.
///
/// A round in which nobody is available passes all the same, after a pause: the server applies an empty batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rounds {
    spec: RoundsSpec,
    round: u64,
    /// Called and not heard of yet.
    waiting: BTreeSet<NodeId>,
    /// Uploads still needed to close the round.
    missing: usize,
}

impl Rounds {
    /// Rounds that have not begun.
    pub fn new(spec: RoundsSpec) -> Self {
        Self { spec, round: 0, waiting: BTreeSet::new(), missing: 0 }
    }

    fn begin(&mut self, mut next: Next, roster: &mut Roster<'_>) -> Next {
        let cohort = cohort::draw(&self.spec.cohort, self.spec.over_selection, self.round, roster);
        if cohort.is_empty() {
            next.wake.push(Wake::Timer { after: self.spec.idle, key: self.round });
            return next;
        }
        self.missing = match self.spec.cohort {
            CohortSpec::Count(count) => count.min(cohort.len()),
            CohortSpec::All(_) | CohortSpec::Trace(_) => cohort.len(),
        };
        self.waiting = cohort.iter().copied().collect();
        if let Some(deadline) = self.spec.deadline {
            next.wake.push(Wake::Timer { after: deadline, key: self.round });
        }
        next.call = cohort;
        next
    }

    fn close(&mut self, roster: &mut Roster<'_>) -> Next {
        let cancel = std::mem::take(&mut self.waiting).into_iter().collect();
        self.round += 1;
        self.begin(Next { cancel, apply: true, ..Next::default() }, roster)
    }
}

impl Schedule for Rounds {
    fn start(&mut self, roster: &mut Roster<'_>) -> Next {
        self.begin(Next::default(), roster)
    }

    fn on_arrival(&mut self, from: NodeId, roster: &mut Roster<'_>) -> Next {
        let _ = self.waiting.remove(&from);
        self.missing -= 1;
        if self.missing == 0 || self.waiting.is_empty() { self.close(roster) } else { Next::wait() }
    }

    fn on_lost(&mut self, client: NodeId, roster: &mut Roster<'_>) -> Next {
        let _ = self.waiting.remove(&client);
        if self.waiting.is_empty() { self.close(roster) } else { Next::wait() }
    }

    fn on_timer(&mut self, key: u64, roster: &mut Roster<'_>) -> Next {
        if key == self.round { self.close(roster) } else { Next::wait() }
    }
}
