//! `fedfleet claims`: the verdicts of recorded curves, and how far they depend on the stop, the grid and the seeds.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::ValueEnum;

use super::{Outcome, unplaced, whole};
use crate::{
    invalid::printable,
    record::{
        cell,
        claim::{
            self, Answer, ClaimSpec, Rules, Verdict,
            vary::{self, Grid, Place, Varied},
        },
        curves::{
            Curves,
            trial::{self, Trial},
        },
    },
    registry::Registry,
    scenario::{Scenario, decode::decode},
};

const EXAMPLES: &str = "\
Examples:
  fedfleet claims results/quickstart
  fedfleet claims results/quickstart --vary stop,seeds
  fedfleet claims results/quickstart --scenario edited.toml --csv > claims.csv";

/// Judge the claims of recorded curves again: holds, refuted or undecided, and whether that depends on the stop, the grid, the seeds
///
/// Nothing is run: all comes from curves.csv, and from tuning.csv for grids. A claim is judged by the effect in each seed: it holds where
/// the 95 % interval keeps what it requires, is refuted where the interval breaks it, and is undecided where the interval crosses the
/// threshold.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder of results
    #[arg(value_name = "RESULTS")]
    results: PathBuf,

    /// Judge again with something changed; several with commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    vary: Vec<Vary>,

    /// Judge the `[[claim]]` sections of this scenario instead
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,

    /// Print rows as in claims.csv
    #[arg(long, conflicts_with = "vary")]
    csv: bool,
}

/// What verdicts may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Vary {
    /// An earlier end of all runs: 75, 50 and 25 % of the rounds
    Stop,
    /// The grids of tuned values: edges, and the next best values
    Grid,
    /// The seeds: without each one in turn, and each half
    Seeds,
}

impl Args {
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        let path = self.scenario.clone().unwrap_or_else(|| self.results.join("manifest.toml"));
        let scenario = Scenario::load(&path, &[], registry)?;
        let claims: Vec<ClaimSpec> = match scenario.cells[0].tree.get("claim") {
            Some(node) => decode(node, "claim", registry).map_err(|faults| scenario.reject(faults))?,
            None => Vec::new(),
        };
        let _ = whole(&self.results)?;
        let curves = Curves::read(&self.results.join("curves.csv")).map_err(unplaced)?;
        let rules = Rules { level: scenario.seeds.level() };
        let verdicts = claim::all(&claims, &curves, rules).map_err(unplaced)?;
        let mut out = io::stdout().lock();
        if self.csv {
            claim::write(&verdicts, &mut out)?;
            return Ok(Outcome::Done);
        }
        let judged = Judged { claims: &claims, curves: &curves, rules, trials: self.trials()? };
        out.write_all(printable(&judged.text(&verdicts, &self.vary)?).as_bytes())?;
        Ok(Outcome::Done)
    }

    /// The trials of tuned methods, if their grids are asked for.
    fn trials(&self) -> anyhow::Result<Vec<Trial>> {
        if !self.vary.contains(&Vary::Grid) {
            return Ok(Vec::new());
        }
        Ok(trial::read(&self.results.join("tuning.csv")).map_err(unplaced)?)
    }
}

/// Claims with the records that answer them.
struct Judged<'a> {
    claims: &'a [ClaimSpec],
    curves: &'a Curves,
    rules: Rules,
    trials: Vec<Trial>,
}

