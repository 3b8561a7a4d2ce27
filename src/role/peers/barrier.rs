//! What a synchronous method waits for.

use serde::{Deserialize, Serialize};

use super::{Mail, Meeting};
use crate::num::{Real, vector};

/// Messages of this exchange and of later ones, whom the node meets, and what it has gathered.
///
/// A neighbour can be ahead, and links can reorder its messages; a barrier hands out those of one exchange when all are
/// there. Its lists are used again in every round.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Barrier<R> {
    waiting: Vec<Waiting<R>>,
    /// The messages of the exchange that was complete last, by ascending sender.
    #[serde(skip)]
    gathered: Vec<Mail<R>>,
    /// Whom the node meets, and in which iteration.
    #[serde(skip)]
    met: Option<(u64, Meeting)>,
}

/// Messages of one exchange; none where the place is free.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct Waiting<R> {
    stamp: u64,
    mails: Vec<Mail<R>>,
}

impl<R> Default for Barrier<R> {
    fn default() -> Self {
        Self { waiting: Vec::new(), gathered: Vec::new(), met: None }
    }
}

impl<R: Real> Barrier<R> {
    /// Keeps a message until its exchange is complete.
    pub fn push(&mut self, mail: Mail<R>) {
        let place = self.place(mail.stamp).or_else(|| self.waiting.iter().position(|waiting| waiting.mails.is_empty()));
        match place {
            Some(place) => {
                self.waiting[place].stamp = mail.stamp;
                self.waiting[place].mails.push(mail);
            }
            None => self.waiting.push(Waiting { stamp: mail.stamp, mails: vec![mail] }),
        }
    }

    fn place(&self, stamp: u64) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.stamp == stamp && !waiting.mails.is_empty())
    }

    /// Gathers the messages of the exchange `stamp`, if all that the node meets have sent theirs; says whether they have.
    pub(super) fn gather(&mut self, stamp: u64) -> bool {
        self.gathered.clear();
        let expected = self.met.as_ref().map_or(0, |(_, meeting)| meeting.from.len());
        if expected == 0 {
            return true;
        }
        let Some(place) = self.place(stamp).filter(|&place| self.waiting[place].mails.len() == expected) else { return false };
        std::mem::swap(&mut self.gathered, &mut self.waiting[place].mails);
        self.gathered.sort_unstable_by_key(|mail| mail.from);
        true
    }

    /// Whom the node meets in iteration `t`, which `meet` writes if the barrier does not know.
    pub(super) fn meeting(&mut self, t: u64, meet: impl FnOnce(&mut Meeting)) -> &Meeting {
        let (iteration, meeting) = self.met.get_or_insert_with(|| (u64::MAX, Meeting::default()));
        if *iteration != t {
            *iteration = t;
            meet(meeting);
        }
        meeting
    }

    /// The messages of the exchange that was gathered last, by ascending sender.
    pub fn gathered(&self) -> &[Mail<R>] {
        &self.gathered
    }

    /// `own ← Σ_j W_ij v_j`, shape `[d]`: the node's own vector and vector number `k` of each message gathered.
    pub fn mix(&self, own: &mut [R], k: usize) {
        let Some((_, meeting)) = &self.met else { return };
        debug_assert!(meeting.from.iter().map(|&(from, _)| from).eq(self.gathered.iter().map(|mail| mail.from)));
        let others = meeting.from.iter().zip(&self.gathered);
        vector::mix(meeting.own, own, others.map(|(&(_, weight), mail)| (weight, mail.payload.vectors[k].as_slice())));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::role::Payload;

    fn mail(from: usize, stamp: u64) -> Mail<f64> {
        let payload = Arc::new(Payload::one(vec![from as f64, stamp as f64]));
        Mail { from, stamp, bits: 64, payload }
    }

    #[test]
    fn exchanges_are_complete_in_any_order_of_arrival() {
        let mut barrier = Barrier::default();
        let from = vec![(2, 0.25), (5, 0.5)];
        let _ = barrier.meeting(0, |meeting| *meeting = Meeting { to: vec![2, 5], from, own: 0.25 });
        for (mails, stamp) in [([mail(5, 1), mail(5, 0), mail(2, 1)], 1), ([mail(2, 2), mail(2, 0), mail(5, 2)], 0)] {
            assert!(!barrier.gather(stamp));
            mails.into_iter().for_each(|mail| barrier.push(mail));
            assert!(barrier.gather(stamp), "{stamp}");
            assert!(barrier.gathered().iter().map(|mail| (mail.from, mail.stamp)).eq([(2, stamp), (5, stamp)]));
            let mut own = vec![4.0, 8.0];
            barrier.mix(&mut own, 0);
            assert_eq!(own, [1.0 + 0.5 + 2.5, 2.0 + 0.75 * stamp as f64]);
        }
        assert!(barrier.gather(2) && !barrier.gather(2), "a message is handed out once");
    }

    #[test]
    fn who_meets_nobody_waits_for_nobody() {
        let mut barrier = Barrier::<f64>::default();
        let _ = barrier.meeting(3, |meeting| meeting.own = 1.0);
        assert!(barrier.gather(6));
        let mut own = vec![4.0];
        barrier.mix(&mut own, 0);
        assert_eq!(own, [4.0]);
    }
}
