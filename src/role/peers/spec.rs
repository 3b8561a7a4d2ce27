//! What a scenario says under `[peers]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    part::{link::LinkSpec, rate::Clock},
    role::spec::{ClientSpec, LocalSpec, LowBit},
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
    /// How messages travel; as they are, or in the sender's width, when left out. A link with memory keeps one public copy of
    /// a node's messages, which all its neighbours hold: `ef21` or `diana`, where all hear the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkSpec>,
    /// What the width of a node's `bits` means for it. Its own state stays in full precision: what it computes and sends does
    /// not.
    #[serde(default)]
    pub low_bit: LowBit,
}

impl PeersSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.local.validate().map_err(|invalid| invalid.under("local"))?;
        if self.local.clock == Clock::Steps {
            return Err(Invalid::at("local.clock", "nodes without a server count their own iterations").help("remove `clock`"));
        }
        self.client.validate().map_err(|invalid| invalid.under("client"))?;
        match &self.link {
            Some(link) if link.promises().feeds_back => {
                Err(Invalid::at("link.ef", "feedback of errors evens out over sums of updates, and nodes send models")
                    .help("use `ef21`, which sends differences to what neighbours know, or the method `choco-sgd`"))
            }
            Some(link) => link.validate().map_err(|invalid| invalid.under("link")),
            None => Ok(()),
        }
    }

    /// Refuses a link that remembers where not all neighbours hear the same.
    ///
    /// # Errors
    /// [`Invalid`] at `link`.
    pub fn check_memory(&self, broadcasts: bool) -> Result<(), Invalid> {
        if broadcasts || !self.link.as_ref().is_some_and(LinkSpec::remembers) {
            return Ok(());
        }
        Err(Invalid::at("link", "neighbours hear different messages of a node: they cannot share a copy of what it has sent")
            .help(
                "name a compressor without memory, such as `link = { qsgd = { bits = 4 } }`, or use a synchronous method with \
             `contacts = \"static\"`",
            ))
    }

    /// Checks the link against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a link that sends more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.link.as_ref().map_or(Ok(()), |link| link.fits(d)).map_err(|invalid| invalid.under("link"))
    }
}
