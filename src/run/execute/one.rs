//! One run, from its world to its outcome.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use ndarray::Array2;
use ndarray_npy::WriteNpyExt;

use super::{kept, predicted::stationary_point};
use crate::{
    engine::{Engine, Protocol, Workers},
    file::digest::Digest,
    num::Real,
    protocol::{Models, Recorded},
    record::{
        ClientPlan, End, Ended, Files, OWN, RecordError, RecordPlan, Recorder, RecorderState, Written,
        clients::table,
        curves::{predicted, staleness},
        recorder::files::{Iterates, Part, header, participants_header},
        table::guarded,
    },
    run::{
        Options, Plan, RunId,
        any_world::AnyWorld,
        checkpoint::{self, Keeper, Origin, Saved},
        done::{Done, is_of_run},
        error::RunError,
        held::{Held, Place},
        options::RunProgress,
        ours::{ITERATES, MODELS, STATES},
        protocols::Pilot,
        results::Results,
        tuning::Wanted,
    },
    world::{World, WorldClock},
};

/// Runs one run to its end, or to the first sample at or beyond its place: from where it was saved, if `saved` files may be used, or
/// from its start. Returns its end, if that is reached.
pub(super) fn run(
    plan: &Plan,
    wanted: Wanted,
    world: AnyWorld,
    results: &Results,
    (options, inner, saved): (&Options, bool, bool),
    progress: &mut dyn RunProgress,
) -> Result<Option<End>, RunError> {
    let Wanted { run, until } = wanted;
    let name = plan.name(run);
    let job = RunJob { plan, run, until, name: &name, results, options, inner, saved, progress };
    match plan.build(run, world, job)? {
        Left::Done(done) => {
            done.write(results, &name).map_err(RunError::io(&results.of_run(&name, "done")))?;
            Ok(Some(done.end))
        }
        Left::Held(held) => {
            held.write(results, &name).map_err(RunError::io(&results.of_run(&name, "held")))?;
            Ok(None)
        }
    }
}

/// How a run is left.
enum Left {
    /// At its end.
    Done(Done),
    /// At its place.
    Held(Held),
}

struct RunJob<'a> {
    plan: &'a Plan,
    run: RunId,
    until: Option<Place>,
    /// The name of its files.
    name: &'a str,
    results: &'a Results,
    options: &'a Options,
    inner: bool,
    saved: bool,
    progress: &'a mut dyn RunProgress,
}

impl Pilot for RunJob<'_> {
    type Outcome = Left;

    fn fly<R: Real, P: Recorded<R>>(self, world: Arc<World<R>>, mut protocol: P) -> Result<Left, RunError> {
        let Self { plan, run, until, name, results, options, .. } = self;
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let workers = if self.inner { Workers::pool() } else { Workers::single() };
        let workers = workers.heeding(Arc::clone(&options.interrupt));
        if plan.columns.iter().any(|column| column.metric.needs().updates) {
            protocol.measure_updates();
        }
        let mut engine = Engine::new(protocol, clock, world.streams(), workers);
        let (path, checkpoint) = (results.of_run(name, "csv"), results.of_run(name, "checkpoint"));
        let prefix = prefix(plan, run);
        let paths = Paths {
            part: &path,
            iterates: plan.record.iterates.then(|| results.of_run(name, "iterates")),
            participants: plan.record.participants.then(|| results.of_run(name, "participants")),
            clients: plan.scores_clients(run.cell).map(|of_clients| (results.of_run(name, "clients"), of_clients)),
            reliability: plan.bins_confidence(run.cell).then(|| results.of_run(name, "reliability")),
        };
        let record = &plan.cells[run.cell].record;
        let kept = results.of_run(&plan.kept_name(run), "kept");
        let mut saved = if self.saved { resume(&checkpoint, &paths, &prefix, &mut engine)? } else { None };
        if self.saved && saved.is_none() {
            saved = go_on((&kept, record), (results, &paths), &prefix, &mut engine)?;
        }
        let (files, state) = match saved {
            Some((_, state, part)) if let Some(held) = held_there(&state, part, until) => return Ok(Left::Held(held)),
            Some((files, state, _)) => (files, Some(state)),
            None => (paths.create(plan, &prefix).map_err(RunError::io(&path))?, None),
        };
        let mut keeper = Keeper::new(checkpoint, results, options, self.progress).until(until);
        if options.keep_checkpoints {
            keeper = keeper.keeping(kept, Origin { bounds: record.stop.bounds(), name: name.to_owned() });
        }
        let mut recorder = Recorder::new(&world, record, files, state, &mut keeper);
        let _ = engine.run(&mut recorder);
        let ended = recorder.finish(&engine).map_err(|error| match error {
            RecordError::Io(source) => RunError::io(&path)(source),
            RecordError::Invalid(invalid) => plan.reject(run.cell, invalid).into(),
        })?;
        let Some(Ended { end, written, iterates }) = ended else {
            return keeper.held().map(Left::Held).ok_or(RunError::Interrupted);
        };
        let mut kept = Kept { results, files: vec![(own(name, "csv"), written.part)] };
        kept.files.extend(written.participants.map(|participants| (own(name, "participants"), participants)));
        kept.files.extend(written.clients.map(|clients| (own(name, "clients"), clients)));
        kept.files.extend(written.reliability.map(|reliability| (own(name, "reliability"), reliability)));
        if let Some(iterates) = iterates {
            kept.matrix(ITERATES, name, &iterates)?;
        }
        if plan.record.staleness {
            let table = staleness::table(&plan.keys(), &prefix, engine.protocol().staleness_counts());
            kept.table(name, "staleness", table)?;
        }
        if plan.record.stationary_point {
            let model = stationary_point(plan, run, &world);
            let table = predicted::table(&plan.keys(), &prefix, &plan.columns, (&world.problem, model.as_deref()));
            kept.table(name, "predicted", table)?;
        }
        if plan.record.models {
            let models: Vec<Vec<R>> = match engine.protocol().models() {
                Models::Server(x) => vec![x.to_vec()],
                Models::Nodes(nodes) => nodes.into_iter().map(<[R]>::to_vec).collect(),
            };
            kept.matrix(MODELS, name, &models)?;
        }
        if plan.record.states {
            let state_vectors = engine.protocol().state();
            let vectors: Vec<&[R]> = state_vectors.iter().map(|state| state.vector).collect();
            kept.matrix(STATES, name, &vectors)?;
            kept.table(name, STATES, kept::names(&state_vectors))?;
        }
        Ok(Left::Done(Done { end, files: kept.files }))
    }
}

