//! Schedules in a scenario.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Concurrency, SelectSpec, cohort::CohortSpec};
use crate::{invalid::Invalid, part::discount::Discount};

/// When the server calls clients and applies their updates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScheduleSpec {
    /// Synchronous rounds.
    Rounds(RoundsSpec),
    /// Every arrival is applied at once.
    EveryArrival(StreamSpec),
    /// Arrivals are collected in a buffer and applied when it is full.
    Buffered(BufferedSpec),
    /// Arrivals are collected for a fixed time and applied at its end. Every window is a server step, also an empty one.
    Window(WindowSpec),
    /// The first to arrive wait until their group is complete; it is applied, and they start again together.
    Group(GroupSpec),
    /// Arrivals are applied at once; those that come shortly after each other start again together.
    Grace(GraceSpec),
}

impl Default for ScheduleSpec {
    fn default() -> Self {
        Self::Rounds(RoundsSpec::default())
    }
}

/// Synchronous rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RoundsSpec {
    /// Clients a round waits for: `"all"`, a count, or `{ trace = [[0], [1, 2], …] }`, which may be a file. When left out, the largest
    /// cohort that keeps no more clients at work than `concurrency`, `over-selection` included; all without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<CohortSpec>,
    /// How the clients of a counted cohort are chosen.
    pub select: SelectSpec,
    /// Clients called for each client waited for; the round closes with the first to answer. Where fewer are available, or left by
    /// the selection, all of them are called.
    pub over_selection: f64,
    /// Longest time a round waits [s].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<f64>,
    /// How long a round without anybody lasts [s].
    pub idle: f64,
}

impl Default for RoundsSpec {
    fn default() -> Self {
        Self { cohort: None, select: SelectSpec::Uniform, over_selection: 1.0, deadline: None, idle: 1.0 }
    }
}

impl RoundsSpec {
    /// Whom a round calls.
    pub fn cohort(&self) -> &CohortSpec {
        self.cohort.as_ref().unwrap_or(&CohortSpec::ALL)
    }

    /// The largest cohort for which a round puts no more than this many clients to work, and at least one client.
    fn cohort_of(&self, at_work: Concurrency) -> CohortSpec {
        let Some(count) = at_work.count() else { return CohortSpec::ALL };
        let near = ((count as f64 / self.over_selection) as usize).min(count);
        let fits = |&cohort: &usize| self.calls(cohort) <= count;
        CohortSpec::Count([near + 1, near].into_iter().find(fits).unwrap_or(1).max(1))
    }
}

/// Who takes the place of a client that has answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Replace {
    /// The client itself starts again.
    #[default]
    Same,
    /// An available client drawn at random.
    Random,
}

/// Adds keys that several schedules have, by name, to a struct with keys of its own.
macro_rules! keys {
    ([$($head:tt)*] { $($own:tt)* }) => {
        $($head)* { $($own)* }
    };
    ($head:tt { $($own:tt)* } concurrency $($more:tt)*) => {
        keys! { $head { $($own)*
            /// Clients at work at a time; as many as the shared `concurrency` says when left out, and all without that.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub concurrency: Option<usize>,
        } $($more)* }
    };
    ($head:tt { $($own:tt)* } replace $($more:tt)*) => {
        keys! { $head { $($own)*
            /// Who takes the place of a client that has answered; the method's default when left out, `same` where it has none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub replace: Option<Replace>,
        } $($more)* }
    };
    ($head:tt { $($own:tt)* } discount $($more:tt)*) => {
        keys! { $head { $($own)*
            /// Weight by staleness; the method's default when left out, `constant` where it has none.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub discount: Option<Discount>,
        } $($more)* }
    };
    ($head:tt { $($own:tt)* } max_staleness $($more:tt)*) => {
        keys! { $head { $($own)*
            /// The server discards updates staler than this [server versions].
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_staleness: Option<u64>,
        } $($more)* }
    };
    ($head:tt { $($own:tt)* } batch_ties $($more:tt)*) => {
        keys! { $head { $($own)*
            /// Whether all arrivals of one instant are consumed before anyone is called again.
            pub batch_ties: bool,
        } $($more)* }
    };
    ($head:tt { $($own:tt)* } idle $($more:tt)*) => {
        keys! { $head { $($own)*
            /// Pause before looking again when no client is available, or when a client may return at any time [s].
            pub idle: f64,
        } $($more)* }
    };
}

