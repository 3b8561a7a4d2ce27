//! Parameters with every part written out: what a scenario leaves out comes from the method's recipe.

use super::{FederatedParameters, Parameters};
use crate::{
    invalid::Invalid,
    method::Parts,
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
                let local = parts.local.counted(own.steps());
                Self::Peers { own: own.clone(), parts: Box::new(PeersSpec { local, ..parts.as_ref().clone() }) }
            }
        }
    }

    /// Local steps of every visit, for methods that leave no choice.
    pub fn fixed_steps(&self) -> Option<usize> {
        match self {
            Self::Federated { own, .. } => own.recipe().steps,
            Self::Peers { own, .. } => own.steps(),
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
    let FederatedSpec { weighting, server, client, .. } = written.clone();
    let mut parts = FederatedSpec { weighting, server, client, ..full.clone() };
    let weighted = FederatedSpec { weighting: full.weighting, ..parts.clone() };
    if fit(own, &weighted, problem).is_ok() {
        parts = weighted;
    }
    let stepping = FederatedSpec { server: full.server, ..parts.clone() };
    if recipe.server.is_empty() && fit(own, &stepping, problem).is_ok() {
        parts = stepping;
    }
    let descending = FederatedSpec { client: full.client, ..parts.clone() };
    if recipe.client.optimiser.is_empty() && fit(own, &descending, problem).is_ok() { descending } else { parts }
}

/// Refuses parts that make no sense together or with the method.
///
/// # Errors
/// [`Invalid`] at the part that does not fit.
pub fn fit(own: &dyn FederatedParameters, parts: &FederatedSpec, problem: &ProblemSpec) -> Result<(), Invalid> {
    let full = complete(own, parts, problem.weights);
    let schedule = full.schedule.clone().unwrap_or_default();
    parts.check_shards(full.weighting.unwrap_or_default(), &schedule)?;
    full.check_stateless()?;
    full.check_secrecy(own.sums_suffice())?;
    own.accepts(&Parts {
        shards: parts.shards,
        objective: &problem.objective,
        weights: problem.weights,
        schedule: &schedule,
        weighting: parts.weighting,
        server: parts.server.as_deref(),
        client: parts.client.as_ref(),
        uplink: parts.uplink.as_ref(),
        bit_width: parts.bit_width,
        stateless_clients: parts.stateless_clients,
    })
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
        let scenario = Scenario::read(std::path::Path::new("a.toml"), &text, &[], &registry).unwrap();
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
