//! Cells of a sweep as records hold them, and filters that choose some.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

/// One combination of sweep values: keys and values as recorded; empty where nothing is swept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Cell(pub Vec<(String, String)>);

impl Cell {
    /// The value of `key`, which may be given by the last segment of its path.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| same_key(k, key)).map(|(_, value)| value.as_str())
    }

    /// The cell without some of its keys.
    pub fn without(&self, keys: &[&str]) -> Self {
        Self(self.0.iter().filter(|(k, _)| !keys.iter().any(|key| same_key(k, key))).cloned().collect())
    }

    /// Whether nothing is swept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            let short = key.rsplit('.').next().unwrap_or(key);
            write!(f, "{}{short} = {value}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Whether `name` is `key` or the last segment of its path.
pub fn same_key(key: &str, name: &str) -> bool {
    key == name || key.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

/// A value of a sweep key, as a scenario writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number, text, `true` or `false`")]
pub enum KeyValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A word.
    Text(String),
}

impl KeyValue {
    /// Whether a recorded value is this one: numbers by value, everything else by its text.
    pub fn matches(&self, recorded: &str) -> bool {
        match self {
            Self::Number(v) => recorded.parse() == Ok(*v),
            Self::Integer(v) => recorded.parse() == Ok(*v as f64),
            other => other.to_string() == recorded,
        }
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(v) => v.fmt(f),
            Self::Integer(v) => v.fmt(f),
            Self::Number(v) => v.fmt(f),
            Self::Text(v) => v.fmt(f),
        }
    }
}

/// Keeps the cells whose keys have the given values: `{ alpha = 0.1 }`; an empty one keeps all.
pub type Filter = BTreeMap<String, KeyValue>;

/// Whether `cell` passes the filter. A key that the cell does not have never matches.
pub fn keeps(filter: &Filter, cell: &Cell) -> bool {
    filter.iter().all(|(key, value)| cell.get(key).is_some_and(|recorded| value.matches(recorded)))
}

/// Checks that a filter names swept keys.
///
/// # Errors
/// [`Invalid`] at the unknown key.
pub fn validate(filter: &Filter, keys: &[String]) -> Result<(), Invalid> {
    filter.keys().try_for_each(|key| {
        known_key("", key, keys).map_err(|fault| Invalid { path: vec!["where".into(), key.clone()], ..fault })
    })
}

/// Checks that a filter keeps some of `cells`.
///
/// # Errors
/// [`Invalid`] at the first key that never has its value, with those that it has; or at `where`.
pub fn keeps_some(filter: &Filter, cells: &[Cell]) -> Result<(), Invalid> {
    if cells.iter().any(|cell| keeps(filter, cell)) {
        return Ok(());
    }
    for (key, value) in filter {
        let values = cells.iter().filter_map(|cell| cell.get(key)).fold(Vec::new(), |mut seen, value| {
            if !seen.contains(&value) {
                seen.push(value);
            }
            seen
        });
        if !values.iter().any(|recorded| value.matches(recorded)) {
            let message = format!("the sweep of `{key}` has no value `{value}`: expected one of {}", values.join(", "));
            return Err(Invalid { path: vec!["where".into(), key.clone()], ..Invalid::at("", message) });
        }
    }
    Err(Invalid::at("where", "no cell has all of these values together").help("keep the values of one cell, or fewer keys"))
}

/// Checks that `name` is among `names`; `at` is its key, and `kind` the kind of thing that it names.
///
/// # Errors
/// [`Invalid`] with the names that exist.
pub fn known(at: &str, kind: &str, name: &str, names: &[String]) -> Result<(), Invalid> {
    if names.iter().any(|n| n == name) { Ok(()) } else { Err(unknown(at, kind, name, names)) }
}

/// Checks that a sweep key exists; the last segment of its path suffices.
///
/// # Errors
/// [`Invalid`] with the keys that exist.
pub fn known_key(at: &str, name: &str, keys: &[String]) -> Result<(), Invalid> {
    if keys.iter().any(|key| same_key(key, name)) { Ok(()) } else { Err(unknown(at, "sweep key", name, keys)) }
}

fn unknown(at: &str, kind: &str, name: &str, names: &[String]) -> Invalid {
    Invalid::at(at, format!("there is no {kind} `{name}`")).help(if names.is_empty() {
        format!("this scenario has no {kind}")
    } else {
        format!("expected one of: {}", names.join(", "))
    })
}
