//! What the command line promises: one module per promise.

mod determinism;
mod manifest;
mod program;
mod readme;
mod resume;
mod scenarios;
mod texts;
