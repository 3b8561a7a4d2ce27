//! The JSON Schema of scenario files, from which editors complete and check.

use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value};

use super::{cells::SWEPT, seeds::Seeds, stop::Stop};
use crate::{fleet::FleetSpec, network::NetworkSpec, num::Precision, problem::ProblemSpec, record::claim::ClaimSpec};

/// The keys of a scenario file. Only its schema is used: files are read section by section.
#[derive(JsonSchema)]
#[schemars(rename = "Scenario", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema of this type is used")]
struct File {
    /// What the scenario asks, in words; the name of the file if not given.
    title: Option<String>,
    /// Folder that relative paths of data files start from; that of the scenario file if not given.
    folder: Option<String>,
    /// How many seeds, or a list of them; 1 if not given.
    seeds: Option<Seeds>,
    /// When a run ends: at the first bound that is reached.
    stop: Stop,
    /// Scalar type: `f64` by default for convex problems, `f32` for neural ones.
    precision: Option<Precision>,
    /// What is minimised, and over which data.
    problem: ProblemSpec,
    /// Who the clients are.
    fleet: Option<FleetSpec>,
    /// Delays, bandwidth and topology.
    network: Option<NetworkSpec>,
    /// What is recorded, and how often.
    record: Option<Map<String, Value>>,
    /// What methods with a server share; a method may override any key.
    served: Option<Map<String, Value>>,
    /// What methods without a server share; a method may override any key.
    peers: Option<Map<String, Value>>,
    /// The methods that are compared.
    method: Vec<MethodKeys>,
    /// What is claimed about the outcome.
    claim: Option<Vec<ClaimSpec>>,
    /// What is drawn.
    figure: Option<Vec<Map<String, Value>>>,
}

/// A method, with the keys that it overrides and its own parameters.
#[derive(JsonSchema)]
#[schemars(rename = "Method")]
#[expect(dead_code, reason = "only the schema of this type is used")]
struct MethodKeys {
    /// Name in the registry: `fedfleet methods` lists them.
    name: String,
    /// What records and figures call it; the name if not given.
    label: Option<String>,
}

/// The schema as JSON text.
pub fn schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>().to_value();
    let swept = reachable(&schema);
    for section in SWEPT {
        if let Some(part) = schema.pointer_mut(&format!("/properties/{section}")) {
            allow_sweeps(part);
        }
    }
    for name in &swept {
        if let Some(part) = schema.pointer_mut(&format!("/$defs/{name}")) {
            allow_sweeps(part);
        }
    }
    if let Some(root) = schema.as_object_mut() {
        let _ = root.insert("title".to_owned(), Value::from("fedfleet scenario"));
        let definitions = root.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
        if let Some(definitions) = definitions.as_object_mut() {
            let _ = definitions.insert("Choice".to_owned(), choice().to_value());
        }
    }
    format!("{schema:#}\n")
}

/// `{ sweep = … }` and `{ tune = … }`.
fn choice() -> Schema {
    let grid = |name: &str| {
        let mut bounds = Map::new();
        let _ = bounds.insert(
            name.to_owned(),
            serde_json::json!({ "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3 }),
        );
        serde_json::json!({ "type": "object", "properties": bounds, "required": [name], "additionalProperties": false })
    };
    let values = serde_json::json!({ "anyOf": [{ "type": "array", "minItems": 1 }, grid("log"), grid("linear")] });
    json_schema!({
        "description": "Several values: `sweep` keeps all of them, `tune` keeps the best per method.",
        "oneOf": [
            {
                "type": "object",
                "properties": {
                    "sweep": values,
                    "name": { "type": "string", "description": "Column of the records." },
                    "zip": { "type": "string", "description": "Sweeps of the same group advance together." },
                },
                "required": ["sweep"],
                "additionalProperties": false,
            },
            { "type": "object", "properties": { "tune": values }, "required": ["tune"], "additionalProperties": false },
        ],
    })
}

/// Names of the definitions that sections with sweeps use.
fn reachable(schema: &Value) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), Vec::new());
    open.extend(SWEPT.iter().filter_map(|section| schema.pointer(&format!("/properties/{section}"))));
    while let Some(part) = open.pop() {
        match part {
            Value::Object(keys) => {
                let name = keys.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
                if let Some(name) = name
                    && found.insert(name.to_owned())
                {
                    open.extend(schema.pointer(&format!("/$defs/{name}")));
                }
                open.extend(keys.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// Lets every property below `part` be a sweep or tune instead; its description stays outside.
fn allow_sweeps(part: &mut Value) {
    match part {
        Value::Object(keys) => {
            for (key, value) in keys.iter_mut() {
                if key == "properties" {
                    value.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(or_choice);
                } else {
                    allow_sweeps(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_sweeps),
        _ => {}
    }
}

fn or_choice(property: &mut Value) {
    allow_sweeps(property);
    let mut plain = std::mem::take(property);
    let mut outside = Map::new();
    if let Some(keys) = plain.as_object_mut() {
        for key in ["description", "default"] {
            outside.extend(keys.remove(key).map(|value| (key.to_owned(), value)));
        }
    }
    let _ = outside.insert("anyOf".to_owned(), serde_json::json!([plain, { "$ref": "#/$defs/Choice" }]));
    *property = Value::Object(outside);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::model::SECTIONS;

    fn parsed() -> Value {
        serde_json::from_str(&schema()).unwrap()
    }

    #[test]
    fn it_has_exactly_the_keys_that_are_read() {
        let schema = parsed();
        let keys: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, SECTIONS.into_iter().collect());
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn swept_sections_allow_sweeps_and_every_reference_exists() {
        let schema = parsed();
        assert_eq!(schema["$defs"]["FleetSpec"]["properties"]["clients"]["anyOf"][1]["$ref"], "#/$defs/Choice");
        assert!(schema["properties"]["title"].get("anyOf").is_none());
        let text = schema.to_string();
        for (_, rest) in
            text.match_indices("#/$defs/").map(|(at, _)| text[at + 8..].split_once('"').unwrap()).map(|(a, _)| ((), a))
        {
            assert!(schema["$defs"].get(rest).is_some(), "{rest}");
        }
    }
}
