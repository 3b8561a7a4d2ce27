//! Why it is not known how often clients deliver, and what weights that go by it are refused for.

use std::collections::BTreeSet;

use super::{RoundsSpec, ScheduleSpec, SelectSpec, cohort::CohortSpec};
use crate::{
    fleet::Fleet,
    invalid::Invalid,
    network::{Direction, Network},
    part::discount::Discount,
};

/// Something between being called, or present, and delivering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Obstacle {
    /// Where it is: completes "… is not known where".
    reason: &'static str,
    remedy: &'static str,
}

const DEADLINE: Obstacle = Obstacle { reason: "rounds have a deadline", remedy: "remove `deadline` from the schedule" };
const OVER_SELECTION: Obstacle = Obstacle {
    reason: "rounds close with the first to answer, who are the fast",
    remedy: "remove `over-selection` from the schedule",
};
const STALENESS: Obstacle = Obstacle { reason: "stale updates are refused", remedy: "remove `max-staleness` from the schedule" };
const DISCOUNT: Obstacle = Obstacle {
    reason: "stale updates weigh less, and how stale each client's are",
    remedy: "set `discount = \"constant\"` in the schedule",
};
const SELECTION: Obstacle =
    Obstacle { reason: "the cohort is not drawn uniformly", remedy: "choose `select = \"uniform\"` in the schedule" };
const COHORTS: Obstacle = Obstacle {
    reason: "a trace says who is called",
    remedy: "choose \"unbiased\", which counts how often the trace calls each client",
};
const ABSENCE: Obstacle = Obstacle { reason: "clients come and go", remedy: "set `availability = \"always\"`" };
const RETURNS: Obstacle = Obstacle {
    reason: "clients come and go in seconds: a round lasts until those who have left come back, and begins where they are up more \
             often than at other times",
    remedy: "choose an availability by rounds, such as `bernoulli` or `markov-rounds`",
};
const TRACE: Obstacle =
    Obstacle { reason: "a trace says when clients are up", remedy: "choose an availability of known probability" };
const DROPOUT: Obstacle = Obstacle { reason: "work is lost", remedy: "remove `dropout`" };
const LOSS: Obstacle = Obstacle { reason: "links lose messages", remedy: "remove `loss` from the links" };
const BANDWIDTH: Obstacle = Obstacle {
    reason: "the bandwidth is drawn anew for every message",
    remedy: "draw it once per client: `bandwidth = { fixed = { … } }`",
};
const SIZES: Obstacle = Obstacle {
    reason: "a link sends a vector or does not, as `lazy` does, and larger messages take longer",
    remedy: "name another compressor, or remove `bandwidth` from the links",
};

impl Obstacle {
    fn refuse_weighting(self) -> Invalid {
        let Self { reason, remedy } = self;
        Invalid::at("weighting", format!("how often a client delivers is not known where {reason}"))
            .help(format!("{remedy}, or choose another weighting"))
    }

    fn refuse_selection(self) -> Invalid {
        let Self { reason, remedy } = self;
        let message =
            format!("the probability to be drawn, which updates are weighed by, is not that of delivering where {reason}");
        Invalid::at("schedule.rounds.select", message).help(format!("{remedy}, or set `unbiased = false`"))
    }
}

/// What turns away clients who were called and come late.
fn of_lateness(schedule: &ScheduleSpec) -> Option<Obstacle> {
    if schedule.max_staleness().is_some() {
        return Some(STALENESS);
    }
    match schedule {
        ScheduleSpec::Rounds(RoundsSpec { deadline: Some(_), .. }) => Some(DEADLINE),
        ScheduleSpec::Rounds(spec) if spec.over_selection > 1.0 => Some(OVER_SELECTION),
        _ => None,
    }
}

/// What loses that which has been begun.
fn of_work(fleet: &Fleet, network: &Network) -> Option<Obstacle> {
    let mut clients = 0..fleet.clients();
    if clients.clone().any(|client| fleet.drops_out(client)) {
        return Some(DROPOUT);
    }
    let loses = |direction, client| fleet.link(network, direction, client).loses(client);
    clients.any(|client| loses(Direction::Up, client) || loses(Direction::Down, client)).then_some(LOSS)
}

/// What leaves the mean time of a client unknown.
fn of_time(fleet: &Fleet, network: &Network) -> Option<Obstacle> {
    let draws = |direction, client| fleet.link(network, direction, client).draws_bandwidth(client);
    let mut clients = 0..fleet.clients();
    clients.any(|client| draws(Direction::Up, client) || draws(Direction::Down, client)).then_some(BANDWIDTH)
}

/// Refuses schedules under which the probability to be present, that some weights go by, is not that of delivering.
///
/// # Errors
/// [`Invalid`] at `weighting`, with the reason.
pub fn check_presence(schedule: &ScheduleSpec) -> Result<(), Invalid> {
    let traced = matches!(schedule, ScheduleSpec::Rounds(spec) if matches!(spec.cohort(), CohortSpec::Trace(_)));
    let obstacle = if traced { Some(COHORTS) } else { of_lateness(schedule) };
    obstacle.map_or(Ok(()), |obstacle| Err(obstacle.refuse_weighting()))
}

