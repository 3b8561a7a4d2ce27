//! What fedfleet promises: one module per promise.

mod scenario_errors;
mod scenario_fuzz;
