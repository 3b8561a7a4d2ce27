//! The section `[peers]` of a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    part::{compressor::CompressorSpec, rate::Clock},
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
        if self.local.clock == Clock::Steps {
            return Err(Invalid::at("local.clock", "without a server there are no versions: every node counts its iterations")
                .help("remove `clock`"));
        }
        self.client.validate().map_err(|invalid| invalid.under("client"))?;
        match &self.compressor {
            Some(compressor) if compressor.promises().feeds_back => {
                Err(Invalid::at("compressor.ef", "error feedback works for sums of updates, and nodes send models")
                    .help("use `ef21`, which sends differences to what neighbours know, or the method `choco-sgd`"))
            }
            Some(compressor) => compressor.validate().map_err(|invalid| invalid.under("compressor")),
            None => Ok(()),
        }
    }

    /// Refuses a compressor with memory where neighbours receive different messages.
    ///
    /// # Errors
    /// [`Invalid`] at `compressor`.
    pub fn check_memory(&self, broadcasts: bool) -> Result<(), Invalid> {
        if broadcasts || !self.compressor.as_ref().is_some_and(CompressorSpec::remembers) {
            return Ok(());
        }
        Err(Invalid::at(
            "compressor",
            "neighbours receive different messages from a node, so they cannot share a copy of what it has sent",
        )
        .help(
            "name a compressor without memory, such as `compressor = { qsgd = { bits = 4 } }`, or use a synchronous method with \
             `contacts = \"static\"`",
        ))
    }

    /// Checks the compressor against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a compressor that sends more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.compressor.as_ref().map_or(Ok(()), |compressor| compressor.fits(d)).map_err(|invalid| invalid.under("compressor"))
    }
}