/// What leaves unknown how often clients are there when a round begins.
fn of_presence(fleet: &Fleet) -> Option<Obstacle> {
    let mut clients = 0..fleet.clients();
    if clients.clone().any(|client| fleet.probability(client).is_none()) {
        return Some(TRACE);
    }
    clients.any(|client| fleet.comes_and_goes(client)).then_some(RETURNS)
}

/// Refuses fleets in which not everyone who is present in a round delivers, or nobody knows how often that is.
///
/// # Errors
/// [`Invalid`] at `weighting`, with the reason.
pub fn check_work(fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    let obstacle = of_presence(fleet).or_else(|| of_work(fleet, network));
    obstacle.map_or(Ok(()), |obstacle| Err(obstacle.refuse_weighting()))
}

/// Refuses cohorts that are written out where clients take part by rounds: the trace says who does, and nobody would ask the fleet.
///
/// # Errors
/// [`Invalid`] at the cohort, with the reason.
pub fn check_cohorts(schedule: &ScheduleSpec, fleet: &Fleet) -> Result<(), Invalid> {
    let traced = matches!(schedule, ScheduleSpec::Rounds(spec) if matches!(spec.cohort(), CohortSpec::Trace(_)));
    if !traced || !(0..fleet.clients()).any(|client| fleet.goes_by_rounds(client)) {
        return Ok(());
    }
    Err(Invalid::at(
        "schedule.rounds.cohort",
        "the trace says who takes part in each round, and so does the fleet's `availability`",
    )
    .help("remove `availability` from `[fleet]`, or set `cohort = \"all\"` to call whoever is there"))
}

/// Refuses selections that weigh updates by the probability to be drawn where it is not that of delivering.
///
/// # Errors
/// [`Invalid`] at the selection, with the reason.
pub fn check_selection(schedule: &ScheduleSpec, fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    if !matches!(schedule, ScheduleSpec::Rounds(spec) if spec.select.is_unbiased()) {
        return Ok(());
    }
    let absence = || (!fleet.always_available()).then_some(ABSENCE);
    let obstacle = of_lateness(schedule).or_else(absence).or_else(|| of_work(fleet, network));
    obstacle.map_or(Ok(()), |obstacle| Err(obstacle.refuse_selection()))
}

/// Refuses schedules and fleets under which deliveries cannot be predicted.
///
/// # Errors
/// [`Invalid`] at `weighting`, with the reason.
pub fn check_deliveries(schedule: &ScheduleSpec, fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    if leaves_out(schedule, fleet.clients()) {
        return Err(Invalid::at("weighting", "clients that are never called cannot be made up for")
            .help("call every client, or choose another weighting"));
    }
    let rounds = if let ScheduleSpec::Rounds(spec) = schedule { Some(spec) } else { None };
    let selects = rounds.is_some_and(|spec| spec.select != SelectSpec::Uniform);
    let calls_all = rounds.is_some_and(|spec| matches!(spec.cohort(), CohortSpec::All(_)));
    if !fleet.always_available() && !calls_all {
        let remedy = "set `availability = \"always\"`, choose rounds with `cohort = \"all\"`";
        return Err(Obstacle { remedy, ..ABSENCE }.refuse_weighting());
    }
    let discounts = schedule.discount() != Discount::Constant;
    let obstacle = of_lateness(schedule)
        .or_else(|| discounts.then_some(DISCOUNT))
        .or_else(|| selects.then_some(SELECTION))
        .or_else(|| if rounds.is_none() { of_time(fleet, network) } else { None });
    obstacle.map_or_else(|| check_work(fleet, network), |obstacle| Err(obstacle.refuse_weighting()))
}

/// Refuses messages that are not all of one size, in the directions that are `varying`, where their time depends on it.
///
/// # Errors
/// [`Invalid`] at the selection of rounds, or else at `weighting`, with the reason.
pub fn check_sizes(varying: &[Direction], schedule: &ScheduleSpec, fleet: &Fleet, network: &Network) -> Result<(), Invalid> {
    let depends =
        |&direction: &Direction| (0..fleet.clients()).any(|client| fleet.link(network, direction, client).has_bandwidth());
    if !varying.iter().any(depends) {
        return Ok(());
    }
    if !matches!(schedule, ScheduleSpec::Rounds(_)) {
        return Err(SIZES.refuse_weighting());
    }
    let Obstacle { reason, remedy } = SIZES;
    let message = format!("who answers by the deadline is not known where {reason}");
    Err(Invalid::at("schedule.rounds.select", message).help(format!("{remedy}, or choose another selection")))
}

/// Whether there are clients that the schedule never calls.
fn leaves_out(schedule: &ScheduleSpec, clients: usize) -> bool {
    match schedule {
        ScheduleSpec::Rounds(spec) => match spec.cohort() {
            CohortSpec::Trace(spec) => spec.trace.iter().flatten().collect::<BTreeSet<_>>().len() < clients,
            CohortSpec::All(_) | CohortSpec::Count(_) => false,
        },
        ScheduleSpec::EveryArrival(spec) => spec.concurrency.is_some_and(|many| many < clients),
        ScheduleSpec::Buffered(spec) => spec.concurrency.is_some_and(|many| many < clients),
        ScheduleSpec::Window(_) | ScheduleSpec::Group(_) | ScheduleSpec::Grace(_) => false,
    }
}
