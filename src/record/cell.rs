//! One cell of a sweep, as it is recorded.

use std::fmt;

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
