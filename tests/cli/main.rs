//! What the command line promises: one module per promise.

#![allow(clippy::unwrap_used)]

mod determinism;
mod folders;
mod manifest;
mod program;
mod readme;
mod resume;
mod scenarios;
mod schema;
mod shells;
mod targets;
mod texts;
