//! How often each client delivers, for weights that make up for it.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    ops::RangeInclusive,
};

use super::{ScheduleSpec, SelectSpec, cohort::CohortSpec};
use crate::{
    fleet::Fleet,
    invalid::Invalid,
    network::{Direction, Network},
    rounding,
};

/// Arrivals of each client that are followed where frequencies are counted, on average; fewer in large fleets.
const LAPS: RangeInclusive<usize> = 20..=2000;

/// Arrivals that are followed in all, where that makes no fewer laps than the least.
const FOLLOWED: usize = 4_000_000;

fn refuse(reason: &str, help: &str) -> Result<(), Invalid> {
    Err(Invalid::at("weighting", reason).help(help))
}

/// Why not everything that is begun is delivered, and the remedy.
fn what_is_lost(fleet: &Fleet, network: &Network) -> Option<(&'static str, &'static str)> {
    let mut clients = 0..fleet.clients();
    if clients.clone().any(|client| fleet.drops_out(client)) {
        return Some(("work is lost", "remove `dropout`"));
    }
    if clients.clone().any(|client| fleet.leaves_work(client)) {
        return Some(("clients leave their work behind", "set `leave = \"pause\"`"));
    }
    let loses = |direction, client| network.link(fleet, direction, client).loses(client);
    let lossy = clients.any(|client| loses(Direction::Up, client) || loses(Direction::Down, client));
    lossy.then_some(("links lose messages", "remove `loss` from the links"))
}

/// Refuses fleets in which not everything that is begun is delivered.
///
/// # Errors
/// [`Invalid`] at `weighting`, with the reason.
pub fn check_work(fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    what_is_lost(fleet, network).map_or(Ok(()), |(reason, remedy)| {
        refuse(
            &format!("how often a client delivers is not known where {reason}"),
            &format!("{remedy}, or choose another weighting"),
        )
    })
}

/// Refuses selections that weigh updates by the probability to be drawn where it is not that of delivering.
///
/// # Errors
/// [`Invalid`] at the selection, with the reason.
pub fn check_selection(schedule: &ScheduleSpec, fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    let ScheduleSpec::Rounds(spec) = schedule else { return Ok(()) };
    if !spec.select.is_unbiased() {
        return Ok(());
    }
    let obstacle = if spec.over_selection > 1.0 {
        Some(("rounds close with the first to answer", "remove `over-selection`"))
    } else if spec.deadline.is_some() {
        Some(("rounds have a deadline", "remove `deadline`"))
    } else if !fleet.always_available() {
        Some(("clients come and go", "remove `availability`"))
    } else {
        what_is_lost(fleet, network)
    };
    obstacle.map_or(Ok(()), |(reason, remedy)| {
        let message =
            format!("the probability to be drawn, which updates are weighed by, is not that of delivering where {reason}");
        Err(Invalid::at("schedule.rounds.select", message).help(format!("{remedy}, or set `unbiased = false`")))
    })
}

/// Refuses schedules under which deliveries cannot be predicted from how fast clients work.
///
/// # Errors
/// [`Invalid`] at `weighting`, with the reason.
pub fn check(schedule: &ScheduleSpec, fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    let clients = fleet.clients();
    let never_called = match schedule {
        ScheduleSpec::Rounds(spec) => match &spec.cohort {
            CohortSpec::Trace(spec) => spec.trace.iter().flatten().collect::<BTreeSet<_>>().len() < clients,
            CohortSpec::All(_) | CohortSpec::Count(_) => false,
        },
        ScheduleSpec::EveryArrival(spec) => spec.concurrency.is_some_and(|many| many < clients),
        ScheduleSpec::Buffered(spec) => spec.concurrency.is_some_and(|many| many < clients),
        ScheduleSpec::Window(_) | ScheduleSpec::Group(_) | ScheduleSpec::Grace(_) => false,
    };
    if never_called {
        return refuse("clients that are never called cannot be made up for", "call every client, or choose another weighting");
    }
    let drawn_by_presence = matches!(schedule, ScheduleSpec::Rounds(spec) if matches!(spec.cohort, CohortSpec::All(_)));
    if !fleet.always_available() && !drawn_by_presence {
        let reason = "how often a client delivers is not known where clients come and go";
        return refuse(reason, "choose rounds with `cohort = \"all\"`, another weighting, or `availability = \"always\"`");
    }
    check_late(schedule)?;
    check_work(fleet, network)
}

/// Refuses schedules that turn away who comes late, or choose other than uniformly.
fn check_late(schedule: &ScheduleSpec) -> Result<(), Invalid> {
    if schedule.max_staleness().is_some() {
        let reason = "how often a client delivers is not known where stale updates are refused";
        return refuse(reason, "remove `max-staleness` from the schedule, or choose another weighting");
    }
    let ScheduleSpec::Rounds(spec) = schedule else { return Ok(()) };
    if spec.deadline.is_some() {
        let reason = "how often a client delivers is not known where rounds have a deadline";
        return refuse(reason, "remove `deadline` from the schedule, or choose another weighting");
    }
    if !matches!(spec.cohort, CohortSpec::Count(_)) {
        return Ok(());
    }
    if spec.over_selection > 1.0 {
        let reason = "rounds that close with the first to answer favour the fast";
        return refuse(reason, "remove `over-selection` from the schedule, or choose another weighting");
    }
    if spec.select != SelectSpec::Uniform {
        let reason = "how often a client delivers is not known where the cohort is not drawn uniformly";
        return refuse(reason, "choose `select = \"uniform\"`, or another weighting");
    }
    Ok(())
}