/// The files that a run writes while it goes on.
struct Paths<'a> {
    part: &'a Path,
    /// The iterates.
    iterates: Option<PathBuf>,
    /// The participants.
    participants: Option<PathBuf>,
    /// The scores of clients, and how they are scored.
    clients: Option<(PathBuf, &'a ClientPlan)>,
    /// The bins of confidence.
    reliability: Option<PathBuf>,
}

impl Paths<'_> {
    fn create(&self, plan: &Plan, prefix: &[String]) -> io::Result<Files> {
        let keys = plan.keys();
        let log = |path: &Path, header: &[String]| Part::create(path, header, prefix.to_vec());
        let of_clients = self.clients.as_ref().and_then(|(path, of_clients)| Some((path, of_clients.header(&keys)?)));
        Ok(Files {
            part: Part::create(self.part, &header(&keys, &plan.columns), prefix.to_vec())?,
            iterates: self.iterates.clone().map(Iterates::create).transpose()?,
            participants: self.participants.as_deref().map(|path| log(path, &participants_header(&keys))).transpose()?,
            clients: of_clients.map(|(path, header)| log(path, &header)).transpose()?,
            reliability: self.reliability.as_deref().map(|path| log(path, &table::bins_header(&keys))).transpose()?,
        })
    }

    fn resume(&self, written: Written, prefix: &[String]) -> io::Result<Files> {
        let part = Part::resume(self.part, written.part, prefix.to_vec())?;
        let iterates = self.iterates.clone().zip(written.iterates);
        let go_on = |path: Option<&Path>, known: Option<Digest>| {
            path.zip(known).map(|(path, known)| Part::resume(path, known, prefix.to_vec())).transpose()
        };
        Ok(Files {
            part,
            iterates: iterates.map(|(path, known)| Iterates::resume(path, known)).transpose()?,
            participants: go_on(self.participants.as_deref(), written.participants)?,
            clients: go_on(self.clients.as_ref().map(|(path, _)| path.as_path()), written.clients)?,
            reliability: go_on(self.reliability.as_deref(), written.reliability)?,
        })
    }
}

