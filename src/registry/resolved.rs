//! Parameters with every part written out: what a scenario leaves out comes from the method's recipe.

use std::path::Path;

use super::{FederatedParameters, Parameters};
use crate::{
    analysis::{Combination, Ground, PeerCombination, peer_misfits, stability},
    invalid::Invalid,
    part::weighting::Weighting,
    problem::{ProblemSpec, spec::WeightsSpec},
    protocol::{peers::PeersSpec, spec::FederatedSpec},
};

impl Parameters {
    /// The same method with all that can be said of its parts written out. Parts that the method has no place for stay left
    /// out, and so does an optimiser that it makes from its own parameters, which would have no effect beside it.
    pub fn resolved(&self, problem: &ProblemSpec) -> Self {
        match self {
            Self::Federated { own, parts } => {
                Self::Federated { own: own.clone(), parts: Box::new(written_out(own.as_ref(), parts, problem)) }
            }
            Self::Peers { own, parts } => {
                let local = parts.local.counted(own.needs().steps);
                Self::Peers { own: own.clone(), parts: Box::new(PeersSpec { local, ..parts.as_ref().clone() }) }
            }
        }
    }

    /// Local steps of every visit, for methods that leave no choice.
    pub fn fixed_steps(&self) -> Option<usize> {
        match self {
            Self::Federated { own, .. } => own.recipe().steps,
            Self::Peers { own, .. } => own.needs().steps,
        }
    }

    /// All that does not go together on this ground, each misfit at the key to change; relative to the method's table.
    pub fn misfits(&self, ground: Ground<'_>) -> Vec<Invalid> {
        match self {
            Self::Federated { own, parts } => {
                let full = complete(own.as_ref(), parts, ground.weights);
                own.misfits(&Combination { written: parts, full: &full, weighting: parts.weighting, ground })
            }
            Self::Peers { own, parts } => peer_misfits(&own.needs(), &PeerCombination { parts, ground }),
        }
    }

    /// Whether the uplink makes the memories of clients diverge on a model of `d` parameters, see [`stability::check`].
    pub fn stability(&self, d: usize) -> (Option<Invalid>, Option<String>) {
        let Self::Federated { own, parts } = self else { return (None, None) };
        let taken_up = own.needs().takes_up.zip(parts.uplink.as_ref());
        taken_up.map_or((None, None), |(alpha, compressor)| stability::check(alpha, compressor, d))
    }

    /// Reads the files that the schedule names, from the folder of the scenario, for a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] at the key of the file.
    pub fn load(&mut self, folder: &Path, clients: usize) -> Result<(), Invalid> {
        let Self::Federated { parts, .. } = self else { return Ok(()) };
        let Some(schedule) = &mut parts.schedule else { return Ok(()) };
        schedule.load(folder, clients).map_err(|invalid| invalid.under("schedule"))
    }

    /// Checks the parts against a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self, clients: usize) -> Result<(), Invalid> {
        match self {
            Self::Federated { parts, .. } => parts.validate(clients),
            Self::Peers { parts, .. } => parts.validate(),
        }
    }

    /// Checks parts and parameters against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for what is larger than the model.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        match self {
            Self::Federated { parts, .. } => parts.fits(d),
            Self::Peers { own, parts } => parts.fits(d).and_then(|()| own.fits(d)),
        }
    }
}

/// The parts that a method runs with: those of its recipe where the scenario says nothing, within a schedule too, which then says itself
/// how many clients are at work. The recipe's
/// weighting follows the weights of the objective, but for secure sums, in which nobody has a factor of its own, and for cohorts that
/// are not drawn uniformly, which weigh by whom they draw.
pub fn complete(own: &dyn FederatedParameters, written: &FederatedSpec, weights: WeightsSpec) -> FederatedSpec {
    let recipe = own.recipe();
    let written = written.clone();
    let schedule = written.schedule.or_else(|| recipe.schedule.clone()).unwrap_or_default();
    let follows = written.secure_aggregation.is_none() && schedule.selects_uniformly();
    let weighting = if follows { recipe.weighting.following(weights) } else { recipe.weighting };
    FederatedSpec {
        local: written.local.counted(recipe.steps),
        schedule: Some(schedule.completed(recipe.schedule.as_ref(), written.concurrency)),
        concurrency: None,
        weighting: Some(written.weighting.unwrap_or(weighting)),
        server: Some(written.server.unwrap_or(recipe.server)),
        client: Some(written.client.unwrap_or(recipe.client)),
        ..written
    }
}