keys! { [
    /// A constant number of clients at work.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
    pub struct StreamSpec
] {} concurrency replace discount max_staleness batch_ties idle }

impl Default for StreamSpec {
    fn default() -> Self {
        Self { concurrency: None, replace: None, discount: None, max_staleness: None, batch_ties: false, idle: 1.0 }
    }
}

keys! { [
    /// A buffer of arrivals.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
    pub struct BufferedSpec
] {
    /// Arrivals that fill the buffer.
    pub size: usize,
    /// Arrivals of an epoch, at whose end the server applies whatever the buffer then holds, divided by `size` as ever (FLSim); no
    /// epochs when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
} concurrency replace discount max_staleness batch_ties idle }

impl From<StreamSpec> for BufferedSpec {
    /// A buffer of the default size.
    fn from(spec: StreamSpec) -> Self {
        let StreamSpec { concurrency, replace, discount, max_staleness, batch_ties, idle } = spec;
        Self { size: 10, epoch: None, concurrency, replace, discount, max_staleness, batch_ties, idle }
    }
}

impl Default for BufferedSpec {
    fn default() -> Self {
        StreamSpec::default().into()
    }
}

keys! { [
    /// Fixed time windows.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub struct WindowSpec
] {
    /// Length of a window [s].
    pub seconds: f64,
} discount }

keys! { [
    /// Groups that wait for each other.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
    pub struct GroupSpec
] {
    /// Clients that make a group.
    pub size: usize,
} discount max_staleness idle }

impl Default for GroupSpec {
    fn default() -> Self {
        Self { size: 10, discount: None, max_staleness: None, idle: 1.0 }
    }
}

keys! { [
    /// Grace periods.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
    pub struct GraceSpec
] {
    /// How long after an arrival others may come in to start again together with it [s].
    pub seconds: f64,
    /// Arrivals that are applied at a time.
    pub buffer: usize,
} discount max_staleness idle }

impl Default for GraceSpec {
    fn default() -> Self {
        Self { seconds: 0.5, buffer: 1, discount: None, max_staleness: None, idle: 1.0 }
    }
}

impl ScheduleSpec {
    /// Reads the files that the schedule names, from the folder of the scenario.
    ///
    /// # Errors
    /// [`Invalid`] at the key of the file.
    pub fn load(&mut self, folder: &Path, clients: usize) -> Result<(), Invalid> {
        if let Self::Rounds(RoundsSpec { cohort: Some(CohortSpec::Trace(spec)), .. }) = self {
            spec.trace.load(folder, clients).map_err(|invalid| invalid.under("rounds.cohort.trace"))?;
        }
        Ok(())
    }

    /// The same with every key written out: discount and replacement of `recipe`, a method's default schedule, which may be of another
    /// kind; the number of clients at work that is `shared` by all kinds; or else the defaults. No recipe sets the clients at work.
    #[must_use]
    pub fn completed(mut self, recipe: Option<&Self>, shared: Option<Concurrency>) -> Self {
        self.choose(recipe.and_then(Self::chosen_discount), recipe.and_then(Self::chosen_replace));
        let mut full = self.with_concurrency(shared);
        full.choose(Some(Discount::default()), Some(Replace::default()));
        if let Self::Rounds(spec) = &mut full {
            let _ = spec.cohort.get_or_insert(CohortSpec::ALL);
        }
        full
    }

    /// The same with this many clients at work, unless it sets their number itself.
    #[must_use]
    pub fn with_concurrency(mut self, shared: Option<Concurrency>) -> Self {
        let Some(shared) = shared else { return self };
        match &mut self {
            Self::Rounds(spec) => {
                let cohort = spec.cohort_of(shared);
                let _ = spec.cohort.get_or_insert(cohort);
            }
            Self::EveryArrival(spec) => fill(&mut spec.concurrency, &mut spec.replace, shared),
            Self::Buffered(spec) => fill(&mut spec.concurrency, &mut spec.replace, shared),
            Self::Window(_) | Self::Group(_) | Self::Grace(_) => {}
        }
        self
    }

    /// Refuses fewer clients at work than `over-selection` calls for a cohort of one.
    ///
    /// # Errors
    /// [`Invalid`] at `concurrency`, with the remedy.
    pub fn check_called(&self, shared: Option<Concurrency>) -> Result<(), Invalid> {
        let (Self::Rounds(spec @ RoundsSpec { cohort: None, .. }), Some(count)) = (self, shared.and_then(Concurrency::count))
        else {
            return Ok(());
        };
        let least = spec.calls(1);
        if !spec.over_selection.is_finite() || least <= count {
            return Ok(());
        }
        let message = format!("`over-selection` calls {least} clients for a round that waits for one");
        Err(Invalid::at("concurrency", message)
            .help(format!("raise `concurrency` to {least} or more, or remove `over-selection`")))
    }

