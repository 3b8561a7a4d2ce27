//! The event queue: earliest first, and in the order of scheduling within an instant.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use serde::{Deserialize, Serialize};

use crate::rounding::end_of_instant;

/// When within an instant something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// In the order of scheduling.
    Normal,
    /// After everything else of the same instant, however its times have rounded: barriers that must see all of its messages.
    Settle,
}

/// Events ordered by (time, phase, sequence number); events that end an instant come last in it.
///
/// Events that are scheduled in order, as constant delays make them, wait in a row and cost nothing to sort; the others go
/// through a heap. Both hold 32-byte entries only; the events themselves stay in place in a slab.
#[derive(Debug, Serialize, Deserialize)]
pub struct Queue<T> {
    row: VecDeque<Entry>,
    heap: BinaryHeap<Reverse<Entry>>,
    /// Events and their times [s].
    slab: Vec<Option<(f64, T)>>,
    free: Vec<u32>,
    sequence: u64,
}

/// A pending event: its place in the order and its place in the slab.
type Entry = (u128, u32);

/// Bits of a key below the time: one for the phase, the others for the sequence number.
const PHASE_BIT: u32 = 63;

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { row: VecDeque::new(), heap: BinaryHeap::new(), slab: Vec::new(), free: Vec::new(), sequence: 0 }
    }
}

impl<T> Queue<T> {
    /// Number of pending events.
    #[inline]
    pub fn len(&self) -> usize {
        self.row.len() + self.heap.len()
    }

