//! Whether a method, its parts and its world go together: a table for each kind of reason why they may not.

mod places;
mod rates;
mod rules;

pub use rates::knows_deliveries;

use super::{Combination, Needs, PeerCombination, PeerNeeds, Slot};
use crate::{
    invalid::Invalid,
    part::{compressor::CompressorSpec, rate::Clock},
};

/// All that does not go together in `of`, parts of a method with these `needs`: each misfit at the key to change. Empty where all fits.
pub fn misfits(needs: &Needs, of: &Combination<'_>) -> Vec<Invalid> {
    let places =
        places::of_server(needs, of).into_iter().chain(places::of_clients(needs, of)).chain(places::of_uplink(needs, of));
    let mut found: Vec<Invalid> = places.flatten().collect();
    let is_of_weighting = |misfit: &Invalid| misfit.path == ["weighting"];
    let weighs_itself = found.iter().any(is_of_weighting);
    let rules = rules::of_weighting(of).into_iter().chain(rules::of_schedule(of)).chain(rules::of_memories(of));
    let rest = rules.chain(rules::of_secrecy(of)).flatten().chain(rates::unknown(of));
    // Where the method leaves no choice of a weighting, nothing else need be said of the one chosen.
    found.extend(rest.filter(|misfit| !(weighs_itself && is_of_weighting(misfit))));
    found
}

/// The same of a method without a server.
pub fn peer_misfits(needs: &PeerNeeds, of: &PeerCombination<'_>) -> Vec<Invalid> {
    let optimises = !of.parts.client.optimiser.is_empty();
    let remembers = of.compressor(CompressorSpec::remembers);
    let feeds_back = of.compressor(|compressor| compressor.promises().feeds_back);
    let found = [
        place(needs.client, optimises, "client.optimiser", ", which leaves no place for another optimiser", "remove `client`"),
        place(needs.memory, remembers && !feeds_back, "compressor", "", "name a compressor without memory"),
        place(needs.one_way, of.ground.one_way, "contacts", "", "choose a topology without directions"),
        rule(
            feeds_back,
            "compressor",
            "error feedback evens out over sums of updates, but nodes send models",
            "use `ef21`, which sends differences to what neighbours know, or the method `choco-sgd`",
        ),
        rule(
            of.parts.local.clock == Clock::Steps,
            "local.clock",
            "nodes without a server count their own iterations",
            "remove `clock`",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// A part to which a method may be closed, where it is `taken`; `so` is what follows from a reason of the method's own.
fn place(slot: Slot, taken: bool, key: &str, so: &str, remedy: &str) -> Option<Invalid> {
    match slot {
        Slot::Own(reason) if taken => Some(Invalid::at(key, format!("{reason}{so}")).help(remedy)),
        Slot::Closed(reason, remedy) if taken => Some(Invalid::at(key, reason).help(remedy)),
        _ => None,
    }
}

/// Two parts, or a part and the world, that do not go together whatever the method.
fn rule(clash: bool, key: &str, reason: &str, remedy: &str) -> Option<Invalid> {
    clash.then(|| Invalid::at(key, reason).help(remedy))
}
