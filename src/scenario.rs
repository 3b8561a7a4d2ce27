//! A scenario: TOML text → checked values, with errors that point into the file.

mod again;
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

use crate::toml::{axis, diagnostic, document, node, overrides, source};

pub use extend::{Difference, Joined, Runs, united};
pub use made::{Made, Ran};
pub use method::{MERGED, MethodTable};
pub use model::{Cell, OfCells, Scenario};
pub use schema::schema;
pub use seeds::{Seeds, Sequential, Until};

pub use crate::toml::{Diagnostic, Entry, Node, Override, Rejected, Source, Sources, Span, Table, Value, decode, nearest, write};

/// A commented scenario to start from.
pub const TEMPLATE: &str = include_str!("scenario/template.toml");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Scenario, TEMPLATE};

    #[test]
    fn the_template_is_sound() {
        let outcome = Scenario::read(Path::new("new.toml"), TEMPLATE, &[], &crate::registry::Registry::builtin());
        assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}
