//! Whether the methods of a comparison have about as many clients at work.

use super::{
    cell::Cell,
    facts::{Fact, Facts},
    spread::median,
    units::short,
};
use crate::invalid::count;

/// Factor by which methods must differ to be told [1].
const UNLIKE: f64 = 1.5;

/// How many clients a method has at work in one cell: medians over seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Crew {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// Whether the method has a server. Without one all nodes are at work, and nothing says how many.
    pub server: bool,
    /// On average over virtual time [1].
    pub mean: f64,
    /// The most at one instant [1].
    pub most: f64,
}

/// The clients at work of every method in every cell, in the order of `facts`; none where they are not known.
pub fn crews(facts: &Facts) -> Vec<Crew> {
    let of_method = facts.rows().chunk_by(|a, b| a.cell == b.cell && a.method == b.method);
    let crew = |runs: &[Fact]| {
        let medians = [0, 1].map(|which| {
            let values = runs.iter().filter_map(|run| run.at_work.map(|at_work| [at_work.mean, at_work.most as f64][which]));
            median(&mut values.collect::<Vec<f64>>())
        });
        let ([mean, most], first) = (medians, runs.first()?);
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

/// A note for two methods of a cell of which one has more than one and a half times as many clients at work as the other, on average
/// and at most: those that differ most. Rounds that wait for slow clients have fewer on average than arrivals that are followed at once,
/// and that is what is compared.
pub fn notes(crews: &[Crew]) -> Vec<String> {
    let mut found: Vec<(&Crew, &Crew, usize)> = Vec::new();
    for cell in crews.chunk_by(|a, b| a.cell == b.cell) {
        let Some((few, many)) = most_unlike(cell) else { continue };
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
    let [a, b] = [few, many].map(|crew| format!("{} clients at work, at most {:.0}", short(crew.mean), crew.most));
    let (few, many) = (&few.method, &many.method);
    format!(
        "`{few}` has {a}, and `{many}` {b}{place}: who has more at work gets on sooner; `served.concurrency` gives all methods the same \
         number"
    )
}

/// The two methods with a server, of those of one cell, that differ most, by more than the factor both on average and at most.
fn most_unlike(crews: &[Crew]) -> Option<(&Crew, &Crew)> {
    let served = || crews.iter().filter(|crew| crew.server);
    let ratio = |(few, many): (&Crew, &Crew)| many.mean / few.mean;
    let pairs = served().flat_map(|few| served().map(move |many| (few, many)));
    let unlike = pairs.filter(|&(few, many)| ratio((few, many)) > UNLIKE && many.most > UNLIKE * few.most);
    unlike.reduce(|a, b| if ratio(b) > ratio(a) { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Methods of several cells: name, mean and most.
    fn told_of(cells: &[&[(&str, f64, f64)]]) -> Vec<String> {
        let crew = |alpha: usize, &(method, mean, most): &(&str, f64, f64)| {
            let cell = Cell(vec![("alpha".to_owned(), alpha.to_string())]);
            Crew { cell, method: method.to_owned(), server: method != "peers", mean, most }
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
    fn rounds_that_wait_for_slow_clients_are_not_told() {
        assert!(told_of(&[&[("rounds", 3.25, 10.0), ("arrivals", 10.0, 10.0)]]).is_empty());
        assert!(told_of(&[&[("over-selecting", 4.0, 13.0), ("arrivals", 10.0, 8.0)]]).is_empty());
        assert_eq!(told_of(&[&[("rounds", 3.25, 10.0), ("arrivals", 10.0, 16.0)]]).len(), 1);
    }
}
