//! Kemeny's consensus: the order that agrees with the most duels.

use super::{
    duels::Duels,
    majority::{Copeland, copeland},
    places::{above, compared},
};

/// Up to so many methods all orders are compared; beyond, the time and memory for their subsets would be too much.
const EXACT: usize = 20;

/// What is known of the orders that agree with the tasks the most.
#[derive(Debug, Clone, PartialEq)]
pub struct Consensus {
    /// The place of each method: one more than the number of methods that come before it in every best order.
    pub places: Vec<usize>,
    /// The weight of the duels that a best order agrees with.
    pub agreement: f64,
    /// How many orders are the best.
    pub orders: f64,
    /// Whether all orders were compared; if not, no move of one method improves the one that was found.
    pub exact: bool,
}

/// The consensus by Kemeny's rule.
///
/// Up to 20 methods by dynamic programming over their subsets (Held and Karp); beyond, from the order by Copeland's rule, by moving one
/// method at a time to where it agrees the most, until none is better elsewhere.
pub fn kemeny(duels: &Duels) -> Consensus {
    if duels.methods() <= EXACT { exact(duels) } else { local(duels) }
}

fn exact(duels: &Duels) -> Consensus {
    let n = duels.methods();
    let all = (1_usize << n) - 1;
    // The weight with which `i` wins against those of a set.
    let over = |i: usize, set: usize| members(set).map(|j| duels.wins(i, j)).sum::<f64>();
    // The best agreement among those of a set, when they come last.
    let mut last = vec![0.0; all + 1];
    for set in 1..=all {
        let value = |i: usize| over(i, set & !(1 << i)) + last[set & !(1 << i)];
        last[set] = members(set).map(value).fold(f64::NEG_INFINITY, f64::max);
    }
    // In how many best orders those of a set come first.
    let mut orders = vec![0.0; all + 1];
    orders[0] = 1.0;
    let mut before = vec![all; n];
    for first in 0..all {
        if orders[first] == 0.0 {
            continue;
        }
        let rest = all & !first;
        for i in members(rest) {
            let after = rest & !(1 << i);
            if !above(last[rest], over(i, after) + last[after]) {
                orders[first | 1 << i] += orders[first];
                before[i] &= first;
            }
        }
    }
    let places = before.iter().map(|set| 1 + set.count_ones() as usize).collect();
    Consensus { places, agreement: last[all], orders: orders[all], exact: true }
}

fn members(set: usize) -> impl Iterator<Item = usize> {
    (0..usize::BITS as usize).take_while(move |&i| set >> i != 0).filter(move |&i| set >> i & 1 == 1)
}

fn local(duels: &Duels) -> Consensus {
    let (n, start) = (duels.methods(), copeland(duels, Copeland::Difference));
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| compared(start[j], start[i]).then(i.cmp(&j)));
    while let Some((from, to)) = (0..n).find_map(|from| Some((from, better_place(duels, &order, from)?))) {
        let method = order.remove(from);
        order.insert(to, method);
    }
    let agreement = (0..n).map(|a| order[a + 1..].iter().map(|&j| duels.wins(order[a], j)).sum::<f64>()).sum();
    let mut places = vec![0; n];
    order.iter().enumerate().for_each(|(place, &method)| places[method] = place + 1);
    Consensus { places, agreement, orders: 1.0, exact: false }
}

