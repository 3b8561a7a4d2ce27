use std::collections::BTreeSet;

use serde_json::Value;

use super::schema;
use crate::{registry::Registry, scenario::model::SECTIONS};

fn parsed() -> Value {
    serde_json::from_str(&schema(&Registry::builtin())).unwrap()
}

#[test]
fn it_has_exactly_the_keys_that_are_read() {
    let schema = parsed();
    let keys: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, SECTIONS.into_iter().collect());
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn every_method_has_the_keys_of_its_section_and_its_own_and_no_others() {
    let schema = parsed();
    for entry in Registry::builtin().methods() {
        let method = &schema["$defs"][format!("method-{}", entry.card.name)];
        let keys: BTreeSet<&str> = method["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let own = crate::registry::parameters(entry);
        let expected = ["name", "label"].into_iter().chain((entry.shared)().iter().copied());
        assert_eq!(keys, expected.chain(own.iter().map(|own| own.name.as_str())).collect(), "{}", entry.card.name);
        assert_eq!(method["additionalProperties"], false);
    }
}

#[test]
fn the_world_may_be_swept_and_methods_tuned_too() {
    let schema = parsed();
    let kinds = |place: &str| -> Vec<bool> {
        let forms = schema.pointer(place).unwrap()["anyOf"].as_array().unwrap().clone();
        ["sweep", "tune"].map(|kind| forms.iter().any(|form| form["properties"].get(kind).is_some())).to_vec()
    };
    assert_eq!(kinds("/$defs/FleetSpec/properties/clients"), [true, false]);
    assert_eq!(kinds("/$defs/LocalSpec/properties/lr"), [true, true]);
    assert!(schema["properties"]["title"].get("anyOf").is_none());
}

#[test]
fn every_reference_exists() {
    let schema = parsed();
    let text = schema.to_string();
    let references = text.match_indices("\"#/").map(|(at, _)| text[at + 2..].split_once('"').unwrap().0);
    for reference in references {
        assert!(schema.pointer(reference).is_some(), "{reference}");
    }
}
