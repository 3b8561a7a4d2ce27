//! What a curve is drawn against.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quantity that only grows during a run, recorded with every sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Rounds, or updates of the server's model where a method has no rounds `[1]`.
    Rounds,
    /// Virtual seconds `[s]`.
    Seconds,
    /// Client updates that the server has accepted, in its model or still in its buffer; finished iterations of peers `[1]`.
    Updates,
    /// Stochastic gradients that were computed, in vain or not: one a local step, two for methods with recursive variance reduction. Of a
    /// visit that is lost or called off, those that it had come to by then. The metric `gradients-used` counts those that were not in
    /// vain `[1]`.
    Gradients,
    /// Bits sent by clients, counted as a message leaves `[bit]`.
    UplinkBits,
    /// Bits sent to clients, counted as a message arrives or is lost: `t` broadcasts after `t` rounds, without the one that is on its
    /// way for the next `[bit]`.
    DownlinkBits,
}

impl Axis {
    /// Every axis, in the order of the columns of `curves.csv`.
    pub const ALL: [Self; 6] =
        [Self::Rounds, Self::Seconds, Self::Updates, Self::Gradients, Self::UplinkBits, Self::DownlinkBits];

    /// The name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Seconds => "seconds",
            Self::Updates => "updates",
            Self::Gradients => "gradients",
            Self::UplinkBits => "uplink-bits",
            Self::DownlinkBits => "downlink-bits",
        }
    }

    /// The column of `curves.csv`.
    pub fn column(self) -> &'static str {
        match self {
            Self::Rounds => "round",
            Self::UplinkBits => "uplink_bits",
            Self::DownlinkBits => "downlink_bits",
            other => other.name(),
        }
    }

    /// The axis that a scenario calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|axis| axis.name() == name)
    }

    /// Words for the axis of a figure, without the unit.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Seconds => "virtual time",
            Self::Updates => "client updates",
            Self::Gradients => "gradients",
            Self::UplinkBits => "uplink",
            Self::DownlinkBits => "downlink",
        }
    }

    /// Position among the axis columns.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
