//! What secure aggregation refuses, and the grid that it rounds to.

use super::Grid;
use crate::{
    invalid::Invalid,
    part::weighting::Weighting,
    protocol::{schedule::ScheduleSpec, spec::FederatedSpec},
};

impl FederatedSpec {
    /// Refuses parts that need more of a batch than its sum, where that is all the server learns; `sums` tells whether the sum is
    /// enough for the method. The parts are complete.
    ///
    /// # Errors
    /// [`Invalid`] at the part that needs more.
    pub fn check_secrecy(&self, sums: bool) -> Result<(), Invalid> {
        if self.secure_aggregation.is_none() {
            return Ok(());
        }
        if !sums {
            let message = "the method's server needs more of a batch than the weighted sum of its updates";
            let help = "remove `secure-aggregation`, or choose a method whose server averages, such as `fedavg` or `fedbuff`";
            return Err(Invalid::at("secure-aggregation", message).help(help));
        }
        if self.uplink.is_some() {
            let message = "masks cancel in sums of integers modulo `2^bits`, and what comes over a link is none";
            return Err(Invalid::at("uplink", message)
                .help("remove `uplink`; fewer `bits` in `secure-aggregation` make messages shorter"));
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
        let (Some(secure), Some(schedule)) = (self.secure_aggregation, &self.schedule) else { return Ok(None) };
        let most = schedule.largest_batch(clients);
        if most < 2 {
            let message = "the server acts on single updates, and nothing is hidden in a sum of one";
            return Err(Invalid::at("schedule", message).help("collect two or more, such as `{ buffered = { size = 10 } }`"));
        }
        // Discounts fall with staleness: the fresh weigh most.
        let grid = Grid::new(secure, most, schedule.discount().weight(0));
        let coarse = || {
            let message = format!("`{}` bits leave no room for a sum of {most} updates", secure.bits);
            Invalid::at("secure-aggregation.bits", message).help("raise `bits`, or let the server act on smaller batches")
        };
        grid.map(Some).ok_or_else(coarse)
    }
}
