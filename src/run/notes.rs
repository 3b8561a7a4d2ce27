//! What a scenario may not have meant, though it can be run.

use std::collections::BTreeSet;

use super::{arm::Arm, plan::Plan};
use crate::{
    method::registry::{Parameters, complete, fit},
    part::{transform::TransformSpec, weighting::Weighting},
    problem::{ProblemSpec, spec::WeightsSpec},
    role::{schedule::ScheduleSpec, spec::ServedSpec},
};

impl Plan {
    /// What the scenario may not have meant, a line each.
    pub fn notes(&self) -> Vec<String> {
        let mut labels = BTreeSet::new();
        let mut notes = Vec::new();
        for planned in &self.cells {
            for note in planned.notes.iter().map(|(label, note)| format!("`{label}`: {note}")) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            for arm in planned.methods.iter().flatten() {
                if !labels.insert(&arm.label) {
                    continue;
                }
                notes.extend(weighs_otherwise(arm, &planned.cell.problem).map(|note| format!("`{}` {note}", arm.label)));
                if let Some(keys) = filled_in(arm) {
                    notes.push(format!("`{}` puts its own {keys} into its schedule, which does not say them", arm.label));
                }
            }
        }
        notes
    }
}

/// The keys that a method with a choice of its own puts into a schedule that leaves them out, such as `discount = "sqrt"`.
fn filled_in(arm: &Arm) -> Option<String> {
    let Parameters::Served { own, parts } = &arm.parameters else { return None };
    let keys = |schedule: ScheduleSpec| -> Option<toml::Table> {
        let by_kind = toml::Table::try_from(schedule).ok()?;
        by_kind.values().next()?.as_table().cloned()
    };
    let plain = keys(parts.schedule.clone()?.completed(None))?;
    let full = keys(complete(own.as_ref(), parts, WeightsSpec::Uniform).schedule?)?;
    let own = full.iter().filter(|(key, value)| plain.get(*key) != Some(*value));
    let own: Vec<String> = own.map(|(key, value)| format!("`{key} = {value}`")).collect();
    (!own.is_empty()).then(|| own.join(" and "))
}

/// What to say of a weighting that the scenario does not mention and that minimises something else than the objective.
fn weighs_otherwise(arm: &Arm, problem: &ProblemSpec) -> Option<String> {
    let (own, parts) = match &arm.parameters {
        Parameters::Served { own, parts } => (own, parts),
        Parameters::Peers { parts, .. } => {
            let normalised =
                problem.weights != WeightsSpec::Uniform && parts.client.optimiser.iter().any(TransformSpec::normalises);
            let alike = "scales each node's gradients by its weight in the objective, but `client.optimiser` normalises them, so that \
                         nodes count about alike; plain steps follow the objective";
            return normalised.then(|| alike.to_owned());
        }
    };
    if own.pools_samples() && problem.weights == WeightsSpec::Uniform {
        return Some(
            "solves for all samples together, but the objective weighs the clients alike: the two differ where clients have unlike \
             numbers of samples; `weights = \"samples\"` in `[problem]` is what it solves for"
                .to_owned(),
        );
    }
    let full = complete(own.as_ref(), parts, problem.weights);
    let follows = full.weighting.unwrap_or_default().tells_clients_apart() || full.schedule?.draws_by_weight();
    if problem.weights == WeightsSpec::Uniform || parts.weighting.is_some() || follows {
        return None;
    }
    let alike = "counts all clients alike, but the objective weighs them by their samples";
    if parts.secure.is_some() {
        return Some(format!("{alike}: only `secure` stands in the way, or set `weights = \"uniform\"` in `[problem]`"));
    }
    // A method that has no place for a weighting follows the objective by itself.
    let accepts = |weighting: &Weighting| {
        let other = ServedSpec { weighting: Some(*weighting), ..parts.as_ref().clone() };
        fit(own.as_ref(), &other, problem).is_ok()
    };
    let accepted: Vec<String> =
        FOLLOWING.into_iter().filter(accepts).map(|weighting| format!("`\"{}\"`", weighting.name())).collect();
    (!accepted.is_empty()).then(|| format!("{alike}; `weighting` follows the objective as {}", accepted.join(" or ")))
}

