//! The barrier of a synchronous method.

use serde::{Deserialize, Serialize};

use super::{Message, Neighbourhood};
use crate::num::{Real, vector};

/// The messages of a node that has to wait for all that it meets.
///
/// A neighbour can be ahead, and the network can reorder its messages; a barrier hands out the messages of one phase when all are
/// there. It uses its lists again in every round.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Barrier<R> {
    waiting: Vec<Waiting<R>>,
    /// The messages of the latest complete phase, by ascending sender.
    #[serde(skip)]
    gathered: Vec<Message<R>>,
    /// The neighbourhood of the node, and the iteration that it belongs to.
    #[serde(skip)]
    met: Option<(u64, Neighbourhood)>,
}

/// Messages of one phase; none where the place is free.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Waiting<R> {
    tag: u64,
    messages: Vec<Message<R>>,
}

impl<R> Default for Barrier<R> {
    fn default() -> Self {
        Self { waiting: Vec::new(), gathered: Vec::new(), met: None }
    }
}

impl<R: Real> Barrier<R> {
    /// Keeps a message until its phase is complete.
    pub fn push(&mut self, message: Message<R>) {
        let place = self.place(message.tag).or_else(|| self.waiting.iter().position(|waiting| waiting.messages.is_empty()));
        match place {
            Some(place) => {
                self.waiting[place].tag = message.tag;
                self.waiting[place].messages.push(message);
            }
            None => self.waiting.push(Waiting { tag: message.tag, messages: vec![message] }),
        }
    }

    fn place(&self, tag: u64) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.tag == tag && !waiting.messages.is_empty())
    }

    /// Gathers the messages of the phase `tag` if all that the node meets have sent theirs; returns whether they have.
    pub(super) fn gather(&mut self, tag: u64) -> bool {
        self.gathered.clear();
        let expected = self.met.as_ref().map_or(0, |(_, neighbourhood)| neighbourhood.from.len());
        if expected == 0 {
            return true;
        }
        let Some(place) = self.place(tag).filter(|&place| self.waiting[place].messages.len() == expected) else { return false };
        std::mem::swap(&mut self.gathered, &mut self.waiting[place].messages);
        self.gathered.sort_unstable_by_key(|message| message.from);
        true
    }

    /// The neighbourhood of the node in iteration `t`, which `meet` writes if the barrier does not know it.
    pub(super) fn neighbourhood(&mut self, t: u64, meet: impl FnOnce(&mut Neighbourhood)) -> &Neighbourhood {
        let (iteration, neighbourhood) = self.met.get_or_insert_with(|| (u64::MAX, Neighbourhood::default()));
        if *iteration != t {
            *iteration = t;
            meet(neighbourhood);
        }
        neighbourhood
    }

    /// The messages of the latest complete phase, by ascending sender.
    pub fn gathered(&self) -> &[Message<R>] {
        &self.gathered
    }

    /// `own ← Σ_j W_ij v_j`, shape `[d]`: the node's own vector and vector number `k` of each message gathered.
    pub fn mix(&self, own: &mut [R], k: usize) {
        let Some((_, neighbourhood)) = &self.met else { return };
        debug_assert!(neighbourhood.from.iter().map(|&(from, _)| from).eq(self.gathered.iter().map(|message| message.from)));
        let others = neighbourhood.from.iter().zip(&self.gathered);
        vector::mix(
            neighbourhood.own,
            own,
            others.map(|(&(_, weight), message)| (weight, message.payload.vectors[k].as_slice())),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::protocol::Payload;

    fn message(from: usize, tag: u64) -> Message<f64> {
        let payload = Arc::new(Payload::one(vec![from as f64, tag as f64]));
        Message { from, tag, bits: 64, payload }
    }

    #[test]
    fn exchanges_are_complete_in_any_order_of_arrival() {
        let mut barrier = Barrier::default();
        let from = vec![(2, 0.25), (5, 0.5)];
        let _ = barrier.neighbourhood(0, |neighbourhood| *neighbourhood = Neighbourhood { to: vec![2, 5], from, own: 0.25 });
        for (messages, tag) in
            [([message(5, 1), message(5, 0), message(2, 1)], 1), ([message(2, 2), message(2, 0), message(5, 2)], 0)]
        {
            assert!(!barrier.gather(tag));
            messages.into_iter().for_each(|message| barrier.push(message));
            assert!(barrier.gather(tag), "{tag}");
            assert!(barrier.gathered().iter().map(|message| (message.from, message.tag)).eq([(2, tag), (5, tag)]));
            let mut own = vec![4.0, 8.0];
            barrier.mix(&mut own, 0);
            assert_eq!(own, [1.0 + 0.5 + 2.5, 2.0 + 0.75 * tag as f64]);
        }
        assert!(barrier.gather(2) && !barrier.gather(2), "a message is handed out once");
    }

    #[test]
    fn who_meets_nobody_waits_for_nobody() {
        let mut barrier = Barrier::<f64>::default();
        let _ = barrier.neighbourhood(3, |neighbourhood| neighbourhood.own = 1.0);
        assert!(barrier.gather(6));
        let mut own = vec![4.0];
        barrier.mix(&mut own, 0);
        assert_eq!(own, [4.0]);
    }
}
