//! One run, from its world to its outcome.

use std::{fs, io, path::Path, sync::Arc};

use ndarray::Array2;
use ndarray_npy::WriteNpyExt;

use super::{Options, RunError, RunProgress, predicted::surrogate};
use crate::{
    engine::{Engine, Workers},
    invalid::Invalid,
    method::Setup,
    num::Real,
    part::{link::LinkSpec, transform::Chain},
    random::Setting,
    record::{
        Outcome, Recorder,
        part::{Part, header},
        predicted, staleness,
    },
    registry::{Halved, Halves, Parameters, PeerParameters, ServedParameters, complete},
    role::{
        Models, Observed,
        peers::{Peers, PeersSpec, Plan as PeersPlan},
        served::{Links, Plan as ServedPlan, Served, ServerParts},
        spec::ServedSpec,
    },
    run::{
        Plan, RunId,
        any_world::AnyWorld,
        checkpoint::{Keeper, take_up},
        results::Results,
    },
    world::{World, WorldClock},
};

/// Runs one run to its end, or takes it up where it was left; a run that has ended before is not run again.
pub(super) fn run(
    plan: &Plan,
    run: RunId,
    world: AnyWorld,
    results: &Results,
    options: &Options,
    inner: bool,
    progress: &mut dyn RunProgress,
) -> Result<Outcome, RunError> {
    let done = results.outcome(plan, run);
    if options.resume
        && let Ok(bytes) = fs::read(&done)
    {
        return postcard::from_bytes(&bytes).map_err(|error| RunError::io(&done)(io::Error::other(error)));
    }
    let job = RunJob { plan, run, results, options, inner, progress };
    let outcome = build_and(plan, run, world, job)?;
    let bytes = postcard::to_stdvec(&outcome).map_err(|error| RunError::io(&done)(io::Error::other(error)))?;
    results.write_whole(&done, |out| out.write_all(&bytes)).map_err(RunError::io(&done))?;
    Ok(outcome)
}

struct RunJob<'a> {
    plan: &'a Plan,
    run: RunId,
    results: &'a Results,
    options: &'a Options,
    inner: bool,
    progress: &'a mut dyn RunProgress,
}

/// What is done with a protocol once it is built.
pub trait Pilot: Sized {
    /// What comes of it.
    type Outcome;

    /// Takes over.
    ///
    /// # Errors
    /// [`RunError`].
    fn fly<R: Halved, P: Observed<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Self::Outcome, RunError>;
}

/// Builds the protocol of a run in its world, at the precision of that, and hands it to `pilot`.
///
/// # Errors
/// [`RunError::Invalid`] for parts that cannot be built, and what the pilot returns.
pub fn build_and<T: Pilot>(plan: &Plan, run: RunId, world: AnyWorld, pilot: T) -> Result<T::Outcome, RunError> {
    match world {
        AnyWorld::F32(world) => build_in(plan, run, world, pilot),
        AnyWorld::F64(world) => build_in(plan, run, world, pilot),
    }
}

fn build_in<R: Halved, T: Pilot>(plan: &Plan, run: RunId, world: Arc<World<R>>, pilot: T) -> Result<T::Outcome, RunError> {
    match &plan.arm(run).parameters {
        Parameters::Served { own, parts } => {
            let served = served(own.as_ref(), parts, Arc::clone(&world), &plan.scenario.folder);
            let served = served.map_err(|invalid| invalid.under(&format!("method.{}", run.method)))?;
            pilot.fly(world, served)
        }
        Parameters::Peers { own, parts } => {
            let peers = peers(own.as_ref(), parts, Arc::clone(&world), &plan.scenario.folder);
            pilot.fly(world, peers.map_err(|invalid| invalid.under(&format!("method.{}", run.method)))?)
        }
    }
}

/// A method with a server, with all its parts.
///
/// # Errors
/// [`Invalid`] relative to the method's table.
pub fn served<R: Halved>(
    own: &dyn ServedParameters,
    parts: &ServedSpec,
    world: Arc<World<R>>,
    folder: &Path,
) -> Result<Served<R>, Invalid> {
    parts.fits(world.objective().dim())?;
    let (clients, widths) = (world.clients(), world.fleet.widths());
    let problem = Arc::clone(&world);
    let halves = || R::halves(own, Setup { x: problem.problem.initial(0), clients, widths: widths.clone() });
    let parts = complete(own, parts);
    let schedule = parts.schedule.clone().unwrap_or_default();
    let setting = Setting { streams: world.streams(), clients: world.clients(), folder: folder.to_owned() };
    let client = parts.client.clone().unwrap_or_default();
    let local = parts.local.build(own.recipe().steps, &client, &setting).map_err(|invalid| invalid.under("local"))?;
    let optimiser = Chain::build(parts.server.as_deref().unwrap_or_default());
    let server = ServerParts::new(parts.weighting.unwrap_or_default(), optimiser, &schedule, &world)?;
    let (discount, max_staleness) = (schedule.discount(), schedule.max_staleness());
    let (links, secure) = (Links::build(&parts), parts.grid(world.clients())?);
    let (commit, shards) = (parts.commit, parts.shards);
    let Halves { client, server: half } = halves();
    let mut plan =
        ServedPlan { world, client, local, server, links, commit, shards, discount, secure, max_staleness, trips: None };
    plan.foresee(&schedule, || halves().server)?;
    Ok(Served::new(plan, half, schedule.build()))
}

