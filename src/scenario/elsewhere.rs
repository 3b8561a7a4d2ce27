//! The right place of a key that was written at another one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Diagnostic, schema::schema};
use crate::registry::Registry;

/// Deepest place that is looked at.
const DEPTH: usize = 8;
/// Most keys that are looked for: more faults than these are not shown.
const MOST: usize = 20;

/// The same faults; one of a key that is unknown at its place names the place where it is known.
pub(super) fn told(mut faults: Vec<Diagnostic>, registry: &Registry) -> Vec<Diagnostic> {
    if faults.iter().all(|fault| fault.unknown_key.is_none()) {
        return faults;
    }
    let schema: Value = serde_json::from_str(&schema(registry)).unwrap_or_default();
    for fault in faults.iter_mut().filter(|fault| fault.unknown_key.is_some()).take(MOST) {
        let path = fault.unknown_key.take().unwrap_or_default();
        let key = path.rsplit('.').next().unwrap_or_default();
        let mut places = BTreeSet::new();
        Search { schema: &schema, key, places: &mut places }.walk(&schema, &mut Vec::new());
        let section = path.split('.').next().unwrap_or_default();
        let is_near = |place: &String| place.split('.').next() == Some(section);
        if places.iter().any(is_near) {
            places.retain(is_near);
        }
        let nearest = places.iter().map(|place| place.matches('.').count()).min();
        let nearest: Vec<String> =
            places.iter().filter(|place| Some(place.matches('.').count()) == nearest).map(|place| format!("`{place}`")).collect();
        if let [first @ .., last] = &nearest[..] {
            let all = if first.is_empty() { last.clone() } else { format!("{} and {last}", first.join(", ")) };
            fault.help.push(format!("`{key}` is a key of {all}"));
        }
    }
    faults
}

struct Search<'a> {
    schema: &'a Value,
    key: &'a str,
    places: &'a mut BTreeSet<String>,
}

impl Search<'_> {
    /// Collects the tables below `part`, which lies at `path`, that have the key.
    fn walk(&mut self, part: &Value, path: &mut Vec<String>) {
        if path.len() > DEPTH {
            return;
        }
        if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
            let named = self.schema.pointer(reference.trim_start_matches('#'));
            named.into_iter().for_each(|part| self.walk(part, path));
        }
        for form in ["anyOf", "oneOf", "allOf"] {
            part.get(form).and_then(Value::as_array).into_iter().flatten().for_each(|part| self.walk(part, path));
        }
        if let Some(items) = part.get("items") {
            self.walk(items, path);
        }
        for (name, inner) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if name == self.key && !path.is_empty() {
                let _ = self.places.insert(path.join("."));
            }
            // The values of a grid are those of the key itself, and recursion ends nowhere new.
            if !["sweep", "tune"].contains(&name.as_str()) && !path.contains(name) {
                path.push(name.clone());
                self.walk(inner, path);
                let _ = path.pop();
            }
        }
    }
}
