//! Parameters with every part written out: what a scenario leaves out comes from the method's recipe.

use super::{Parameters, ServedParameters};
use crate::{
    invalid::Invalid,
    method::Parts,
    problem::ObjectiveSpec,
    role::{peers::PeersSpec, spec::ServedSpec},
};

impl Parameters {
    /// The same method with its default parts written out. Parts that the method has no place for stay left out.
    pub fn resolved(&self, objective: &ObjectiveSpec) -> Self {
        match self {
            Self::Served { own, parts } => {
                Self::Served { own: own.clone(), parts: Box::new(served(own.as_ref(), parts, objective)) }
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

fn served(own: &dyn ServedParameters, written: &ServedSpec, objective: &ObjectiveSpec) -> ServedSpec {
    let recipe = own.recipe();
    let schedule = written.schedule.clone().or(recipe.schedule).unwrap_or_default();
    let mut parts = ServedSpec { local: written.local.counted(recipe.steps), schedule: Some(schedule), ..written.clone() };
    let weighted = ServedSpec { weighting: parts.weighting.or(Some(recipe.weighting)), ..parts.clone() };
    if fit(own, &weighted, objective).is_ok() {
        parts = weighted;
    }
    let stepping = ServedSpec { server: parts.server.clone().or(Some(recipe.server)), ..parts.clone() };
    if fit(own, &stepping, objective).is_ok() {
        parts = stepping;
    }
    let descending = ServedSpec { client: parts.client.clone().or(Some(recipe.client)), ..parts.clone() };
    if fit(own, &descending, objective).is_ok() { descending } else { parts }
}

/// Refuses parts that make no sense together or with the method.
///
/// # Errors
/// [`Invalid`] at the part that does not fit.
pub fn fit(own: &dyn ServedParameters, parts: &ServedSpec, objective: &ObjectiveSpec) -> Result<(), Invalid> {
    let recipe = own.recipe();
    let schedule = parts.schedule.clone().or(recipe.schedule).unwrap_or_default();
    parts.check_shards(parts.weighting.unwrap_or(recipe.weighting), &schedule)?;
    own.accepts(&Parts {
        objective,
        schedule: &schedule,
        weighting: parts.weighting,
        server: parts.server.as_deref(),
        client: parts.client.as_ref(),
        uplink: parts.uplink.as_ref(),
        low_bit: parts.low_bit,
    })
}
