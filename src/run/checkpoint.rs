//! Checkpoints of a run: all that changes, in one file.

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    time::Instant,
};

use serde::{Deserialize, Serialize};

use super::{
    execute::{Options, RunProgress},
    results::Results,
    wall::now,
};
use crate::{
    engine::{Engine, Protocol, Snapshot, read},
    record::{Onlooker, Progress, RecorderState, Wish},
};

/// What a checkpoint says before the engine, protocol included.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    recorder: RecorderState,
    /// Length of the part file [bytes].
    written: u64,
}

/// Brings `engine` to where the checkpoint in the file `path` was saved, if there is a whole one; the recorder as it was then, and
/// the length of the part file [bytes].
///
/// # Errors
/// When the file cannot be read, or is not a checkpoint of this version.
pub fn take_up<P: Protocol>(path: &Path, engine: &mut Engine<P>) -> io::Result<Option<(RecorderState, u64)>> {
    let mut input = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Head { recorder, written } = read(&mut input).map_err(io::Error::other)?;
    engine.load(&mut input).map_err(io::Error::other)?;
    Ok(Some((recorder, written)))
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
        let head = Head { recorder: recorder.clone(), written };
        self.results.write_whole(&self.path, |out| head.save(out).and_then(|()| engine.save(out)).map_err(io::Error::other))?;
        self.latest = now();
        Ok(())
    }

    fn sampled(&mut self, progress: &Progress, headline: Option<f64>) {
        self.progress.sampled(progress, headline);
    }
}