    /// Whether nothing is pending.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.row.is_empty() && self.heap.is_empty()
    }

    /// Schedules `event` at `time` [s], which must not be negative or NaN, and returns its place in the order.
    #[inline]
    pub fn push(&mut self, time: f64, phase: Phase, event: T) -> u128 {
        debug_assert!(time >= 0.0, "events lie at or after time zero");
        let settles = phase == Phase::Settle;
        // Non-negative floats sort like their bit patterns; adding 0.0 turns −0.0 into 0.0.
        let place = (if settles { end_of_instant(time) } else { time } + 0.0).to_bits();
        let key = (u128::from(place) << 64) | (u128::from(settles) << PHASE_BIT) | u128::from(self.sequence);
        self.sequence += 1;
        let entry = (key, self.store((time, event)));
        if self.row.back().is_none_or(|&(last, _)| last < key) {
            self.row.push_back(entry);
        } else {
            self.heap.push(Reverse(entry));
        }
        key
    }

    #[inline]
    fn store(&mut self, event: (f64, T)) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = Some(event);
            return slot;
        }
        self.slab.push(Some(event));
        u32::try_from(self.slab.len() - 1).expect("fewer than 2^32 events are pending")
    }

    /// Drops the events that are not to be kept; the others stay in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let Self { row, heap, slab, free, .. } = self;
        let mut stays = |slot: u32| {
            let place = &mut slab[slot as usize];
            let stays = place.as_ref().is_some_and(|(_, event)| keep(event));
            if !stays {
                *place = None;
                free.push(slot);
            }
            stays
        };
        row.retain(|&(_, slot)| stays(slot));
        heap.retain(|&Reverse((_, slot))| stays(slot));
    }

    /// Time of the next event [s].
    #[inline]
    pub fn next_time(&self) -> Option<f64> {
        let (in_row, in_heap) = self.firsts();
        let (_, slot) = in_row.min(in_heap);
        self.slab.get(slot as usize)?.as_ref().map(|&(time, _)| time)
    }

    /// The next event.
    pub fn peek(&self) -> Option<&T> {
        let (in_row, in_heap) = self.firsts();
        let (_, slot) = in_row.min(in_heap);
        self.slab.get(slot as usize)?.as_ref().map(|(_, event)| event)
    }

    /// The first entries of row and heap; one with the largest key, which no event has, where there is none.
    #[inline]
    fn firsts(&self) -> (Entry, Entry) {
        const NONE: Entry = (u128::MAX, u32::MAX);
        (self.row.front().copied().unwrap_or(NONE), self.heap.peek().map_or(NONE, |Reverse(first)| *first))
    }

    /// Takes the next event and its time [s], which lies before that of the one taken last only by rounding.
    #[inline]
    pub fn pop(&mut self) -> Option<(f64, T)> {
        let (in_row, in_heap) = self.firsts();
        let (_, slot) = if in_row < in_heap { self.row.pop_front()? } else { self.heap.pop()?.0 };
        let event = self.slab[slot as usize].take().expect("every entry has its event");
        self.free.push(slot);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn settling_comes_after_all_else_of_the_instant() {
        let mut queue = Queue::default();
        let _ = queue.push(1.0, Phase::Settle, "settle");
        let _ = queue.push(1.0, Phase::Normal, "first");
        let _ = queue.push(1.0, Phase::Normal, "second");
        let _ = queue.push(0.5, Phase::Normal, "earlier");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
        assert_eq!(order, ["earlier", "first", "second", "settle"]);
    }

    #[test]
    fn settling_comes_after_what_rounding_has_put_later() {
        let mut queue = Queue::default();
        let _ = queue.push(0.3, Phase::Settle, "settle");
        let _ = queue.push(0.1 + 0.1 + 0.1, Phase::Normal, "same");
        let _ = queue.push(0.300_001, Phase::Normal, "later");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(0.1 + 0.1 + 0.1, "same"), (0.3, "settle"), (0.300_001, "later")]);
    }

    #[test]
    fn late_deadlines_are_as_short_as_early_ones() {
        for start in [1.0, 1e7] {
            let mut queue = Queue::default();
            let _ = queue.push(start + 0.002, Phase::Settle, "deadline");
            let _ = queue.push(start + 0.001 + 0.001, Phase::Normal, "in time");
            let _ = queue.push(start + 0.003, Phase::Normal, "late");
            let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
            assert_eq!(order, ["in time", "deadline", "late"], "{start} s");
        }
    }

    proptest! {
        #[test]
        fn what_is_retained_keeps_its_order(times in prop::collection::vec(0_u8..8, 0..64), late in 0_u8..8) {
            let mut queue = Queue::default();
            for (index, &time) in times.iter().enumerate() {
                let _ = queue.push(f64::from(time), Phase::Normal, index);
            }
            queue.retain(|&index| index % 3 == 0);
            let _ = queue.push(f64::from(late), Phase::Normal, times.len());
            let mut expected: Vec<(u8, usize)> = times.iter().copied().zip(0..).filter(|(_, index)| index % 3 == 0).collect();
            expected.push((late, times.len()));
            expected.sort_unstable();
            let popped: Vec<usize> = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
            prop_assert_eq!(popped, expected.into_iter().map(|(_, index)| index).collect::<Vec<_>>());
        }

        #[test]
        fn pops_by_time_then_by_order_of_scheduling(times in prop::collection::vec(0_u8..8, 0..64)) {
            let mut queue = Queue::default();
            for (index, &time) in times.iter().enumerate() {
                let _ = queue.push(f64::from(time) * 0.1, Phase::Normal, index);
            }
            let mut expected: Vec<usize> = (0..times.len()).collect();
            expected.sort_by_key(|&index| (times[index], index));
            let popped: Vec<usize> = std::iter::from_fn(|| queue.pop()).map(|(_, index)| index).collect();
            prop_assert_eq!(popped, expected);
        }

        #[test]
        fn events_scheduled_meanwhile_find_their_place(delays in prop::collection::vec((0_u8..4, any::<bool>()), 0..64)) {
            let mut queue = Queue::default();
            let (mut now, mut pending, mut popped, mut expected) = (0.0, Vec::new(), Vec::new(), Vec::new());
            for (index, &(delay, then_pop)) in delays.iter().enumerate() {
                let time = now + f64::from(delay);
                let _ = queue.push(time, Phase::Normal, index);
                pending.push((time as u64, index));
                if then_pop {
                    let first = pending.iter().copied().min().unwrap();
                    pending.retain(|&event| event != first);
                    expected.push(first.1);
                    let (time, event) = queue.pop().unwrap();
                    now = time;
                    popped.push(event);
                }
            }
            prop_assert_eq!(popped, expected);
            prop_assert_eq!(queue.len(), pending.len());
        }
    }
}