fn written_out(own: &dyn FederatedParameters, written: &FederatedSpec, problem: &ProblemSpec) -> FederatedSpec {
    let (full, recipe) = (complete(own, written, problem.weights), own.recipe());
    let weighting = full.weighting.filter(|&weighting| takes_weighting(own, (written, &full), problem, weighting));
    FederatedSpec {
        weighting: written.weighting.or(weighting),
        server: if recipe.server.is_empty() { full.server } else { written.server.clone() },
        client: if recipe.client.optimiser.is_empty() { full.client } else { written.client.clone() },
        ..full
    }
}

/// Whether a method with these parts, as written and complete, takes `weighting` of a scenario.
pub fn takes_weighting(
    own: &dyn FederatedParameters,
    (written, full): (&FederatedSpec, &FederatedSpec),
    problem: &ProblemSpec,
    weighting: Weighting,
) -> bool {
    let ground = Ground::bare(problem);
    let of = Combination { written, full, weighting: Some(weighting), ground };
    own.misfits(&of).iter().all(|misfit| misfit.path != ["weighting"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::{part::discount::Discount, protocol::schedule::Replace, scenario::Scenario};

    /// The discount and the replacement of a method under this schedule.
    fn choices(name: &str, schedule: &str) -> (Discount, Replace) {
        let text = format!(
            "stop.rounds = 1\nproblem.objective = 'quadratic'\nfleet.clients = 4\nfederated.local.lr = 0.1\n\
             federated.schedule = {schedule}\n[[method]]\nname = '{name}'"
        );
        let registry = Registry::builtin();
        let scenario = Scenario::read(Path::new("a.toml"), &text, &[], &registry).unwrap();
        let tree = scenario.cells[0].tree.get("federated").unwrap();
        let Parameters::Federated { own, parts } = (registry.find(name).unwrap().parse)(tree, "federated", &registry).unwrap()
        else {
            panic!()
        };
        let schedule = complete(own.as_ref(), &parts, WeightsSpec::Uniform).schedule.unwrap();
        (schedule.discount(), schedule.replace())
    }

    #[test]
    fn a_schedule_takes_from_the_recipe_what_it_leaves_out() {
        let own = (Discount::Sqrt, Replace::Random);
        assert_eq!(choices("fedbuff", "{ buffered = { size = 5 } }"), own);
        assert_eq!(choices("fedbuff", "'every-arrival'"), own);
        assert_eq!(choices("fedbuff", "{ group = { size = 2 } }"), (Discount::Sqrt, Replace::Same));
        assert_eq!(choices("fedbuff", "'rounds'"), (Discount::Constant, Replace::Same));
        let said = "{ buffered = { size = 5, discount = 'constant', replace = 'same' } }";
        assert_eq!(choices("fedbuff", said), (Discount::Constant, Replace::Same));
        let polynomial = (Discount::Polynomial { a: 0.5 }, Replace::Same);
        assert_eq!(choices("fedasync", "{ every-arrival = { concurrency = 2 } }"), polynomial);
        assert_eq!(choices("fedasync", "{ buffered = { size = 5 } }"), polynomial);
        for name in ["fedavg", "afa-cd", "mifa"] {
            assert_eq!(choices(name, "{ buffered = { size = 5 } }"), (Discount::Constant, Replace::Same), "{name}");
        }
    }
}
