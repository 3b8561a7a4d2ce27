//! Forms that the reader accepts beyond those of the types.

use serde_json::{Map, Value, json};

/// Sections, and parts of them, whose keys a method may give instead: none of them is required.
const SHARED: [&str; 4] = ["FederatedSpec", "PeersSpec", "LocalSpec", "ClientSpec"];

/// Takes out what means nothing in TOML: `null`, and the formats of Rust's numbers.
pub(super) fn simplify(part: &mut Value) {
    match part {
        Value::Object(keys) => {
            let _ = keys.remove("format");
            if keys.get("default").is_some_and(Value::is_null) {
                let _ = keys.remove("default");
            }
            if let Some(Value::Array(types)) = keys.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    let _ = keys.insert("type".to_owned(), only);
                }
            }
            keys.values_mut().for_each(simplify);
            without_null(keys);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// `anyOf` of a form and `null` is the form.
fn without_null(keys: &mut Map<String, Value>) {
    let Some(Value::Array(forms)) = keys.get_mut("anyOf") else { return };
    forms.retain(|form| form.get("type").is_none_or(|kind| kind != "null"));
    let [Value::Object(only)] = forms.as_mut_slice() else { return };
    let only = std::mem::take(only);
    let _ = keys.remove("anyOf");
    only.into_iter().for_each(|(key, value)| {
        let _ = keys.entry(key).or_insert(value);
    });
}

/// A choice all of whose parameters have defaults may be named alone: `"mlp"` for `{ mlp = {} }`.
pub(super) fn allow_names(definitions: &mut Map<String, Value>) {
    let known = definitions.clone();
    for schema in definitions.values_mut() {
        let Some(forms) = schema.get_mut("oneOf").and_then(Value::as_array_mut) else { continue };
        let names: Vec<Value> = forms.iter().filter_map(|form| named_alone(form, &known)).collect();
        forms.extend(names);
    }
}

/// The name of a choice that needs no parameters, as a form of its own.
fn named_alone(form: &Value, known: &Map<String, Value>) -> Option<Value> {
    let properties = form.get("properties")?.as_object().filter(|properties| properties.len() == 1)?;
    let (name, content) = properties.iter().next()?;
    let content = content.get("$ref").and_then(Value::as_str).and_then(definition).map_or(content, |key| &known[key]);
    let is_table = content.get("type").is_some_and(|kind| kind == "object");
    let needs_none = content.get("required").is_none();
    let description = form.get("description").cloned().unwrap_or_default();
    (is_table && needs_none).then(|| json!({ "type": "string", "const": name, "description": description }))
}

/// The name of the definition that a reference means.
pub(super) fn definition(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/$defs/")
}

/// Makes the shared keys of a section optional, since each method may give them instead.
pub(super) fn leave_to_methods(definitions: &mut Map<String, Value>) {
    for name in SHARED {
        let _ = definitions.get_mut(name).and_then(Value::as_object_mut).and_then(|schema| schema.remove("required"));
    }
}
