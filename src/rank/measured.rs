//! Scores of recorded runs: each sweep cell of each folder of results is a task.

use super::scores::{Scores, Task};
use crate::{
    invalid::{Invalid, count},
    record::{
        axis::{Axis, exact},
        curves::{Cell, Curves, Run, target::Target},
        metric::{Better, Measure, ScaleKind},
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
}

/// A quantity, with the description of its metric.
struct Gauge<'a> {
    quantity: &'a Quantity,
    metric: &'a Measure,
}

impl Gauge<'_> {
    fn title(&self) -> String {
        let metric = &self.metric.title;
        match self.quantity {
            Quantity::Metric(_, None) => format!("final {metric}"),
            Quantity::Metric(_, Some((axis, x))) => format!("{metric} at {axis} = {}", exact(*x)),
            Quantity::Seconds(target) => {
                let sign = if self.metric.better == Better::Higher { "≥" } else { "≤" };
                format!("virtual seconds to {metric} {sign} {}", exact(target.value))
            }
        }
    }

    fn better(&self) -> Better {
        match self.quantity {
            Quantity::Metric(..) => self.metric.better,
            Quantity::Seconds(_) => Better::Lower,
        }
    }

    /// Whether ratios of its values say more than differences.
    fn is_logarithmic(&self) -> bool {
        match self.quantity {
            Quantity::Metric(..) => self.metric.better == Better::Lower && self.metric.scale == ScaleKind::Log,
            Quantity::Seconds(_) => true,
        }
    }

    /// Its value in a run; the worst there is for one that diverged, or never reaches the target. `column` is that of the metric.
    fn value(&self, run: &Run, column: usize) -> Option<f64> {
        let better = self.better();
        match self.quantity {
            Quantity::Seconds(target) => {
                let place = target.crossing(run, Axis::Seconds, (column, self.metric.better));
                Some(place.map_or(f64::INFINITY, |place| place.high))
            }
            Quantity::Metric(..) if run.diverged => Some(better.worst()),
            Quantity::Metric(_, None) => run.last(column).map(|value| better.settle(value)),
            Quantity::Metric(_, Some((axis, x))) => {
                let end = if *axis == Axis::Seconds { end_of_instant(*x) } else { *x };
                run.at(*axis, column, end).map(|value| better.settle(value))
            }
        }
    }

    /// A value as a score: larger is better, and a difference says how much.
    fn score(&self, value: f64) -> f64 {
        match self.better() {
            Better::Higher => value,
            _ if self.is_logarithmic() => -value.max(FLOOR).log10(),
            _ => -value,
        }
    }

    /// How scores are made of values.
    fn scoring(&self) -> &'static str {
        match self.better() {
            Better::Higher => "scores are the values",
            _ if self.is_logarithmic() => "scores are the negated decimal logarithms of the values",
            _ => "scores are the negated values",
        }
    }
}

