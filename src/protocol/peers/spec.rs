//! The section `[peers]` of a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    part::compressor::CompressorSpec,
    protocol::spec::{BitWidthSpec, ClientSpec, LocalSpec},
};

/// The fate of a message to a node that is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// It waits until the node is back.
    #[default]
    Wait,
    /// It is lost, and its sender learns so at once.
    Lose,
}

/// The keys of `[peers]`, which a `[[method]]` may override one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PeersSpec {
    /// The local steps of the nodes.
    pub local: LocalSpec,
    /// The nodes' optimiser; its state outlives a visit with `keep-state`.
    #[serde(default)]
    pub client: ClientSpec,
    /// The fate of messages to nodes that are down.
    #[serde(default)]
    pub absent: Absent,
    /// The compressor of messages; without one they are sent in the sender's precision. A compressor with memory, `ef21` or `diana`,
    /// keeps one public copy of a node's messages, which all its neighbours hold, so all of them must receive the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compressor: Option<CompressorSpec>,
    /// The meaning of a node's `bits`. They apply to its computations and messages; its state stays in full precision.
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
