//! What fedfleet promises, a module per promise.

mod bench;
mod golden;
mod watch;
