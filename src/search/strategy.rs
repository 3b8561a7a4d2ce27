//! `tune.strategy` and `tune.budget`: how pulls are spent on the arms of each method.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Search,
    asha::{Asha, Variant},
    bracketing::Bracketing,
    grid::Grid,
    halving::{Halving, Rung, Steps, budgeted, ladder},
    hyperband::Hyperband,
    sequential::{Sequential, fewest, phases},
};
use crate::{
    invalid::{Invalid, count, require},
    random::Streams,
    record::{
        Stop,
        axis::{Axis, exact},
    },
};

/// How runs are spent on the arms of a method; the same for every method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Strategy {
    /// Every arm runs to its end on every tuning seed.
    #[default]
    Grid,
    /// All arms run a part of the way, and the best of them go on from there. With a `budget` of a length, all rungs spend as much, and
    /// one arm of two goes on.
    SuccessiveHalving(HalvingSpec),
    /// All arms run on a few seeds, and the better half on twice as many, until one is left. Takes a `budget`, and as many seeds as that
    /// allows.
    SequentialHalving(SequentialSpec),
    /// Sequential halving in growing random subsets of the arms, for a `budget` of less than one run an arm.
    Bracketing(BracketingSpec),
    /// Successive halving from several lengths, each with its own draw of arms.
    Hyperband(HyperbandSpec),
    /// Successive halving on simulated workers, none of which waits for a rung to be full. With a `budget` of a length, no run begins or
    /// goes on once it is spent.
    Asha(AshaSpec),
}

/// Successive halving.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HalvingSpec {
    /// One arm in so many goes on to the next rung; 2 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2))]
    pub eta: Option<usize>,
    /// The next rung is as many times as long; `eta` times if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<f64>,
    /// Most rungs; 2 if not given, since step sizes that are best for a short run are seldom best for a long one. Fewer where one would have a single arm, which has nothing to be compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub rungs: Option<usize>,
    /// The axis of the rungs, which `stop` bounds; the first that it bounds of rounds, updates, gradients, seconds and uplink bits if not
    /// given. A rung ends with the first sample there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axis>,
    /// The shortest rung, in the unit of the axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// The share of a whole run that the longest rung has; 1 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
}

/// Sequential halving.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SequentialSpec {
    /// Whether arms are ranked by all their runs, not by those of the latest phase alone.
    pub reuse: bool,
}

/// Bracketing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BracketingSpec {
    /// The standard deviation of the score over seeds; estimated from the runs if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
}

/// Hyperband.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HyperbandSpec {
    /// One arm in so many goes on to the next rung.
    #[schemars(range(min = 2))]
    pub eta: usize,
    /// The axis of the rungs, as in successive halving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axis>,
    /// The shortest rung, in the unit of the axis; a whole run divided by the third power of `eta` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
}

impl Default for HyperbandSpec {
    fn default() -> Self {
        Self { eta: 3, axis: None, least: None }
    }
}

/// Asynchronous successive halving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AshaSpec {
    /// One arm in so many goes on to the next rung, which is as many times as long.
    #[schemars(range(min = 2))]
    pub eta: usize,
    /// The axis of the rungs, as in successive halving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axis>,
    /// The shortest rung, in the unit of the axis; a whole run divided by the square of `eta` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// What becomes of an arm that has reached a rung.
    pub variant: Variant,
    /// The speeds of the simulated workers: a job lasts its length divided by the speed.
    #[schemars(length(min = 1))]
    pub workers: Vec<f64>,
}

impl Default for AshaSpec {
    fn default() -> Self {
        Self { eta: 3, axis: None, least: None, variant: Variant::default(), workers: vec![1.0; 4] }
    }
}

