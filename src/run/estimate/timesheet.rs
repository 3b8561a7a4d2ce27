//! Clients at work: from when a model leaves for a client until its answer is back.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::engine::{Delivery, Finish, NodeId, Physics, SERVER};

/// How many clients are at work at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct AtWork {
    /// Over virtual time, on average [1].
    pub mean: f64,
    /// The most at one instant [1].
    pub most: u64,
}

impl AtWork {
    /// Of a run in which no time passes: the visits of a round.
    pub(super) fn each_round(visits: u64, rounds: u64) -> Self {
        let mean = visits as f64 / rounds.max(1) as f64;
        Self { mean, most: mean.ceil() as u64 }
    }
}

/// A clock that notes when clients are at work. Nodes without a server are while they compute.
pub(super) struct Stamped<P> {
    pub clock: P,
    pub sheet: Timesheet,
}

/// What [`Stamped`] notes.
#[derive(Clone, Default)]
pub(super) struct Timesheet(Arc<Mutex<Sheet>>);

#[derive(Default)]
struct Sheet {
    /// The latest stretch of work of each client [s].
    open: BTreeMap<NodeId, [f64; 2]>,
    /// Those before.
    closed: Vec<[f64; 2]>,
}

impl Timesheet {
    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self, client: NodeId, from: f64, to: f64) {
        let Sheet { open, closed } = &mut *self.sheet();
        match open.get_mut(&client) {
            // Work that follows at once goes on; a client that is called anew has dropped what it had.
            Some(stretch) if from <= stretch[1] => stretch[1] = to,
            Some(stretch) => closed.push(std::mem::replace(stretch, [from, to])),
            None => {
                let _ = open.insert(client, [from, to]);
            }
        }
    }

    /// How many were at work until `end` [s], which is after the start.
    pub fn at_work(&self, end: f64) -> AtWork {
        let sheet = self.sheet();
        let stretches = sheet.open.values().chain(&sheet.closed).filter(|[from, _]| *from <= end);
        let stretches: Vec<[f64; 2]> = stretches.map(|&[from, to]| [from, to.min(end)]).collect();
        let total: f64 = stretches.iter().map(|[from, to]| to - from).sum();
        AtWork { mean: total / end, most: most(&stretches) }
    }
}

/// The most stretches that overlap. One that ends when another begins does not, unless it has no length.
fn most(stretches: &[[f64; 2]]) -> u64 {
    let edges = |&[from, to]: &[f64; 2]| [(from, 1, 1), (to, if to > from { 0 } else { 2 }, -1)];
    let mut edges: Vec<(f64, u8, i64)> = stretches.iter().flat_map(edges).collect();
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let counts = edges.iter().scan(0, |count, edge| {
        *count += edge.2;
        Some(*count)
    });
    counts.max().unwrap_or(0).max(0) as u64
}

impl<P: Physics> Physics for Stamped<P> {
    fn work(&mut self, node: NodeId, now: f64, steps: usize, visit: u64) -> Finish {
        let finish = self.clock.work(node, now, steps, visit);
        let (Finish::At(end) | Finish::LostAt(end)) = finish;
        self.sheet.busy(node, now, end);
        finish
    }

    fn done(&mut self, node: NodeId, span: (f64, f64), steps: u64, visit: u64) -> u64 {
        self.clock.done(node, span, steps, visit)
    }

    fn energy(&self, node: NodeId, steps: u64) -> f64 {
        self.clock.energy(node, steps)
    }

    fn transit(&mut self, from: NodeId, to: NodeId, now: f64, bits: u64, count: u64) -> Delivery {
        let delivery = self.clock.transit(from, to, now, bits, count);
        let (Delivery::After(delay) | Delivery::Lost(delay)) = delivery;
        match (from, to) {
            (SERVER, client) | (client, SERVER) => self.sheet.busy(client, now, now + delay),
            _ => {}
        }
        delivery
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_over_time_and_work_that_follows_is_one_stretch() {
        let sheet = Timesheet::default();
        // Client 0 from 0 to 4 in three pieces, client 1 from 2 to 3, client 2 from 4 to 12, of which 6 have passed.
        for (client, from, to) in [(0, 0.0, 1.0), (0, 1.0, 3.0), (1, 2.0, 3.0), (0, 3.0, 4.0), (2, 4.0, 12.0)] {
            sheet.busy(client, from, to);
        }
        // (4 + 1 + 6) / 10 s; client 0 and 1 at once, client 2 only when client 0 is done.
        assert_eq!(sheet.at_work(10.0), AtWork { mean: 1.1, most: 2 });
    }

    #[test]
    fn a_client_that_is_called_anew_has_dropped_its_work() {
        let sheet = Timesheet::default();
        sheet.busy(0, 0.0, 100.0);
        sheet.busy(0, 5.0, 7.0);
        assert_eq!(sheet.at_work(10.0), AtWork { mean: 0.7, most: 1 });
    }
}
