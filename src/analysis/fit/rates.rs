//! What leaves unknown how often clients deliver, where weights divide by it.

use super::Combination;
use crate::{
    invalid::Invalid,
    part::weighting::Weighting::{KnownProbability, Unbiased},
    protocol::schedule::{SelectSpec, cohort::CohortSpec},
};

/// Something between being called, or present, and delivering; and what to do about it.
type Obstacle = (&'static str, &'static str);

/// A misfit for every obstacle to what the weighting, or the selection, divides by.
pub(super) fn unknown(of: &Combination<'_>) -> Vec<Invalid> {
    let told = |key: &str, need: &str, other: &str, (what, remedy): Obstacle| {
        Invalid::at(key, format!("{need}, which {what}")).help(format!("{remedy}, or {other}"))
    };
    let mut found = Vec::new();
    if of.weighs() == Unbiased && !of.selects_by_weight() {
        let need = "`unbiased` needs each client's delivery rate";
        found.extend(deliveries(of).map(|obstacle| told("weighting", need, "choose another weighting", obstacle)));
    }
    if of.weighs() == KnownProbability && of.rounds().is_some() {
        let need = "`known-probability` needs each client's probability to deliver in a round";
        let obstacles = [(of.is_traced(), TRACED)].into_iter().chain(lateness(of)).chain(presence(of)).chain(work(of));
        found.extend(there(obstacles).map(|obstacle| told("weighting", need, "choose another weighting", obstacle)));
    }
    if of.selects(SelectSpec::is_unbiased) {
        let need = "`unbiased = true` needs the probability with which each client drawn delivers";
        let obstacles = lateness(of).into_iter().chain([(of.has_absences(), ABSENCE)]).chain(work(of));
        found.extend(there(obstacles).map(|obstacle| told("schedule.rounds.select", need, "set `unbiased = false`", obstacle)));
    }
    found
}

/// Whether it is known how often each client delivers, so that weights can be predicted from it.
pub fn knows_deliveries(of: &Combination<'_>) -> bool {
    deliveries(of).next().is_none()
}

fn there(obstacles: impl IntoIterator<Item = (bool, Obstacle)>) -> impl Iterator<Item = Obstacle> {
    obstacles.into_iter().filter(|(is_there, _)| *is_there).map(|(_, obstacle)| obstacle)
}

const TRACED: Obstacle =
    ("a fixed trace of cohorts does not define", "choose \"unbiased\", which counts how often the trace calls each client");
const ABSENCE: Obstacle = ("clients who come and go leave unknown", "set `availability = \"always\"`");

fn deliveries(of: &Combination<'_>) -> impl Iterator<Item = Obstacle> {
    let rounds = of.rounds().is_some();
    let called = ("is 0 for clients that the schedule never calls: nothing makes up for them", "call every client");
    let absence =
        ("clients who come and go leave unknown", "set `availability = \"always\"`, choose rounds with `cohort = \"all\"`");
    let discount = (
        "a discount by staleness leaves unknown, since nobody knows how stale each client's updates are",
        "set `discount = \"constant\"` in the schedule",
    );
    let selection = ("a cohort that is not drawn uniformly leaves unknown", "choose `select = \"uniform\"` in the schedule");
    let bandwidth =
        ("a bandwidth drawn anew for every message leaves unknown", "draw it once per client: `bandwidth = { fixed = { … } }`");
    let sizes = (
        "a compressor like `lazy` leaves unknown, since larger messages take longer",
        "name another compressor, or remove `bandwidth` from the links",
    );
    let present = if of.cohort_is(|cohort| matches!(cohort, CohortSpec::All(_))) {
        presence(of).to_vec()
    } else {
        vec![(of.has_absences(), absence)]
    };
    let obstacles = [(of.leaves_out(), called), (of.discounts(), discount)];
    let of_rounds = [(!of.selects_uniformly(), selection)];
    let of_times = [(!rounds && of.draws_bandwidth(), bandwidth), (!rounds && of.has_uneven_messages(), sizes)];
    there(obstacles.into_iter().chain(lateness(of)).chain(of_rounds).chain(of_times).chain(present).chain(work(of)))
}

/// What turns away clients who were called and come late.
fn lateness(of: &Combination<'_>) -> [(bool, Obstacle); 3] {
    let staleness =
        ("a bound on staleness leaves unknown, since it turns updates away", "remove `max-staleness` from the schedule");
    let deadline = ("a deadline leaves unknown, since it turns updates away", "remove `deadline` from the schedule");
    let selection = (
        "over-selection leaves unknown, since rounds close with the first to answer, who are the fast",
        "remove `over-selection` from the schedule",
    );
    [
        (of.schedule().max_staleness().is_some(), staleness),
        (of.rounds().is_some_and(|spec| spec.deadline.is_some()), deadline),
        (of.rounds().is_some_and(|spec| spec.over_selection > 1.0), selection),
    ]
}

/// What leaves unknown how often clients are there when a round begins.
fn presence(of: &Combination<'_>) -> [(bool, Obstacle); 2] {
    let trace = ("a trace of who is up does not define", "choose an availability of known probability");
    let returns = (
        "an availability in seconds leaves unknown: a round lasts until those who have left come back, and begins where they are up \
         more often than at other times",
        "choose an availability by rounds, such as `bernoulli` or `markov-rounds`",
    );
    let traced = of.traces_presence();
    [(traced, trace), (!traced && of.comes_and_goes(), returns)]
}

/// What loses that which has been begun.
fn work(of: &Combination<'_>) -> [(bool, Obstacle); 2] {
    [
        (of.loses_work(), ("dropouts leave unknown", "remove `dropout`")),
        (of.loses_messages(), ("lost messages leave unknown", "remove `loss` from the links")),
    ]
}
