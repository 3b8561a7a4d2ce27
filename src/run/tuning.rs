//! The choice among the arms of tuned methods: a first stage of runs on tuning seeds, before those that are reported.

mod contest;

use std::{collections::BTreeMap, fmt::Write as _};

use contest::Contest;

use super::{done::RunId, error::RunError, held::Place, plan::Plan, results::Results};
use crate::{
    invalid::count,
    record::{End, MetricSpec, curves::trial::Trial},
    search::TuneSpec,
};

/// A run, with the place up to which it is needed; `None` to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub run: RunId,
    pub until: Option<Place>,
}

impl Wanted {
    /// The whole of a run.
    pub fn whole(run: RunId) -> Self {
        Self { run, until: None }
    }
}

/// The kept arm of every method in every cell, with the trials behind the choice; nothing of tuned methods before it is made.
#[derive(Debug, Default)]
pub struct Choices {
    kept: BTreeMap<(usize, usize), usize>,
    /// Every arm that was run of every tuned method.
    pub trials: Vec<Trial>,
}

impl Choices {
    /// The kept arm of a method in a cell: its only one where it is not tuned.
    pub fn arm(&self, cell: usize, method: usize) -> usize {
        self.kept.get(&(cell, method)).copied().unwrap_or(0)
    }

    /// The same where it is known: a tuned method has none before the choice.
    pub fn known(&self, plan: &Plan, cell: usize, method: usize) -> Option<usize> {
        if plan.is_tuned(cell, method) { self.kept.get(&(cell, method)).copied() } else { Some(0) }
    }

    /// Whether a run is one of those that are reported.
    pub fn reports(&self, plan: &Plan, run: RunId) -> bool {
        run.seed < plan.seeds.len() && self.arm(run.cell, run.method) == run.arm
    }
}

/// The searches of all tuned methods in all cells.
pub(super) struct Contests<'p> {
    plan: &'p Plan,
    all: Vec<Contest>,
}

impl<'p> Contests<'p> {
    /// The searches of `plan`, none of which has begun.
    pub fn of(plan: &'p Plan) -> Self {
        Self { plan, all: plan.tuned().map(|(cell, method)| Contest::new(plan, cell, method)).collect() }
    }

    /// The runs that are needed next, by all searches together; none once they are over.
    pub fn next(&mut self) -> Vec<Wanted> {
        self.all.iter_mut().flat_map(|contest| contest.next(self.plan)).collect()
    }

    /// Scores what was needed; `ends` are those of the runs that have ended.
    ///
    /// # Errors
    /// When the rows of a run cannot be read.
    pub fn score(&mut self, results: &Results, ends: &BTreeMap<RunId, End>) -> Result<(), RunError> {
        self.all.iter_mut().try_for_each(|contest| contest.score(self.plan, results, ends))
    }

    /// What the searches have come to.
    pub fn choices(&self) -> Choices {
        Choices {
            kept: self.all.iter().map(|contest| ((contest.cell, contest.method), contest.kept())).collect(),
            trials: self.all.iter().flat_map(|contest| contest.trials(self.plan)).collect(),
        }
    }
}

impl Plan {
    /// How tuned methods are tuned, in a line: arms, seeds and what decides; `None` where nothing is tuned.
    pub fn tuned_words(&self) -> Option<String> {
        let groups = self.by_arms();
        let (arms, _) = groups.first()?;
        let arms = if groups.len() == 1 {
            let each = if self.tuned().nth(1).is_some() { " for each tuned method" } else { "" };
            format!("{}{each}", count(*arms, "arm"))
        } else {
            groups
                .iter()
                .map(|(arms, labels)| format!("{} for {}", count(*arms, "arm"), labels.join(", ")))
                .collect::<Vec<_>>()
                .join("; ")
        };
        let TuneSpec { strategy, budget, .. } = &self.tuning.spec;
        let by = strategy.words().map(|words| format!(" by {words}")).unwrap_or_default();
        let within = budget.map(|budget| format!(" within {budget} each")).unwrap_or_default();
        let mut text = format!("tuning: {arms}{by}{within}, on ");
        let _ = match self.tuning.apart.as_deref() {
            None => write!(text, "the reported seeds"),
            Some([seed]) => write!(text, "the tuning seed {seed}"),
            Some([first, .., last]) if *last - *first > 2 => write!(text, "the tuning seeds {first} to {last}"),
            Some(seeds) => {
                write!(text, "the tuning seeds {}", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        Some(text)
    }

    /// The numbers of arms of tuned methods, each with the labels of those that have so many.
    fn by_arms(&self) -> Vec<(usize, Vec<&str>)> {
        let mut groups: Vec<(usize, Vec<&str>)> = Vec::new();
        for (cell, method) in self.tuned() {
            let arms = &self.cells[cell].methods[method];
            let label = arms[0].label.as_str();
            match groups.iter_mut().find(|(known, _)| *known == arms.len()) {
                Some((_, labels)) if labels.contains(&label) => {}
                Some((_, labels)) => labels.push(label),
                None => groups.push((arms.len(), vec![label])),
            }
        }
        groups
    }

    /// What is not as it may have been meant about the tuning, a line each.
    pub(super) fn tuning_notes(&self) -> Vec<String> {
        let Some((cell, method)) = self.tuned().next() else { return Vec::new() };
        let mut notes = vec![self.deciding_words(cell, method)];
        if self.by_arms().len() > 1 {
            notes.push(
                "tuned methods have different numbers of arms: the one with more has the better chance of a good one".to_owned(),
            );
        }
        if let Some(words) = self.tuning.spec.strategy.words() {
            notes.push(format!("the number of runs and what they cost are estimated as for whole runs: {words} takes less"));
        }
        if self.tuning.apart.is_none() {
            let note = "`tune.seeds = \"reported\"` chooses on the seeds that are reported, which flatters what is kept";
            notes.push(note.to_owned());
        }
        notes
    }

    /// What decides among tuned values: that of the first tuned method, and of all where the claims decide.
    fn deciding_words(&self, cell: usize, method: usize) -> String {
        if self.tuning.spec.by_claims() {
            let mut lines: Vec<String> = Vec::new();
            for (cell, method) in self.tuned() {
                let line = format!("{} by {}", self.cells[cell].methods[method][0].label, self.tuning.words(cell, method));
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
            return format!("`tune` keeps what is best for the claims: {}", lines.join("; "));
        }
        let deciding: Vec<MetricSpec> =
            self.tuning.deciding(cell, method).iter().map(|&(_, column, _)| self.columns[column].metric).collect();
        let listed = self.record.metrics.as_ref().is_none_or(|metrics| deciding.iter().all(|metric| metrics.contains(metric)));
        let besides = if listed { "" } else { ", which is recorded for that" };
        let kept = format!("`tune` keeps the values with the best {}{besides}", self.tuning.words(cell, method));
        let of_training = !deciding.iter().any(MetricSpec::needs_validation) && self.tuning.spec.by.is_none();
        if deciding.iter().any(MetricSpec::needs_test) {
            format!("{kept}: it is of held-out samples, and what they say of these methods then flatters them")
        } else if of_training && self.cells.iter().any(|planned| planned.data.is_some()) {
            format!(
                "{kept}: it is of training samples; with `validation = 0.1` in the data, samples decide on which nobody trains"
            )
        } else {
            kept
        }
    }
}