/// Weightings that follow the weights of the objective.
const FOLLOWING: [Weighting; 3] = [Weighting::ParticipatingWeighted, Weighting::Sampling, Weighting::AllWeighted];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{run::Plan, scenario::Scenario};

    fn notes(weights: &str, method: &str) -> Vec<String> {
        let text = format!(
            "stop.rounds = 1\nfleet.clients = 3\nserved.local = {{ steps = 1, lr = 0.1 }}\n\
             problem = {{ objective = 'softmax', data = 'digits-8x8', weights = '{weights}' }}\n[[method]]\n{method}"
        );
        Plan::resolve(Scenario::read(Path::new("notes.toml"), &text, &[]).unwrap(), &[]).unwrap().notes()
    }

    #[test]
    fn a_compressor_with_which_control_variates_hardly_settle_is_noted() {
        // 650 coordinates, and alpha = 0.1 is just beyond √(6/650), from where on one level of the Euclidean norm grows.
        let found = notes("uniform", "name = 'scallion'\nuplink = { qsgd = { bits = 2 } }");
        assert!(found.len() == 1 && found[0].contains("hardly settle"), "{found:?}");
        assert!(notes("uniform", "name = 'scallion'\nuplink = { qsgd = { bits = 2, norm = 'max' } }").is_empty());
        assert!(notes("uniform", "name = 'scafcom'\nuplink = 'tern-grad'").is_empty());
    }

    #[test]
    fn a_default_that_minimises_something_else_is_noted() {
        let tiers = "schedule = { rounds = { cohort = 1, select = { tiers = { count = 2 } } } }";
        let pairs = "schedule = { rounds = { cohort = 2, select = { tiers = { count = 1 } } } }";
        let found = notes("samples", &format!("name = 'fedavg'\n{pairs}"));
        assert!(found.len() == 1 && found[0].starts_with("`fedavg` counts all clients alike"), "{found:?}");
        assert!(found[0].ends_with("as `\"participating-weighted\"` or `\"all-weighted\"`"), "{found:?}");
        let found = notes("samples", &format!("name = 'fedavg'\n{tiers}"));
        assert!(found[0].ends_with("as `\"all-weighted\"`"), "a share of a cohort of one is always 1: {found:?}");
        assert!(notes("samples", "name = 'fedavg'\nsecure = {}").iter().any(|note| note.contains("`secure` stands in the way")));
        assert!(notes("uniform", &format!("name = 'fedavg'\n{pairs}")).is_empty());
    }

    #[test]
    fn a_default_that_follows_the_objective_is_not_noted() {
        for name in ["fedavg", "scaffold", "feddyn", "mifa", "fedbuff", "afa-cd", "delayed-nesterov", "fedasync"] {
            let found = notes("samples", &format!("name = '{name}'"));
            assert!(found.iter().all(|note| !note.contains("alike")), "{found:?}");
        }
        assert!(notes("samples", "name = 'fedavg'\nweighting = 'participating'").is_empty());
        assert!(notes("samples", "name = 'analytic'").is_empty());
        assert!(notes("uniform", "name = 'analytic'")[0].contains("the objective weighs"));
    }

    #[test]
    fn what_a_method_puts_into_a_schedule_is_noted() {
        let found = notes("uniform", "name = 'fedbuff'\nschedule = { buffered = { size = 2, replace = 'same' } }");
        assert_eq!(found, ["`fedbuff` puts its own `discount = \"sqrt\"` into its schedule, which does not say them"]);
        let found = notes("uniform", "name = 'fedbuff'\nschedule = 'every-arrival'");
        assert!(found.len() == 1 && found[0].contains("`replace = \"random\"`"), "{found:?}");
        assert!(notes("uniform", "name = 'fedbuff'").is_empty());
        assert!(notes("uniform", "name = 'fedavg'\nschedule = 'buffered'").is_empty());
    }
}
