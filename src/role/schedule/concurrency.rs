//! How many clients are at work at a time, said once for schedules of any kind.

use std::fmt;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IntoDeserializer, Unexpected, Visitor},
};

use super::{
    Replace, ScheduleSpec,
    cohort::{CohortSpec, Everyone},
};
use crate::invalid::Invalid;

/// Clients at work at a time: `"all"`, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Concurrency {
    /// Everyone who is available: `"all"`.
    All(Everyone),
    /// This many, fewer where fewer are available.
    Count(usize),
}

impl Concurrency {
    /// Checks the number against a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] at `concurrency` for nobody, or for more than there are.
    pub fn validate(self, clients: usize) -> Result<(), Invalid> {
        match self {
            Self::Count(0) => Err(Invalid::at("concurrency", "`0` is out of range: expected at least one client at work")),
            Self::Count(many) if many > clients => {
                Err(Invalid::at("concurrency", format!("`{many}` clients at work are more than the {clients} of the fleet"))
                    .help("lower `concurrency` or raise `fleet.clients`"))
            }
            _ => Ok(()),
        }
    }

    /// The number; `None` for everyone.
    fn count(self) -> Option<usize> {
        if let Self::Count(count) = self { Some(count) } else { None }
    }
}

impl From<Concurrency> for CohortSpec {
    fn from(concurrency: Concurrency) -> Self {
        concurrency.count().map_or(Self::ALL, Self::Count)
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConcurrencyVisitor)
    }
}

struct ConcurrencyVisitor;

impl Visitor<'_> for ConcurrencyVisitor {
    type Value = Concurrency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\", or a number of clients")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Concurrency, E> {
        Everyone::deserialize(text.into_deserializer()).map(Concurrency::All)
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<Concurrency, E> {
        usize::try_from(count).map(Concurrency::Count).map_err(|_| E::invalid_value(Unexpected::Signed(count), &self))
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Concurrency, E> {
        usize::try_from(count).map(Concurrency::Count).map_err(|_| E::invalid_value(Unexpected::Unsigned(count), &self))
    }
}

impl ScheduleSpec {
    /// The same with so many clients at work where it does not say how many itself.
    #[must_use]
    pub fn with_concurrency(mut self, shared: Option<Concurrency>) -> Self {
        let Some(shared) = shared else { return self };
        match &mut self {
            Self::Rounds(spec) => drop(spec.cohort.get_or_insert(shared.into())),
            Self::EveryArrival(spec) => fill(&mut spec.concurrency, &mut spec.replace, shared),
            Self::Buffered(spec) => fill(&mut spec.concurrency, &mut spec.replace, shared),
            Self::Window(_) | Self::Group(_) | Self::Grace(_) => {}
        }
        self
    }

    /// Refuses a number of clients at work where the schedule of a `method` keeps all of them at work.
    ///
    /// # Errors
    /// [`Invalid`] at `concurrency`, with the remedy.
    pub fn check_concurrency(&self, shared: Option<Concurrency>, method: &str) -> Result<(), Invalid> {
        let kind = match self {
            Self::Window(_) => "window",
            Self::Group(_) => "group",
            Self::Grace(_) => "grace",
            Self::Rounds(_) | Self::EveryArrival(_) | Self::Buffered(_) => return Ok(()),
        };
        match shared.and_then(Concurrency::count) {
            Some(_) => Err(Invalid::at("concurrency", format!("the `{kind}` schedule of `{method}` keeps all clients at work"))
                .help("write `concurrency = \"all\"` in the `[[method]]`, or give it a schedule of `rounds`, `every-arrival` or `buffered`")),
            None => Ok(()),
        }
    }
}

/// Puts a number of clients at work into a schedule without one. Those who have answered are then replaced at random, or only the first
/// of them would ever be called.
fn fill(concurrency: &mut Option<usize>, replace: &mut Option<Replace>, shared: Concurrency) {
    if concurrency.is_none()
        && let Some(count) = shared.count()
    {
        *concurrency = Some(count);
        let _ = replace.get_or_insert(Replace::Random);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::schedule::{BufferedSpec, RoundsSpec, StreamSpec};

    /// The clients at work, and who takes the place of one that has answered, with this shared number.
    fn at_work(schedule: ScheduleSpec, shared: Option<Concurrency>) -> (String, Replace) {
        let full = schedule.completed(None, shared);
        let at_work = match &full {
            ScheduleSpec::Rounds(spec) => format!("{:?}", spec.cohort),
            ScheduleSpec::EveryArrival(spec) => format!("{:?}", spec.concurrency),
            ScheduleSpec::Buffered(spec) => format!("{:?}", spec.concurrency),
            _ => panic!("everyone is at work"),
        };
        (at_work, full.replace())
    }

    #[test]
    fn one_number_holds_for_rounds_and_arrivals_that_name_none() {
        let ten = Some(Concurrency::Count(10));
        assert_eq!(at_work(ScheduleSpec::default(), ten).0, "Some(Count(10))");
        let random = ("Some(10)".to_owned(), Replace::Random);
        assert_eq!(at_work(ScheduleSpec::EveryArrival(StreamSpec::default()), ten), random);
        assert_eq!(at_work(ScheduleSpec::Buffered(BufferedSpec::default()), ten), random);
        let all = Some(Concurrency::All(Everyone::All));
        for shared in [all, None] {
            assert_eq!(at_work(ScheduleSpec::default(), shared).0, "Some(All(All))");
            let same = ("None".to_owned(), Replace::Same);
            assert_eq!(at_work(ScheduleSpec::Buffered(BufferedSpec::default()), shared), same);
        }
    }

    #[test]
    fn what_a_schedule_names_goes_first() {
        let ten = Some(Concurrency::Count(10));
        for cohort in [CohortSpec::ALL, CohortSpec::Count(3)] {
            let schedule = ScheduleSpec::Rounds(RoundsSpec { cohort: Some(cohort.clone()), ..RoundsSpec::default() });
            assert_eq!(at_work(schedule, ten).0, format!("{:?}", Some(cohort)));
        }
        let two = StreamSpec { concurrency: Some(2), ..StreamSpec::default() };
        assert_eq!(at_work(ScheduleSpec::EveryArrival(two), ten), ("Some(2)".to_owned(), Replace::Same));
        let same = StreamSpec { replace: Some(Replace::Same), ..StreamSpec::default() };
        assert_eq!(at_work(ScheduleSpec::EveryArrival(same), ten), ("Some(10)".to_owned(), Replace::Same));
    }
}