/// The most that the choice among the arms of one method in one cell may take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Budget {
    /// Whole runs `[1]`.
    Runs(u64),
    /// Rounds of all runs together `[1]`.
    Rounds(f64),
    /// Virtual seconds `[s]`.
    Seconds(f64),
    /// Client updates `[1]`.
    Updates(f64),
    /// Stochastic gradients `[1]`.
    Gradients(f64),
    /// Bits sent by clients `[bit]`.
    UplinkBits(f64),
}

impl Budget {
    /// The axis and the amount; `None` where runs are counted.
    fn length(self) -> Option<(Axis, f64)> {
        match self {
            Self::Runs(_) => None,
            Self::Rounds(x) => Some((Axis::Rounds, x)),
            Self::Seconds(x) => Some((Axis::Seconds, x)),
            Self::Updates(x) => Some((Axis::Updates, x)),
            Self::Gradients(x) => Some((Axis::Gradients, x)),
            Self::UplinkBits(x) => Some((Axis::UplinkBits, x)),
        }
    }

    /// The whole runs that it is enough for, where `stop` bounds them.
    fn runs(self, stop: &Stop) -> Result<usize, Invalid> {
        let amount = match self.length() {
            Some((axis, amount)) => (amount / bound(stop, axis).ok_or_else(|| unbounded("budget", axis))?).floor(),
            None => return Ok(if let Self::Runs(runs) = self { runs as usize } else { 0 }),
        };
        Ok(amount as usize)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.length()) {
            (Self::Runs(runs), _) => f.write_str(&count(*runs as usize, "run")),
            (_, Some((axis, amount))) => write!(f, "{} {axis}", exact(amount)),
            (_, None) => Ok(()),
        }
    }
}

/// The bound of `stop` on an axis.
fn bound(stop: &Stop, axis: Axis) -> Option<f64> {
    match axis {
        Axis::Rounds => stop.rounds.map(|most| most as f64),
        Axis::Seconds => stop.seconds,
        Axis::Updates => stop.updates.map(|most| most as f64),
        Axis::Gradients => stop.gradients.map(|most| most as f64),
        Axis::UplinkBits => stop.uplink_bits.map(|most| most as f64),
        Axis::DownlinkBits => None,
    }
}

/// The axes on which rungs may be, the preferred one first.
const AXES: [Axis; 5] = [Axis::Rounds, Axis::Updates, Axis::Gradients, Axis::Seconds, Axis::UplinkBits];

fn unbounded(key: &str, axis: Axis) -> Invalid {
    let message = format!("`stop` does not bound {axis}, so that the length of a whole run is not known there");
    Invalid::at(key, message).help(format!("give `stop` a bound on {axis}, or choose an axis that it bounds"))
}

/// The runs among which a search is made.
#[derive(Debug, Clone, Copy)]
pub struct Among<'a> {
    /// Number of arms.
    pub arms: usize,
    /// Number of tuning seeds; where a strategy takes as many as it needs, those there are.
    pub seeds: usize,
    /// The end of a run.
    pub stop: &'a Stop,
}

/// A search with the axis of its rungs.
pub type OnAxis = (Box<dyn Search>, Axis);

impl Strategy {
    /// Whether it takes as many seeds as its budget allows.
    pub fn takes_seeds(&self) -> bool {
        matches!(self, Self::SequentialHalving(_) | Self::Bracketing(_))
    }

