//! Checks of schedules before they are used.

use std::collections::BTreeSet;

use super::{Concurrency, PowerOfChoiceSpec, RoundsSpec, ScheduleSpec, SelectSpec, TiersSpec, cohort::CohortSpec};
use crate::{
    invalid::{Invalid, require},
    part::discount::Discount,
    rounding,
};

impl ScheduleSpec {
    /// Checks the parameters against a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self, clients: usize) -> Result<(), Invalid> {
        let discounted = |outcome: Result<(), Invalid>, discount: &Option<Discount>| {
            outcome.and_then(|()| discount.unwrap_or_default().validate().map_err(|invalid| invalid.under("discount")))
        };
        let (key, outcome) = match self {
            Self::Rounds(spec) => ("rounds", spec.validate(clients)),
            Self::EveryArrival(spec) => {
                let own = check_concurrency(spec.concurrency, clients).and_then(|()| check_idle(spec.idle));
                ("every-arrival", discounted(own, &spec.discount))
            }
            Self::Buffered(spec) => {
                let own = check_size("size", spec.size)
                    .and_then(|()| require(spec.epoch != Some(0), "epoch", 0, "at least 1 arrival"))
                    .and_then(|()| check_concurrency(spec.concurrency, clients))
                    .and_then(|()| check_idle(spec.idle));
                ("buffered", discounted(own, &spec.discount))
            }
            Self::Window(spec) => {
                let own =
                    require(spec.seconds > 0.0 && spec.seconds.is_finite(), "seconds", spec.seconds, "a positive, finite time");
                ("window", discounted(own, &spec.discount))
            }
            Self::Group(spec) => {
                let own = check_group(spec.size, clients).and_then(|()| check_idle(spec.idle));
                ("group", discounted(own, &spec.discount))
            }
            Self::Grace(spec) => {
                let own = require(spec.seconds >= 0.0, "seconds", spec.seconds, "a time of at least 0")
                    .and_then(|()| check_size("buffer", spec.buffer))
                    .and_then(|()| check_idle(spec.idle));
                ("grace", discounted(own, &spec.discount))
            }
        };
        outcome.map_err(|invalid| invalid.under(key))
    }
}

fn check_idle(idle: f64) -> Result<(), Invalid> {
    require(idle > 0.0 && idle.is_finite(), "idle", idle, "a positive, finite time")
}

fn check_size(key: &str, size: usize) -> Result<(), Invalid> {
    require(size >= 1, key, size, "at least 1 arrival")
}

fn check_group(size: usize, clients: usize) -> Result<(), Invalid> {
    require(size >= 1, "size", size, "at least 1 client")?;
    if size <= clients {
        return Ok(());
    }
    Err(Invalid::at("size", format!("a group of `{size}` is more than the {clients} clients of the fleet"))
        .help("lower `size` or raise `fleet.clients`"))
}

fn check_concurrency(concurrency: Option<usize>, clients: usize) -> Result<(), Invalid> {
    concurrency.map_or(Ok(()), |count| Concurrency::Count(count).validate(clients))
}

impl RoundsSpec {
    fn validate(&self, clients: usize) -> Result<(), Invalid> {
        match self.cohort() {
            CohortSpec::All(_) => {}
            CohortSpec::Count(0) => {
                return Err(Invalid::at("cohort", "`0` is out of range: expected at least one client a round"));
            }
            CohortSpec::Count(count) if *count > clients => {
                return Err(Invalid::at(
                    "cohort",
                    format!("a cohort of `{count}` is more than the {clients} clients of the fleet"),
                )
                .help("lower `cohort`, say \"all\", or raise `fleet.clients`"));
            }
            CohortSpec::Count(_) => {}
            CohortSpec::Trace(spec) => check_trace(&spec.trace, clients)?,
        }
        let count = if let CohortSpec::Count(count) = *self.cohort() { Some(count) } else { None };
        self.select.validate(count, clients, self.deadline).map_err(|invalid| invalid.under("select"))?;
        let over = self.over_selection;
        require(over >= 1.0 && over.is_finite(), "over-selection", over, "a factor of at least 1")?;
        if over > 1.0 && count.is_none() {
            return Err(Invalid::at("over-selection", "there is nobody to select beyond the cohort")
                .help("set `cohort` or `concurrency` to a number of clients, or remove `over-selection`"));
        }
        if let Some(count) = count {
            self.check_calls(count, clients)?;
        }
        let deadline = self.deadline.unwrap_or(1.0);
        require(deadline > 0.0, "deadline", deadline, "a positive time")?;
        check_idle(self.idle)
    }
}

impl RoundsSpec {
    /// Clients that a round calls for a cohort of `count`, where enough are there.
    pub(super) fn calls(&self, count: usize) -> usize {
        rounding::ceil(count as f64 * self.over_selection) as usize
    }

    /// Refuses to call more clients than the selection ever leaves.
    fn check_calls(&self, count: usize, clients: usize) -> Result<(), Invalid> {
        let calls = self.calls(count);
        let (left, whose, remedy) = match self.select {
            SelectSpec::PowerOfChoice(PowerOfChoiceSpec { candidates }) => {
                (candidates, "candidates", "raise `select.power-of-choice.candidates`")
            }
            SelectSpec::Tiers(TiersSpec { count: tiers }) => (clients / tiers, "clients of a tier", "lower `select.tiers.count`"),
            _ => return Ok(()),
        };
        if calls <= left {
            return Ok(());
        }
        let message = format!("`{calls}` clients are called for a cohort of {count}, more than the {left} {whose}");
        Err(Invalid::at("over-selection", message).help(format!("lower `over-selection`, or {remedy}")))
    }
}

fn check_trace(trace: &[Vec<usize>], clients: usize) -> Result<(), Invalid> {
    if trace.is_empty() {
        return Err(Invalid::at("cohort.trace", "the trace is empty: expected at least one round"));
    }
    for (round, cohort) in trace.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for &client in cohort {
            if client >= clients {
                let message = format!("round {round} names client `{client}`, but the fleet has clients 0 to {}", clients - 1);
                return Err(Invalid::at("cohort.trace", message));
            }
            if !seen.insert(client) {
                return Err(Invalid::at("cohort.trace", format!("round {round} names client `{client}` twice")));
            }
        }
    }
    Ok(())
}
