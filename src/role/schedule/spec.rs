//! Schedules as a scenario writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Continuous, Rounds, Schedule, Window, cohort::CohortSpec};
use crate::{
    invalid::{Invalid, require},
    part::discount::Discount,
};

/// When the server calls clients and applies what they send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScheduleSpec {
    /// Synchronous rounds.
    Rounds(RoundsSpec),
    /// Every arrival is applied at once.
    EveryArrival(StreamSpec),
    /// Arrivals are collected in a buffer and applied when it is full.
    Buffered(BufferedSpec),
    /// Arrivals are collected for a fixed time and applied at its end.
    Window(WindowSpec),
}

/// Synchronous rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RoundsSpec {
    /// Clients a round waits for: `"all"`, a count, or `{ trace = [[0], [1, 2], …] }`.
    pub cohort: CohortSpec,
    /// Clients called for each client waited for; the round closes with the first to answer.
    pub over_selection: f64,
    /// Longest time a round waits [s].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<f64>,
    /// How long a round without anybody lasts [s].
    pub idle: f64,
}

impl Default for RoundsSpec {
    fn default() -> Self {
        Self { cohort: CohortSpec::ALL, over_selection: 1.0, deadline: None, idle: 1.0 }
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

/// A constant number of clients at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StreamSpec {
    /// Clients at work at a time; all when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// Who takes the place of a client that has answered.
    pub replace: Replace,
    /// Weight by staleness.
    pub discount: Discount,
    /// Updates staler than this are refused [server versions].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_staleness: Option<u64>,
    /// Whether all arrivals of one instant are consumed before anyone is called again.
    pub batch_ties: bool,
    /// Pause before looking again when no client is available [s].
    pub idle: f64,
}

impl Default for StreamSpec {
    fn default() -> Self {
        Self {
            concurrency: None,
            replace: Replace::Same,
            discount: Discount::Constant,
            max_staleness: None,
            batch_ties: false,
            idle: 1.0,
        }
    }
}

/// A buffer of arrivals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BufferedSpec {
    /// Arrivals that fill the buffer.
    pub size: usize,
    /// Clients at work at a time; all when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// Who takes the place of a client that has answered.
    pub replace: Replace,
    /// Weight by staleness.
    pub discount: Discount,
    /// Updates staler than this are refused [server versions].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_staleness: Option<u64>,
    /// Whether all arrivals of one instant are consumed before anyone is called again.
    pub batch_ties: bool,
    /// Pause before looking again when no client is available [s].
    pub idle: f64,
}

impl Default for BufferedSpec {
    fn default() -> Self {
        let StreamSpec { concurrency, replace, discount, max_staleness, batch_ties, idle } = StreamSpec::default();
        Self { size: 10, concurrency, replace, discount, max_staleness, batch_ties, idle }
    }
}

/// Fixed time windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WindowSpec {
    /// Length of a window [s].
    pub seconds: f64,
    /// Weight by staleness.
    #[serde(default)]
    pub discount: Discount,
}

impl ScheduleSpec {
    /// Builds the schedule.
    pub fn build(&self) -> Box<dyn Schedule> {
        match self {
            Self::Rounds(spec) => Box::new(Rounds::new(spec.clone())),
            Self::EveryArrival(spec) => Box::new(Continuous::new(1, spec.concurrency, spec.replace, spec.batch_ties, spec.idle)),
            Self::Buffered(spec) => {
                Box::new(Continuous::new(spec.size, spec.concurrency, spec.replace, spec.batch_ties, spec.idle))
            }
            Self::Window(spec) => Box::new(Window::new(spec.seconds)),
        }
    }

    /// Weight by staleness.
    pub fn discount(&self) -> Discount {
        match self {
            Self::Rounds(_) => Discount::Constant,
            Self::EveryArrival(spec) => spec.discount,
            Self::Buffered(spec) => spec.discount,
            Self::Window(spec) => spec.discount,
        }
    }

    /// Staleness above which updates are refused.
    pub fn max_staleness(&self) -> Option<u64> {
        match self {
            Self::Rounds(_) | Self::Window(_) => None,
            Self::EveryArrival(spec) => spec.max_staleness,
            Self::Buffered(spec) => spec.max_staleness,
        }
    }

    /// Checks the parameters against a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self, clients: usize) -> Result<(), Invalid> {
        match self {
            Self::Rounds(spec) => spec.validate(clients).map_err(|invalid| invalid.under("rounds")),
            Self::EveryArrival(spec) => check_concurrency(spec.concurrency, clients)
                .and_then(|()| spec.discount.validate().map_err(|invalid| invalid.under("discount")))
                .map_err(|invalid| invalid.under("every-arrival")),
            Self::Buffered(spec) => require(spec.size >= 1, "size", spec.size, "a buffer of at least 1")
                .and_then(|()| check_concurrency(spec.concurrency, clients))
                .and_then(|()| spec.discount.validate().map_err(|invalid| invalid.under("discount")))
                .map_err(|invalid| invalid.under("buffered")),
            Self::Window(spec) => require(spec.seconds > 0.0, "seconds", spec.seconds, "a positive time")
                .and_then(|()| spec.discount.validate().map_err(|invalid| invalid.under("discount")))
                .map_err(|invalid| invalid.under("window")),
        }
    }
}

fn check_concurrency(concurrency: Option<usize>, clients: usize) -> Result<(), Invalid> {
    match concurrency {
        Some(0) => Err(Invalid::at("concurrency", "`0` is out of range: expected at least one client at work")),
        Some(many) if many > clients => {
            Err(Invalid::at("concurrency", format!("`{many}` clients at work are more than the {clients} of the fleet"))
                .help("lower `concurrency` or raise `fleet.clients`"))
        }
        _ => Ok(()),
    }
}

impl RoundsSpec {
    fn validate(&self, clients: usize) -> Result<(), Invalid> {
        match &self.cohort {
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
        let over = self.over_selection;
        require(over >= 1.0 && over.is_finite(), "over-selection", over, "a factor of at least 1")?;
        let deadline = self.deadline.unwrap_or(1.0);
        require(deadline > 0.0, "deadline", deadline, "a positive time")?;
        require(self.idle > 0.0, "idle", self.idle, "a positive time")
    }
}

fn check_trace(trace: &[Vec<usize>], clients: usize) -> Result<(), Invalid> {
    if trace.is_empty() {
        return Err(Invalid::at("cohort.trace", "the trace is empty: expected at least one round"));
    }
    for (round, cohort) in trace.iter().enumerate() {
        let mut seen = std::collections::BTreeSet::new();
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
