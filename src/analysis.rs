//! What is known of a run before it runs.
//!
//! A method states its [`Needs`], the parts of a scenario and its world make a [`Combination`], and [`misfits`] compares the two.
//! What a weighting, a selection or a figure has to know beforehand is worked out here too, and handed to the protocol: how long clients
//! are under [way](RoundTrips), how often they [deliver](deliveries), what each comes to [weigh](expected_weights), at which
//! [point](stationary) the server comes to rest, and whether compressed memories [converge](stability).

mod combination;
pub mod deliveries;
mod fit;
mod needs;
mod recursion;
mod round_trip;
pub mod stability;
pub mod stationary;
mod weights;

pub use combination::{Combination, Ground, PeerCombination};
pub use fit::{knows_deliveries, misfits, peer_misfits};
pub use needs::{Identity, Needs, PeerNeeds, Slot};
pub use round_trip::RoundTrips;
pub use weights::expected_weights;
