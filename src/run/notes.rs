//! What a scenario may not have meant, though it can be run.

use std::collections::BTreeSet;

use super::{arm::Arm, plan::Plan};
use crate::{
    part::weighting::Weighting,
    problem::{ProblemSpec, spec::WeightsSpec},
    registry::{Parameters, complete, fit},
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
                if weighs_otherwise(arm, &planned.cell.problem) {
                    notes.push(format!(
                        "`{}` counts all clients alike, but the objective weighs them by their samples; \
                         `weighting = \"participating-weighted\"` or `\"sampling\"` follows the objective",
                        arm.label
                    ));
                }
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
    let full = keys(complete(own.as_ref(), parts).schedule?)?;
    let own = full.iter().filter(|(key, value)| plain.get(*key) != Some(*value));
    let own: Vec<String> = own.map(|(key, value)| format!("`{key} = {value}`")).collect();
    (!own.is_empty()).then(|| own.join(" and "))
}

/// Whether the method's own weighting, which the scenario does not mention, minimises something else than the objective.
fn weighs_otherwise(arm: &Arm, problem: &ProblemSpec) -> bool {
    let Parameters::Served { own, parts } = &arm.parameters else { return false };
    if problem.weights == WeightsSpec::Uniform || parts.weighting.is_some() || own.recipe().weighting.tells_clients_apart() {
        return false;
    }
    // A method that has no place for a weighting weighs as its paper says.
    let other = ServedSpec { weighting: Some(Weighting::ParticipatingWeighted), ..parts.as_ref().clone() };
    fit(own.as_ref(), &other, &problem.objective).is_ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{run::Plan, scenario::Scenario};

    fn notes(weights: &str, method: &str) -> Vec<String> {
        let text = format!(
            "stop.rounds = 1\nfleet.clients = 3\nserved.local = {{ steps = 1, lr = 0.1 }}\n\
             problem = {{ objective = 'softmax', data = 'digits-8x8', weights = '{weights}' }}\n[[method]]\n{method}"
        );
        Plan::resolve(Scenario::read(Path::new("notes.toml"), &text, &[], &crate::registry::Registry::builtin()).unwrap(), &[])
            .unwrap()
            .notes()
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
        let found = notes("samples", "name = 'fedavg'");
        assert!(found.len() == 1 && found[0].starts_with("`fedavg` counts all clients alike"), "{found:?}");
        assert!(notes("uniform", "name = 'fedavg'").is_empty());
        assert!(notes("samples", "name = 'fedavg'\nweighting = 'participating'").is_empty());
        assert!(notes("samples", "name = 'analytic'").is_empty());
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
