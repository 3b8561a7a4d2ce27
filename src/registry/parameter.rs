//! The parameters of a method, as its page lists them.

use schemars::SchemaGenerator;
use serde_json::Value;

use super::Entry;

/// One parameter of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Key in a scenario.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The value if the key is left out, as JSON; `None` for keys that must be given or have no value then.
    pub default: Option<Value>,
}

/// The parameters of `entry`, from its JSON Schema.
pub fn parameters(entry: &Entry) -> Vec<Parameter> {
    let mut generator = SchemaGenerator::default();
    let schema = (entry.schema)(&mut generator).to_value();
    let definitions = generator.take_definitions(true);
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let schema = name.and_then(|name| definitions.get(name)).unwrap_or(&schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    let text = |value: &Value| value.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let parameter = |(name, value): (&String, &Value)| Parameter {
        name: name.clone(),
        description: text(value),
        default: value.get("default").filter(|default| !default.is_null()).cloned(),
    };
    properties.into_iter().flatten().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn every_parameter_is_described() {
        let registry = Registry::builtin();
        for entry in registry.methods() {
            for parameter in parameters(entry) {
                assert!(!parameter.description.is_empty(), "{}: {}", entry.card.name, parameter.name);
            }
        }
        let fedprox = parameters(registry.find("fedprox").unwrap());
        assert_eq!(fedprox.len(), 1);
        assert_eq!((fedprox[0].name.as_str(), fedprox[0].default.as_ref()), ("mu", Some(&Value::from(0.01))));
    }
}
