//! From the parameters of a method to its protocol in a world.

use std::{path::Path, sync::Arc};

use super::{any_world::AnyWorld, error::RunError};
use crate::{
    analysis::{
        Combination, Ground, PeerCombination, RoundTrips,
        deliveries::{Cycles, deliveries},
        peer_misfits,
    },
    invalid::Invalid,
    method::Setup,
    num::Real,
    part::{compressor::CompressorSpec, transform::Chain, weighting::Weighting},
    protocol::{
        Recorded,
        federated::{Compressors, Federated, Grid, Plan as FederatedPlan, ServerParts},
        peers::{Peers, PeersSpec, Plan as PeersPlan},
        schedule::{ScheduleSpec, SelectSpec},
        spec::FederatedSpec,
    },
    random::Setting,
    registry::{FederatedParameters, Halves, Parameters, PeerParameters, complete},
    world::World,
};

/// What is done with a protocol once it is built.
pub trait Pilot: Sized {
    /// What comes of it.
    type Outcome;

    /// Takes over.
    ///
    /// # Errors
    /// [`RunError`].
    fn fly<R: Real, P: Recorded<R>>(self, world: Arc<World<R>>, protocol: P) -> Result<Self::Outcome, RunError>;
}

/// Builds the protocol of a method in its world, and drops it.
///
/// # Errors
/// [`Invalid`] relative to the method's table, for parts that cannot be built.
pub fn check_built(parameters: &Parameters, world: AnyWorld, folder: &Path) -> Result<(), Invalid> {
    match build(parameters, world, folder, Built, RunError::Invalid) {
        Err(RunError::Invalid(invalid)) => Err(invalid),
        _ => Ok(()),
    }
}

/// Does nothing with a protocol.
struct Built;

impl Pilot for Built {
    type Outcome = ();

    fn fly<R: Real, P: Recorded<R>>(self, _: Arc<World<R>>, _: P) -> Result<(), RunError> {
        Ok(())
    }
}

/// Builds the protocol of a method in its world, at the precision of that, and hands it to `pilot`; `refuse` tells what cannot be
/// built, relative to the method's table.
///
/// # Errors
/// What `refuse` makes of parts that cannot be built, and what the pilot returns.
pub fn build<T: Pilot>(
    parameters: &Parameters,
    world: AnyWorld,
    folder: &Path,
    pilot: T,
    refuse: impl Fn(Invalid) -> RunError,
) -> Result<T::Outcome, RunError> {
    match world {
        AnyWorld::F32(world) => build_in(parameters, world, folder, pilot, refuse),
        AnyWorld::F64(world) => build_in(parameters, world, folder, pilot, refuse),
    }
}

fn build_in<R: Real, T: Pilot>(
    parameters: &Parameters,
    world: Arc<World<R>>,
    folder: &Path,
    pilot: T,
    refuse: impl Fn(Invalid) -> RunError,
) -> Result<T::Outcome, RunError> {
    match parameters {
        Parameters::Federated { own, parts } => {
            let federated = federated(own.as_ref(), parts, Arc::clone(&world), folder).map_err(refuse)?;
            pilot.fly(world, federated)
        }
        Parameters::Peers { own, parts } => {
            let peers = peers(own.as_ref(), parts, Arc::clone(&world), folder).map_err(refuse)?;
            pilot.fly(world, peers)
        }
    }
}

/// A method with a server, with all its parts.
///
/// # Errors
/// [`Invalid`] relative to the method's table, also for parts that fit in other worlds.
pub fn federated<R: Real>(
    own: &dyn FederatedParameters,
    written: &FederatedSpec,
    world: Arc<World<R>>,
    folder: &Path,
) -> Result<Federated<R>, Invalid> {
    written.fits(world.objective().dim())?;
    let full = complete(own, written, world.problem.spec().weights);
    let of = Combination { written, full: &full, weighting: written.weighting, ground: Ground::of(&world) };
    own.misfits(&of).into_iter().next().map_or(Ok(()), Err)?;
    let secure = of.grid();
    assemble(own, &full, secure, world, folder)
}

/// A method with a server, with `parts` that are complete and fit together.
///
/// # Errors
/// [`Invalid`] relative to the method's table, for data files, and for deliveries that cannot be predicted.
pub fn assemble<R: Real>(
    own: &dyn FederatedParameters,
    parts: &FederatedSpec,
    secure: Option<Grid>,
    world: Arc<World<R>>,
    folder: &Path,
) -> Result<Federated<R>, Invalid> {
    let (clients, widths) = (world.clients(), world.fleet.widths());
    let problem = Arc::clone(&world);
    let halves = || own.halves::<R>(&Setup { x: problem.problem.initial(0), clients, widths: widths.clone() });
    let schedule = parts.schedule.clone().unwrap_or_default();
    let setting = Setting { streams: world.streams(), clients: world.clients(), folder: folder.to_owned() };
    let client = parts.client.clone().unwrap_or_default();
    let local = parts.local.build(own.recipe().steps, &client, &setting).map_err(|invalid| invalid.under("local"))?;
    let optimiser = Chain::build(parts.server.as_deref().unwrap_or_default());
    let server = ServerParts::new(parts.weighting.unwrap_or_default(), optimiser, &schedule, &world);
    let (discount, max_staleness) = (schedule.discount(), schedule.max_staleness());
    let (compressors, commit, shards) = (Compressors::build(parts), parts.commit, parts.shards);
    let Halves { model, client, server: half } = halves();
    let mut plan = FederatedPlan {
        world,
        client,
        local,
        server,
        compressors,
        commit,
        shards,
        discount,
        secure,
        max_staleness,
        mean_trips: Vec::new(),
    };
    let in_time = matches!(&schedule, ScheduleSpec::Rounds(spec) if spec.select == SelectSpec::InTime);
    if in_time || plan.server.weighting == Weighting::Unbiased {
        let Halves { model, mut server, .. } = halves();
        let trips = RoundTrips::explore(&plan, &mut Arc::new(model), server.as_mut());
        if in_time {
            plan.mean_trips = (0..clients).map(|client| trips.mean(client)).collect();
        } else {
            let probability = |client| plan.world.probability(client);
            plan.server.deliveries = deliveries(&schedule, &trips, &probability, plan.world.streams())?;
        }
    }
    Ok(Federated::new(plan, model, half, schedule.build()))
}

/// A method without a server, with all its parts.
///
/// # Errors
/// [`Invalid`] relative to the method's table.
pub fn peers<R: Real>(
    own: &dyn PeerParameters,
    parts: &PeersSpec,
    world: Arc<World<R>>,
    folder: &Path,
) -> Result<Peers<R>, Invalid> {
    parts.fits(world.objective().dim())?;
    let of = PeerCombination { parts, ground: Ground::of(&world) };
    peer_misfits(&own.needs(), &of).into_iter().next().map_or(Ok(()), Err)?;
    let setting = Setting { streams: world.streams(), clients: world.clients(), folder: folder.to_owned() };
    let nodes = own.nodes::<R>(parts, &setting)?;
    let local = parts.local.build(own.needs().steps, &parts.client, &setting).map_err(|invalid| invalid.under("local"))?;
    let compressor = parts.compressor.as_ref().map(CompressorSpec::build);
    Peers::new(PeersPlan { world, local, absent: parts.absent, compressor, bit_width: parts.bit_width }, nodes)
}
