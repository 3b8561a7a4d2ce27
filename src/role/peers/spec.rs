//! What a scenario says under `[peers]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    part::link::LinkSpec,
    role::spec::{ClientSpec, LocalSpec},
};

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

/// The keys of `[peers]`, which a `[[method]]` may override one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PeersSpec {
    /// How nodes take local steps.
    pub local: LocalSpec,
    /// The nodes' own optimiser; its state outlives visits where `keep-state` says so.
    #[serde(default)]
    pub client: ClientSpec,
    /// What becomes of messages to nodes that are down.
    #[serde(default)]
    pub absent: Absent,
    /// How messages travel, by a compressor without memory; as they are when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkSpec>,
}

impl PeersSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.local.validate().map_err(|invalid| invalid.under("local"))?;
        self.client.validate().map_err(|invalid| invalid.under("client"))?;
        match &self.link {
            Some(link) if link.remembers() => {
                Err(Invalid::at("link", "neighbours hear different messages of a node: it cannot know what each has heard")
                    .help("name a compressor without memory, such as `link = { qsgd = { bits = 4 } }`"))
            }
            Some(link) => link.validate().map_err(|invalid| invalid.under("link")),
            None => Ok(()),
        }
    }

    /// Checks the link against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a link that sends more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.link.as_ref().map_or(Ok(()), |link| link.fits(d)).map_err(|invalid| invalid.under("link"))
    }
}
