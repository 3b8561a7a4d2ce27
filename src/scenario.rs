//! A scenario: TOML text → checked values, with errors that point into the file.

mod axis;
pub mod cells;
mod manifest;
mod method;
mod model;
mod schema;
mod seeds;
mod template;

pub use method::{MERGED, MethodTable};
pub use model::{Cell, Scenario};
pub use schema::schema;
pub use seeds::Seeds;
pub use template::TEMPLATE;

pub use crate::toml::{Diagnostic, Entry, Node, Override, Rejected, Source, Sources, Span, Table, Value, decode, nearest, write};

use crate::toml::{diagnostic, document, names, node, overrides, source};
