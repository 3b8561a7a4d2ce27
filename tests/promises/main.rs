//! What fedfleet promises: one module per promise.

mod analytic;
mod bench;
mod compression;
mod departures;
mod dependencies;
mod determinism;
mod endings;
mod every_method;
mod fixed_points;
mod golden;
mod identities;
mod links;
mod lossy;
mod momentum;
mod peers;
mod rates;
mod recorded;
mod scale;
mod scenario_errors;
mod scenario_fuzz;
mod schedules;
mod secure;
mod selection;
mod surrogate;
mod watch;
mod widths;
