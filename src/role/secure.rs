//! Secure aggregation as a scenario writes it, and what it refuses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{schedule::ScheduleSpec, served::Grid, spec::ServedSpec};
use crate::{
    invalid::{Invalid, require},
    part::weighting::Weighting,
};

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

impl ServedSpec {
    /// Refuses parts that need more of a batch than its sum, where that is all the server learns; `sums` tells whether the sum is
    /// enough for the method. The parts are complete.
    ///
    /// # Errors
    /// [`Invalid`] at the part that needs more.
    pub fn check_secrecy(&self, sums: bool) -> Result<(), Invalid> {
        if self.secure.is_none() {
            return Ok(());
        }
        if !sums {
            let message = "the method's server needs more of a batch than the weighted sum of its updates";
            let help = "remove `secure`, or choose a method whose server averages, such as `fedavg` or `fedbuff`";
            return Err(Invalid::at("secure", message).help(help));
        }
        if self.uplink.is_some() {
            let message = "masks cancel in sums of integers modulo `2^bits`, and what comes over a link is none";
            return Err(Invalid::at("uplink", message).help("remove `uplink`; fewer `bits` in `secure` make messages shorter"));
        }
        let alike = [Weighting::Participating, Weighting::All, Weighting::InverseRoot, Weighting::SumWeights, Weighting::Sum];
        if self.weighting.is_some_and(|weighting| !alike.contains(&weighting)) {
            let message = "the weighting gives every client a factor of its own, and only those for staleness are public";
            return Err(Invalid::at("weighting", message).help("choose \"participating\", \"all\", \"sum-weights\" or \"sum\""));
        }
        match &self.schedule {
            Some(ScheduleSpec::Rounds(spec)) if spec.select.weighs() => {
                let message = "the selection weighs every update by itself, and only weights for staleness are public";
                Err(Invalid::at("schedule", message).help("choose `select = \"uniform\"`"))
            }
            _ => Ok(()),
        }
    }

    /// The grid that uploads are rounded to in a fleet of `clients`; `None` without secure aggregation. The parts are complete.
    ///
    /// # Errors
    /// [`Invalid`] for batches of one update, and for too few bits.
    pub fn grid(&self, clients: usize) -> Result<Option<Grid>, Invalid> {
        let (Some(secure), Some(schedule)) = (self.secure, &self.schedule) else { return Ok(None) };
        let most = schedule.largest_batch(clients);
        if most < 2 {
            let message = "the server acts on single updates, and nothing is hidden in a sum of one";
            return Err(Invalid::at("schedule", message).help("collect two or more, such as `{ buffered = { size = 10 } }`"));
        }
        // Discounts fall with staleness: the fresh weigh most.
        let grid = Grid::new(secure, most, schedule.discount().weight(0));
        let coarse = || {
            let message = format!("`{}` bits leave no room for a sum of {most} updates", secure.bits);
            Invalid::at("secure.bits", message).help("raise `bits`, or let the server act on smaller batches")
        };
        grid.map(Some).ok_or_else(coarse)
    }
}
