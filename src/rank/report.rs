//! What procedures say of methods, as a table.

mod render;

use super::{Duels, Friedman, Measured, Ranking, Reading, Scores, improvement_interval, places::ties};
use crate::{record::axis::short, statistics::Interval};

/// The level of the tests.
const ALPHA: f64 = 0.05;

/// A ranking of methods by several procedures, as a [`sheet`](Report::sheet) to print and as [`tidy`](Report::tidy) rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What is ranked, in words.
    pub caption: String,
    /// Labels of the methods.
    pub methods: Vec<String>,
    /// The order in which they are shown: by the first procedure, then by label.
    order: Vec<usize>,
    rankings: Vec<Ranking>,
    versus: Option<Versus>,
    /// What a reader is told below it, a line each.
    pub notes: Vec<String>,
}

/// Every method against one of them.
#[derive(Debug, Clone, PartialEq)]
struct Versus {
    baseline: String,
    /// The probability that a run is better than one of the baseline on the same task.
    improvement: Vec<Interval>,
    /// The tasks won, tied and lost.
    counts: Vec<[f64; 3]>,
}

impl Report {
    /// The report of `rankings` of what was `measured`, with comparisons to the method `baseline`, which must be one of them.
    pub fn of(measured: &Measured, rankings: Vec<Ranking>, reading: Reading, baseline: Option<&str>) -> Self {
        let scores = &measured.scores;
        let methods = scores.methods().to_vec();
        let mut order: Vec<usize> = (0..methods.len()).collect();
        if let Some(first) = rankings.first() {
            order.sort_by_key(|&i| first.places[i]);
        }
        let position = baseline.and_then(|label| methods.iter().position(|method| method == label));
        let versus = position.map(|one| Versus::of(scores, reading, one));
        let mut notes = measured.notes.clone();
        notes.extend(told(scores, &rankings, reading));
        let stages = if reading.two_stage { ", folder by folder" } else { "" };
        Self { caption: format!("Ranking by {}{stages}", measured.title), methods, order, rankings, versus, notes }
    }

    /// A line for each method, each with a heading and a cell for every procedure and comparison, those in front in bold.
    fn columns(&self) -> Vec<(String, Vec<(String, bool)>)> {
        let cell = |ranking: &Ranking, i: usize| {
            let tie = if ties(&ranking.places, i).next().is_some() { "=" } else { "" };
            let value = match (&ranking.intervals, &ranking.values) {
                (Some(intervals), _) => format!(" ({})", with_ends(&intervals[i])),
                (None, Some(values)) => format!(" ({})", number(values[i])),
                (None, None) => String::new(),
            };
            (format!("{}{tie}{value}", ranking.places[i]), ranking.places[i] == 1)
        };
        let of = |ranking: &Ranking| {
            let cells = self.order.iter().map(|&i| cell(ranking, i)).collect();
            (ranking.rule.name().to_owned(), cells)
        };
        let versus = self.versus.iter().flat_map(|versus| {
            let probability = |&i: &usize| (with_ends(&versus.improvement[i]), false);
            let counts = |&i: &usize| (versus.counts[i].map(number).join("/"), false);
            [
                (format!("P(better than {})", versus.baseline), self.order.iter().map(probability).collect()),
                ("won/tied/lost".to_owned(), self.order.iter().map(counts).collect()),
            ]
        });
        self.rankings.iter().map(of).chain(versus).collect()
    }
}

impl Versus {
    fn of(scores: &Scores, reading: Reading, baseline: usize) -> Self {
        // Only tasks that both have can be compared; the weights of tasks have no part in it.
        let runs = |i: usize, t: usize| scores.tasks()[t].scores[i].iter().flatten().copied().collect::<Vec<f64>>();
        let improvement = |i: usize| {
            let pairs = (0..scores.tasks().len()).map(|t| (runs(i, t), runs(baseline, t)));
            let (own, other): (Vec<_>, Vec<_>) = pairs.filter(|(own, other)| !own.is_empty() && !other.is_empty()).unzip();
            improvement_interval(&own, &other)
        };
        let mut board = scores.board(reading.pool);
        board.weights.fill(1.0);
        let duels = Duels::on_tasks(&board);
        let counts = |i: usize| {
            [duels.wins(i, baseline), if i == baseline { 0.0 } else { duels.ties(i, baseline) }, duels.wins(baseline, i)]
        };
        let all = 0..scores.methods().len();
        Self {
            baseline: scores.methods()[baseline].clone(),
            improvement: all.clone().map(improvement).collect(),
            counts: all.map(counts).collect(),
        }
    }
}

/// Ties, missing scores, what procedures say of themselves, and the tests.
fn told(scores: &Scores, rankings: &[Ranking], reading: Reading) -> Vec<String> {
    let mut notes = vec!["methods that tie share the best of their places, marked `=`".to_owned()];
    let names = |(i, t): (usize, usize)| format!("`{}` lacks `{}`", scores.methods()[i], scores.tasks()[t].name);
    let missing: Vec<String> = scores.missing().map(names).collect();
    if !missing.is_empty() {
        notes.push(format!("{}: `mean` takes the median of the task there, duels leave it out", missing.join(", ")));
    }
    notes.extend(rankings.iter().flat_map(|ranking| ranking.notes.iter().cloned()));
    notes.extend(rankings.iter().filter_map(|ranking| mixture(scores, ranking)));
    if let Some(test) = scores.board(reading.pool).complete().and_then(|board| Friedman::of(&board)) {
        notes.extend(tested(scores, &test));
    }
    notes
}

/// The methods in the equilibrium of a game.
fn mixture(scores: &Scores, ranking: &Ranking) -> Option<String> {
    let shares = ranking.mixture.as_ref()?.iter().zip(scores.methods()).filter(|(share, _)| **share > 0.0);
    let shares: Vec<String> = shares.map(|(share, method)| format!("{method} {:.0} %", 100.0 * share)).collect();
    Some(format!("{}: the equilibrium is {}", ranking.rule.name(), shares.join(", ")))
}

fn tested(scores: &Scores, test: &Friedman) -> [String; 2] {
    let difference = test.critical_difference(ALPHA);
    let cliques = test.cliques(difference);
    let named = |clique: &Vec<usize>| clique.iter().map(|&i| scores.methods()[i].as_str()).collect::<Vec<_>>().join(", ");
    let alike: Vec<String> = cliques.iter().map(named).collect();
    let alike = if alike.is_empty() { "no two methods".to_owned() } else { alike.join("; ") };
    [
        format!(
            "Friedman: χ² = {} (p = {}), F = {} (p = {})",
            short(test.chi_squared),
            short(test.p),
            number(test.f),
            short(test.f_p)
        ),
        format!("Nemenyi: mean ranks less than {} apart do not differ at 5 %: {alike}", short(difference)),
    ]
}

fn with_ends(interval: &Interval) -> String {
    format!("{} [{}, {}]", number(interval.value), number(interval.low), number(interval.high))
}

/// A whole number as it is, another with three digits.
fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e6 { format!("{value:.0}") } else { short(value) }
}

#[cfg(test)]
mod tests;
