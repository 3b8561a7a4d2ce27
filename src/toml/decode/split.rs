//! Tables whose keys belong to two types: keys that all methods share, and the parameters of one.

use serde::{
    Deserialize,
    de::{DeserializeOwned, Deserializer, Visitor, value::Error},
};

use super::super::{
    diagnostic::Diagnostic,
    node::{Node, Table, Value},
};
use super::{Catalogue, decode};

/// Reads the keys of `node` that `A` has as an `A` and all others as a `B`; both must be structs.
///
/// # Errors
/// As [`decode`]; an unknown key is compared with the keys of both.
pub fn split<A: DeserializeOwned, B: DeserializeOwned>(
    node: &Node,
    at: &str,
    parts: &dyn Catalogue,
) -> Result<(A, B), Vec<Diagnostic>> {
    let valid = [keys::<A>(), keys::<B>()].concat();
    let (mut first, mut second, mut faults) = (Table::default(), Table::default(), Vec::new());
    for entry in node.as_table().into_iter().flat_map(Table::iter) {
        if !valid.contains(&entry.key.as_str()) {
            let fault = Diagnostic::at(entry.key_span, format!("unknown key `{}` in `{at}`", entry.key));
            faults.push(fault.suggest(&entry.key, &valid));
            continue;
        }
        let part = if keys::<A>().contains(&entry.key.as_str()) { &mut first } else { &mut second };
        part.insert(&entry.key, entry.key_span, entry.node.clone());
    }
    let first = decode::<A>(&Node::new(Value::Table(first), node.span), at, parts);
    let second = decode::<B>(&Node::new(Value::Table(second), node.span), at, parts);
    match (first, second) {
        (Ok(first), Ok(second)) if faults.is_empty() => Ok((first, second)),
        (first, second) => {
            faults.extend(first.err().into_iter().chain(second.err()).flatten());
            Err(faults)
        }
    }
}

/// The keys of a struct, asked from its `Deserialize`.
pub fn keys<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    names_in(|probe| T::deserialize(probe))
}

/// The keys of the struct, or the names of the enum, that `read` asks for.
pub fn names_in<T>(read: impl FnOnce(Probe<'_>) -> Result<T, Error>) -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // The probe answers every request with an error, after it has noted the names.
    let _ = read(Probe(&mut names)).is_ok();
    names
}

/// A source without a value, which notes the keys or names that a type asks for.
#[derive(Debug)]
pub struct Probe<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("only the keys are asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = keys;
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct(name, names, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::{document, source::Sources};

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Shared {
        local_lr: f64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Own {
        #[serde(default)]
        mu: f64,
    }

    #[test]
    fn keys_go_where_they_belong_and_unknown_ones_are_compared_with_all() {
        let read = |text: &str| {
            let mut sources = Sources::default();
            let source = sources.add("a.toml", text);
            split::<Shared, Own>(&document::parse(&sources, source).unwrap(), "method.0", &super::super::NoParts)
        };
        let (shared, own) = read("mu = 2\nlocal-lr = 1").unwrap();
        assert_eq!((shared.local_lr, own.mu), (1.0, 2.0));
        let faults = read("nu = 2\nlocal-lr = 'x'").unwrap_err();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].label, "expected `local-lr` or `mu`");
        assert_eq!(faults[0].help, ["did you mean `mu`?"]);
    }
}
