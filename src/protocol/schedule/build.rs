//! From what a scenario writes to a schedule.

use super::{BufferedSpec, Continuous, Grace, Group, Rounds, Schedule, ScheduleSpec, Window};

impl ScheduleSpec {
    /// Builds the schedule.
    pub fn build(&self) -> Box<dyn Schedule> {
        match self {
            Self::Rounds(spec) => Box::new(Rounds::new(spec.clone())),
            Self::EveryArrival(spec) => Box::new(Continuous::new(&BufferedSpec { size: 1, ..spec.clone().into() })),
            Self::Buffered(spec) => Box::new(Continuous::new(spec)),
            Self::Window(spec) => Box::new(Window::new(spec.seconds)),
            Self::Group(spec) => Box::new(Group::new(spec.size, spec.idle)),
            Self::Grace(spec) => Box::new(Grace::new(spec.seconds, spec.buffer, spec.idle)),
        }
    }
}
