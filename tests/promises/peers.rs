//! Methods without a server against what their papers and plain algebra say.

mod bench;
mod faults;
mod push;
mod vc;
