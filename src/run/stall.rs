//! Runs that would never end, because no virtual time passes in them.

use super::{
    any_world::{AnyWorld, Facts},
    arm::Arm,
    placed,
};
use crate::{
    invalid::Invalid,
    protocol::{
        schedule::ScheduleSpec,
        spec::{LocalSpec, MOST_STEPS},
    },
    registry::{Parameters, complete},
    scenario::{Cell, Diagnostic},
};

/// Most periods or windows of a run.
const MOST_WAKES: f64 = 1e9;

/// Refuses a `stop` by time alone where work and messages take none and nobody waits.
///
/// # Errors
/// A fault at `stop`, and one at the seconds or the energy of work of a method whose steps take none.
pub fn refuse(methods: &[Vec<Arm>], cell: &Cell, facts: &Facts, world: &AnyWorld) -> Result<(), Vec<Diagnostic>> {
    for arm in methods.iter().flatten() {
        let (local, waits) = match &arm.parameters {
            Parameters::Federated { own, parts } => {
                let schedule = complete(own.as_ref(), parts, cell.problem.weights).schedule.unwrap_or_default();
                (&parts.local, !facts.instant_server || schedule.waits())
            }
            Parameters::Peers { own, parts } => (&parts.local, !facts.instant_peers || own.period().is_some()),
        };
        if let Some(fault) = unspent_budget(local, &arm.label, facts).or_else(|| endless_visit(local, &arm.label, world)) {
            return Err(vec![placed::fault(cell, arm, fault.under("local"))]);
        }
        if let Some(fault) = endless_waking(arm, cell) {
            return Err(vec![placed::fault(cell, arm, fault)]);
        }
        if cell.stop.needs_time() && !waits {
            let message = format!(
                "`{}` would never end: its work and messages take no time: expected a bound on something else",
                arm.label
            );
            let help =
                "bound `rounds` or `updates` as well, or give `step` in `[fleet]` or a latency in `[network]` a time above 0";
            return Err(vec![cell.fault(Invalid::at("stop.seconds", message).help(help))]);
        }
    }
    Ok(())
}

/// Periods so short that a run up to its end in seconds wakes everybody more often than anybody waits for.
fn endless_waking(arm: &Arm, cell: &Cell) -> Option<Invalid> {
    let (key, period) = match &arm.parameters {
        Parameters::Federated { own, parts } => {
            let schedule = complete(own.as_ref(), parts, cell.problem.weights).schedule?;
            let ScheduleSpec::Window(window) = schedule else { return None };
            ("schedule.window.seconds", window.seconds)
        }
        Parameters::Peers { own, .. } => own.period()?,
    };
    let seconds = cell.stop.seconds?;
    let wakes = seconds / period;
    if wakes <= MOST_WAKES {
        return None;
    }
    let last = key.rsplit('.').next().unwrap_or(key);
    let message = format!(
        "`{period:e}` is out of range: expected at least {:e}, which makes {MOST_WAKES:.0e} of them in the {seconds} s of `stop`",
        seconds / MOST_WAKES
    );
    Some(Invalid::at(key, message).help(format!("raise `{last}`, or lower `stop.seconds`")))
}

/// A budget of seconds or of energy that steps do not spend.
fn unspent_budget(local: &LocalSpec, label: &str, facts: &Facts) -> Option<Invalid> {
    if local.seconds.is_some() && facts.free_steps {
        let message = format!("`{label}` would take steps for ever: there are clients whose steps take no time");
        return Some(Invalid::at("seconds", message).help("give `step` a time above 0, or take a number of `steps`"));
    }
    if local.energy.is_some() && !facts.known_energy {
        let message = format!("`{label}` has a budget of energy, and what a step of a client takes of it is not given");
        return Some(Invalid::at("energy", message).help("give `energy` in `[fleet]` or in every group, in joules a step"));
    }
    None
}

