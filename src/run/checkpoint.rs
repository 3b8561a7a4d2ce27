//! Checkpoints of a run: all that changes, in one file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use serde::{Deserialize, Serialize};

use super::{
    execute::{Options, RunProgress},
    results::Results,
};
use crate::{
    engine::{Engine, Protocol},
    record::{Onlooker, Progress, RecorderState, Wish},
};

/// A run in the middle.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The engine, protocol included.
    pub engine: Vec<u8>,
    /// The recorder.
    pub recorder: RecorderState,
    /// Length of the part file [bytes].
    pub written: u64,
}

impl Saved {
    /// The checkpoint in the file `path`, if there is a whole one.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a checkpoint of this version.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Saves checkpoints now and then and when the call is interrupted, and shows progress.
pub struct Keeper<'a> {
    path: PathBuf,
    results: &'a Results,
    options: &'a Options,
    latest: Instant,
    events: u32,
    progress: &'a mut dyn RunProgress,
}

/// Events between looks at the clock.
const EVENTS_A_LOOK: u32 = 256;

impl<'a> Keeper<'a> {
    /// Saves to `path` among `results` as often as `options` say.
    pub fn new(path: PathBuf, results: &'a Results, options: &'a Options, progress: &'a mut dyn RunProgress) -> Self {
        Self { path, results, options, latest: now(), events: 0, progress }
    }
}

/// The wall clock. When a checkpoint is saved has no influence on any result.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

impl<P: Protocol> Onlooker<P> for Keeper<'_> {
    fn wish(&mut self) -> Wish {
        if self.options.interrupted() {
            return Wish::Leave;
        }
        self.events += 1;
        if self.events < EVENTS_A_LOOK {
            return Wish::GoOn;
        }
        self.events = 0;
        if self.latest.elapsed() >= self.options.checkpoint_every { Wish::Checkpoint } else { Wish::GoOn }
    }

    fn checkpoint(&mut self, engine: &Engine<P>, recorder: &RecorderState, written: u64) -> io::Result<()> {
        let engine = engine.save().map_err(io::Error::other)?;
        let saved = Saved { engine, recorder: recorder.clone(), written };
        let bytes = postcard::to_stdvec(&saved).map_err(io::Error::other)?;
        self.results.write_whole(&self.path, |out| out.write_all(&bytes))?;
        self.latest = now();
        Ok(())
    }

    fn sampled(&mut self, progress: &Progress, headline: Option<f64>) {
        self.progress.sampled(progress, headline);
    }
}
