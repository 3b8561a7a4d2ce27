//! The arms of one tuned method in one cell, and what has been found of them.

use std::{cmp::Ordering, collections::BTreeMap};

use super::Wanted;
use crate::{
    record::{
        End, Outcome,
        axis::Axis,
        curves::{Curves, Run, trial::Trial},
        metric::Better,
    },
    run::{Plan, Results, RunError, RunId, cell::swept, held::Place},
    search::{Criterion, Pull, Score, Search, criterion::combined, strategy::Among},
};

/// The search among the arms of one method in one cell.
pub struct Contest {
    pub cell: usize,
    pub method: usize,
    search: Box<dyn Search>,
    /// The axis of its rungs.
    axis: Axis,
    /// Whether the search is over, so that only values beyond the grids are tried.
    widens: bool,
    /// The pulls that are being computed.
    asked: Vec<Pull>,
    /// What is known of each arm that was run.
    found: BTreeMap<usize, Found>,
    /// How far each run of an arm has been taken, with its spending there.
    pulled: BTreeMap<RunId, [f64; 6]>,
    kept: usize,
}

/// What is known of an arm.
#[derive(Debug, Clone, Copy)]
struct Found {
    score: Score,
    /// The score in the unit of what decides.
    shown: f64,
    seeds: usize,
    /// The rung or phase that it came to.
    rung: usize,
    /// The place to which it ran there; `None` for its end.
    until: Option<f64>,
    /// Totals over all seeds that it has run on, in the order of [`Axis::ALL`].
    totals: [f64; 6],
}

impl Contest {
    pub fn new(plan: &Plan, cell: usize, method: usize) -> Self {
        let planned = &plan.cells[cell];
        let (arms, seeds) = (planned.methods[method].len(), plan.tuning_seeds(method).count());
        let (search, axis) = plan.tuning.search(Among { arms, seeds, stop: &planned.record.stop });
        Self {
            cell,
            method,
            search,
            axis,
            widens: false,
            asked: Vec::new(),
            found: BTreeMap::new(),
            pulled: BTreeMap::new(),
            kept: 0,
        }
    }

    /// The runs that are needed next; none once the search is over.
    pub fn next(&mut self, plan: &Plan) -> Vec<Wanted> {
        if !self.widens {
            self.asked = self.search.ask();
            self.widens = self.asked.is_empty();
        }
        if self.widens {
            let seeds = plan.tuning_seeds(self.method).count();
            // As far as the kept arm has come.
            let Some(&Found { rung, until, .. }) = self.found.get(&self.kept) else { return Vec::new() };
            let pull = |arm| Pull { arm, seeds: 0..seeds, until, rung };
            self.asked = self.further(plan).into_iter().map(pull).collect();
        }
        let wanted = |pull: &Pull| {
            self.runs(plan, pull).into_iter().map(|run| Wanted { run, until: self.place(pull) }).collect::<Vec<_>>()
        };
        self.asked.iter().flat_map(wanted).collect()
    }

    /// The runs of a pull.
    fn runs(&self, plan: &Plan, pull: &Pull) -> Vec<RunId> {
        let (cell, method, arm) = (self.cell, self.method, pull.arm);
        let seeds = plan.tuning_seeds(method).skip(pull.seeds.start).take(pull.seeds.len());
        seeds.map(|seed| RunId { cell, seed, method, arm }).collect()
    }

    /// The place up to which a pull goes.
    fn place(&self, pull: &Pull) -> Option<Place> {
        pull.until.map(|x| Place { axis: self.axis, x })
    }

    /// Scores the latest pulls.
    pub fn score(&mut self, plan: &Plan, results: &Results, ends: &BTreeMap<RunId, End>) -> Result<(), RunError> {
        let asked = std::mem::take(&mut self.asked);
        let mut scores = Vec::with_capacity(asked.len());
        for pull in &asked {
            let found = self.measure(plan, results, ends, pull)?;
            scores.push(found.score);
            self.note(pull.arm, found);
        }
        if !self.widens {
            self.search.tell(&scores);
            self.kept = self.search.kept();
        }
        for pull in asked.iter().filter(|_| self.widens) {
            if self.found[&pull.arm].score.order(&self.found[&self.kept].score) == Ordering::Less {
                self.kept = pull.arm;
            }
        }
        Ok(())
    }

    /// Keeps what is `found` of an arm, unless it came further before, as in an earlier bracket; what it has cost counts in any case.
    fn note(&mut self, arm: usize, found: Found) {
        let reach = |found: &Found| found.until.unwrap_or(f64::INFINITY);
        let known = self.found.entry(arm).or_insert(found);
        let further = if reach(known) > reach(&found) { *known } else { found };
        *known = Found { seeds: found.seeds, totals: found.totals, ..further };
    }