    /// The seeds that it takes for so many arms, where it [takes as many as it needs](Self::takes_seeds).
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune` for a budget that is missing or too small.
    pub fn seeds(&self, budget: Option<Budget>, arms: usize, stop: &Stop) -> Result<usize, Invalid> {
        let runs = budget.ok_or_else(without_budget)?.runs(stop)?;
        match self {
            Self::SequentialHalving(_) => {
                let phases = phases(arms, runs).ok_or_else(|| too_small(runs, arms))?;
                Ok(phases.iter().map(|phase| phase.pulls).sum())
            }
            _ => require(runs >= 2, "budget", runs, "enough for 2 whole runs at least").map(|()| runs),
        }
    }

    /// The search among the arms of a method, with the axis of its rungs.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune`.
    pub fn search(&self, budget: Option<Budget>, among: Among<'_>) -> Result<OnAxis, Invalid> {
        let Among { arms, seeds, stop } = among;
        let only = |key: &str| match budget {
            Some(_) => Err(Invalid::at("budget", format!("{key} has no budget: its runs follow from the arms and the seeds"))
                .help("remove it, or choose the strategy `successive-halving` or `sequential-halving`")),
            None => Ok(()),
        };
        let all: Vec<usize> = (0..arms).collect();
        Ok(match self {
            Self::Grid => {
                only("the grid")?;
                (Box::new(Grid::new(arms, seeds)), Axis::Rounds)
            }
            Self::SuccessiveHalving(spec) => {
                let (rungs, axis) = spec.rungs(budget, among)?;
                (Box::new(Halving::new(all, rungs, seeds)), axis)
            }
            Self::SequentialHalving(spec) => {
                let runs = budget.ok_or_else(without_budget)?.runs(stop)?;
                let phases = phases(arms, runs).ok_or_else(|| too_small(runs, arms))?;
                (Box::new(Sequential::new(all, phases, spec.reuse)), Axis::Rounds)
            }
            Self::Bracketing(spec) => {
                let sd = spec.sd;
                sd.map_or(Ok(()), |sd| require(sd > 0.0 && sd.is_finite(), "strategy.bracketing.sd", sd, "a number above 0"))?;
                let runs = budget.ok_or_else(without_budget)?.runs(stop)?;
                (Box::new(Bracketing::new(arms, runs, sd, Streams::new(0))), Axis::Rounds)
            }
            Self::Hyperband(spec) => {
                only("Hyperband")?;
                let at = "strategy.hyperband";
                let (axis, most) = whole(stop, spec.axis, at)?;
                let least = shortest(spec.least, most / (spec.eta as f64).powi(3), most, at)?;
                eta(spec.eta, at)?;
                (Box::new(Hyperband::new(arms, spec.eta, (least, most), seeds)), axis)
            }
            Self::Asha(spec) => {
                let at = "strategy.asha";
                let named = budget.and_then(Budget::length);
                let (axis, most) = whole(stop, spec.axis.or(named.map(|named| named.0)), at)?;
                let least = shortest(spec.least, most / (spec.eta as f64).powi(2), most, at)?;
                eta(spec.eta, at)?;
                let is_speed = |speed: &f64| *speed > 0.0 && speed.is_finite();
                if spec.workers.is_empty() || !spec.workers.iter().all(is_speed) {
                    let message = "a worker needs a speed above 0".to_owned();
                    return Err(Invalid::at(&format!("{at}.workers"), message).help("such as `workers = [1.0, 1.0, 0.5]`"));
                }
                let length = match budget {
                    None => f64::INFINITY,
                    Some(budget) => match budget.length() {
                        Some((named, amount)) if named == axis => amount,
                        _ => budget.runs(stop)? as f64 * most,
                    },
                };
                require(length >= least, "budget", length, "at least the length of the first rung")?;
                let steps = (0..).map(|rung| least * (spec.eta as f64).powi(rung));
                let mut rungs: Vec<f64> = steps.take_while(|place| *place < most * (1.0 - 1e-9)).collect();
                rungs.push(most);
                let search = Asha::new(arms, spec.eta, rungs, spec.workers.clone(), seeds);
                (Box::new(search.with(spec.variant, length / seeds as f64)), axis)
            }
        })
    }

    /// What it is called, in words; `None` for the grid.
    pub fn words(&self) -> Option<&'static str> {
        match self {
            Self::Grid => None,
            Self::SuccessiveHalving(_) => Some("successive halving"),
            Self::SequentialHalving(SequentialSpec { reuse: false }) => Some("sequential halving"),
            Self::SequentialHalving(_) => Some("sequential halving with reuse"),
            Self::Bracketing(_) => Some("bracketing"),
            Self::Hyperband(_) => Some("Hyperband"),
            Self::Asha(_) => Some("asynchronous successive halving"),
        }
    }
}

