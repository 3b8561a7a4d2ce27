//! Checkpoints of a run: all that changes, in one file that ends in its checksum.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use serde::{Deserialize, Serialize};

use super::{
    held::{Held, Place},
    options::{Options, RunProgress},
    results::Results,
    sealed,
    threads::now,
};
use crate::{
    engine::{Engine, Protocol, Snapshot, read},
    record::{Bounds, Onlooker, Progress, RecorderState, Wish, Written},
};

/// The head of a checkpoint, before the engine and its protocol.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    recorder: RecorderState,
    /// Digests of the files of the run.
    written: Written,
}

/// The run whose end a checkpoint is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Origin {
    /// The bounds that ended it.
    pub bounds: Bounds,
    /// The name of its files.
    pub name: String,
}

/// A checkpoint whose checksum is right.
pub struct Saved<I> {
    head: Head,
    rest: I,
}

/// The checkpoint in the file `path`; `None` without one.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] where it is damaged or cut off; else when it cannot be read.
pub fn open(path: &Path) -> io::Result<Option<Saved<impl Read>>> {
    let Some(mut rest) = sealed::open(path)? else { return Ok(None) };
    let head = read(&mut rest).map_err(|error| foreign(path, error))?;
    Ok(Some(Saved { head, rest }))
}

/// The end of a run that was kept in the file `path`, and which run it is; `None` without one.
///
/// # Errors
/// As [`open`].
pub fn open_kept(path: &Path) -> io::Result<Option<(Origin, Saved<impl Read>)>> {
    let Some(mut rest) = sealed::open(path)? else { return Ok(None) };
    let (origin, head) = read(&mut rest).map_err(|error| foreign(path, error))?;
    Ok(Some((origin, Saved { head, rest })))
}

/// A sound file with something else in it.
fn foreign(path: &Path, error: postcard::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is no checkpoint of this run: {error}", path.display()))
}

impl<I: Read> Saved<I> {
    /// Digests of the files of the run.
    pub fn written(&self) -> Written {
        self.head.written
    }

    /// Brings `engine` to where the checkpoint was saved, and returns the recorder as it was then; `path` is for messages.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it is one of another program; then the engine is of no use.
    pub fn load<P: Protocol>(mut self, path: &Path, engine: &mut Engine<P>) -> io::Result<RecorderState> {
        engine.load(&mut self.rest).map_err(|error| foreign(path, error))?;
        Ok(self.head.recorder)
    }
}

/// Saves checkpoints now and then and when the call is interrupted, and shows progress.
pub struct Keeper<'a> {
    path: PathBuf,
    results: &'a Results,
    options: &'a Options,
    latest: Instant,
    events: u32,
    /// The place at which the run is left.
    until: Option<Place>,
    /// The sample at which it is there.
    reached: Option<Progress>,
    /// What was saved there.
    held: Option<Held>,
    progress: &'a mut dyn RunProgress,
    /// Where the end of the run is kept, and which run it is.
    kept: Option<(PathBuf, Origin)>,
}

/// Events between looks at the clock.
const EVENTS_A_LOOK: u32 = 256;

impl<'a> Keeper<'a> {
    /// Saves to `path` among `results` as often as `options` say.
    pub fn new(path: PathBuf, results: &'a Results, options: &'a Options, progress: &'a mut dyn RunProgress) -> Self {
        Self { path, results, options, latest: now(), events: 0, until: None, reached: None, held: None, progress, kept: None }
    }

    /// The same for a run that is left at the first sample at or beyond a place.
    pub fn until(self, until: Option<Place>) -> Self {
        Self { until, ..self }
    }

    /// Keeps the end of the run in the file `path`, for runs with later bounds.
    pub fn keeping(self, path: PathBuf, origin: Origin) -> Self {
        Self { kept: Some((path, origin)), ..self }
    }

    /// What the run has come to, where it was left at its place.
    pub fn held(&self) -> Option<Held> {
        self.held
    }
}

impl<P: Protocol> Onlooker<P> for Keeper<'_> {
    fn wish(&mut self) -> Wish {
        if self.options.interrupted() || self.reached.is_some() {
            return Wish::Leave;
        }
        self.events += 1;
        if self.events < EVENTS_A_LOOK {
            return Wish::GoOn;
        }
        self.events = 0;
        if self.latest.elapsed() >= self.options.checkpoint_every { Wish::Checkpoint } else { Wish::GoOn }
    }

    fn checkpoint(&mut self, engine: &Engine<P>, recorder: &RecorderState, written: &Written) -> io::Result<()> {
        let head = Head { recorder: recorder.clone(), written: *written };
        self.results.write_whole(&self.path, |out| {
            sealed::write(out, |out| head.save(out).and_then(|()| engine.save(out)).map_err(io::Error::other))
        })?;
        self.latest = now();
        self.held = self.reached.map(|sample| Held { sample, part: written.part });
        Ok(())
    }

    fn ends(
        &mut self,
        engine: &Engine<P>,
        recorder: &RecorderState,
        written: &mut dyn FnMut() -> io::Result<Written>,
    ) -> io::Result<()> {
        let Some((path, origin)) = &self.kept else { return Ok(()) };
        let head = Head { recorder: recorder.clone(), written: written()? };
        self.results.write_whole(path, |out| {
            sealed::write(out, |out| (origin.clone(), head).save(out).and_then(|()| engine.save(out)).map_err(io::Error::other))
        })
    }

    fn sampled(&mut self, progress: &Progress, headline: Option<f64>) {
        self.reached = self.until.filter(|until| until.is_reached(progress)).map(|_| *progress);
        self.progress.sampled(progress, headline);
    }
}
