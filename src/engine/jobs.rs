//! Jobs in flight: pure computations that run late and together.
//!
//! A job could run at any moment between its start and its end. Here it runs when its result is needed; every other job
//! that waits then, up to a few per thread and in the order of their ends, runs in the same parallel batch. The result
//! of a run does not depend on any of this.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Protocol;
use crate::interrupt::Interrupt;

/// Least work [multiply-adds] for which a batch of jobs is handed to other threads, unless it is said otherwise.
const WORTH_A_THREAD: f64 = 400_000.0;

/// Jobs per thread that one batch may run ahead of the clock; bounds the memory held by results.
const AHEAD: usize = 4;

/// The threads that run jobs, each with its own buffers.
pub struct Workers<S> {
    threads: usize,
    scratch: Vec<Mutex<S>>,
    sketch: bool,
    interrupt: Arc<AtomicBool>,
    /// Least work [multiply-adds] for which a batch of jobs is handed to other threads.
    worth_a_thread: f64,
    /// Batches that were handed to other threads.
    parallel: AtomicU64,
}

impl<S: Default> Workers<S> {
    /// Runs jobs on the calling thread only.
    pub fn single() -> Self {
        Self::on(1)
    }

    /// Runs jobs on all threads of the current rayon pool.
    pub fn pool() -> Self {
        Self::on(rayon::current_num_threads())
    }

    fn on(threads: usize) -> Self {
        Self {
            threads,
            scratch: (0..threads).map(|_| Mutex::default()).collect(),
            sketch: false,
            interrupt: Arc::default(),
            worth_a_thread: WORTH_A_THREAD,
            parallel: AtomicU64::new(0),
        }
    }

    /// The same, but batches of jobs go to other threads from `work` [multiply-adds] on; 0 hands every batch over.
    #[must_use]
    pub fn sharing_from(self, work: f64) -> Self {
        Self { worth_a_thread: work, ..self }
    }

    /// Number of batches that were handed to other threads so far.
    pub fn parallel_batches(&self) -> u64 {
        self.parallel.load(Ordering::Relaxed)
    }

    /// The same, but jobs are left in the middle once `interrupt` is set.
    #[must_use]
    pub fn heeding(self, interrupt: Arc<AtomicBool>) -> Self {
        Self { interrupt, ..self }
    }

    /// The same, but jobs are only [sketched](Protocol::sketch_job).
    #[must_use]
    pub fn sketching(self) -> Self {
        Self { sketch: true, ..self }
    }

    fn with<T>(&self, work: impl FnOnce(&mut S) -> T) -> T {
        let index = rayon::current_thread_index().unwrap_or(0) % self.scratch.len();
        let mut scratch = self.scratch[index].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut scratch)
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum Slot<J, O> {
    Free,
    Waiting { key: u128, steps: u64, job: J },
    Done { steps: u64, out: O },
    Lost,
    Cancelled,
}

/// All jobs in flight, in slots that events refer to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "J: Serialize, O: Serialize", deserialize = "J: DeserializeOwned, O: DeserializeOwned"))]
pub struct Jobs<J, O> {
    slots: Vec<Slot<J, O>>,
    free: Vec<usize>,
    /// Jobs by the place of their end in the event order, earliest first; those cancelled since are passed over.
    waiting: BinaryHeap<Reverse<(u128, usize)>>,
    /// Number of cancelled jobs whose events are still to come.
    cancelled: usize,
}

impl<J, O> Default for Jobs<J, O> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), waiting: BinaryHeap::new(), cancelled: 0 }
    }
}

