//! The procedures by name, and what each makes of a table of scores.

use super::{
    aggregate::{interquartile_mean, optimality_gap},
    board::Board,
    duels::Duels,
    kemeny::kemeny,
    levels::{two_level, two_stage},
    majority::{Copeland, Minimax, black, condorcet, copeland, minimax, prospective},
    nash::{AgentAgent, AgentTask, Hodge},
    places::places,
    positional::{baldwin, borda, dowdall, mean_rank, plurality, threshold},
    scores::{Pool, Scores},
};
use crate::statistics::{Interval, bootstrap::stratified};

/// The score above which nothing is lacking, as in Vote'n'Rank.
const GAMMA: f64 = 0.95;

/// A procedure that ranks methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Mean score.
    Mean,
    /// Geometric mean score.
    GeometricMean,
    /// What scores lack to 0.95.
    GammaGap,
    /// Mean place.
    MeanRank,
    /// Mean of the middle half of all runs.
    InterquartileMean,
    /// Distance from the best runs.
    OptimalityGap,
    /// Sole first places.
    Plurality,
    /// Methods left behind.
    Borda,
    /// Reciprocal places.
    Dowdall,
    /// Last places.
    Threshold,
    /// Borda with elimination.
    Baldwin,
    /// Borda by seed, then by task.
    TwoLevel,
    /// The winner of all duels.
    Condorcet,
    /// The winner of all duels, else Borda.
    Black,
    /// Duels won less duels lost.
    Copeland,
    /// Duels won.
    CopelandLower,
    /// Duels lost.
    CopelandUpper,
    /// Duels won, and half of those tied.
    CopelandTies,
    /// The worst defeat, by what the winner has.
    Minimax,
    /// The worst defeat, by the difference.
    MinimaxMargins,
    /// The strongest opponent.
    MinimaxOpposition,
    /// The order that agrees with most duels.
    Kemeny,
    /// Whether some weights make it first.
    Prospective,
    /// Nash averaging of methods against methods.
    Nash,
    /// Nash averaging of methods against tasks.
    NashTasks,
}

/// How a table of scores is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How the seeds of a task become one score.
    pub pool: Pool,
    /// Whether a rule is applied inside each group of tasks first, and then to what it says of the groups.
    pub two_stage: bool,
}

/// What a procedure says of every method.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The procedure.
    pub rule: Rule,
    /// What it gives each method, if that is a number.
    pub values: Option<Vec<f64>>,
    /// The 95 % intervals of the values, for those that are estimated.
    pub intervals: Option<Vec<Interval>>,
    /// The share of each method in an equilibrium.
    pub mixture: Option<Vec<f64>>,
    /// The place of each method; those that tie share the best one.
    pub places: Vec<usize>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Ranking {
    fn by(rule: Rule, goodness: &[f64]) -> Self {
        let sign = if rule.rises() { 1.0 } else { -1.0 };
        let values = goodness.iter().map(|value| sign * value).collect();
        Self { values: Some(values), ..Self::placed(rule, places(goodness)) }
    }

    fn placed(rule: Rule, places: Vec<usize>) -> Self {
        Self { rule, values: None, intervals: None, mixture: None, places, notes: Vec::new() }
    }
}

impl Rule {
    /// Every procedure.
    pub const ALL: [Self; 25] = [
        Self::Mean,
        Self::GeometricMean,
        Self::GammaGap,
        Self::MeanRank,
        Self::InterquartileMean,
        Self::OptimalityGap,
        Self::Plurality,
        Self::Borda,
        Self::Dowdall,
        Self::Threshold,
        Self::Baldwin,
        Self::TwoLevel,
        Self::Condorcet,
        Self::Black,
        Self::Copeland,
        Self::CopelandLower,
        Self::CopelandUpper,
        Self::CopelandTies,
        Self::Minimax,
        Self::MinimaxMargins,
        Self::MinimaxOpposition,
        Self::Kemeny,
        Self::Prospective,
        Self::Nash,
        Self::NashTasks,
    ];

