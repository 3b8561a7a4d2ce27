//! Nash averaging: methods are rated against the mixture of methods, or of tasks, that is hardest for them.
//!
//! Of several equilibria the one of largest entropy is taken, which treats equal methods alike. Copies of a method or task change no
//! rating where the equilibrium is unique; where it is not, entropy leans towards the copies, and methods outside the mixture move.

use super::{
    board::Complete,
    entropy::{Bound, dot, widest},
    scores::{ends, scaled},
    simplex,
};

/// The equilibrium of the game in which each of two players picks a method, and the better one wins.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentAgent {
    /// The share of each method in the equilibrium.
    pub mixture: Vec<f64>,
    /// How each method fares against the mixture: 0 for those in it, below for the others.
    pub ratings: Vec<f64>,
}

impl AgentAgent {
    /// Solves the game in which `a[i][j] = −a[j][i]` is the advantage of `i` over `j`.
    pub fn of(a: &[Vec<f64>]) -> Self {
        let n = a.len();
        let rows: Vec<Vec<f64>> = a.iter().map(|row| [&row[..], &vec![0.0; n]].concat()).collect();
        let essential = essential(&rows, n);
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| essential[i]);
        let bound = |tight: bool| move |&k: &usize| (k, tight);
        let bounds = inside.iter().map(bound(true)).chain(outside.iter().map(bound(false)));
        let bounds: Vec<Bound> = bounds.map(|(k, tight)| Bound { b: picked(&a[k], &inside), tight }).collect();
        let mixture = spread(&inside, widest(inside.len(), &bounds), n);
        let ratings = a.iter().map(|row| dot(row, &mixture)).collect();
        Self { mixture, ratings }
    }
}

/// Hodge's decomposition of an antisymmetric matrix `A = grad(div A) + rot(A)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hodge {
    /// The divergence, each method's mean advantage over all: a rating as Elo's.
    pub divergence: Vec<f64>,
    /// The share of `‖A‖²` in cycles, which no rating tells; `None` where all methods are equal.
    pub cyclic: Option<f64>,
}

impl Hodge {
    /// Decomposes `a`, where `a[i][j] = −a[j][i]` is the advantage of `i` over `j`.
    pub fn of(a: &[Vec<f64>]) -> Self {
        let n = a.len() as f64;
        let divergence: Vec<f64> = a.iter().map(|row| row.iter().sum::<f64>() / n).collect();
        let (mut whole, mut cycles) = (0.0, 0.0);
        for (i, row) in a.iter().enumerate() {
            for (j, advantage) in row.iter().enumerate() {
                whole += advantage * advantage;
                cycles += (advantage - divergence[i] + divergence[j]).powi(2);
            }
        }
        Self { divergence, cyclic: (whole > 0.0).then(|| cycles / whole) }
    }
}

/// The equilibrium of the game in which one player picks a method and the other a task, on which the first gets the method's score.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentTask {
    /// The share of each method in the equilibrium.
    pub methods: Vec<f64>,
    /// The tasks that take part, by their numbers, and the share of each.
    pub tasks: Vec<(usize, f64)>,
    /// The score of each method on the mixture of tasks.
    pub skill: Vec<f64>,
    /// What the mixture of methods gets on each task, negated.
    pub difficulty: Vec<f64>,
    /// The score that both mixtures secure.
    pub value: f64,
}

