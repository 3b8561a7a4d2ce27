//! Scores of recorded runs: each sweep cell of each folder of results is a task.

use super::scores::{Scores, Task};
use crate::{
    invalid::{Invalid, count},
    record::{
        axis::Axis,
        curves::{Cell, Curves, Run},
        measure::{self, Better},
        target::Target,
        units::exact,
    },
    rounding::end_of_instant,
};

/// Values at or below this are the same to a logarithm: rounding is not a merit.
const FLOOR: f64 = 1e-12;

/// What runs are ranked by.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A metric, by its name, at a place on an axis, or at the end of the run.
    Metric(String, Option<(Axis, f64)>),
    /// The virtual seconds until a target is reached.
    Seconds(Target),
}

/// One folder of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What its tasks are called.
    pub name: String,
    /// How much each of its tasks counts.
    pub weight: f64,
    /// What it recorded.
    pub curves: Curves,
}

/// Scores of recorded runs, and what a reader should know of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The scores.
    pub scores: Scores,
    /// What they are scores of, in words.
    pub title: String,
    /// Whether they are negated decimal logarithms, so that their differences are ratios.
    pub logarithmic: bool,
    /// How they were made, a line each.
    pub notes: Vec<String>,
}

impl Quantity {
    /// The metric that has to be recorded.
    fn metric(&self) -> &str {
        match self {
            Self::Metric(name, _) => name,
            Self::Seconds(target) => &target.metric,
        }
    }

    fn title(&self) -> String {
        let metric = measure::title(self.metric());
        match self {
            Self::Metric(_, None) => format!("final {metric}"),
            Self::Metric(_, Some((axis, x))) => format!("{metric} at {axis} = {}", exact(*x)),
            Self::Seconds(target) => {
                let sign = if Better::of(&target.metric) == Better::Lower { "≤" } else { "≥" };
                format!("virtual seconds to {metric} {sign} {}", exact(target.value))
            }
        }
    }

    fn better(&self) -> Better {
        match self {
            Self::Metric(name, _) => Better::of(name),
            Self::Seconds(_) => Better::Lower,
        }
    }

    /// Whether ratios of its values say more than differences.
    fn is_logarithmic(&self) -> bool {
        match self {
            Self::Metric(name, _) => Better::of(name) == Better::Lower && measure::is_geometric(name),
            Self::Seconds(_) => true,
        }
    }

    /// Its value in a run; the worst there is for one that diverged, or never reaches the target. `column` is that of the metric.
    fn value(&self, run: &Run, column: usize) -> Option<f64> {
        let better = self.better();
        match self {
            Self::Seconds(target) => Some(target.crossing(run, Axis::Seconds, column).map_or(f64::INFINITY, |place| place.high)),
            Self::Metric(..) if run.diverged => Some(better.worst()),
            Self::Metric(_, None) => run.last(column).map(|value| better.settle(value)),
            Self::Metric(_, Some((axis, x))) => {
                let end = if *axis == Axis::Seconds { end_of_instant(*x) } else { *x };
                run.at(*axis, column, end).map(|value| better.settle(value))
            }
        }
    }

    /// A value as a score: larger is better, and a difference says how much.
    fn score(&self, value: f64) -> f64 {
        match self.better() {
            Better::Higher => value,
            Better::Lower if self.is_logarithmic() => -value.max(FLOOR).log10(),
            Better::Lower => -value,
        }
    }
}

