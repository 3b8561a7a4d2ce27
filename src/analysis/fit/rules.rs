//! Parts that do not go together whatever the method.

use super::{Combination, rule};
use crate::{
    invalid::Invalid,
    part::{
        compressor::CompressorSpec,
        weighting::Weighting::{
            All, InverseRoot, KnownProbability, Participating, ParticipatingWeighted, Sampling, Sum, SumWeights, Unbiased,
        },
    },
    problem::spec::WeightsSpec,
    protocol::schedule::{Replace, ScheduleSpec, SelectSpec, cohort::CohortSpec},
};

/// Weightings that mean nothing under the schedule.
pub(super) fn of_weighting(of: &Combination<'_>) -> [Option<Invalid>; 7] {
    let by_weight = of.selects_by_weight();
    // Under weights that are not uniform, `sampling` is the plain mean in which clients count by them, under any schedule.
    let by_round = of.asks_for(KnownProbability) || (of.asks_for(Sampling) && of.ground.weights == WeightsSpec::Uniform);
    let at_weighting = |clash, reason, remedy| rule(clash, "weighting", reason, remedy);
    [
        at_weighting(
            by_weight && of.weighting.is_some_and(|weighting| weighting != Participating),
            "the selection of the cohort already weights the updates",
            "remove `weighting`, or choose another `select` in the schedule",
        ),
        at_weighting(
            of.asks_for(ParticipatingWeighted) && of.is_single(),
            "the server applies updates one by one, and the share of a client among those who take part is always 1: all clients would \
             count alike",
            "choose \"sum-weighted\", or \"unbiased\" for clients that come as often as they are fast, or let the server act on larger \
             batches",
        ),
        at_weighting(
            by_round && of.rounds().is_none(),
            "the probability to take part in a round has no meaning without rounds",
            "choose \"unbiased\", which divides by each client's delivery rate",
        ),
        at_weighting(
            of.asks_for(Sampling) && !by_weight && !of.selects_uniformly(),
            "clients are not all drawn with the same probability",
            "choose `select = \"uniform\"` in the schedule, or another weighting",
        ),
        at_weighting(
            of.asks_for(KnownProbability) && of.cohort_is(|cohort| matches!(cohort, CohortSpec::Count(_))),
            "the probability to be present is not that of being drawn into a cohort of fixed size",
            "choose \"sampling\" for cohorts drawn uniformly, or `cohort = \"all\"` to call whoever is present",
        ),
        at_weighting(
            of.asks_for(Unbiased) && of.schedule().replace() == Replace::Random,
            "`unbiased` needs each client's delivery rate, which random replacement leaves unknown",
            "set `replace = \"same\"` in the schedule",
        ),
        at_weighting(
            of.asks_for(Unbiased) && matches!(of.schedule(), ScheduleSpec::Grace(_)),
            "`unbiased` needs each client's delivery rate, which grace periods leave unknown",
            "choose another weighting, or `every-arrival` or `buffered` as the schedule",
        ),
    ]
}

/// Schedules against the numbers, messages and clients around them.
pub(super) fn of_schedule(of: &Combination<'_>) -> [Option<Invalid>; 4] {
    [
        rule(
            of.written.concurrency.is_some_and(|number| number.count().is_some()) && of.schedule().keeps_all(),
            "concurrency",
            "schedules of `window`, `group` and `grace` keep all clients at work",
            "write `concurrency = \"all\"` in the `[[method]]`, or give it a schedule of `rounds`, `every-arrival` or `buffered`",
        ),
        rule(
            of.is_traced() && of.has_rounds_of_fleet(),
            "schedule.rounds.cohort",
            "the trace says who takes part in each round, and so does the fleet's `availability`",
            "remove `availability` from `[fleet]`, or set `cohort = \"all\"` to call whoever is there",
        ),
        rule(
            of.selects(|select| *select == SelectSpec::InTime) && of.has_uneven_messages(),
            "schedule.rounds.select",
            "`in-time` needs the size of each message, which a compressor like `lazy` leaves to chance",
            "name another compressor, remove `bandwidth` from the links, or choose another selection",
        ),
        rule(
            of.downlink(|downlink| downlink.promises().feeds_back),
            "downlink",
            "error feedback evens out over sums of updates, but the server sends its model",
            "use `ef21`, which sends differences to what the client knows",
        ),
    ]
}

/// Samples that travel between clients, and clients that nobody remembers.
pub(super) fn of_memories(of: &Combination<'_>) -> [Option<Invalid>; 6] {
    let travels = |clash, reason, remedy| rule(of.shares_samples() && clash, "shards", reason, remedy);
    let nameless = |clash, key, reason, remedy| rule(of.is_stateless() && clash, key, reason, remedy);
    let (uplink, downlink) = (of.uplink(CompressorSpec::remembers), of.downlink(CompressorSpec::remembers));
    let messages = "the compressor remembers the messages of each client, but clients are stateless";
    let alone = "name a compressor alone, such as `{ qsgd = { bits = 4 } }`, or remove `stateless-clients`";
    [
        travels(
            matches!(of.weighs(), Unbiased | KnownProbability),
            "samples travel between clients, and the weighting counts how often each client delivers",
            "shards are visited equally often: choose `weighting = \"all\"`, or remove `shards`",
        ),
        travels(
            of.rounds().is_none() && uplink,
            "two clients may work on one shard at once, and the uplink remembers what it lost of each",
            "name a compressor without memory in `uplink`, or let the server act in rounds",
        ),
        travels(
            !of.selects_uniformly(),
            "samples travel between clients, and the selection looks at those of each",
            "remove `select` or `shards`",
        ),
        nameless(uplink, "uplink", messages, alone),
        nameless(downlink, "downlink", messages, alone),
        nameless(
            of.full.client.as_ref().is_some_and(|client| client.keep_state),
            "client.keep-state",
            "the optimiser's state outlives a visit, but clients are stateless",
            "remove `keep-state` or `stateless-clients`",
        ),
    ]
}

/// Parts that need more of a batch than its sum, where that is all the server learns.
pub(super) fn of_secrecy(of: &Combination<'_>) -> [Option<Invalid>; 5] {
    let hides = |clash, key, reason, remedy| rule(of.is_secure() && clash, key, reason, remedy);
    let alike = [Participating, All, InverseRoot, SumWeights, Sum];
    let enough = of.largest_batch() >= 2;
    [
        hides(
            of.uplink(|_| true),
            "uplink",
            "masks cancel in sums of integers modulo `2^bits`, which compressed messages are not",
            "remove `uplink`; fewer `bits` in `secure-aggregation` make messages shorter",
        ),
        hides(
            !alike.contains(&of.weighs()),
            "weighting",
            "the weighting gives every client a factor of its own, but under `secure-aggregation` only those for staleness are public",
            "choose \"participating\", \"all\", \"sum-weights\" or \"sum\"",
        ),
        hides(
            of.selects_by_weight(),
            "schedule.rounds.select",
            "the selection weights every update, but under `secure-aggregation` only weights for staleness are public",
            "choose `select = \"uniform\"`",
        ),
        hides(
            !enough,
            "schedule",
            "the server acts on single updates, and a sum of one hides nothing",
            "collect two or more, such as `{ buffered = { size = 10 } }`",
        ),
        hides(
            enough && of.grid().is_none(),
            "secure-aggregation.bits",
            "so few bits leave no room for the sum of a batch",
            "raise `bits`, or let the server act on smaller batches",
        ),
    ]
}
