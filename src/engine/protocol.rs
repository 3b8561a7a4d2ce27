//! The only interface the engine has to what runs on it.

pub mod control;

use std::io::{Read, Write};

use serde::{Serialize, de::DeserializeOwned};

use super::NodeId;
use crate::interrupt::Interrupt;
use control::Control;

/// A deterministic state machine: events in, orders out.
///
/// Messages, jobs and results are plain data, so that a run can be saved in the middle. State may change only in the
/// `on_…` methods and `start`; [`run_job`](Self::run_job) sees it immutably, on any thread, at any moment between the
/// start and the end of the job, and must depend on nothing but the job and what never changes during a run.
pub trait Protocol: Sync + Sized {
    /// A message between nodes.
    type Msg: Serialize + DeserializeOwned;
    /// A computation that waits to be run.
    type Job: Send + Sync + Serialize + DeserializeOwned;
    /// The result of a job.
    type Out: Send + Serialize + DeserializeOwned;
    /// Buffers of one worker thread.
    type Scratch: Default + Send;

    /// The first orders, at time zero.
    fn start(&mut self, control: &mut Control<'_, Self>);

    /// A node has finished its job.
    fn on_computed(&mut self, node: NodeId, out: Self::Out, control: &mut Control<'_, Self>);

    /// A message has arrived.
    fn on_message(&mut self, from: NodeId, to: NodeId, message: Self::Msg, control: &mut Control<'_, Self>);

    /// A timer set with this key has expired.
    fn on_timer(&mut self, key: u64, control: &mut Control<'_, Self>);

    /// A node has lost the job it was working on.
    fn on_lost(&mut self, node: NodeId, control: &mut Control<'_, Self>);

    /// A message was lost on its way, as its sender now learns.
    fn on_dropped(&mut self, from: NodeId, to: NodeId, message: Self::Msg, control: &mut Control<'_, Self>);

    /// Runs a job: a pure function of the job. Once `interrupt` is set it may stop short, since its result is thrown away.
    fn run_job(&self, job: &Self::Job, scratch: &mut Self::Scratch, interrupt: Interrupt<'_>) -> Self::Out;

    /// A result of the form and size of a job's for a fraction of its work, in runs of which only the cost is asked.
    fn sketch_job(&self, job: &Self::Job, scratch: &mut Self::Scratch) -> Self::Out {
        self.run_job(job, scratch, Interrupt::default())
    }

    /// Rough cost of a job [multiply-adds]; small jobs are not worth a thread.
    fn cost(&self, job: &Self::Job) -> f64;

    /// Writes everything that changes during a run.
    ///
    /// # Errors
    /// When a part of the state cannot be serialised or written.
    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error>;

    /// Loads the state that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// When the bytes do not fit.
    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error>;
}
