//! What fedfleet promises, a module per promise.

mod bench;
mod determinism;
mod every_method;
mod fixed_points;
mod golden;
mod identities;
mod rates;
mod watch;
