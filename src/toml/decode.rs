//! Trees of values → the types of a scenario, by serde, with every fault at its exact place.
//!
//! serde stops at the first fault. To report several at once, the value at fault is cut out of a copy of the tree and the rest
//! is decoded again; what only went wrong because of a cut is not reported.

mod fault;
mod forms;
mod reader;

pub use fault::Fault;
pub use forms::Forms;
pub(crate) use forms::{defaults, form, forms};
pub use reader::Reader;

use std::any::Any;

use serde::{
    Deserialize,
    de::{DeserializeOwned, Deserializer, Visitor, value::Error},
};

use super::{
    diagnostic::Diagnostic,
    document,
    node::{Node, Table, Value},
    source::Sources,
};

/// Most faults that one part reports.
const MOST: usize = 20;

/// The parts of open lists that a scenario may name, by kind.
pub trait Catalogue {
    /// The names of this kind; `None` where there is no such kind.
    fn names(&self, kind: &str) -> Option<Vec<&'static str>>;

    /// Names of this kind that are like `name` and that lists leave out, since they follow a rule: `name` itself where it does.
    fn unlisted(&self, kind: &str, name: &str) -> Vec<&'static str> {
        let _ = (kind, name);
        Vec::new()
    }

    /// Reads the part of this kind and name: a boxed [`Named`](crate::named::Named).
    ///
    /// # Errors
    /// Every fault of its parameters.
    fn read(&self, kind: &str, name: &str, parameters: Reader<'_>) -> Result<Box<dyn Any>, Fault>;
}

/// A catalogue without parts.
#[derive(Debug, Clone, Copy)]
pub struct NoParts;

impl Catalogue for NoParts {
    fn names(&self, _: &str) -> Option<Vec<&'static str>> {
        None
    }

    fn read(&self, _: &str, name: &str, _: Reader<'_>) -> Result<Box<dyn Any>, Fault> {
        Err(Fault::unknown_name(name, &[]))
    }
}

/// Reads `node` as a `T`; `at` is the path of `node` in the scenario, for messages, and
/// `parts` knows the parts that it may name.
///
/// # Errors
/// Unknown and missing keys, unknown names, wrong types and numbers that do not fit, at most 20.
pub fn decode<T: DeserializeOwned>(node: &Node, at: &str, parts: &dyn Catalogue) -> Result<T, Vec<Diagnostic>> {
    T::deserialize(Reader::new(node, parts)).map_err(|first| all_faults::<T>(first, node.clone(), at, parts))
}

/// Reads a table of TOML as a `T`, apart from any file.
///
/// # Errors
/// Malformed TOML, and as [`decode`].
pub fn read<T: DeserializeOwned>(text: &str, parts: &dyn Catalogue) -> Result<T, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let source = sources.add("text", text);
    decode(&document::parse(&sources, source)?, "", parts)
}

fn all_faults<T: DeserializeOwned>(first: Fault, mut rest: Node, at: &str, parts: &dyn Catalogue) -> Vec<Diagnostic> {
    let (mut found, mut cuts): (Vec<Diagnostic>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
    let mut next = Some(first);
    while let Some(fault) = next {
        if !fault.follows_from(&cuts) {
            found.push(fault.diagnostic(&rest, at));
        }
        cuts.extend(fault.meant());
        match cut(&mut rest, &fault.path) {
            Some(path) if found.len() < MOST => cuts.push(path),
            _ => break,
        }
        next = T::deserialize(Reader::new(&rest, parts)).err();
    }
    found
}

/// Takes the last key of `path` out of `tree` and returns the path of what was taken.
fn cut(tree: &mut Node, path: &[String]) -> Option<Vec<String>> {
    for depth in (0..path.len()).rev() {
        if let Some(Node { value: Value::Table(table), .. }) = tree.descend_mut(&path[..depth]) {
            let _ = table.remove(&path[depth])?;
            return Some(path[..=depth].to_vec());
        }
    }
    None
}

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
    use serde::Deserialize;

    use super::*;
    use crate::toml::{document, source::Sources};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Group {
        share: f64,
        count: Option<u32>,
        kind: Kind,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    enum Kind {
        Plain,
        By(String),
        Mixed { alpha: f64, steps: u64 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Fleet {
        clients: u64,
        group: Vec<Group>,
    }

    fn read(text: &str) -> Result<Fleet, Vec<(String, String)>> {
        let mut sources = Sources::default();
        let source = sources.add("test.toml", text);
        let node = document::parse(&sources, source).unwrap();
        decode(&node, "fleet", &NoParts).map_err(|faults| {
            faults.iter().map(|fault| (fault.title.clone(), sources.text(fault.span.unwrap()).to_owned())).collect()
        })
    }

    #[test]
    fn reads_names_tables_and_whole_floats() {
        let fleet = read("clients = 1e3\n[[group]]\nshare = 1\nkind = 'plain'\n[[group]]\nshare = 0.5\ncount = 2\nkind.by = 'x'")
            .unwrap();
        assert_eq!(fleet.clients, 1000);
        assert_eq!(fleet.group[0], Group { share: 1.0, count: None, kind: Kind::Plain });
        assert_eq!(fleet.group[1].kind, Kind::By("x".to_owned()));
    }

    #[test]
    fn reports_independent_faults_together_each_at_its_place() {
        let faults =
            read("clients = -3\n[[group]]\nshare = 'x'\nkind = { mixed = { alpha = true, stps = 4 } }\ncolour = 1").unwrap_err();
        let places: Vec<&str> = faults.iter().map(|(_, place)| place.as_str()).collect();
        assert_eq!(places, ["-3", "'x'", "true", "stps", "colour"]);
    }

    #[test]
    fn a_cut_value_is_not_missing() {
        let faults = read("clients = 1\n[[group]]\nshare = 'x'\nkind = 'plane'").unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        let faults = read("client = 1\ngroup = []").unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
    }

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
            split::<Shared, Own>(&document::parse(&sources, source).unwrap(), "method.0", &NoParts)
        };
        let (shared, own) = read("mu = 2\nlocal-lr = 1").unwrap();
        assert_eq!((shared.local_lr, own.mu), (1.0, 2.0));
        let faults = read("nu = 2\nlocal-lr = 'x'").unwrap_err();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].label, "expected `local-lr` or `mu`");
        assert_eq!(faults[0].help, ["did you mean `mu`?"]);
    }
}
