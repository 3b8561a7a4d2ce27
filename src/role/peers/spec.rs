//! What a scenario says under `[peers]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    role::spec::{ClientSpec, LocalSpec},
};

/// The keys of `[peers]`, which a `[[method]]` may override one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PeersSpec {
    /// How nodes take local steps.
    pub local: LocalSpec,
    /// The nodes' own optimiser; its state outlives a visit only with `keep-state`.
    #[serde(default)]
    pub client: ClientSpec,
    /// What becomes of a message to a node that is down.
    #[serde(default)]
    pub absent: Absent,
}

/// What becomes of a message to a node that is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// It waits until the node is back.
    #[default]
    Wait,
    /// It is lost, as its sender learns at once; methods that cannot go on without a message let it wait all the same.
    Lose,
}

impl PeersSpec {
    /// The keys, for telling them from a method's own parameters.
    pub const KEYS: [&str; 3] = ["local", "client", "absent"];

    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.local.validate().map_err(|invalid| invalid.under("local"))?;
        for (index, transform) in self.client.optimiser.iter().enumerate() {
            transform.validate().map_err(|invalid| invalid.under(&index.to_string()).under("client.optimiser"))?;
        }
        Ok(())
    }
}
