//! What a scenario may not have meant, though it can be run.

use std::collections::BTreeSet;

use super::{arm::Arm, plan::Plan};
#[cfg(feature = "figure")]
use crate::figure::{self, FigureSpec};
use crate::{
    analysis::Slot,
    invalid::count,
    part::{discount::Discount, transform::TransformSpec, weighting::Weighting},
    problem::{ProblemSpec, data::Report, spec::WeightsSpec},
    protocol::schedule::{ScheduleSpec, cohort::CohortSpec},
    record::claim::ClaimSpec,
    registry::{Parameters, complete, takes_weighting},
};

/// Share of the held-out samples from which those that are also training samples are noted [1].
const MANY: f64 = 0.1;

/// Fewest seeds over which methods are compared without a note.
const SEEDS: usize = 5;

impl Plan {
    /// A note where claims compare methods over so few seeds that hardly any can be decided.
    fn few_seeds(&self) -> Option<String> {
        let compares = |claim: &ClaimSpec| claim.worse.is_some() && !claim.kind.unwrap_or_default().is_exact();
        let labels = self.claims.iter().filter(|claim| compares(claim)).flat_map(|claim| [&claim.better, &claim.worse]);
        let least = labels.flatten().map(|label| self.seeds_of(label).len()).filter(|&seeds| seeds > 0).min()?;
        (least < SEEDS).then(|| {
            let seeds = count(least, "seed");
            format!("claims compare methods over {seeds}, where only large differences are clear: give `seeds = 8` or more")
        })
    }

    /// What the scenario may not have meant, a line each.
    pub fn notes(&self) -> Vec<String> {
        let mut labels = BTreeSet::new();
        let mut notes = self.scenario.notes.clone();
        for planned in &self.cells {
            let of_data = planned.data_notes.iter().map(|note| format!("`problem.data`: {note}"));
            for note in of_data.chain(planned.notes.iter().map(|(label, note)| format!("`{label}`: {note}"))) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            if let Some(note) = planned.data.as_ref().and_then(repeated).filter(|note| !notes.contains(note)) {
                notes.push(note);
            }
            for arm in planned.methods.iter().flatten() {
                if !labels.insert(&arm.label) {
                    continue;
                }
                notes.extend(weighs_otherwise(arm, &planned.cell.problem).map(|note| format!("`{}` {note}", arm.label)));
                if counts_from_1(arm) {
                    let note = "has no client in round 0 of its `cohort.trace`: the file counts rounds from 0";
                    notes.push(format!("`{}` {note}", arm.label));
                }
                let of_weights = planned.cell.problem.weights != WeightsSpec::Uniform;
                let of_optimum = planned.metrics.iter().any(|metric| metric.needs_optimum());
                if let Some(note) = ends_elsewhere(arm, &planned.cell.problem).filter(|_| of_weights || of_optimum) {
                    notes.push(format!("`{}` {note}", arm.label));
                }
                if let Some(reason) = overlooks_rounds(arm).filter(|_| planned.by_rounds) {
                    notes.push(format!("`{}`: {reason}, so the availability by rounds does not apply to it", arm.label));
                }
                if let Some(keys) = filled_in(arm) {
                    notes.push(format!("`{}` puts its own {keys} into its schedule, which does not say them", arm.label));
                }
            }
        }
        notes.extend(self.tuning_notes());
        notes.extend(self.few_seeds());
        #[cfg(feature = "figure")]
        notes.extend(self.unshown());
        notes
    }

    /// Words that the figures of the scenario cannot show as they are written, each at its key.
    #[cfg(feature = "figure")]
    fn unshown(&self) -> Vec<String> {
        if self.figures.is_empty() {
            return Vec::new();
        }
        let of_figure = |(i, figure): (usize, &FigureSpec)| {
            figure.words().map(|(key, text)| (format!("figure.{i}.{key}"), text.to_owned())).collect::<Vec<_>>()
        };
        let mut words: Vec<(String, String)> = self.figures.iter().enumerate().flat_map(of_figure).collect();
        for cell in self.cells.iter().map(|planned| &planned.cell) {
            words.extend(cell.methods.iter().enumerate().map(|(i, method)| (format!("method.{i}.label"), method.label.clone())));
            words.extend(cell.keys.iter().map(|key| (key.path.clone(), key.value.clone())));
        }
        let mut notes = Vec::new();
        for note in words.iter().filter_map(|(key, text)| Some(format!("`{key}`: {}", figure::unshown(text)?))) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }
}

