//! What the command line promises: one module per promise.

#![allow(clippy::unwrap_used)]

mod at_work;
mod claims;
mod clients;
mod codes;
mod compare;
mod determinism;
mod folders;
mod kept;
mod manifest;
mod names;
mod program;
mod rank;
mod readme;
mod resume;
mod scenarios;
mod schema;
mod shells;
mod targets;
mod texts;
mod tuning;
mod unwritable;