impl Measured {
    /// The scores of the methods `only` in all `sources`, or of all methods where none are named.
    ///
    /// # Errors
    /// [`Invalid`] if a folder lacks the metric, a method of `only` is nowhere, or fewer than two methods are left.
    pub fn of(sources: &[Source], quantity: &Quantity, only: &[String]) -> Result<Self, Invalid> {
        let methods = methods(sources, only)?;
        let (mut tasks, mut floored, mut short, mut worst) = (Vec::new(), 0, 0, 0);
        for source in sources {
            let column = column(source, quantity.metric())?;
            for cell in source.curves.cells() {
                let runs: Vec<&Run> =
                    source.curves.runs.iter().filter(|run| run.cell == *cell && methods.contains(&run.method)).collect();
                let values: Vec<f64> = runs.iter().filter_map(|run| quantity.value(run, column)).collect();
                floored += values.iter().filter(|&&value| quantity.is_logarithmic() && value <= FLOOR).count();
                worst += values.iter().filter(|value| !value.is_finite()).count();
                if let Quantity::Metric(_, Some((axis, x))) = quantity {
                    short += runs.iter().filter(|run| !run.diverged && !run.reaches(*axis, *x)).count();
                }
                let score = |run: &Run| quantity.value(run, column).map(|value| quantity.score(value));
                tasks.push(task(source, cell, &methods, &runs, score));
            }
        }
        let mut notes = vec![made(quantity, &tasks, methods.len())];
        let told = [
            (floored, "at or below 1e-12, which count as 1e-12"),
            (short, "of runs that end before, whose last sample counts"),
            (
                worst,
                if matches!(quantity, Quantity::Seconds(_)) {
                    "never reached, worse than any other"
                } else {
                    "of runs that diverged, worse than any other"
                },
            ),
        ];
        notes.extend(
            told.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{} {what}", count(*number, "value"))),
        );
        let scores = Scores::new(methods, tasks);
        Ok(Self { scores, title: quantity.title(), logarithmic: quantity.is_logarithmic(), notes })
    }
}

/// What scores are made of, and of how many.
fn made(quantity: &Quantity, tasks: &[Task], methods: usize) -> String {
    let seeds = tasks.iter().map(|task| task.scores.iter().map(|row| row.iter().flatten().count()).max().unwrap_or(0));
    let (least, most) = (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0));
    let seeds = if least == most { count(most, "seed") } else { format!("{least} to {most} seeds") };
    let score = match (quantity.better(), quantity.is_logarithmic()) {
        (Better::Higher, _) => "scores are the values",
        (Better::Lower, true) => "scores are the negated decimal logarithms of the values",
        (Better::Lower, false) => "scores are the negated values",
    };
    format!("{} on {} of {seeds}; {score}", count(methods, "method"), count(tasks.len(), "task"))
}

/// The labels that are ranked.
fn methods(sources: &[Source], only: &[String]) -> Result<Vec<String>, Invalid> {
    let mut all: Vec<String> = sources.iter().flat_map(|source| source.curves.methods()).map(str::to_owned).collect();
    all.sort();
    all.dedup();
    if let Some(unknown) = only.iter().find(|label| !all.contains(label)) {
        let fault = Invalid::at("only", format!("none of the results has a method `{unknown}`"));
        return Err(fault.help(format!("they have: {}", all.join(", "))));
    }
    if !only.is_empty() {
        all.retain(|label| only.contains(label));
    }
    if all.len() < 2 {
        let fault = Invalid::at("", format!("there is nothing to rank: {}", count(all.len(), "method")));
        return Err(fault.help("name folders of results with the same methods, or more methods in `--only`"));
    }
    Ok(all)
}

fn column(source: &Source, metric: &str) -> Result<usize, Invalid> {
    source.curves.metric(metric).ok_or_else(|| {
        Invalid::at("metric", format!("`{}` has no recorded metric `{metric}`", source.name))
            .help(format!("recorded are: {}; `--metric` chooses one that all folders have", source.curves.metrics.join(", ")))
    })
}

