//! The parts that a scenario puts together with a method, and whether they fit.

use crate::{
    invalid::Invalid,
    part::weighting::Weighting,
    role::schedule::{Replace, ScheduleSpec},
};

/// The parts of a served run that not every method can do with.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// When the server acts.
    pub schedule: &'a ScheduleSpec,
    /// The weighting that the scenario asks for; `None` where the method's own is taken.
    pub weighting: Option<Weighting>,
}

impl Parts<'_> {
    /// Refuses a weighting of the scenario's, for methods that have no place for one.
    ///
    /// # Errors
    /// [`Invalid`] at `weighting`; `reason` says what the method does itself.
    pub fn weighs_itself(&self, reason: &str) -> Result<(), Invalid> {
        match self.weighting {
            None => Ok(()),
            Some(_) => {
                Err(Invalid::at("weighting", format!("{reason}: it has no place for another weighting"))
                    .help("remove `weighting`"))
            }
        }
    }

    /// Refuses weightings that mean nothing under the schedule.
    ///
    /// # Errors
    /// [`Invalid`] at `weighting`, with the reason.
    pub fn check(&self) -> Result<(), Invalid> {
        let rounds = matches!(self.schedule, ScheduleSpec::Rounds(_));
        match self.weighting {
            Some(Weighting::KnownProbability | Weighting::Sampling) if !rounds => {
                Err(Invalid::at("weighting", "the probability to take part in a round means nothing without rounds")
                    .help("choose \"unbiased\", which divides by how often a client delivers"))
            }
            Some(Weighting::Unbiased) if replaced_at_random(self.schedule) => {
                Err(Invalid::at("weighting", "how often a client delivers is not known where clients are replaced at random")
                    .help("set `replace = \"same\"` in the schedule"))
            }
            Some(Weighting::Unbiased) if matches!(self.schedule, ScheduleSpec::Grace(_)) => {
                Err(Invalid::at("weighting", "how often a client delivers is not known under grace periods")
                    .help("choose another weighting, or `every-arrival` or `buffered` as the schedule"))
            }
            _ => Ok(()),
        }
    }
}

fn replaced_at_random(schedule: &ScheduleSpec) -> bool {
    match schedule {
        ScheduleSpec::EveryArrival(spec) => spec.replace == Replace::Random,
        ScheduleSpec::Buffered(spec) => spec.replace == Replace::Random,
        ScheduleSpec::Rounds(_) | ScheduleSpec::Window(_) | ScheduleSpec::Group(_) | ScheduleSpec::Grace(_) => false,
    }
}
