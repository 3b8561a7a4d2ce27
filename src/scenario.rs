//! A scenario: TOML text → checked values, with errors that point into the file.

pub mod cells;
mod elsewhere;
mod extend;
mod left_out;
mod made;
mod manifest;
mod method;
mod model;
mod schema;
mod seeds;
mod template;

pub use extend::{Difference, Joined, Runs, united};
pub use made::{Made, Ran};
pub use method::{MERGED, MethodTable};
pub use model::{Cell, OfCells, Scenario};
pub use schema::schema;
pub use seeds::Seeds;
pub use template::TEMPLATE;

pub use crate::toml::{Diagnostic, Entry, Node, Override, Rejected, Source, Sources, Span, Table, Value, decode, nearest, write};

use crate::toml::{axis, diagnostic, document, node, overrides, source};