/// One cell of a folder: for each method the score under every seed that some method has.
fn task(source: &Source, cell: &Cell, methods: &[String], runs: &[&Run], score: impl Fn(&Run) -> Option<f64>) -> Task {
    let mut seeds: Vec<u64> = runs.iter().map(|run| run.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let of =
        |method: &String, seed: u64| runs.iter().find(|run| run.method == *method && run.seed == seed).and_then(|run| score(run));
    let row = |method: &String| seeds.iter().map(|&seed| of(method, seed)).collect();
    let name = if cell.is_empty() { source.name.clone() } else { format!("{} ({cell})", source.name) };
    Task { name, group: source.name.clone(), weight: source.weight, scores: methods.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::rank::Pool;

    /// Two methods, two cells, two seeds; `b` has no second seed in the second cell, and diverges in the first one under seed 2.
    fn source() -> Source {
        let text = "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy\n\
                    1,b,1,0,0,0,0,0,0,1,0.5\n1,b,1,1,5,0,0,0,0,0.1,0.6\n1,b,1,2,10,0,0,0,0,0.001,0.75\n\
                    1,a,1,1,5,0,0,0,0,1e-15,0.5\n1,a,2,1,5,0,0,0,0,0.01,0.5\n\
                    1,b,2,0,0,0,0,0,0,1,0.5\n1,b,2,1,5,0,0,0,0,inf,0.5\n\
                    2,a,1,1,5,0,0,0,0,0.1,0.5\n2,b,1,1,5,0,0,0,0,0.1,0.5\n2,a,2,1,5,0,0,0,0,1,0.5\n";
        Source { name: "s".into(), weight: 2.0, curves: Curves::parse(text.as_bytes(), Path::new("t")).unwrap() }
    }

    fn scores(quantity: &Quantity) -> Vec<Vec<Vec<Option<f64>>>> {
        let found = Measured::of(&[source()], quantity, &[]).unwrap();
        assert_eq!(found.scores.methods(), ["a", "b"]);
        found.scores.tasks().iter().map(|task| task.scores.clone()).collect()
    }

    #[test]
    fn cells_are_tasks_and_losses_count_by_decades() {
        let last = Quantity::Metric("loss".into(), None);
        let (bad, none) = (Some(f64::NEG_INFINITY), None);
        assert_eq!(scores(&last), [[[Some(12.0), Some(2.0)], [Some(3.0), bad]], [[Some(1.0), Some(-0.0)], [Some(1.0), none]]]);
        let found = Measured::of(&[source()], &last, &[]).unwrap();
        let names: Vec<_> = found.scores.tasks().iter().map(|task| (task.name.as_str(), task.weight)).collect();
        assert_eq!(names, [("s (alpha = 1)", 2.0), ("s (alpha = 2)", 2.0)]);
        assert_eq!((found.title.as_str(), found.logarithmic), ("final training loss", true));
        assert_eq!(
            found.notes,
            [
                "2 methods on 2 tasks of 2 seeds; scores are the negated decimal logarithms of the values",
                "1 value at or below 1e-12, which count as 1e-12",
                "1 value of runs that diverged, worse than any other"
            ]
        );
        assert_eq!(found.scores.board(Pool::Mean).scores[0], [Some(7.0), Some(f64::NEG_INFINITY)]);
    }

    #[test]
    fn instants_and_targets_are_scores_too() {
        let early = Quantity::Metric("accuracy".into(), Some((Axis::Seconds, 5.0)));
        assert_eq!(scores(&early)[0], [[Some(0.5), Some(0.5)], [Some(0.6), Some(f64::NEG_INFINITY)]]);
        // `a` is below 0.1 at its first sample, after 5 s, under both seeds; `b` after 5 s, and never.
        let seconds = Quantity::Seconds("loss=0.1".parse().unwrap());
        let score = Some(-(5.0_f64.log10()));
        assert_eq!(scores(&seconds)[0], [[score, score], [score, Some(f64::NEG_INFINITY)]]);
        assert_eq!(seconds.title(), "virtual seconds to training loss ≤ 0.1");
        let late = Quantity::Metric("loss".into(), Some((Axis::Rounds, 9.0)));
        let notes = Measured::of(&[source()], &late, &[]).unwrap().notes;
        assert!(notes.iter().any(|note| note.contains("runs that end before")), "{notes:?}");
    }

    #[test]
    fn what_cannot_be_ranked_is_said() {
        let last = Quantity::Metric("loss".into(), None);
        let told = |quantity: &Quantity, only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&label| label.to_owned()).collect();
            Measured::of(&[source()], quantity, &only).unwrap_err().to_string()
        };
        assert!(told(&last, &["c"]).contains("none of the results has a method `c`"));
        assert!(told(&last, &["a"]).contains("nothing to rank: 1 method"));
        assert!(told(&Quantity::Metric("gap".into(), None), &[]).contains("`s` has no recorded metric `gap`"));
    }
}