impl HalvingSpec {
    /// The rungs, and their axis.
    fn rungs(&self, budget: Option<Budget>, Among { arms, seeds, stop }: Among<'_>) -> Result<(Vec<Rung>, Axis), Invalid> {
        let at = "strategy.successive-halving";
        let Some(budget) = budget else {
            let (axis, whole) = whole(stop, self.axis, at)?;
            let chosen = self.eta.unwrap_or(2);
            eta(chosen, at)?;
            let growth = self.growth.unwrap_or(chosen as f64);
            require(growth > 1.0 && growth.is_finite(), &format!("{at}.growth"), growth, "a factor above 1")?;
            let rungs = self.rungs.unwrap_or(2);
            require(rungs > 0, &format!("{at}.rungs"), rungs, "at least 1")?;
            let share = self.most.unwrap_or(1.0);
            require(share > 0.0 && share <= 1.0, &format!("{at}.most"), share, "a share above 0, at most 1")?;
            let least = self.least.map_or(Ok(0.0), |least| shortest(Some(least), least, share * whole, at))?;
            return Ok((ladder(arms, Steps { eta: chosen, growth, rungs, least }, share * whole), axis));
        };
        let own = [
            ("eta", self.eta.is_some()),
            ("growth", self.growth.is_some()),
            ("rungs", self.rungs.is_some()),
            ("least", self.least.is_some()),
            ("most", self.most.is_some()),
        ];
        if let Some((key, _)) = own.iter().find(|(_, given)| *given) {
            let message = format!("`{key}` does not go with a `budget`, which makes the rungs");
            return Err(Invalid::at(&format!("{at}.{key}"), message).help("remove one of the two"));
        }
        let (axis, amount) = match budget.length() {
            Some((axis, amount)) => (axis, amount),
            None => {
                let (axis, most) = whole(stop, self.axis, at)?;
                (axis, budget.runs(stop)? as f64 * most)
            }
        };
        let unit = if axis == Axis::Seconds { 1e-6 } else { 1.0 };
        let rungs = budgeted(arms, amount / seeds as f64, unit);
        if rungs.is_empty() {
            let message = format!("the budget is not enough for one step of each of {}", count(arms, "arm"));
            return Err(Invalid::at("budget", message).help("raise it, or choose the strategy `bracketing`"));
        }
        Ok((rungs, axis))
    }
}

/// The axis of rungs, and the length of a whole run on it.
fn whole(stop: &Stop, axis: Option<Axis>, at: &str) -> Result<(Axis, f64), Invalid> {
    let axis = axis.or_else(|| AXES.into_iter().find(|&axis| bound(stop, axis).is_some())).unwrap_or(Axis::Rounds);
    bound(stop, axis).map(|most| (axis, most)).ok_or_else(|| unbounded(&format!("{at}.axis"), axis))
}

fn eta(eta: usize, at: &str) -> Result<(), Invalid> {
    require(eta >= 2, &format!("{at}.eta"), eta, "a whole number of 2 at least")
}

fn shortest(given: Option<f64>, default: f64, most: f64, at: &str) -> Result<f64, Invalid> {
    let least = given.unwrap_or(default);
    require(least > 0.0 && least <= most, &format!("{at}.least"), least, "a length above 0, at most that of the longest rung")?;
    Ok(least)
}

fn without_budget() -> Invalid {
    Invalid::at("strategy", "this strategy needs a budget")
        .help("write `budget = { runs = 64 }`: so many runs for each tuned method")
}

fn too_small(runs: usize, arms: usize) -> Invalid {
    let message = format!("{} are too few for sequential halving among {}", count(runs, "run"), count(arms, "arm"));
    Invalid::at("budget", message)
        .help(format!("give it {} at least, or choose the strategy `bracketing`", count(fewest(arms), "run")))
}