/// Work given in something else than steps that makes more steps a visit than anybody waits for.
fn endless_visit(local: &LocalSpec, label: &str, world: &AnyWorld) -> Option<Invalid> {
    let (key, steps) = world.longest_visit(local)?;
    if steps <= MOST_STEPS {
        return None;
    }
    let message = format!("`{label}` would take up to {steps:.0e} local steps a visit: expected at most {MOST_STEPS:.0e}");
    Some(Invalid::at(key, message).help(format!("lower `{key}`, or take a number of `steps`")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{run::Plan, scenario::Scenario};

    /// Whether a scenario with this bound, these keys of the world and this method is taken.
    fn is_taken(stop: &str, world: &str, method: &str) -> bool {
        let text = format!(
            "stop = {{ {stop} }}\nproblem.objective = 'quadratic'\nfleet.clients = 4\nfederated.local.lr = 0.1\npeers.local.lr = 0.1\n\
             {world}\n[[method]]\n{method}"
        );
        Plan::resolve(Scenario::read(Path::new("stall.toml"), &text, &[], &crate::registry::Registry::builtin()).unwrap(), &[])
            .is_ok()
    }

    #[test]
    fn a_bound_on_time_needs_something_that_takes_time() {
        let still = "fleet.step = 0";
        assert!(!is_taken("seconds = 9", still, "name = 'fedavg'"));
        assert!(!is_taken(
            "seconds = 9",
            "fleet.step = 0\nfleet.availability = { markov = { up = 1, down = 1 } }",
            "name = 'fedavg'"
        ));
        assert!(is_taken("seconds = 9, rounds = 5", still, "name = 'fedavg'"));
        for world in [
            "fleet.step = 1e-9",
            "fleet.step = 0\nfleet.visit = 1",
            "fleet.step = { uniform = { low = 0, high = 1 } }",
            "fleet.step = 0\nfleet.dropout = 0.1",
            "fleet.step = 0\nfleet.availability = { bernoulli = { probability = 0.5 } }",
            "fleet.step = 0\nnetwork.up.latency = 1",
            "fleet.step = 0\nnetwork.down.bandwidth = 1e6",
            "fleet.step = 0\nfleet.group = [{ share = 0.5 }, { share = 0.5, step = 1 }]",
        ] {
            assert!(is_taken("seconds = 9", world, "name = 'fedavg'"), "{world}");
        }
    }

    #[test]
    fn periods_that_nobody_waits_for_are_refused() {
        let ring = "fleet.step = 1\nnetwork.topology = 'ring'";
        for (method, taken) in [
            ("name = 'push-gossip'\nperiod = 1e-7", true),
            ("name = 'push-gossip'\nperiod = 1e-9", false),
            ("name = 'vc-gossip'\ntick = 1e-13", false),
            ("name = 'fedavg'\nschedule = { window = { seconds = 1e-9 } }", false),
            ("name = 'fedavg'\nschedule = { window = { seconds = 1 } }", true),
        ] {
            assert_eq!(is_taken("seconds = 9", ring, method), taken, "{method}");
        }
    }

    #[test]
    fn a_schedule_or_method_that_waits_lets_time_pass() {
        for (method, waits) in [
            ("schedule = 'every-arrival'", false),
            ("schedule = { buffered = { size = 2 } }", false),
            ("schedule = { group = { size = 2 } }", false),
            ("schedule = { grace = { seconds = 0 } }", false),
            ("schedule = { grace = { seconds = 1 } }", true),
            ("schedule = { window = { seconds = 1 } }", true),
            ("schedule.rounds.cohort.trace = [[0], []]", true),
        ] {
            assert_eq!(is_taken("seconds = 9", "fleet.step = 0", &format!("name = 'fedavg'\n{method}")), waits, "{method}");
        }
        let still = "fleet.step = 0\nnetwork.topology = 'ring'";
        assert!(!is_taken("seconds = 9", still, "name = 'd-psgd'"));
        assert!(is_taken("seconds = 9", still, "name = 'vc-gossip'"));
        assert!(is_taken("seconds = 9", "fleet.step = 0\nnetwork = { topology = 'ring', link.latency = 1 }", "name = 'd-psgd'"));
    }
}