/// That held-out samples are also training samples, where they are many.
fn repeated(data: &Report) -> Option<String> {
    let Report { duplicates, held_out, .. } = *data;
    let which = if duplicates == held_out { "all".to_owned() } else { format!("{duplicates} of the") };
    (duplicates > 0 && duplicates as f64 >= MANY * held_out as f64).then(|| {
        format!(
            "`problem.data`: {which} {held_out} held-out samples are among the training samples, so that accuracy on them says little \
             about new data; hold out samples that are not trained on"
        )
    })
}

/// Whether the file of cohorts of a method may count rounds from 1, so that its first round is empty.
fn counts_from_1(arm: &Arm) -> bool {
    let Parameters::Federated { parts, .. } = &arm.parameters else { return false };
    let Some(ScheduleSpec::Rounds(spec)) = &parts.schedule else { return false };
    matches!(spec.cohort(), CohortSpec::Trace(spec) if spec.trace.seems_to_count_from_1())
}

/// The keys that a method with a choice of its own puts into a schedule that leaves them out, such as `discount = "sqrt"`.
fn filled_in(arm: &Arm) -> Option<String> {
    let Parameters::Federated { own, parts } = &arm.parameters else { return None };
    let keys = |schedule: ScheduleSpec| -> Option<toml::Table> {
        let by_kind = toml::Table::try_from(schedule).ok()?;
        by_kind.values().next()?.as_table().cloned()
    };
    let plain = keys(parts.schedule.clone()?.completed(None, parts.concurrency))?;
    let full = keys(complete(own.as_ref(), parts, WeightsSpec::Uniform).schedule?)?;
    let own = full.iter().filter(|(key, value)| plain.get(*key) != Some(*value));
    let own: Vec<String> = own.map(|(key, value)| format!("`{key} = {value}`")).collect();
    (!own.is_empty()).then(|| own.join(" and "))
}

/// Why the rounds of the fleet do not apply to a method.
fn overlooks_rounds(arm: &Arm) -> Option<&'static str> {
    let Parameters::Peers { own, .. } = &arm.parameters else { return None };
    if let Slot::Own(reason) | Slot::Closed(reason, _) = own.needs().rounds { Some(reason) } else { None }
}

/// What keeps a method with a server from the optimum, however small its steps.
fn ends_elsewhere(arm: &Arm, problem: &ProblemSpec) -> Option<&'static str> {
    let Parameters::Federated { own, parts } = &arm.parameters else { return None };
    let full = complete(own.as_ref(), parts, problem.weights);
    if full.client.is_some_and(|client| client.optimiser.iter().any(TransformSpec::normalises)) {
        return Some(
            "has clients whose optimiser divides gradients by their size, so that it ends beside the optimum where clients differ, \
             however small the steps",
        );
    }
    (full.schedule?.discount() != Discount::Constant).then_some(
        "counts stale updates for less, so that it ends beside the optimum where some clients' updates are staler than others'; \
         `discount = \"constant\"` gives all the same weight",
    )
}

