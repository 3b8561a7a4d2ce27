//! Secure aggregation as a scenario writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, require};

/// Secure aggregation: the server learns the weighted sum of a batch and nothing else of its updates.
///
/// Clients clip every coordinate to `±range`, multiply it by its weight for staleness, which follows from public version numbers,
/// round it at random without bias to a grid, and add integers modulo `2^bits`, in which pairwise masks cancel exactly (Bonawitz
/// et al. 2017; for buffers So, Ali, Güler and Avestimehr 2021, arXiv 2110.02177). The grid is as fine as a full batch allows
/// whose sum never wraps round. A batch of one update, which no mask hides, is thrown away. Agreement on keys, shares for those who
/// drop out, and their traffic are not simulated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SecureSpec {
    /// Size of a coordinate on the wire, from 2 to 52; sums are taken modulo `2^bits` [bit].
    pub bits: u32,
    /// Largest magnitude of a coordinate; greater ones are clipped to it.
    pub range: f64,
}

impl Default for SecureSpec {
    fn default() -> Self {
        Self { bits: 32, range: 1.0 }
    }
}

impl SecureSpec {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        require((2..=52).contains(&self.bits), "bits", self.bits, "from 2 to 52 bits")?;
        require(self.range > 0.0 && self.range.is_finite(), "range", self.range, "a positive magnitude")
    }
}
