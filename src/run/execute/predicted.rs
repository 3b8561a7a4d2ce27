//! The stationary point that theory predicts for a run.

use std::sync::Arc;

use crate::{
    analysis::{
        Combination, Ground, expected_weights, knows_deliveries,
        stationary::{Pulls, stationary_point as point},
    },
    num::Real,
    num::low_precision::Bits,
    part::{rate::Rate, transform::TransformSpec, weighting::Weighting},
    protocol::spec::{FederatedSpec, ShardRule},
    random::Setting,
    registry::{FederatedParameters, Parameters, complete},
    run::{Plan, RunId, protocols::assemble},
    world::World,
};

/// The model at which the expected server step of a run vanishes, shape `[d]`; `None` where nothing is known to predict it.
pub(super) fn stationary_point<R: Real>(plan: &Plan, run: RunId, world: &Arc<World<R>>) -> Option<Vec<R>> {
    let Parameters::Federated { own, parts } = &plan.arm(run).parameters else { return None };
    let setting = Setting { streams: world.streams(), clients: world.clients(), folder: plan.scenario.folder.clone() };
    let pulls = pulls(own.as_ref(), &complete(own.as_ref(), parts, world.problem.spec().weights), world, &setting)?;
    let x = point(&world.problem, &pulls).ok()?;
    Some(x.into_iter().map(R::of).collect())
}

/// The expected pull of each client on the model.
fn pulls<R: Real>(
    own: &dyn FederatedParameters,
    parts: &FederatedSpec,
    world: &Arc<World<R>>,
    setting: &Setting,
) -> Option<Pulls> {
    let client = parts.client.clone().unwrap_or_default();
    let plain = own.needs().averages
        && client.optimiser.is_empty()
        && is_linear(parts.server.as_deref().unwrap_or_default())
        && parts.shards == ShardRule::Own
        && parts.uplink.is_none()
        && parts.downlink.is_none()
        && (0..world.clients()).all(|client| world.width(client) == Bits::FLOAT);
    if !plain {
        return None;
    }
    let local = parts.local.build::<R>(own.recipe().steps, &client, setting).ok()?;
    let schedule = parts.schedule.clone().unwrap_or_default();
    let of = Combination { written: parts, full: parts, weighting: parts.weighting, ground: Ground::of(world) };
    if !knows_deliveries(&of) {
        return None;
    }
    let by_deliveries = FederatedSpec { weighting: Some(Weighting::Unbiased), ..parts.clone() };
    let followed = assemble(own, &by_deliveries, of.grid(), Arc::clone(world), &setting.folder).ok()?;
    let weights = expected_weights(parts.weighting.unwrap_or_default(), &schedule, followed.deliveries(), world)?;
    let usual: Vec<(f64, bool)> = (0..world.clients()).map(|client| local.usual_steps(world, client)).collect();
    let lr = match local.rate {
        Rate::Constant(lr) if usual.iter().all(|(_, always)| *always) => Some(lr),
        _ => None,
    };
    Some(Pulls { weights, steps: usual.into_iter().map(|(steps, _)| steps).collect(), lr })
}

/// Whether the mean of what a server optimiser makes of updates is what it makes of their mean.
fn is_linear(chain: &[TransformSpec]) -> bool {
    chain.iter().all(|part| match part {
        TransformSpec::Scale(_) => true,
        TransformSpec::Momentum(spec) => !spec.by_staleness,
        _ => false,
    })
}
