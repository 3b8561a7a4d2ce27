//! What fedfleet promises: one module per promise.

mod peers;
mod scenario_errors;
mod scenario_fuzz;
