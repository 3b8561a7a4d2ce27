//! Parameters with every part written out: what a scenario leaves out comes from the method's recipe.

use super::{Parameters, ServedParameters};
use crate::{
    invalid::Invalid,
    method::Parts,
    problem::ObjectiveSpec,
    role::{peers::PeersSpec, spec::ServedSpec},
};

impl Parameters {
    /// The same method with all that can be said of its parts written out. Parts that the method has no place for stay left
    /// out, and so does an optimiser that it makes from its own parameters, which would have no effect beside it.
    pub fn resolved(&self, objective: &ObjectiveSpec) -> Self {
        match self {
            Self::Served { own, parts } => {
                Self::Served { own: own.clone(), parts: Box::new(written_out(own.as_ref(), parts, objective)) }
            }
            Self::Peers { own, parts } => {
                let local = parts.local.counted(own.steps());
                Self::Peers { own: own.clone(), parts: Box::new(PeersSpec { local, ..parts.as_ref().clone() }) }
            }
        }
    }

    /// Local steps of every visit, for methods that leave no choice.
    pub fn fixed_steps(&self) -> Option<usize> {
        match self {
            Self::Served { own, .. } => own.recipe().steps,
            Self::Peers { own, .. } => own.steps(),
        }
    }
}

/// The parts that a method runs with: those of its recipe where the scenario says nothing.
pub fn complete(own: &dyn ServedParameters, written: &ServedSpec) -> ServedSpec {
    let recipe = own.recipe();
    let written = written.clone();
    ServedSpec {
        local: written.local.counted(recipe.steps),
        schedule: Some(written.schedule.or(recipe.schedule).unwrap_or_default()),
        weighting: Some(written.weighting.unwrap_or(recipe.weighting)),
        server: Some(written.server.unwrap_or(recipe.server)),
        client: Some(written.client.unwrap_or(recipe.client)),
        ..written
    }
}

fn written_out(own: &dyn ServedParameters, written: &ServedSpec, objective: &ObjectiveSpec) -> ServedSpec {
    let (full, recipe) = (complete(own, written), own.recipe());
    let ServedSpec { weighting, server, client, .. } = written.clone();
    let mut parts = ServedSpec { weighting, server, client, ..full.clone() };
    let weighted = ServedSpec { weighting: full.weighting, ..parts.clone() };
    if fit(own, &weighted, objective).is_ok() {
        parts = weighted;
    }
    let stepping = ServedSpec { server: full.server, ..parts.clone() };
    if recipe.server.is_empty() && fit(own, &stepping, objective).is_ok() {
        parts = stepping;
    }
    let descending = ServedSpec { client: full.client, ..parts.clone() };
    if recipe.client.optimiser.is_empty() && fit(own, &descending, objective).is_ok() { descending } else { parts }
}

/// Refuses parts that make no sense together or with the method.
///
/// # Errors
/// [`Invalid`] at the part that does not fit.
pub fn fit(own: &dyn ServedParameters, parts: &ServedSpec, objective: &ObjectiveSpec) -> Result<(), Invalid> {
    let recipe = own.recipe();
    let schedule = parts.schedule.clone().or(recipe.schedule).unwrap_or_default();
    parts.check_shards(parts.weighting.unwrap_or(recipe.weighting), &schedule)?;
    complete(own, parts).check_anonymity()?;
    own.accepts(&Parts {
        shards: parts.shards,
        objective,
        schedule: &schedule,
        weighting: parts.weighting,
        server: parts.server.as_deref(),
        client: parts.client.as_ref(),
        uplink: parts.uplink.as_ref(),
        low_bit: parts.low_bit,
        anonymous: parts.anonymous,
    })
}
