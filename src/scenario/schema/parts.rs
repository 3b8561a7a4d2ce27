//! The parts of an open list: each a name, or a table with the name and its parameters.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::registry::PartEntry;

/// All parts of a kind, as alternatives; their parameters may refer to definitions of `generator`.
pub(super) fn forms<T: ?Sized + 'static>(entries: &[PartEntry<T>], generator: &mut SchemaGenerator) -> Value {
    let forms: Vec<Value> =
        entries.iter().map(|entry| form(entry.name, &(entry.schema)(generator).to_value(), generator)).collect();
    json!({ "oneOf": forms })
}

fn form(name: &str, parameters: &Value, generator: &SchemaGenerator) -> Value {
    let reference = parameters.get("$ref").and_then(Value::as_str).and_then(super::forms::definition);
    let described = reference.and_then(|name| generator.definitions().get(name)).unwrap_or(parameters);
    json!({
        "description": described.get("description"),
        "type": "object",
        "properties": { name: parameters },
        "required": [name],
        "additionalProperties": false,
    })
}
