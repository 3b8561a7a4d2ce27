//! Methods without a server against what their papers and plain algebra say.

mod bench;
mod decentralised;
mod faults;
mod fuzz;
mod links;
mod push;
mod tokens;
mod vc;
