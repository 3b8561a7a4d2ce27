//! What fedfleet promises: one module per promise.

mod bench;
mod determinism;
mod every_method;
mod fixed_points;
mod golden;
mod identities;
mod peers;
mod rates;
mod scenario_errors;
mod scenario_fuzz;
mod watch;