impl<J: Send + Sync, O: Send> Jobs<J, O> {
    /// A slot for a new job.
    #[inline]
    pub fn reserve(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            self.slots.len() - 1
        })
    }

    /// Fills a reserved slot; `key` is the place of the job's end in the event order.
    #[inline]
    pub fn put(&mut self, slot: usize, key: u128, steps: u64, job: J) {
        self.slots[slot] = Slot::Waiting { key, steps, job };
        self.waiting.push(Reverse((key, slot)));
    }

    /// Fills a reserved slot with a job that is known to be lost.
    pub fn put_lost(&mut self, slot: usize) {
        self.slots[slot] = Slot::Lost;
    }

    /// Drops a job; its event, when it comes, finds nothing.
    pub fn cancel(&mut self, slot: usize) {
        self.slots[slot] = Slot::Cancelled;
        self.cancelled += 1;
    }

    /// Number of cancelled jobs whose events are still to come.
    pub fn cancelled(&self) -> usize {
        self.cancelled
    }

    /// Frees the slot if its job was cancelled; whether it was. Its event must not come any more.
    pub fn forget(&mut self, slot: usize) -> bool {
        let cancelled = matches!(self.slots[slot], Slot::Cancelled);
        if cancelled {
            self.release(slot);
        }
        cancelled
    }

    /// Drops what is remembered of the order of jobs that wait no more.
    pub fn tidy(&mut self) {
        let Self { slots, waiting, .. } = self;
        waiting.retain(|&Reverse((key, slot))| matches!(slots[slot], Slot::Waiting { key: own, .. } if own == key));
    }

    /// Frees a slot and returns what was in it.
    #[inline]
    fn release(&mut self, slot: usize) -> Slot<J, O> {
        self.free.push(slot);
        let content = std::mem::replace(&mut self.slots[slot], Slot::Free);
        self.cancelled -= usize::from(matches!(content, Slot::Cancelled));
        content
    }

    /// Frees the slot of a lost job; `false` if it had been cancelled before.
    pub fn drop_job(&mut self, slot: usize) -> bool {
        matches!(self.release(slot), Slot::Lost)
    }

    /// Has the job in a slot run, and others that wait, if it waits; whether that was not left in the middle.
    pub fn run<P>(&mut self, slot: usize, protocol: &P, workers: &Workers<P::Scratch>) -> bool
    where
        P: Protocol<Job = J, Out = O>,
    {
        !matches!(self.slots[slot], Slot::Waiting { .. }) || self.run_batch(protocol, workers)
    }

    /// Takes the result of a job that has been [run](Self::run), with its local steps; `None` if cancelled.
    pub fn finish(&mut self, slot: usize) -> Option<(u64, O)> {
        match self.release(slot) {
            Slot::Done { steps, out } => Some((steps, out)),
            _ => None,
        }
    }

    /// Runs the waiting jobs that end first. The earliest of them is the one whose event is about to be handled. Whether that was not
    /// left in the middle: what was wait as before then.
    fn run_batch<P>(&mut self, protocol: &P, workers: &Workers<P::Scratch>) -> bool
    where
        P: Protocol<Job = J, Out = O>,
    {
        let interrupt = Interrupt::by(&workers.interrupt);
        let run = |job: &J| {
            workers.with(|scratch| {
                if workers.sketch { protocol.sketch_job(job, scratch) } else { protocol.run_job(job, scratch, interrupt) }
            })
        };
        let most = if workers.threads == 1 { 1 } else { AHEAD * workers.threads };
        let Some((first, cost)) = self.take_earliest(protocol) else { return true };
        if most == 1 || cost * (most as f64) < workers.worth_a_thread {
            let out = run(&first.job);
            return self.settle(first, out, interrupt);
        }
        let mut batch = vec![first];
        while batch.len() < most
            && let Some((taken, _)) = self.take_earliest(protocol)
        {
            batch.push(taken);
        }
        let _ = workers.parallel.fetch_add(1, Ordering::Relaxed);
        let outs: Vec<O> = batch.par_iter().with_max_len(1).map(|taken| run(&taken.job)).collect();
        batch.into_iter().zip(outs).fold(true, |whole, (taken, out)| self.settle(taken, out, interrupt) && whole)
    }

    /// Keeps the result of a job, or has the job wait again if it may have stopped short; whether its result is kept.
    fn settle(&mut self, taken: Taken<J>, out: O, interrupt: Interrupt<'_>) -> bool {
        let Taken { key, slot, steps, job } = taken;
        let whole = !interrupt.is_set();
        if whole {
            self.slots[slot] = Slot::Done { steps, out };
        } else {
            self.put(slot, key, steps, job);
        }
        whole
    }

    fn take_earliest<P: Protocol<Job = J, Out = O>>(&mut self, protocol: &P) -> Option<(Taken<J>, f64)> {
        loop {
            let Reverse((key, slot)) = self.waiting.pop()?;
            if !matches!(self.slots[slot], Slot::Waiting { key: own, .. } if own == key) {
                continue;
            }
            if let Slot::Waiting { steps, job, .. } = std::mem::replace(&mut self.slots[slot], Slot::Free) {
                let cost = protocol.cost(&job);
                return Some((Taken { key, slot, steps, job }, cost));
            }
        }
    }
}

/// A waiting job on its way to a thread.
struct Taken<J> {
    key: u128,
    slot: usize,
    steps: u64,
    job: J,
}
