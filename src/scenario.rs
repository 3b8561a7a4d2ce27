//! A scenario: TOML text → checked values, with errors that point into the file.

mod axis;
pub mod cells;
pub mod decode;
mod diagnostic;
mod document;
mod manifest;
mod method;
mod model;
mod names;
mod node;
mod overrides;
mod render;
mod schema;
mod seeds;
mod source;
mod stop;
mod template;
pub mod write;

pub use diagnostic::{Diagnostic, Rejected};
pub use method::{MERGED, MethodTable};
pub use model::{Cell, OfCells, Scenario};
pub use names::nearest;
pub use node::{Entry, Node, Table, Value};
pub use overrides::Override;
pub use schema::schema;
pub use seeds::Seeds;
pub use source::{Source, Sources, Span};
pub use stop::Stop;
pub use template::TEMPLATE;
