//! `fedfleet schema` describes scenarios as they are read: an independent validator takes every one that is shipped.

use std::{fs, path::Path};

use jsonschema::Validator;
use serde_json::Value;

use crate::{
    program::{fedfleet, small, succeed},
    scenarios::shipped,
};

fn validator() -> Validator {
    let schema = serde_json::from_str(&succeed(fedfleet(["schema"]))).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn scenario(path: &Path) -> Value {
    let table: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn every_shipped_scenario_is_valid() {
    let validator = validator();
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.toml");
    let _ = succeed(fedfleet(["new".as_ref(), first.as_os_str()]));
    for path in shipped().into_iter().chain([small(), first]) {
        let scenario = scenario(&path);
        let faults: Vec<String> =
            validator.iter_errors(&scenario).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{}\n{}", path.display(), faults.join("\n"));
    }
}

#[test]
fn a_misspelt_key_or_name_is_invalid() {
    let validator = validator();
    let sound = scenario(&small());
    assert!(validator.is_valid(&sound));
    for (table, key) in [
        ("", "stpo"),
        ("/stop", "round"),
        ("/problem", "objectve"),
        ("/fleet", "client"),
        ("/network", "topolgy"),
        ("/record", "metric"),
        ("/federated", "schedul"),
        ("/federated/local", "step"),
        ("/method/0", "labl"),
    ] {
        let mut faulty = sound.clone();
        let place = faulty.pointer_mut(table).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("no table {table}"));
        let _ = place.insert(key.to_owned(), Value::from(1));
        assert!(!validator.is_valid(&faulty), "{key} in {table} is taken");
    }
    for (keys, sound_too) in [("", true), ("local = { lr = 0.1 }\nmu = 1", true), ("labl = 'x'", false)] {
        let mut several = sound.clone();
        let method: toml::Table = toml::from_str(&format!("name = {{ sweep = ['fedavg', 'fedprox'] }}\n{keys}")).unwrap();
        *several.pointer_mut("/method/0").unwrap() = serde_json::to_value(method).unwrap();
        assert_eq!(validator.is_valid(&several), sound_too, "a name that is swept, with {keys}");
    }
    for (value, name) in [("/problem/objective", "quadratc"), ("/method/0/name", "fedavgg")] {
        let mut faulty = sound.clone();
        *faulty.pointer_mut(value).unwrap() = Value::from(name);
        assert!(!validator.is_valid(&faulty), "{name} at {value} is taken");
    }
}
