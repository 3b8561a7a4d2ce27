//! What a scenario says under `[peers]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    part::compressor::CompressorSpec,
    protocol::spec::{BitWidthSpec, ClientSpec, LocalSpec},
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
    /// How messages travel; as they are, or in the sender's width, when left out. A compressor with memory keeps one public copy of
    /// a node's messages, which all its neighbours hold: `ef21` or `diana`, where all hear the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compressor: Option<CompressorSpec>,
    /// What the width of a node's `bits` means for it. Its own state stays in full precision: what it computes and sends does
    /// not.
    #[serde(default)]
    pub bit_width: BitWidthSpec,
}

impl PeersSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.local.validate().map_err(|invalid| invalid.under("local"))?;
        self.client.validate().map_err(|invalid| invalid.under("client"))?;
        self.compressor.as_ref().map_or(Ok(()), |compressor| compressor.validate()).map_err(|invalid| invalid.under("compressor"))
    }

    /// Checks the compressor against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a compressor that sends more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.compressor.as_ref().map_or(Ok(()), |compressor| compressor.fits(d)).map_err(|invalid| invalid.under("compressor"))
    }
}