impl AgentTask {
    /// Solves the game in which `scores[t][i] ≥ 0` is the score of method `i` on task `t`.
    pub fn of(scores: &[Vec<f64>]) -> Self {
        let (tasks, methods) = (scores.len(), scores.first().map_or(0, Vec::len));
        let (members, whole) = (methods + tasks, 2 * (methods + tasks) + 1);
        // Unknown are the multiples of two mixtures and of the value: `S y ≤ v`, `v ≤ Sᵀ x`, `Σ x = Σ y`. By duality both are optimal.
        let (value, empty) = (2 * members, vec![0.0; whole]);
        let mut rows = Vec::with_capacity(members + 2);
        rows.extend((0..methods).map(|i| {
            let mut row = empty.clone();
            (0..tasks).for_each(|t| row[methods + t] = scores[t][i]);
            row[value] = -1.0;
            row
        }));
        for column in scores {
            let mut row = empty.clone();
            (0..methods).for_each(|i| row[i] = -column[i]);
            row[value] = 1.0;
            rows.push(row);
        }
        for sign in [1.0, -1.0] {
            let mut row = empty.clone();
            row[..methods].fill(sign);
            row[methods..members].fill(-sign);
            rows.push(row);
        }
        let solution = cone(&rows, members);
        let essential = |k: usize| solution[members + k] > 0.5;
        let best: Vec<usize> = (0..methods).filter(|&i| essential(i)).collect();
        let hard: Vec<usize> = (0..tasks).filter(|&t| essential(methods + t)).collect();
        let value = solution[value] / solution[..methods].iter().sum::<f64>();
        let of_methods =
            |t: usize| Bound { b: best.iter().map(|&i| value - scores[t][i]).collect(), tight: essential(methods + t) };
        let of_tasks = |i: usize| Bound { b: hard.iter().map(|&t| scores[t][i] - value).collect(), tight: essential(i) };
        let x = widest(best.len(), &(0..tasks).map(of_methods).collect::<Vec<_>>());
        let y = widest(hard.len(), &(0..methods).map(of_tasks).collect::<Vec<_>>());
        let (x, y) = (spread(&best, x, methods), spread(&hard, y, tasks));
        // Who is in some equilibrium is worth the value against all of them; rounding would tell such methods apart.
        let against = |i: usize| scores.iter().zip(&y).map(|(column, y)| column[i] * y).sum();
        let skill = (0..methods).map(|i| if essential(i) { value } else { against(i) }).collect();
        let difficulty = (0..tasks).map(|t| if essential(methods + t) { -value } else { -dot(&scores[t], &x) }).collect();
        Self { methods: x, tasks: y.into_iter().enumerate().collect(), skill, difficulty, value }
    }

    /// Solves the game of a board whose tasks are each scaled from 0 for the worst method to 1 for the best one; the tasks on which no
    /// two methods differ take no part, and `None` where that is all of them. Weights of tasks have no meaning here.
    pub fn scaled(board: &Complete) -> Option<Self> {
        let differing: Vec<usize> = (0..board.scores.len()).filter(|&t| differs(&board.scores[t])).collect();
        let column = |&t: &usize| {
            let (column, ends) = (&board.scores[t], ends(board.scores[t].iter()));
            column.iter().map(|&score| scaled(score, ends).unwrap_or(1.0)).collect()
        };
        let scores: Vec<Vec<f64>> = differing.iter().map(column).collect();
        if scores.is_empty() {
            return None;
        }
        let mut game = Self::of(&scores);
        game.tasks.iter_mut().zip(differing).for_each(|((number, _), t)| *number = t);
        Some(game)
    }
}

/// Whether some method has another score than the first.
fn differs(column: &[f64]) -> bool {
    column.iter().any(|score| *score != column[0])
}

/// Which of `members` unknowns are positive in some solution of the `rows`, by Goldman and Tucker.
fn essential(rows: &[Vec<f64>], members: usize) -> Vec<bool> {
    cone(rows, members)[members..].iter().map(|&u| u > 0.5).collect()
}

/// A solution `p ≥ 0` of `rows · (p, u, …) ≤ 0` with as many of its `members` positive as can be, by `u ≤ p`, `u ≤ 1`: solutions can be
/// multiplied and added up, so `u` is 1 for those.
fn cone(rows: &[Vec<f64>], members: usize) -> Vec<f64> {
    let width = rows.first().map_or(2 * members, Vec::len);
    let mut a = rows.to_vec();
    let mut b = vec![0.0; rows.len()];
    for k in 0..members {
        let mut below = vec![0.0; width];
        (below[members + k], below[k]) = (1.0, -1.0);
        a.push(below);
        b.push(0.0);
    }
    for k in 0..members {
        let mut bounded = vec![0.0; width];
        bounded[members + k] = 1.0;
        a.push(bounded);
        b.push(1.0);
    }
    let mut c = vec![0.0; width];
    c[members..2 * members].fill(1.0);
    simplex::maximise(&c, &a, &b).expect("the sum of u is bounded")
}

fn picked(row: &[f64], members: &[usize]) -> Vec<f64> {
    members.iter().map(|&i| row[i]).collect()
}

/// Shares of some `members` as shares of all.
fn spread(members: &[usize], shares: Vec<f64>, all: usize) -> Vec<f64> {
    let mut whole = vec![0.0; all];
    members.iter().zip(shares).for_each(|(&i, share)| whole[i] = share);
    whole
}

#[cfg(test)]
mod tests;