impl Measured {
    /// The scores of the methods `only` in all `sources`, or of all methods where none are named.
    ///
    /// # Errors
    /// [`Invalid`] if a folder lacks the metric, no value of it is better than another, a method of `only` is nowhere, or fewer than two
    /// methods are left.
    pub fn of(sources: &[Source], quantity: &Quantity, only: &[String]) -> Result<Self, Invalid> {
        let methods = methods(sources, only)?;
        let columns = sources.iter().map(|source| column(source, quantity.metric())).collect::<Result<Vec<usize>, _>>()?;
        let metric = &sources[0].curves.metrics[columns[0]];
        if metric.better == Better::Neither {
            return Err(Invalid::at("metric", format!("no value of `{}` is better than another", metric.name)));
        }
        let gauge = Gauge { quantity, metric };
        let (mut tasks, mut floored, mut short, mut worst) = (Vec::new(), 0, 0, 0);
        for (source, &column) in sources.iter().zip(&columns) {
            for cell in source.curves.cells() {
                let ranked = |run: &&Run| run.cell == *cell && methods.contains(&run.method);
                let runs: Vec<&Run> = source.curves.runs.iter().filter(ranked).collect();
                let values: Vec<f64> = runs.iter().filter_map(|run| gauge.value(run, column)).collect();
                floored += values.iter().filter(|&&value| gauge.is_logarithmic() && value <= FLOOR).count();
                worst += values.iter().filter(|value| !value.is_finite()).count();
                if let Quantity::Metric(_, Some((axis, x))) = quantity {
                    short += runs.iter().filter(|run| !run.diverged && !run.reaches(*axis, *x)).count();
                }
                let score = |run: &Run| gauge.value(run, column).map(|value| gauge.score(value));
                tasks.push(task(source, cell, &methods, &runs, score));
            }
        }
        let lost = match quantity {
            Quantity::Seconds(_) => "of runs that never reach it or diverged, worse than any other",
            Quantity::Metric(..) => "of runs that diverged, worse than any other",
        };
        let floor = "at or below 1e-12, which count as 1e-12";
        let told = [(floored, floor), (short, "of runs that end before, whose last sample counts"), (worst, lost)];
        let mut notes = vec![made(&gauge, &tasks, methods.len())];
        notes.extend(
            told.iter().filter(|(number, _)| *number > 0).map(|(number, text)| format!("{} {text}", count(*number, "value"))),
        );
        Ok(Self { scores: Scores::new(methods, tasks), title: gauge.title(), logarithmic: gauge.is_logarithmic(), notes })
    }

    /// What the scores are logarithms of, in every run that all methods have: `[run][method]`, infinite for the worst; nothing where they
    /// are no logarithms.
    pub fn costs(&self) -> Vec<Vec<f64>> {
        let tasks = self.scores.tasks().iter().filter(|_| self.logarithmic);
        let of_task = |task: &Task| {
            let seeds = task.scores.iter().map(Vec::len).min().unwrap_or(0);
            let cost = |score: Option<f64>| score.map(|score| 10_f64.powf(-score));
            let run = |seed: usize| task.scores.iter().map(|row| cost(row[seed])).collect::<Option<Vec<f64>>>();
            (0..seeds).filter_map(run).collect::<Vec<_>>()
        };
        tasks.flat_map(of_task).collect()
    }
}

/// What scores are made of, and of how many.
fn made(gauge: &Gauge<'_>, tasks: &[Task], methods: usize) -> String {
    let seeds = tasks.iter().map(|task| task.scores.iter().map(|row| row.iter().flatten().count()).max().unwrap_or(0));
    let (least, most) = (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0));
    let seeds = if least == most { count(most, "seed") } else { format!("{least} to {most} seeds") };
    format!("{} on {} of {seeds}; {}", count(methods, "method"), count(tasks.len(), "task"), gauge.scoring())
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
            .help(format!("recorded are: {}; `--metric` chooses one that all folders have", source.curves.names().join(", ")))
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
        // The second cell has one seed that both have.
        assert_eq!(
            found.costs(),
            [[10_f64.powf(-12.0), 10_f64.powf(-3.0)], [10_f64.powf(-2.0), f64::INFINITY], [10_f64.powf(-1.0); 2]]
        );
    }

    #[test]
    fn instants_and_targets_are_scores_too() {
        let early = Quantity::Metric("accuracy".into(), Some((Axis::Seconds, 5.0)));
        assert_eq!(Measured::of(&[source()], &early, &[]).unwrap().costs(), [[0.0; 0]; 0]);
        assert_eq!(scores(&early)[0], [[Some(0.5), Some(0.5)], [Some(0.6), Some(f64::NEG_INFINITY)]]);
        // `a` is below 0.1 at its first sample, after 5 s, under both seeds; `b` after 5 s, and never.
        let seconds = Quantity::Seconds("loss=0.1".parse().unwrap());
        let score = Some(-(5.0_f64.log10()));
        assert_eq!(scores(&seconds)[0], [[score, score], [score, Some(f64::NEG_INFINITY)]]);
        assert_eq!(Measured::of(&[source()], &seconds, &[]).unwrap().title, "virtual seconds to training loss ≤ 0.1");
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