/// A method without a server, with all its parts.
///
/// # Errors
/// [`Invalid`] relative to the method's table.
pub fn peers<R: Halved>(
    own: &dyn PeerParameters,
    parts: &PeersSpec,
    world: Arc<World<R>>,
    folder: &Path,
) -> Result<Peers<R>, Invalid> {
    let setting = Setting { streams: world.streams(), clients: world.clients(), folder: folder.to_owned() };
    let nodes = R::nodes(own, &setting)?;
    parts.check_memory(nodes.broadcasts())?;
    let local = parts.local.build(own.steps(), &parts.client, &setting).map_err(|invalid| invalid.under("local"))?;
    parts.fits(world.objective().dim())?;
    let link = parts.link.as_ref().map(LinkSpec::build);
    Peers::new(PeersPlan { world, local, absent: parts.absent, link, low_bit: parts.low_bit }, nodes)
}

impl Pilot for RunJob<'_> {
    type Outcome = Outcome;

    fn fly<R: Halved, P: Observed<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Outcome, RunError> {
        let Self { plan, run, results, options, .. } = self;
        let clock = Box::new(WorldClock::new(Arc::clone(&world)));
        let workers = if self.inner { Workers::pool() } else { Workers::single() };
        let mut engine = Engine::new(protocol, clock, world.streams(), workers);
        let (path, checkpoint) = (results.part(plan, run), results.checkpoint(plan, run));
        let saved = if options.resume { take_up(&checkpoint, &mut engine).map_err(RunError::io(&checkpoint))? } else { None };
        let prefix = prefix(plan, run);
        let (part, state) = match saved {
            Some((state, written)) => (Part::resume(&path, written, prefix.clone()), Some(state)),
            None => (Part::create(&path, &header(&plan.keys(), &plan.columns), prefix.clone()), None),
        };
        let part = part.map_err(RunError::io(&path))?;
        let mut keeper = Keeper::new(checkpoint, results, options, self.progress);
        let record = &plan.cells[run.cell].record;
        let mut recorder = Recorder::new(&world, record, part, state, &mut keeper);
        if plan.record.iterates {
            recorder.keep_iterates(results.unfinished_iterates(plan, run)).map_err(RunError::io(&path))?;
        }
        let _ = engine.run(&mut recorder);
        let Some((outcome, iterates)) = recorder.finish(&engine).map_err(RunError::io(&path))? else {
            return Err(RunError::Interrupted);
        };
        if let Some(iterates) = iterates {
            save(results, &results.iterates(plan, run), &iterates)?;
        }
        if plan.record.staleness {
            let path = results.staleness(plan, run);
            let table = staleness::table(&plan.keys(), &prefix, engine.protocol().staleness_counts());
            let table = table.map_err(RunError::io(&path))?;
            results.write_whole(&path, |out| out.write_all(table.as_bytes())).map_err(RunError::io(&path))?;
        }
        if plan.record.surrogate {
            let path = results.predicted(plan, run);
            let model = surrogate(plan, run, &world);
            let table = predicted::table(&plan.keys(), &prefix, &plan.columns, (&world.problem, model.as_deref()));
            let table = table.map_err(RunError::io(&path))?;
            results.write_whole(&path, |out| out.write_all(table.as_bytes())).map_err(RunError::io(&path))?;
        }
        if plan.record.models {
            let models: Vec<Vec<R>> = match engine.protocol().models() {
                Models::Server(x) => vec![x.to_vec()],
                Models::Nodes(nodes) => nodes.into_iter().map(<[R]>::to_vec).collect(),
            };
            save(results, &results.model(plan, run), &models)?;
        }
        Ok(outcome)
    }
}

/// What every row of a run starts with.
fn prefix(plan: &Plan, run: RunId) -> Vec<String> {
    let values = plan.cells[run.cell].cell.keys.iter().map(|key| key.value.clone());
    values.chain([plan.arm(run).label.clone(), plan.seeds[run.seed].to_string()]).collect()
}

/// Saves vectors of one length as a matrix.
fn save<R: Real>(results: &Results, path: &Path, rows: &[Vec<R>]) -> Result<(), RunError> {
    let shape = (rows.len(), rows.first().map_or(0, Vec::len));
    let flat: Vec<R> = rows.iter().flatten().copied().collect();
    let matrix = Array2::from_shape_vec(shape, flat).expect("models of a run have one length");
    let mut bytes = Vec::new();
    matrix.write_npy(&mut bytes).map_err(|error| RunError::io(path)(io::Error::other(error)))?;
    results.write_whole(path, |out| out.write_all(&bytes)).map_err(RunError::io(path))
}
