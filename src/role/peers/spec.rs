//! What a scenario says under `[peers]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of a message to a node that is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// It waits until the node is back.
    #[default]
    Wait,
    /// It is lost, as its sender learns at once.
    Lose,
}