/// Where the method in position `from` agrees more than there, and the most.
fn better_place(duels: &Duels, order: &[usize], from: usize) -> Option<usize> {
    let gain = |ahead: usize, behind: usize| duels.wins(ahead, behind) - duels.wins(behind, ahead);
    let (method, mut best) = (order[from], (0.0, None));
    let mut sum = 0.0;
    for to in (0..from).rev() {
        sum += gain(method, order[to]);
        if above(sum, best.0) {
            best = (sum, Some(to));
        }
    }
    sum = 0.0;
    for (to, &other) in order.iter().enumerate().skip(from + 1) {
        sum += gain(other, method);
        if above(sum, best.0) {
            best = (sum, Some(to));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::board::{Complete, profile};

    fn of(board: &Complete) -> Duels {
        Duels::on_tasks(&board.board())
    }

    /// The agreement of an order, from its definition.
    fn agreement(duels: &Duels, order: &[usize]) -> f64 {
        (0..order.len()).map(|a| order[a + 1..].iter().map(|&j| duels.wins(order[a], j)).sum::<f64>()).sum()
    }

    #[test]
    fn the_profile_has_one_best_order() {
        // A C B D agrees with 5 + 5 + 5 + 7 + 5 + 5 of the 54 duels.
        let duels = of(&profile());
        assert_eq!(kemeny(&duels), Consensus { places: vec![1, 3, 2, 4], agreement: 32.0, orders: 1.0, exact: true });
        assert_eq!((agreement(&duels, &[0, 2, 3, 1]), agreement(&duels, &[2, 0, 1, 3])), (31.0, 31.0));
    }

    #[test]
    fn a_cycle_has_three_best_orders() {
        let scores = vec![vec![3.0, 2.0, 1.0], vec![1.0, 3.0, 2.0], vec![2.0, 1.0, 3.0]];
        let found = kemeny(&of(&Complete { weights: vec![1.0; 3], scores }));
        assert_eq!((found.places, found.orders, found.agreement), (vec![1, 1, 1], 3.0, 5.0));
    }

    #[test]
    fn methods_that_always_tie_share_a_place() {
        let found = kemeny(&of(&Complete { weights: vec![1.0], scores: vec![vec![2.0, 2.0, 1.0]] }));
        assert_eq!((found.places, found.orders), (vec![1, 1, 3], 2.0));
    }

    /// Scores without a pattern, from a congruence.
    fn scattered(methods: usize, tasks: usize) -> Complete {
        let score = |t: usize, i: usize| ((t * 37 + i * 101 + t * i * 13 + i * i * 7) % 97) as f64;
        let scores = (0..tasks).map(|t| (0..methods).map(|i| score(t, i)).collect()).collect();
        Complete { weights: vec![1.0; tasks], scores }
    }

    #[test]
    fn no_order_of_six_agrees_more() {
        for tasks in 1..12 {
            let duels = of(&scattered(6, tasks));
            let mut orders = vec![vec![]];
            for _ in 0..6 {
                orders = orders
                    .iter()
                    .flat_map(|order: &Vec<usize>| {
                        (0..6).filter(|i| !order.contains(i)).map(|i| [&order[..], &[i]].concat()).collect::<Vec<_>>()
                    })
                    .collect();
            }
            let values: Vec<f64> = orders.iter().map(|order| agreement(&duels, order)).collect();
            let best = values.iter().copied().fold(0.0, f64::max);
            let found = kemeny(&duels);
            assert_eq!(found.agreement, best, "{tasks} tasks");
            assert_eq!(found.orders, values.iter().filter(|&&value| value == best).count() as f64, "{tasks} tasks");
        }
    }

    #[test]
    fn the_search_among_many_ends_where_no_move_helps_and_finds_what_all_agree_on() {
        let duels = of(&scattered(24, 5));
        let found = kemeny(&duels);
        assert!(!found.exact);
        let mut order: Vec<usize> = (0..24).collect();
        order.sort_by_key(|&i| found.places[i]);
        assert_eq!(found.agreement, agreement(&duels, &order));
        assert!((0..24).all(|from| better_place(&duels, &order, from).is_none()));
        let unanimous: Vec<f64> = (0..24).map(|i| ((i * 7) % 24) as f64).collect();
        let found = kemeny(&of(&Complete { weights: vec![1.0; 3], scores: vec![unanimous.clone(); 3] }));
        assert_eq!(found.places, crate::rank::places(&unanimous));
    }
}
