//! Kinds of parts to which methods may be closed.

use super::{Combination, place};
use crate::{
    analysis::{Identity, Needs, Slot},
    invalid::Invalid,
    part::compressor::CompressorSpec,
    protocol::spec::{AppliesTo, ClientSpec},
};

/// Parts of the server.
pub(super) fn of_server(needs: &Needs, of: &Combination<'_>) -> [Option<Invalid>; 9] {
    let chosen = of.written.server.as_ref();
    let server = chosen.is_some_and(|chain| is_closed(needs.server) || !chain.is_empty());
    let discount = format!("schedule.{}.discount", of.schedule().kind());
    let single = of.schedule().single_updates().unwrap_or("schedule");
    let batches = "let the server act on batches of two updates or more, or choose `afa-cd`";
    let even = "choose `select = \"uniform\"`";
    [
        place(
            needs.weighting,
            of.weighting.is_some(),
            "weighting",
            ", which leaves no choice of weighting",
            "remove `weighting`",
        ),
        place(needs.server, server, "server", ", which leaves no place for a server optimiser", "remove `server`"),
        place(needs.discount, of.discounts(), &discount, ", which leaves no place for a discount", "remove `discount`"),
        place(needs.selection, of.selects_by_weight(), SELECT, ", which leaves no place for the selection's weights", even),
        place(needs.overlap, of.rounds().is_none(), "schedule", ", but this schedule has no rounds", "choose `rounds`"),
        place(needs.single, of.is_single(), single, ", but this schedule applies updates one by one", batches),
        place(
            needs.single,
            of.leaves_one(),
            "schedule.buffered.epoch",
            ", but a single one is left at the end of an epoch",
            "let `epoch` be a multiple of `size`",
        ),
        place(
            needs.sums,
            of.is_secure(),
            "secure-aggregation",
            ", which is all that secure aggregation reveals",
            "remove `secure-aggregation`, or choose a method whose server averages, such as `fedavg` or `fedbuff`",
        ),
        place(
            needs.no_head,
            !of.ground.objective.solvable_head,
            "",
            ", which this objective does not have",
            "choose `least-squares`, `softmax` or `mlp` as the objective",
        ),
    ]
}

/// Parts of the clients, and what is known of them.
pub(super) fn of_clients(needs: &Needs, of: &Combination<'_>) -> [Option<Invalid>; 7] {
    let optimises = of.written.client.as_ref().is_some_and(|client| !client.optimiser.is_empty());
    let keeps = is_closed(needs.client) && !optimises && !of.written.client.as_ref().is_none_or(ClientSpec::is_plain);
    let applies = |to| of.written.bit_width.applies_to == to;
    let plain = "remove `client`, or choose a method that sends what its clients did, such as `fedavg`";
    let known =
        |least| if needs.identity >= least { Slot::Own("the method remembers something of every client") } else { Slot::Open };
    [
        place(needs.client, optimises, "client.optimiser", ": local steps have to be plain SGD", plain),
        place(needs.client, keeps, "client.keep-state", "", plain),
        place(needs.full_width, applies(AppliesTo::Nothing), WIDTH, ", which \"nothing\" makes all alike", "remove `bit-width`"),
        place(needs.message_width, applies(AppliesTo::Messages), WIDTH, "", "remove `bit-width`"),
        place(needs.shards, of.shares_samples(), "shards", ", but samples travel between clients", "remove `shards`"),
        place(
            known(Identity::Known),
            of.is_stateless(),
            "stateless-clients",
            ", and stateless clients cannot be told apart",
            "remove `stateless-clients`, or choose a method that remembers no client, such as `fedavg` or `fedavg-m`",
        ),
        place(
            known(Identity::Remembered),
            of.shares_samples() && of.rounds().is_none(),
            "shards",
            "'s samples, and two clients may work on the same ones at once",
            "remove `shards`, or let the server act in rounds",
        ),
    ]
}

/// Compressors of uploads.
pub(super) fn of_uplink(needs: &Needs, of: &Combination<'_>) -> [Option<Invalid>; 4] {
    let (biased, remembers) = (of.uplink(|uplink| !uplink.is_unbiased()), of.uplink(CompressorSpec::remembers));
    let whole = "name the compressor alone, such as `uplink = { top-k = { fraction = 0.01 } }`";
    let twice = ": a memory in the compressor would make up for the same loss twice";
    [
        place(needs.uplink, of.uplink(|_| true), "uplink", ", which leaves no place for a compressor", "remove `uplink`"),
        place(needs.memory, remembers, "uplink", twice, whole),
        place(needs.biased, biased && !remembers, "uplink", "", "choose `natural` or `qsgd`"),
        place(needs.one_bit, of.uplink(CompressorSpec::is_one_bit), "uplink", "", "give it two bits or more"),
    ]
}

fn is_closed(slot: Slot) -> bool {
    matches!(slot, Slot::Closed(..))
}

const SELECT: &str = "schedule.rounds.select";
const WIDTH: &str = "bit-width.applies-to";