/// Brings `engine` and the files of a run to where a run with nearer bounds has ended, if that was kept in the file `kept`; the files of
/// that run stay as they are.
fn go_on<P: Protocol>(
    (kept, record): (&Path, &RecordPlan),
    (results, paths): (&Results, &Paths<'_>),
    prefix: &[String],
    engine: &mut Engine<P>,
) -> Result<Option<Restored>, RunError> {
    let Some((origin, saved)) = checkpoint::open_kept(kept).map_err(damaged(kept))? else { return Ok(None) };
    if record.stop.bounds().are_beyond(&origin.bounds) != Some(true) || !is_of_run(&format!("{}.csv", origin.name)) {
        return Ok(None);
    }
    let files = [
        ("csv", Some(paths.part)),
        ("iterates", paths.iterates.as_deref()),
        ("participants", paths.participants.as_deref()),
        ("clients", paths.clients.as_ref().map(|(path, _)| path.as_path())),
        ("reliability", paths.reliability.as_deref()),
    ];
    for (extension, to) in files.into_iter().filter_map(|(extension, to)| Some((extension, to?))) {
        match fs::copy(results.of_run(&origin.name, extension), to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            copied => drop(copied.map_err(RunError::io(to))?),
        }
    }
    restored(saved, kept, paths, prefix, engine).map(Some)
}

/// What a run has come to, where it was saved at its place or beyond.
fn held_there(state: &RecorderState, part: Digest, until: Option<Place>) -> Option<Held> {
    let sample = *state.latest().filter(|sample| until.is_some_and(|until| until.is_reached(sample)))?;
    Some(Held { sample, part })
}

/// The files and the recorder of a run as they were saved, with the digest of its samples.
type Restored = (Files, RecorderState, Digest);

/// Brings `engine` and the files of a run to where `saved` was written, from the file `checkpoint`.
fn restored<P: Protocol>(
    saved: Saved<impl Read>,
    checkpoint: &Path,
    paths: &Paths<'_>,
    prefix: &[String],
    engine: &mut Engine<P>,
) -> Result<Restored, RunError> {
    let damaged = damaged(checkpoint);
    let written = saved.written();
    let files = paths.resume(written, prefix).map_err(&damaged)?;
    Ok((files, saved.load(checkpoint, engine).map_err(&damaged)?, written.part))
}

/// The error of a checkpoint that cannot be used, or not be read.
fn damaged(checkpoint: &Path) -> impl Fn(io::Error) -> RunError {
    let path = checkpoint.to_owned();
    move |error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::NotFound => RunError::Damaged(error),
        _ => RunError::io(&path)(error),
    }
}

/// Brings `engine` and the files of a run to where its checkpoint was saved; `None` without one.
fn resume<P: Protocol>(
    checkpoint: &Path,
    paths: &Paths<'_>,
    prefix: &[String],
    engine: &mut Engine<P>,
) -> Result<Option<Restored>, RunError> {
    let Some(saved) = checkpoint::open(checkpoint).map_err(damaged(checkpoint))? else { return Ok(None) };
    restored(saved, checkpoint, paths, prefix, engine).map(Some)
}

/// The files of a run that has ended, as they are written.
struct Kept<'a> {
    results: &'a Results,
    files: Vec<(String, Digest)>,
}

impl Kept<'_> {
    /// Keeps a table among the files of the run.
    fn table(&mut self, name: &str, extension: &str, table: io::Result<String>) -> Result<(), RunError> {
        let table = table.map_err(RunError::io(&self.results.of_run(name, extension)))?;
        self.keep(own(name, extension), table.as_bytes())
    }

    /// Keeps vectors as the rows of a matrix in `folder`; shorter ones end in NaN.
    fn matrix<R: Real>(&mut self, folder: &str, name: &str, rows: &[impl AsRef<[R]>]) -> Result<(), RunError> {
        let file = format!("{folder}/{name}.npy");
        let width = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
        let mut matrix = Array2::from_elem((rows.len(), width), R::of(f64::NAN));
        for (mut to, from) in matrix.rows_mut().into_iter().zip(rows) {
            to.iter_mut().zip(from.as_ref()).for_each(|(to, from)| *to = *from);
        }
        let mut bytes = Vec::new();
        matrix.write_npy(&mut bytes).map_err(|error| RunError::io(&self.results.file(&file))(io::Error::other(error)))?;
        self.keep(file, &bytes)
    }

    fn keep(&mut self, file: String, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.results.file(&file);
        self.results.write_whole(&path, |out| out.write_all(bytes)).map_err(RunError::io(&path))?;
        self.files.push((file, Digest::of(bytes)));
        Ok(())
    }
}

/// The path of a run's own file, from the results folder on.
fn own(name: &str, extension: &str) -> String {
    format!("{OWN}/runs/{name}.{extension}")
}

/// The start of every row of a run.
fn prefix(plan: &Plan, run: RunId) -> Vec<String> {
    let values = plan.cells[run.cell].cell.keys.iter().map(|key| key.value.clone());
    let texts = values.chain([plan.arm(run).label.clone()]).map(|text| guarded(&text).into_owned());
    texts.chain([plan.seed(run).to_string()]).collect()
}
