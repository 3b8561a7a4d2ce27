//! TOML with places: text → tree of values → typed values, and messages that point into the text.
//!
//! It knows no section of a scenario: what keys mean is up to the types that are [decoded](decode::decode).

pub mod axis;
pub mod decode;
pub mod diagnostic;
pub mod document;
pub mod node;
pub mod overrides;
pub mod source;
pub mod write;

pub use diagnostic::{Diagnostic, Rejected, nearest};
pub use node::{Entry, Node, Table, Value};
pub use overrides::Override;
pub use source::{Source, Sources, Span};
