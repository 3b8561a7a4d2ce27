//! Trees of values → the types of a scenario, by serde, with every fault at its exact place.
//!
//! serde stops at the first fault. To report several at once, the value at fault is cut out of a copy of the tree and the rest
//! is decoded again; what only went wrong because of a cut is not reported.

mod fault;
mod forms;
mod reader;
mod split;

use std::any::Any;

use serde::de::DeserializeOwned;

use super::{
    diagnostic::Diagnostic,
    document,
    node::{Node, Value},
    source::Sources,
};
pub use fault::Fault;
pub use forms::Forms;
pub(crate) use forms::{form, forms};
pub use reader::Reader;
pub use split::{keys, names_in, split};

/// Most faults that one part reports.
const MOST: usize = 20;

/// Who knows the parts of open lists that a scenario may name, by kind.
pub trait Catalogue {
    /// The names of this kind; `None` where there is no such kind.
    fn names(&self, kind: &str) -> Option<Vec<&'static str>>;

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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

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
}