impl Judged<'_> {
    /// A line for each verdict, with a line below for each thing to `vary`, and what could not be varied.
    fn text(&self, verdicts: &[Verdict], vary: &[Vary]) -> anyhow::Result<String> {
        let asked = |what| vary.contains(&what);
        let stops =
            if asked(Vary::Stop) { vary::stops(self.claims, self.curves, self.rules).map_err(unplaced)? } else { Vec::new() };
        let seeds =
            if asked(Vary::Seeds) { vary::seeds(self.claims, self.curves, self.rules).map_err(unplaced)? } else { Vec::new() };
        let mut text = String::new();
        let mut turned = [0, 0];
        for (place, verdict) in self.places(verdicts)? {
            text += &format!("{}\n", verdict.line());
            for (index, (name, varied)) in [("stop", &stops), ("seeds", &seeds)].into_iter().enumerate() {
                let changed: Vec<(&Varied, Answer)> = changed(varied, &place, verdict.answer);
                turned[index] += usize::from(!changed.is_empty());
                if !varied.is_empty() {
                    text += &format!("          {name}: {}\n", told(&changed, verdict.answer));
                }
            }
            for grid in self.grids(&place, asked(Vary::Grid)) {
                text += &format!("          grid: {grid}\n");
            }
        }
        text += &self.limits(vary, &seeds);
        let total = verdicts.len();
        for (what, turned) in [(Vary::Stop, turned[0]), (Vary::Seeds, turned[1])] {
            let name = if what == Vary::Stop { "stop" } else { "seeds" };
            if asked(what) {
                text += &format!("{turned} of {total} verdicts depend on the {name}\n");
            }
        }
        Ok(text)
    }

    /// The verdicts with their places.
    fn places<'v>(&self, verdicts: &'v [Verdict]) -> anyhow::Result<Vec<(Place, &'v Verdict)>> {
        let mut left = verdicts.iter();
        let mut found = Vec::new();
        for (index, claim) in self.claims.iter().enumerate() {
            let count = claim::evaluate(claim, self.curves, self.rules).map_err(unplaced)?.len();
            found.extend(left.by_ref().take(count).map(|verdict| ((index, verdict.cell.clone()), verdict)));
        }
        Ok(found)
    }

    /// The grids of the methods that a claim names, in its cell.
    fn grids(&self, (index, cell): &Place, asked: bool) -> Vec<Grid> {
        let claim = &self.claims[*index];
        let methods: Vec<&str> = [&claim.better, &claim.worse, &claim.of].into_iter().flatten().map(String::as_str).collect();
        let is_here = |other: &_| {
            cell::keeps(&claim.cells, other) && cell.0.iter().all(|(key, value)| other.get(key) == Some(value.as_str()))
        };
        if asked { vary::grids(&self.trials, &methods, is_here) } else { Vec::new() }
    }

    /// What records do not allow to vary.
    fn limits(&self, vary: &[Vary], seeds: &[Varied]) -> String {
        let mut text = String::new();
        if vary.contains(&Vary::Stop) {
            text += "note: an earlier stop keeps the values that were tuned for the whole runs, and a later stop needs further runs\n";
        }
        if vary.contains(&Vary::Grid) {
            text += if self.trials.is_empty() {
                "note: no method is tuned, so there is no grid to vary\n"
            } else {
                "note: curves are recorded of the kept values alone: to judge with others, run with `--set` and the values\n"
            };
        }
        if vary.contains(&Vary::Seeds) && seeds.is_empty() {
            text += "note: fewer than four seeds are recorded, so none can be left out\n";
        }
        text
    }
}

/// The changes under which the answer is another one than `answer`.
fn changed<'v>(varied: &'v [Varied], place: &Place, answer: Answer) -> Vec<(&'v Varied, Answer)> {
    varied.iter().map(|varied| (varied, varied.answer(place))).filter(|(_, other)| *other != answer).collect()
}

/// The changed answers in words.
fn told(changed: &[(&Varied, Answer)], answer: Answer) -> String {
    if changed.is_empty() {
        return format!("{} throughout", answer.name());
    }
    let mut groups: Vec<(Answer, Vec<&str>)> = Vec::new();
    for (varied, answer) in changed {
        match groups.iter_mut().find(|(known, _)| known == answer) {
            Some((_, by)) => by.push(&varied.by),
            None => groups.push((*answer, vec![&varied.by])),
        }
    }
    groups.into_iter().map(|(answer, by)| format!("{} with {}", answer.name(), by.join(", "))).collect::<Vec<_>>().join("; ")
}
