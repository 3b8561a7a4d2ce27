//! Clients at work: whether the methods of a comparison have similar numbers of them.

use super::facts::{Fact, Facts};
use crate::{
    invalid::count,
    record::{axis::short, cell::Cell, spread::Quartiles},
};

/// Factor by which methods must differ for a note [1].
const APART: f64 = 1.5;

/// Number of clients that a method has at work in one cell, over seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Crew {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// Whether the method has a server. Without one all nodes are at work, and nothing says how many.
    pub server: bool,
    /// On average over virtual time [1].
    pub mean: Quartiles,
    /// The most at one instant [1].
    pub most: Quartiles,
}

/// The clients at work of every method in every cell, in the order of `facts`; none where they are not known.
pub fn crews(facts: &Facts) -> Vec<Crew> {
    let of_method = facts.rows().chunk_by(|a, b| a.cell == b.cell && a.method == b.method);
    let crew = |runs: &[Fact]| {
        let quartiles = [0, 1].map(|which| {
            let values = runs.iter().filter_map(|run| run.at_work.map(|at_work| [at_work.mean, at_work.most as f64][which]));
            Quartiles::of(&mut values.collect::<Vec<f64>>())
        });
        let ([mean, most], first) = (quartiles, runs.first()?);
        Some(Crew {
            cell: first.cell.clone(),
            method: first.method.clone(),
            server: first.sampling.server,
            mean: mean?,
            most: most?,
        })
    };
    of_method.filter_map(crew).collect()
}

/// A note for two methods of a cell of which one has more than one and a half times as many clients at work on average as the other:
/// those that differ most. Where they have about as many at most, as rounds that wait for slow clients and arrivals that are followed at
/// once may have, no key is to blame, and the note says why they differ.
pub fn notes(crews: &[Crew]) -> Vec<String> {
    let mut found: Vec<(&Crew, &Crew, usize)> = Vec::new();
    for cell in crews.chunk_by(|a, b| a.cell == b.cell) {
        let Some((few, many)) = furthest_apart(cell) else { continue };
        match found.iter_mut().find(|(a, b, _)| (&a.method, &b.method) == (&few.method, &many.method)) {
            Some((.., further)) => *further += 1,
            None => found.push((few, many, 0)),
        }
    }
    found.into_iter().map(|(few, many, further)| told(few, many, further)).collect()
}

fn told(few: &Crew, many: &Crew, further: usize) -> String {
    let more = if further > 0 { format!(" and {} more", count(further, "cell")) } else { String::new() };
    let place = if few.cell.is_empty() { String::new() } else { format!(" at {}{more}", few.cell) };
    let [a, b] = [few, many].map(|crew| format!("{} clients at work, at most {:.0}", short(crew.mean.median), crew.most.median));
    let reason = if many.most.median > APART * few.most.median {
        "more clients at work make faster progress; `federated.concurrency` gives all methods the same number, except methods with their \
         own `concurrency` and schedules that set one (`cohort`, `concurrency`)"
    } else {
        "their maxima are similar, but rounds wait for their slowest client, so that fewer clients are at work on average"
    };
    let (few, many) = (&few.method, &many.method);
    format!("`{few}` has {a}, and `{many}` {b}{place}: {reason}")
}

/// The two methods with a server, of those of one cell, that differ most on average, by more than the factor.
fn furthest_apart(crews: &[Crew]) -> Option<(&Crew, &Crew)> {
    let federated = || crews.iter().filter(|crew| crew.server);
    let ratio = |(few, many): (&Crew, &Crew)| many.mean.median / few.mean.median;
    let pairs = federated().flat_map(|few| federated().map(move |many| (few, many)));
    let apart = pairs.filter(|&pair| ratio(pair) > APART);
    apart.reduce(|a, b| if ratio(b) > ratio(a) { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Methods of several cells: name, mean and most.
    fn told_of(cells: &[&[(&str, f64, f64)]]) -> Vec<String> {
        let crew = |alpha: usize, &(method, mean, most): &(&str, f64, f64)| {
            let cell = Cell(vec![("alpha".to_owned(), alpha.to_string())]);
            Crew {
                cell,
                method: method.to_owned(),
                server: method != "peers",
                mean: Quartiles::at(mean),
                most: Quartiles::at(most),
            }
        };
        let all = cells.iter().enumerate().flat_map(|(alpha, methods)| methods.iter().map(move |method| crew(alpha, method)));
        notes(&all.collect::<Vec<_>>())
    }

    #[test]
    fn the_two_that_differ_most_are_told_once_for_all_cells() {
        let unlike: &[_] = &[("rounds", 3.25, 10.0), ("half", 25.0, 25.0), ("peers", 60.0, 60.0), ("all", 50.0, 50.0)];
        let alike: &[_] = &[("rounds", 10.0, 10.0), ("all", 14.9, 16.0)];
        let found = told_of(&[unlike, alike, unlike]);
        assert_eq!(found.len(), 1, "{found:?}");
        let text = "`rounds` has 3.25 clients at work, at most 10, and `all` 50.0 clients at work, at most 50 at alpha = 0 and 1 cell more:";
        assert!(found[0].starts_with(text), "{found:?}");
    }

    #[test]
    fn the_key_is_named_where_they_differ_at_most_and_the_wait_where_they_do_not() {
        let only = |methods: &[(&str, f64, f64)]| {
            let mut found = told_of(&[methods]);
            assert_eq!(found.len(), 1, "{found:?}");
            found.remove(0)
        };
        // Means of 3.25 and 10, three times as many.
        for most in [8.0, 10.0, 15.0] {
            let note = only(&[("rounds", 3.25, 10.0), ("arrivals", 10.0, most)]);
            assert!(note.contains("wait for their slowest client") && !note.contains("federated.concurrency"), "{note}");
        }
        let note = only(&[("rounds", 3.25, 10.0), ("arrivals", 10.0, 16.0)]);
        assert!(note.contains("`federated.concurrency`") && note.contains("`cohort`") && !note.contains("wait"), "{note}");
        assert!(told_of(&[&[("rounds", 10.0, 10.0), ("arrivals", 15.0, 50.0)]]).is_empty(), "not more than 1.5 times");
    }
}
