//! `{ sweep = … }` and `{ tune = … }` in place of values, where a scenario may have them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::forms::definition;
use crate::scenario::cells::{SWEPT, TUNED};

/// The definition of a grid of numbers.
pub(super) const GRID: &str = "Grid";

/// The choices that may replace a value.
#[derive(Clone, Copy)]
struct Choices {
    tune: bool,
}

/// `{ log = [lo, hi, n] }` and `{ linear = [lo, hi, n] }`.
pub(super) fn grid() -> Value {
    let form = |name: &str, words: &str| {
        let ends = json!({ "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3, "description": words });
        let mut properties = Map::new();
        let _ = properties.insert(name.to_owned(), ends);
        json!({ "type": "object", "properties": properties, "required": [name], "additionalProperties": false })
    };
    json!({
        "description": "Evenly spaced values.",
        "oneOf": [
            form("log", "Both ends and the number of points, at equal ratios."),
            form("linear", "Both ends and the number of points, at equal differences."),
        ],
    })
}

/// Lets every value in the sections that may have sweeps be one; and be tuned, in those of the methods.
pub(super) fn allow(schema: &mut Value) {
    let (swept, tuned) = (reachable(schema, &SWEPT), reachable(schema, &TUNED));
    for name in swept {
        let choices = Choices { tune: tuned.contains(&name) };
        if let Some(part) = schema.pointer_mut(&format!("/$defs/{name}")) {
            within(part, choices);
        }
    }
    if let Some(precision) = schema.pointer_mut("/properties/precision") {
        or_choice(precision, Choices { tune: false });
    }
}

/// Names of the definitions that `sections` use.
fn reachable(schema: &Value, sections: &[&str]) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), Vec::new());
    open.extend(sections.iter().filter_map(|section| schema.pointer(&format!("/properties/{section}"))));
    while let Some(part) = open.pop() {
        match part {
            Value::Object(keys) => {
                let name = keys.get("$ref").and_then(Value::as_str).and_then(definition);
                let name = name.map(|path| path.split('/').next().unwrap_or(path));
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

/// Lets every property and every item below `part` be a choice instead.
fn within(part: &mut Value, choices: Choices) {
    match part {
        Value::Object(keys) => {
            for (key, value) in keys.iter_mut() {
                match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(|property| or_choice(property, choices));
                    }
                    ("items", value) => or_choice(value, choices),
                    (_, value) => within(value, choices),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| within(item, choices)),
        _ => {}
    }
}

/// `property`, or several of its values. Its description stays outside.
fn or_choice(property: &mut Value, choices: Choices) {
    // What names a method is not a value; a key of its section has its choices there.
    let place = property.get("$ref").and_then(Value::as_str).and_then(definition);
    if property.get("const").is_some() || place.is_some_and(|place| place.contains('/')) {
        return;
    }
    let mut outside = Map::new();
    if let Some(keys) = property.as_object_mut() {
        for key in ["description", "default"] {
            outside.extend(keys.remove(key).map(|value| (key.to_owned(), value)));
        }
    }
    let values =
        json!({ "anyOf": [{ "type": "array", "items": property, "minItems": 1 }, { "$ref": format!("#/$defs/{GRID}") }] });
    let mut forms = vec![std::mem::take(property), sweep(&values)];
    within(&mut forms[0], choices);
    if choices.tune {
        forms.push(tune(&values));
    }
    let _ = outside.insert("anyOf".to_owned(), Value::Array(forms));
    *property = Value::Object(outside);
}

/// Several of `values`, which say what lists of them there are.
pub(super) fn sweep(values: &Value) -> Value {
    json!({
        "description": "Several values, all of which are kept.",
        "type": "object",
        "properties": {
            "sweep": values,
            "name": { "type": "string", "description": "Column of the records." },
            "zip": { "type": "string", "description": "Sweeps of the same group advance together." },
            "cells": { "type": "boolean", "description": "Whether each value makes a cell even where the key is a method's." },
        },
        "required": ["sweep"],
        "additionalProperties": false,
    })
}

fn tune(values: &Value) -> Value {
    json!({
        "description": "Several values, the best of which is kept for each method.",
        "type": "object",
        "properties": { "tune": values },
        "required": ["tune"],
        "additionalProperties": false,
    })
}
