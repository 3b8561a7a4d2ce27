//! What is known of a run before it runs.
//!
//! A method states its [`Needs`], the parts of a scenario and its world make a [`Combination`], and [`misfits`] compares the two.

mod combination;
mod fit;
mod needs;

pub use combination::{Combination, Ground, PeerCombination};
pub use fit::{knows_deliveries, misfits, peer_misfits};
pub use needs::{Identity, Needs, PeerNeeds, Slot};
