//! What fedfleet promises: one module per promise.

mod bench;
mod golden;
mod peers;
mod scenario_errors;
mod scenario_fuzz;
mod watch;
