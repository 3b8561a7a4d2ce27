//! `[made]`: the origin of the results of a manifest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::seeds::Seeds;

/// The `[made]` section, which `fedfleet run` writes into `manifest.toml`. A scenario needs none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Made {
    /// Version of the program.
    pub version: String,
    /// Commit that the program was built from, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Architecture of the processor, and those of its features that choose how vectors are computed.
    #[serde(default)]
    pub processor: Vec<String>,
    /// The keys that were changed from the command line, as they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<String>,
    /// The seeds of each method, where not every method of the scenario was run with all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Ran>,
    /// Data files, traces and edges that were read, with their checksums. Files of other contents are an error.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// The seeds with which a method was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ran {
    /// Label of the method.
    pub method: String,
    /// Its seeds.
    pub seeds: Seeds,
}