/// What to say of a weighting that the scenario does not mention and that minimises something else than the objective.
fn weighs_otherwise(arm: &Arm, problem: &ProblemSpec) -> Option<String> {
    let (own, parts) = match &arm.parameters {
        Parameters::Federated { own, parts } => (own, parts),
        Parameters::Peers { parts, .. } => {
            let normalised =
                problem.weights != WeightsSpec::Uniform && parts.client.optimiser.iter().any(TransformSpec::normalises);
            let alike = "scales each node's gradients by its weight in the objective, but `client.optimiser` normalises them, so that \
                         nodes count about alike; plain steps follow the objective";
            return normalised.then(|| alike.to_owned());
        }
    };
    if own.needs().pools_samples && problem.weights == WeightsSpec::Uniform {
        return Some(
            "solves for all samples together, but the objective weighs the clients alike: the two differ where clients have different \
             numbers of samples; `weights = \"samples\"` in `[problem]` is what it solves for"
                .to_owned(),
        );
    }
    let full = complete(own.as_ref(), parts, problem.weights);
    let follows = full.weighting.unwrap_or_default().tells_clients_apart() || full.schedule.as_ref()?.draws_by_weight();
    if problem.weights == WeightsSpec::Uniform || parts.weighting.is_some() || follows {
        return None;
    }
    let alike = "counts all clients alike, but the objective weighs them by their samples";
    if parts.secure_aggregation.is_some() {
        return Some(format!(
            "{alike}: only `secure-aggregation` stands in the way, or set `weights = \"uniform\"` in `[problem]`"
        ));
    }
    // A method that has no place for a weighting follows the objective by itself.
    let accepts = |weighting: &Weighting| takes_weighting(own.as_ref(), (parts, &full), problem, *weighting);
    let accepted: Vec<String> =
        FOLLOWING.into_iter().filter(accepts).map(|weighting| format!("`\"{}\"`", weighting.name())).collect();
    (!accepted.is_empty()).then(|| format!("{alike}; `weighting` follows the objective as {}", accepted.join(" or ")))
}