    /// The key that sets the clients at work, where it contradicts `shared`.
    pub fn contradiction(&self, shared: Concurrency) -> Option<String> {
        let counted = |kind: &str, own: Option<usize>| {
            own.filter(|&own| shared.count() != Some(own)).map(|own| format!("{kind}.concurrency = {own}"))
        };
        match self {
            Self::Rounds(spec) => {
                let own = spec.cohort.as_ref().filter(|own| **own != spec.cohort_of(shared))?;
                Some(match own {
                    CohortSpec::All(_) => "rounds.cohort = \"all\"".to_owned(),
                    CohortSpec::Count(count) => format!("rounds.cohort = {count}"),
                    CohortSpec::Trace(_) => "rounds.cohort.trace".to_owned(),
                })
            }
            Self::EveryArrival(spec) => counted("every-arrival", spec.concurrency),
            Self::Buffered(spec) => counted("buffered", spec.concurrency),
            Self::Window(_) | Self::Group(_) | Self::Grace(_) => None,
        }
    }

    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rounds(_) => "rounds",
            Self::EveryArrival(_) => "every-arrival",
            Self::Buffered(_) => "buffered",
            Self::Window(_) => "window",
            Self::Group(_) => "group",
            Self::Grace(_) => "grace",
        }
    }

    /// Whether schedules of its kind keep all clients at work.
    pub fn keeps_all(&self) -> bool {
        matches!(self, Self::Window(_) | Self::Group(_) | Self::Grace(_))
    }

    /// The number of clients that it ever calls, where each of them is followed by itself and `clients` are more.
    pub fn never_leaves(&self, clients: usize) -> Option<usize> {
        let (Self::EveryArrival(StreamSpec { concurrency, .. }) | Self::Buffered(BufferedSpec { concurrency, .. })) = self else {
            return None;
        };
        concurrency.filter(|&count| count < clients && self.replace() == Replace::Same)
    }

    /// Fills in these choices where the schedule has such a key and leaves it out.
    fn choose(&mut self, own_discount: Option<Discount>, own_replace: Option<Replace>) {
        let (discount, replace) = self.choices();
        if let Some(discount) = discount {
            *discount = discount.or(own_discount);
        }
        if let Some(replace) = replace {
            *replace = replace.or(own_replace);
        }
    }

    /// The keys for which methods have defaults, where the schedule has them.
    fn choices(&mut self) -> (Option<&mut Option<Discount>>, Option<&mut Option<Replace>>) {
        match self {
            Self::Rounds(_) => (None, None),
            Self::EveryArrival(spec) => (Some(&mut spec.discount), Some(&mut spec.replace)),
            Self::Buffered(spec) => (Some(&mut spec.discount), Some(&mut spec.replace)),
            Self::Window(spec) => (Some(&mut spec.discount), None),
            Self::Group(spec) => (Some(&mut spec.discount), None),
            Self::Grace(spec) => (Some(&mut spec.discount), None),
        }
    }

    /// Whether it waits by itself, so that time passes even where work and messages take none.
    pub fn waits(&self) -> bool {
        match self {
            Self::Rounds(spec) => spec.cohort().is_ever_empty(),
            Self::EveryArrival(_) | Self::Buffered(_) | Self::Group(_) => false,
            Self::Window(_) => true,
            Self::Grace(spec) => spec.seconds > 0.0,
        }
    }

    /// Whether clients are drawn by their weights in the objective, or their updates weighed so that they seem to be.
    pub fn draws_by_weight(&self) -> bool {
        let by_weight = |select: &SelectSpec| select.weighs() || matches!(select, SelectSpec::PowerOfChoice(_));
        if let Self::Rounds(spec) = self { by_weight(&spec.select) } else { false }
    }

    /// Whether every client is as likely to be called as any other of those who are there.
    pub fn selects_uniformly(&self) -> bool {
        if let Self::Rounds(spec) = self { spec.select == SelectSpec::Uniform } else { true }
    }

    /// The key that makes every batch a single update, where there is one.
    pub fn single_updates(&self) -> Option<&'static str> {
        match self {
            Self::EveryArrival(_) => Some("schedule"),
            Self::Rounds(spec) if *spec.cohort() == CohortSpec::Count(1) => Some("schedule.rounds.cohort"),
            Self::Buffered(spec) if spec.size == 1 => Some("schedule.buffered.size"),
            Self::Group(GroupSpec { size: 1, .. }) => Some("schedule.group.size"),
            Self::Grace(GraceSpec { buffer: 1, .. }) => Some("schedule.grace.buffer"),
            _ => None,
        }
    }

    /// Arrivals of a full batch, where one may be applied that is not full: the buffer at the end of an epoch.
    pub fn full_batch(&self) -> Option<usize> {
        if let Self::Buffered(spec) = self { Some(spec.size) } else { None }
    }

    /// The most arrivals that are applied at a time, in a fleet of `clients`.
    pub fn largest_batch(&self, clients: usize) -> usize {
        match self {
            Self::Rounds(spec) => spec.cohort().largest(clients),
            Self::EveryArrival(_) => 1,
            Self::Buffered(spec) => spec.size,
            Self::Window(_) => clients,
            Self::Group(spec) => spec.size,
            Self::Grace(spec) => spec.buffer,
        }
    }

    /// Weight by staleness.
    pub fn discount(&self) -> Discount {
        self.chosen_discount().unwrap_or_default()
    }

    /// Who takes the place of a client that has answered.
    pub fn replace(&self) -> Replace {
        self.chosen_replace().unwrap_or_default()
    }

    fn chosen_discount(&self) -> Option<Discount> {
        match self {
            Self::Rounds(_) => None,
            Self::EveryArrival(spec) => spec.discount,
            Self::Buffered(spec) => spec.discount,
            Self::Window(spec) => spec.discount,
            Self::Group(spec) => spec.discount,
            Self::Grace(spec) => spec.discount,
        }
    }

    fn chosen_replace(&self) -> Option<Replace> {
        match self {
            Self::EveryArrival(spec) => spec.replace,
            Self::Buffered(spec) => spec.replace,
            Self::Rounds(_) | Self::Window(_) | Self::Group(_) | Self::Grace(_) => None,
        }
    }

    /// The greatest staleness that the server accepts.
    pub fn max_staleness(&self) -> Option<u64> {
        match self {
            Self::Rounds(_) | Self::Window(_) => None,
            Self::EveryArrival(spec) => spec.max_staleness,
            Self::Buffered(spec) => spec.max_staleness,
            Self::Group(spec) => spec.max_staleness,
            Self::Grace(spec) => spec.max_staleness,
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
    use crate::protocol::schedule::cohort::Everyone;

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

    /// The cohort under this many clients at work, and how many are called for it.
    fn cohort(at_work: usize, over_selection: f64) -> (usize, usize) {
        let spec = RoundsSpec { over_selection, ..RoundsSpec::default() };
        match spec.cohort_of(Concurrency::Count(at_work)) {
            CohortSpec::Count(count) => (count, spec.calls(count)),
            other => panic!("{other:?} is no number"),
        }
    }

    #[test]
    fn over_selection_calls_no_more_than_are_to_be_at_work() {
        // 13 times 1.5 is 19.5, and 14 times 21; 100 times 1.1 is 110, whatever it rounds to.
        for (at_work, over, expected) in
            [(20, 1.5, (13, 20)), (110, 1.1, (100, 110)), (20, 1.0, (20, 20)), (7, 2.0, (3, 6)), (2, 1.5, (1, 2))]
        {
            assert_eq!(cohort(at_work, over), expected, "{at_work} at work, {over} called for each");
        }
        for (at_work, over) in (2..60).flat_map(|at_work| [1.0, 1.1, 1.25, 1.3, 1.5, 2.0].map(|over| (at_work, over))) {
            let (count, called) = cohort(at_work, over);
            let spec = RoundsSpec { over_selection: over, ..RoundsSpec::default() };
            assert!(called <= at_work && spec.calls(count + 1) > at_work, "{count} for {at_work} at {over}");
        }
    }

    #[test]
    fn fewer_than_are_called_for_one_are_refused() {
        let rounds = |over_selection| ScheduleSpec::Rounds(RoundsSpec { over_selection, ..RoundsSpec::default() });
        assert!(rounds(1.5).check_called(Some(Concurrency::Count(1))).is_err());
        assert!(rounds(1.5).check_called(Some(Concurrency::Count(2))).is_ok());
        assert!(rounds(1.0).check_called(Some(Concurrency::Count(1))).is_ok());
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