    /// What a pull has come to: of each quantity that decides, the median over seeds.
    fn measure(&mut self, plan: &Plan, results: &Results, ends: &BTreeMap<RunId, End>, pull: &Pull) -> Result<Found, RunError> {
        let deciding = plan.tuning.deciding(self.cell, self.method);
        let mut by_seed: Vec<Vec<Score>> = vec![Vec::new(); deciding.len()];
        for run in self.runs(plan, pull) {
            let curve = self.curve(plan, results, ends, (run, pull))?;
            if let Some(curve) = &curve {
                let spent = Axis::ALL.map(|axis| curve.end(axis));
                let known = self.pulled.entry(run).or_insert(spent);
                known.iter_mut().zip(spent).for_each(|(known, spent)| *known = known.max(spent));
            }
            for (scores, (criterion, column, better)) in by_seed.iter_mut().zip(deciding) {
                scores.push(curve.as_ref().map_or(Score::WORST, |curve| criterion.score(curve, (*column, *better))));
            }
        }
        let each: Vec<(&Criterion, Score, Better)> = deciding
            .iter()
            .zip(&by_seed)
            .map(|((criterion, _, better), scores)| (criterion, Score::median(scores), *better))
            .collect();
        let score = combined(&each);
        let shown = match each[..] {
            [(criterion, score, better)] => criterion.shown(score, better),
            _ if each.iter().any(|(_, score, _)| score.first.is_infinite()) => f64::INFINITY,
            _ => score.first.exp(),
        };
        let mut totals = [0.0; 6];
        let own: Vec<&[f64; 6]> = self.pulled.iter().filter(|(run, _)| run.arm == pull.arm).map(|(_, spent)| spent).collect();
        own.iter().for_each(|spent| totals.iter_mut().zip(*spent).for_each(|(sum, x)| *sum += x));
        Ok(Found { score, shown, seeds: own.len(), rung: pull.rung, until: pull.until, totals })
    }

    /// The curve of a run as far as its pull goes; `None` where it has no rows.
    fn curve(
        &self,
        plan: &Plan,
        results: &Results,
        ends: &BTreeMap<RunId, End>,
        (run, pull): (RunId, &Pull),
    ) -> Result<Option<Run>, RunError> {
        let part = results.of_run(&plan.name(run), "csv");
        if !part.is_file() {
            return Ok(None);
        }
        let Some(mut curve) = Curves::read(&part)?.runs.into_iter().next() else { return Ok(None) };
        let whole = curve.axis(self.axis).len();
        if let Some(x) = pull.until {
            curve.cut(self.axis, x);
        }
        // What became of it later is not known yet.
        let has_ended = curve.axis(self.axis).len() == whole;
        curve.diverged |= has_ended && ends.get(&run).is_some_and(|end| end.outcome == Outcome::Diverged);
        Ok(Some(curve))
    }

    /// The arms beyond the ends of the grids at which the kept one lies: with the next value of that key, and its own of all others.
    fn further(&self, plan: &Plan) -> Vec<usize> {
        let planned = &plan.cells[self.cell];
        let arms: Vec<&[_]> = planned.arms(self.method).map(|arm| arm.tuned.as_slice()).collect();
        let number = |arm: usize, key: usize| arms[arm][key].value.parse::<f64>().ok();
        let mut further = Vec::new();
        for key in 0..arms[self.kept].len() {
            let Some(kept) = number(self.kept, key) else { continue };
            let alike = |arm: &usize| (0..arms[*arm].len()).all(|k| k == key || arms[*arm][k].value == arms[self.kept][k].value);
            for sign in [-1.0, 1.0] {
                let outside = |arm: usize| number(arm, key).map(|x| sign * x).filter(|x| *x > sign * kept);
                let tried_beyond = self.found.keys().any(|&arm| outside(arm).is_some());
                let next = (planned.methods[self.method].len()..arms.len())
                    .filter(alike)
                    .filter_map(|arm| Some((outside(arm)?, arm)))
                    .min_by(|a, b| a.0.total_cmp(&b.0));
                further.extend(next.filter(|_| !tried_beyond).map(|(_, arm)| arm));
            }
        }
        further
    }

    /// The kept arm.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Every arm that was run.
    pub fn trials(&self, plan: &Plan) -> Vec<Trial> {
        let trial = |(&arm, found): (&usize, &Found)| {
            let tried = plan.arm(RunId { cell: self.cell, seed: 0, method: self.method, arm });
            Trial {
                cell: swept(&plan.cells[self.cell].cell),
                method: tried.label.clone(),
                values: tried.tuned.iter().map(|key| (key.path.clone(), key.value.clone())).collect(),
                kept: arm == self.kept,
                by: plan.tuning.words(self.cell, self.method),
                score: found.shown,
                rung: found.rung,
                seeds: found.seeds,
                totals: found.totals,
            }
        };
        self.found.iter().map(trial).collect()
    }
}