/// Weightings that follow the weights of the objective.
const FOLLOWING: [Weighting; 2] = [Weighting::Sampling, Weighting::AllWeighted];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{run::Plan, scenario::Scenario};

    fn notes(weights: &str, method: &str) -> Vec<String> {
        let text = format!(
            "stop.rounds = 1\nfleet.clients = 3\nfederated.local = {{ steps = 1, lr = 0.1 }}\n\
             problem = {{ objective = 'softmax', data = 'digits-8x8', weights = '{weights}' }}\n[[method]]\n{method}"
        );
        Plan::resolve(Scenario::read(Path::new("notes.toml"), &text, &[], &crate::registry::Registry::builtin()).unwrap(), &[])
            .unwrap()
            .notes()
    }

    #[test]
    fn a_file_of_cohorts_that_seems_to_count_from_1_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let text = "stop.rounds = 3\nfleet.clients = 3\nproblem = { objective = 'quadratic' }\n\
                    federated = { local = { steps = 1, lr = 0.1 }, schedule = { rounds = { cohort = { trace = 'c.csv' } } } }\n\
                    [[method]]\nname = 'fedavg'";
        let notes = |cohorts: &str| {
            std::fs::write(folder.path().join("c.csv"), cohorts).unwrap();
            let registry = crate::registry::Registry::builtin();
            let scenario = Scenario::read(&folder.path().join("notes.toml"), text, &[], &registry).unwrap();
            Plan::resolve(scenario, &[]).unwrap().notes()
        };
        let found = notes("1,0\n2,1\n");
        assert!(found.iter().any(|note| note.contains("the file counts rounds from 0")), "{found:?}");
        assert!(notes("0,0\n1,1\n").is_empty());
    }

    #[test]
    fn a_compressor_with_which_control_variates_hardly_settle_is_noted() {
        // 650 coordinates, and alpha = 0.1 is just beyond √(6/650), from where on one level of the Euclidean norm grows.
        let found = notes("uniform", "name = 'scallion'\nuplink = { qsgd = { bits = 2 } }");
        assert!(found.len() == 1 && found[0].contains("is coarse for a model"), "{found:?}");
        assert!(notes("uniform", "name = 'scallion'\nuplink = { qsgd = { bits = 2, norm = 'max' } }").is_empty());
        assert!(notes("uniform", "name = 'scafcom'\nuplink = 'tern-grad'").is_empty());
    }

    #[test]
    fn a_default_that_minimises_something_else_is_noted() {
        let tiers = "schedule = { rounds = { cohort = 1, select = { tiers = { count = 2 } } } }";
        let pairs = "schedule = { rounds = { cohort = 2, select = { tiers = { count = 1 } } } }";
        let found = notes("samples", &format!("name = 'fedavg'\n{pairs}"));
        assert!(found.len() == 1 && found[0].starts_with("`fedavg` counts all clients alike"), "{found:?}");
        assert!(found[0].ends_with("as `\"all-weighted\"`"), "{found:?}");
        let found = notes("samples", &format!("name = 'fedavg'\n{tiers}"));
        assert!(found[0].ends_with("as `\"all-weighted\"`"), "a share of a cohort of one is always 1: {found:?}");
        assert!(
            notes("samples", "name = 'fedavg'\nsecure-aggregation = {}")
                .iter()
                .any(|note| note.contains("`secure-aggregation` stands in the way"))
        );
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
    fn what_ends_beside_the_optimum_is_noted_where_the_optimum_is_asked_for() {
        let recorded = |method: &str, metric: &str| {
            let text = format!(
                "stop.rounds = 1\nfleet.clients = 3\nfederated.local.lr = 0.1\nproblem.objective = 'quadratic'\n\
                 record.metrics = ['{metric}']\n[[method]]\nname = '{method}'"
            );
            let registry = crate::registry::Registry::builtin();
            let scenario = Scenario::read(Path::new("notes.toml"), &text, &[], &registry).unwrap();
            Plan::resolve(scenario, &[]).unwrap().notes().iter().filter(|note| note.contains("beside the optimum")).count()
        };
        assert_eq!(["diloco", "fedbuff", "fedavg", "scaffold"].map(|method| recorded(method, "gap")), [1, 1, 0, 0]);
        assert_eq!(["diloco", "fedbuff"].map(|method| recorded(method, "loss")), [0, 0]);
    }

    #[test]
    fn an_availability_that_does_not_apply_is_noted() {
        let noted = |method: &str, availability: &str| {
            let text = format!(
                "stop.rounds = 1\nfleet = {{ clients = 4, {availability} }}\npeers.local.lr = 0.1\nproblem.objective = 'quadratic'\n\
                 network.topology = 'ring'\n[[method]]\nname = '{method}'"
            );
            let registry = crate::registry::Registry::builtin();
            let scenario = Scenario::read(Path::new("notes.toml"), &text, &[], &registry).unwrap();
            Plan::resolve(scenario, &[]).unwrap().notes().iter().any(|note| note.contains("does not apply"))
        };
        let by_rounds = "availability = { bernoulli = { probability = 0.5 } }";
        assert_eq!(["gradient-tracking", "token-walk", "d-psgd"].map(|method| noted(method, by_rounds)), [true, true, false]);
        assert!(!noted("gradient-tracking", "availability = { cyclic = { up = 5, down = 5 } }"));
    }

    #[test]
    fn words_that_figures_cannot_show_are_noted_at_their_keys() {
        let figure =
            |title: &str| format!("name = 'fedavg'\nlabel = '$\\eta$'\n[[figure]]\nx = 'rounds'\ny = 'loss'\ntitle = '{title}'");
        let found = notes("uniform", &figure("联邦 é"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("`figure.0.title`: the font of figures lacks `联`, `邦` and shows boxes"), "{found:?}");
        assert!(found[1].starts_with("`method.0.label`: figures do not set TeX"), "{found:?}");
        assert!(notes("uniform", "name = 'fedavg'\nlabel = '联邦'").is_empty(), "nothing is drawn of it by name");
    }

    #[test]
    fn what_decides_among_tuned_values_is_noted() {
        let tuned = |record: &str| notes("uniform", &format!("name = 'fedavg'\nlocal.lr.tune = [0.1, 0.2]\n[record]\n{record}"));
        let begins = |record: &str, with: &str| {
            let found = tuned(record);
            assert!(found.len() == 1 && found[0].starts_with(with), "{found:?}");
        };
        begins("metrics = ['accuracy', 'loss']", "`tune` keeps the values with the best final loss: it is of training samples");
        begins(
            "metrics = ['staleness', 'grad-norm']",
            "`tune` keeps the values with the best final grad-norm: it is of training",
        );
        let found = tuned("metrics = ['accuracy', 'test-loss']");
        assert!(found.len() == 1 && found[0].contains("final loss, which is recorded for that: it is of training"), "{found:?}");
        assert_eq!(tuned("[tune]\nby = 'loss'"), ["`tune` keeps the values with the best final loss"]);
        let found = tuned("metrics = ['loss']\n[tune]\nby = 'accuracy'");
        assert!(found.len() == 1 && found[0].contains("recorded for that: it is of held-out samples"), "{found:?}");
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