    /// The name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::GeometricMean => "geometric-mean",
            Self::GammaGap => "gamma-gap",
            Self::MeanRank => "mean-rank",
            Self::InterquartileMean => "iqm",
            Self::OptimalityGap => "optimality-gap",
            Self::Plurality => "plurality",
            Self::Borda => "borda",
            Self::Dowdall => "dowdall",
            Self::Threshold => "threshold",
            Self::Baldwin => "baldwin",
            Self::TwoLevel => "two-level",
            Self::Condorcet => "condorcet",
            Self::Black => "black",
            Self::Copeland => "copeland",
            Self::CopelandLower => "copeland-lower",
            Self::CopelandUpper => "copeland-upper",
            Self::CopelandTies => "copeland-ties",
            Self::Minimax => "minimax",
            Self::MinimaxMargins => "minimax-margins",
            Self::MinimaxOpposition => "minimax-opposition",
            Self::Kemeny => "kemeny",
            Self::Prospective => "prospective",
            Self::Nash => "nash",
            Self::NashTasks => "nash-tasks",
        }
    }

    /// What it ranks by, in a line.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Mean => "mean score over the tasks",
            Self::GeometricMean => "geometric mean of scores that are not negative, such as accuracies",
            Self::GammaGap => "mean of what scores from 0 to 1, such as accuracies, lack to 0.95, negated",
            Self::MeanRank => "mean place over the tasks, ties averaged",
            Self::InterquartileMean => {
                "mean of the middle half of all runs, each task scaled to [0, 1], with a bootstrap interval"
            }
            Self::OptimalityGap => "mean distance of all runs from the best of their task, scaled likewise",
            Self::Plurality => "weight of the tasks on which it alone is first",
            Self::Borda => "number of methods it is better than, summed over the tasks",
            Self::Dowdall => "1/place, summed over the tasks",
            Self::Threshold => "how seldom it is last, then second to last, and so on",
            Self::Baldwin => "Borda scores, the lowest dropped again and again",
            Self::TwoLevel => "Borda over the seeds of each task, then over the tasks",
            Self::Condorcet => "1 for a method that beats each other on most tasks",
            Self::Black => "that method first, if there is one; the others by Borda",
            Self::Copeland => "number of methods it beats on most tasks, less those that beat it",
            Self::CopelandLower => "number of methods it beats on most tasks",
            Self::CopelandUpper => "number of methods that beat it on most tasks, negated",
            Self::CopelandTies => "number of methods it beats on most tasks, and half of those it ties with",
            Self::Minimax => "its worst defeat, by the weight of the tasks that the other wins",
            Self::MinimaxMargins => "its worst defeat, by the difference of the weights",
            Self::MinimaxOpposition => "the most weight that any other method wins against it",
            Self::Kemeny => "the order that agrees with most duels of two methods on a task",
            Self::Prospective => "1 if some weights of the tasks let no method beat it",
            Self::Nash => "log odds of a win against the equilibrium mixture of methods",
            Self::NashTasks => "score on the equilibrium mixture of tasks, each scaled to [0, 1]",
        }
    }

    /// Whether larger values are better.
    pub fn rises(self) -> bool {
        !matches!(self, Self::MeanRank | Self::OptimalityGap)
    }

    /// Whether it can rank methods that lack some of the tasks: by duels, in which who is missing abstains, or with the median score of
    /// the task in their place.
    pub fn takes_missing(self) -> bool {
        let by_copeland = matches!(self, Self::Copeland | Self::CopelandLower | Self::CopelandUpper | Self::CopelandTies);
        let by_minimax = matches!(self, Self::Minimax | Self::MinimaxMargins | Self::MinimaxOpposition);
        let by_mean = matches!(self, Self::Mean | Self::GeometricMean | Self::GammaGap);
        by_copeland || by_minimax || by_mean || matches!(self, Self::Condorcet | Self::Prospective | Self::Nash)
    }

    /// Whether what it gives the methods on a group of tasks can be taken for their scores on one task.
    pub fn has_stages(self) -> bool {
        let by_runs =
            matches!(self, Self::InterquartileMean | Self::OptimalityGap | Self::TwoLevel | Self::Nash | Self::NashTasks);
        !by_runs && !matches!(self, Self::Threshold | Self::Black | Self::Kemeny | Self::GammaGap)
    }

    /// Ranks the methods of `scores`; `None` where scores are missing that it needs, or no two methods ever differ.
    pub fn rank(self, scores: &Scores, reading: Reading) -> Option<Ranking> {
        let board = scores.board(reading.pool);
        match self {
            _ if reading.two_stage => {
                let groups: Vec<String> = scores.tasks().iter().map(|task| task.group.clone()).collect();
                Some(Ranking::by(self, &two_stage(&board, &groups, |board| self.vote(board))?))
            }
            Self::InterquartileMean => self.estimated(scores, &board, interquartile_mean),
            Self::OptimalityGap => self.estimated(scores, &board, |values| optimality_gap(values, 1.0)),
            Self::TwoLevel => Some(Ranking::by(self, &two_level(scores)?)),
            Self::Threshold => {
                let (values, places) = threshold(&board.complete()?);
                Some(Ranking { values: Some(values), ..Ranking::placed(self, places) })
            }
            Self::Black => Some(Ranking::placed(self, black(&board.complete()?))),
            Self::Kemeny => self.consensus(&board),
            Self::Nash => Some(self.against_methods(scores)),
            Self::NashTasks => self.against_tasks(scores, &board),
            _ => Some(Ranking::by(self, &self.vote(&board)?)),
        }
    }

    /// What it gives each method of a board, the larger the better; `None` where it needs scores that are missing, or more than a board.
    fn vote(self, board: &Board) -> Option<Vec<f64>> {
        let duels = || Duels::on_tasks(board);
        Some(match self {
            Self::Mean => board.with_missing_median().means(),
            Self::GeometricMean => board.with_missing_median().geometric_means()?,
            Self::GammaGap => board.with_missing_median().lacking(GAMMA)?,
            Self::MeanRank => mean_rank(&board.complete()?).into_iter().map(|rank| -rank).collect(),
            Self::Plurality => plurality(&board.complete()?),
            Self::Borda => borda(&board.complete()?),
            Self::Dowdall => dowdall(&board.complete()?),
            Self::Baldwin => baldwin(&board.complete()?),
            Self::Condorcet => condorcet(&duels()),
            Self::Copeland => copeland(&duels(), Copeland::Difference),
            Self::CopelandLower => copeland(&duels(), Copeland::Lower),
            Self::CopelandUpper => copeland(&duels(), Copeland::Upper),
            Self::CopelandTies => copeland(&duels(), Copeland::LowerWithTies),
            Self::Minimax => minimax(&duels(), Minimax::WinningVotes),
            Self::MinimaxMargins => minimax(&duels(), Minimax::Margins),
            Self::MinimaxOpposition => minimax(&duels(), Minimax::Opposition),
            Self::Prospective => prospective(board),
            _ => return None,
        })
    }

    /// Ranks by a statistic of all runs, with its intervals.
    fn estimated(self, scores: &Scores, board: &Board, statistic: impl Fn(&mut [f64]) -> f64) -> Option<Ranking> {
        let _ = board.complete()?;
        let intervals: Vec<Interval> = scores.normalised().iter().map(|tasks| stratified(tasks, &statistic)).collect();
        let sign = if self.rises() { 1.0 } else { -1.0 };
        let goodness: Vec<f64> = intervals.iter().map(|interval| sign * interval.value).collect();
        Some(Ranking { intervals: Some(intervals), ..Ranking::by(self, &goodness) })
    }

    fn consensus(self, board: &Board) -> Option<Ranking> {
        let found = kemeny(&Duels::on_tasks(&board.complete()?.board()));
        let mut notes = Vec::new();
        if !found.exact {
            notes.push("kemeny: too many methods to compare all orders; no move of one method improves this one".to_owned());
        } else if found.orders > 1.0 {
            notes.push(format!(
                "kemeny: {} orders agree alike; methods share a place unless one comes first in all of them",
                found.orders
            ));
        }
        Some(Ranking { notes, ..Ranking::placed(self, found.places) })
    }

    fn against_methods(self, scores: &Scores) -> Ranking {
        let advantages = Duels::on_runs(scores).log_odds();
        let (game, cyclic) = (AgentAgent::of(&advantages), Hodge::of(&advantages).cyclic);
        let notes = cyclic.map(|share| {
            format!(
                "nash: {:.0} % of the duels' squared log odds is cyclic, which no single number per method shows",
                100.0 * share
            )
        });
        let ranking = Ranking::by(self, &game.ratings);
        Ranking { mixture: Some(game.mixture), notes: notes.into_iter().collect(), ..ranking }
    }

    fn against_tasks(self, scores: &Scores, board: &Board) -> Option<Ranking> {
        let game = AgentTask::scaled(&board.complete()?)?;
        let parts = game.tasks.iter().filter(|(_, share)| *share > 0.0);
        let parts: Vec<String> = parts.map(|&(t, share)| format!("{} {:.0} %", scores.tasks()[t].name, 100.0 * share)).collect();
        let notes = vec![format!("nash-tasks: the hardest mixture of tasks is {}", parts.join(", "))];
        Some(Ranking { mixture: Some(game.methods), notes, ..Ranking::by(self, &game.skill) })
    }
}

#[cfg(test)]
mod tests;
