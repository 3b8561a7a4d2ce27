//! The keys of each method: those of its section, and its own.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::{
    forms::{definition, simplify},
    sweeps,
};
use crate::registry::{Entry, PartEntry, Registry};

/// A method with the schema of its own parameters.
type Own<'r> = (&'r Entry, Value);

/// The schemas of all methods' own parameters, which may refer to definitions of `generator`.
pub(super) fn own<'r>(registry: &'r Registry, generator: &mut SchemaGenerator) -> Vec<Own<'r>> {
    registry.methods().iter().map(|entry| (entry, (entry.schema)(generator).to_value())).collect()
}

/// Defines each method as a table with the keys of its section and its own, and `Method` as one of them.
pub(super) fn describe(methods: Vec<Own<'_>>, definitions: &mut Map<String, Value>) {
    let names: Vec<&str> = methods.iter().map(|(entry, _)| entry.card.name).collect();
    let mut forms: Vec<Value> = names.iter().map(|name| json!({ "$ref": format!("#/$defs/method-{name}") })).collect();
    let several = sweeps::sweep(&json!({ "type": "array", "items": { "enum": names }, "minItems": 1 }));
    let mut keys = Map::new();
    for (entry, own) in methods {
        let table = table(entry, own, definitions);
        let of_table = table["properties"].as_object().into_iter().flat_map(Map::keys);
        keys.extend(of_table.map(|key| (key.clone(), Value::Bool(true))));
        let _ = definitions.insert(format!("method-{}", entry.card.name), table);
    }
    let _ = keys.insert("name".to_owned(), several.clone());
    forms.push(json!({
        "description": "Several methods that take the same keys.",
        "type": "object",
        "properties": keys,
        "required": ["name"],
        "additionalProperties": false,
    }));
    let method = json!({
        "description": "A method by its name, with the keys that it overrides and its own parameters.",
        "type": "object",
        "properties": { "name": { "anyOf": [{ "enum": names }, several] } },
        "required": ["name"],
        "oneOf": forms,
    });
    let _ = definitions.insert("Method".to_owned(), method);
}

fn table(entry: &Entry, mut own: Value, definitions: &mut Map<String, Value>) -> Value {
    simplify(&mut own);
    let section = if entry.section == "federated" { "FederatedSpec" } else { "PeersSpec" };
    let mut properties = json!({
        "name": { "const": entry.card.name, "description": entry.card.summary },
        "label": { "type": "string", "description": "What records and figures call it; the name if not given." },
    });
    // The parameters of a method are used here alone: they move into its table.
    let own = match own.get("$ref").and_then(Value::as_str).and_then(definition) {
        Some(name) => definitions.remove(name).unwrap_or_default(),
        None => own,
    };
    let shared = definitions.get(section).and_then(|schema| schema["properties"].as_object());
    let shared = shared.into_iter().flat_map(Map::keys).map(|key| {
        let place = format!("#/$defs/{section}/properties/{key}");
        (key.clone(), json!({ "$ref": place }))
    });
    if let Some(keys) = properties.as_object_mut() {
        keys.extend(shared);
        keys.extend(own.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
    }
    json!({
        "description": entry.card.summary,
        "type": "object",
        "properties": properties,
        "required": ["name"],
        "additionalProperties": false,
    })
}

/// All parts of a kind, as alternatives; their parameters may refer to definitions of `generator`.
pub(super) fn parts<T: ?Sized + 'static>(entries: &[PartEntry<T>], generator: &mut SchemaGenerator) -> Value {
    let forms: Vec<Value> =
        entries.iter().map(|entry| form(entry.name, &(entry.schema)(generator).to_value(), generator)).collect();
    json!({ "oneOf": forms })
}

fn form(name: &str, parameters: &Value, generator: &SchemaGenerator) -> Value {
    let reference = parameters.get("$ref").and_then(Value::as_str).and_then(definition);
    let described = reference.and_then(|name| generator.definitions().get(name)).unwrap_or(parameters);
    json!({
        "description": described.get("description"),
        "type": "object",
        "properties": { name: parameters },
        "required": [name],
        "additionalProperties": false,
    })
}
