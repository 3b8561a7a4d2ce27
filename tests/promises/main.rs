//! What fedfleet promises, a module per promise.

mod peers;