/// Expected deliveries of each client in one server step, shape `[n]`, where client `i` works for `durations[i]` [s] and
/// takes part in a round with `probabilities[i]`.
///
/// Fraboni et al., JMLR 2023, arXiv 2206.10189; their durations are deterministic, and ours are the means.
pub fn deliveries(schedule: &ScheduleSpec, durations: &[f64], probabilities: &[f64]) -> Vec<f64> {
    let clients = durations.len();
    match schedule {
        ScheduleSpec::Rounds(spec) => match &spec.cohort {
            CohortSpec::All(_) => probabilities.to_vec(),
            CohortSpec::Count(count) => vec![*count as f64 / clients as f64; clients],
            CohortSpec::Trace(spec) => {
                let mut shares = vec![0.0; clients];
                spec.trace.iter().flatten().for_each(|&client| shares[client] += 1.0 / spec.trace.len() as f64);
                shares
            }
        },
        ScheduleSpec::EveryArrival(_) => by_speed(durations, 1),
        ScheduleSpec::Buffered(spec) => by_speed(durations, spec.size),
        ScheduleSpec::Grace(spec) => by_speed(durations, spec.buffer),
        ScheduleSpec::Window(spec) => {
            durations.iter().map(|duration| 1.0 / rounding::ceil(duration / spec.seconds).max(1.0)).collect()
        }
        ScheduleSpec::Group(spec) => counted(durations, spec.size.min(clients)),
    }
}

/// Every client starts again at once.
fn by_speed(durations: &[f64], size: usize) -> Vec<f64> {
    let rates: Vec<f64> = durations.iter().map(|duration| 1.0 / duration.max(f64::MIN_POSITIVE)).collect();
    let total: f64 = rates.iter().sum();
    rates.iter().map(|rate| size as f64 * rate / total).collect()
}

/// The `size` earliest wait for each other and start again together. A visit under way at the end counts by the share of it
/// that has passed, so that nobody seems never to deliver.
fn counted(durations: &[f64], size: usize) -> Vec<f64> {
    let clients = durations.len();
    let laps = (FOLLOWED / clients).clamp(*LAPS.start(), *LAPS.end());
    // Non-negative floats sort like their bit patterns.
    let end = |start: f64, client: usize| Reverse(((start + durations[client]).to_bits(), client));
    let mut returns: BinaryHeap<_> = (0..clients).map(|client| end(0.0, client)).collect();
    let mut counts = vec![0.0; clients];
    let mut group = Vec::with_capacity(size);
    let mut now = 0.0;
    for _ in 0..laps * clients.div_ceil(size) {
        group.extend((0..size).filter_map(|_| returns.pop()));
        for Reverse((time, client)) in &group {
            now = f64::max(now, f64::from_bits(*time));
            counts[*client] += 1.0;
        }
        returns.extend(group.drain(..).map(|Reverse((_, client))| end(now, client)));
    }
    for Reverse((time, client)) in returns {
        let left = f64::from_bits(time) - now;
        counts[client] += (1.0 - left / durations[client].max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    }
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| size as f64 * count / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hardware spread F-80 of four clients [s].
    const F80: [f64; 4] = [1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2];

    #[test]
    fn each_scheme_has_the_published_frequencies() {
        let of = |text: &str| {
            #[derive(serde::Deserialize)]
            struct Keys {
                schedule: ScheduleSpec,
            }
            let keys: Keys = toml::from_str(&format!("schedule = {text}")).unwrap();
            deliveries(&keys.schedule, &F80, &[1.0; 4])
        };
        assert_eq!(of("{ window = { seconds = 0.2 } }"), [1.0 / 5.0, 1.0 / 4.0, 1.0 / 3.0, 1.0]);
        assert!(of("{ group = { size = 4 } }").iter().all(|share| (share - 1.0).abs() < 1e-9));
        let total: f64 = F80.iter().map(|tau| 1.0 / tau).sum();
        for (found, tau) in of("{ every-arrival = {} }").into_iter().zip(F80) {
            approx::assert_relative_eq!(found, 1.0 / (tau * total), max_relative = 1e-14);
        }
        let twos = of("{ group = { size = 2 } }");
        approx::assert_relative_eq!(twos.iter().sum::<f64>(), 2.0, max_relative = 1e-9);
        assert!(twos.windows(2).all(|pair| pair[0] <= pair[1]), "{twos:?}");
    }

    #[test]
    fn groups_are_followed_to_their_long_run_frequencies() {
        // Followed in exact fractions, the pairs repeat every twelve groups.
        let found = counted(&[1.0, 0.731, 0.467, 0.209], 2);
        for (found, expected) in found.into_iter().zip([1.0 / 4.0, 1.0 / 3.0, 7.0 / 12.0, 5.0 / 6.0]) {
            approx::assert_abs_diff_eq!(found, expected, epsilon = 1e-3);
        }
        // In a fleet too large to wait for its slowest client, that one works at a hundredth of the pace of the others.
        let mut durations = vec![1.0; 200_000];
        durations[7] = 100.0;
        let found = counted(&durations, 20_000);
        approx::assert_relative_eq!(found[7] / found[8], 0.01, max_relative = 0.1);
    }
}
