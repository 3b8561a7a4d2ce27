//! What a panel shows of each method and model.

use std::collections::BTreeMap;

use crate::{
    figure::{
        draw::style::Style,
        spec::{FigureSpec, Kind, Model},
    },
    record::{
        clients::table::{BinRow, Client, Clients},
        curves::Cell,
    },
};

/// Dashes that tell the models of a method apart `[pt]`.
const DASHES: [&[f64]; 3] = [&[], &[4.0, 1.8], &[1.4, 1.4]];

/// The clients, or the bins, of one method and one of its models.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Words for the legend.
    pub label: String,
    /// Colour and marker of the method; the dashes of the model where several are shown.
    pub style: Style,
    /// Position of the method among those shown.
    pub method: usize,
    /// Position of the model among those shown.
    pub model: usize,
    /// Horizontal and vertical values; in distributions the score alone counts, which is vertical.
    pub points: Vec<(f64, f64)>,
}

fn each(
    spec: &FigureSpec,
    methods: &[(usize, &str)],
    of: impl Fn(&str, Model) -> Vec<(f64, f64)>,
    note: impl Fn(&str, Model) -> String,
) -> Vec<Shown> {
    let models = spec.shown_models();
    let pairs = methods
        .iter()
        .enumerate()
        .flat_map(|(method, &look)| models.iter().enumerate().map(move |(model, &whose)| (method, look, model, whose)));
    let shown = |(method, (look, label), model, whose): (usize, (usize, &str), usize, Model)| {
        let several = models.len() > 1;
        let style = Style::of(look);
        let style = if several { Style { dash: DASHES[model % DASHES.len()], ..style } } else { style };
        let of_model = if several { format!(", {}", whose.words()) } else { String::new() };
        Shown { label: format!("{label}{of_model}{}", note(label, whose)), style, method, model, points: of(label, whose) }
    };
    pairs.map(shown).collect()
}

/// The latest rows of the runs of a method in some cells.
fn latest<'a, T>(rows: &'a [T], (cells, method): (&[&Cell], &str), of: impl Fn(&T) -> (&Cell, &str, u64, u64)) -> Vec<&'a T> {
    let own: Vec<&T> = rows.iter().filter(|row| of(row).1 == method && cells.contains(&of(row).0)).collect();
    let mut last: BTreeMap<(usize, u64), u64> = BTreeMap::new();
    let run = |row: &T| {
        let (cell, _, seed, _) = of(row);
        (cells.iter().position(|other| *other == cell).unwrap_or(0), seed)
    };
    for row in &own {
        let round = last.entry(run(row)).or_default();
        *round = (*round).max(of(row).3);
    }
    own.into_iter().filter(|row| last.get(&run(row)) == Some(&of(row).3)).collect()
}

/// The scores of the clients of `cells`.
pub fn shown(clients: &Clients, spec: &FigureSpec, cells: &[&Cell], methods: &[(usize, &str)]) -> Vec<Shown> {
    let score = if spec.kind == Kind::Cdf { &spec.x } else { &spec.y };
    let value = |client: &Client, name: &str, model: Model| {
        let column = clients.scores.iter().position(|known| *known == format!("{}{name}", model.prefix()))?;
        client.scores[column]
    };
    let across = |client: &Client, model: Model| match spec.x.as_str() {
        "samples" => Some(client.samples),
        "held-out" => Some(client.held_out),
        _ if spec.kind != Kind::Scatter => Some(0.0),
        name => value(client, name, model),
    };
    let of = |method: &str, model: Model| {
        let rows = latest(&clients.rows, (cells, method), |row| (&row.cell, &row.method, row.seed, row.round));
        // Mixtures of several shares have a row each, in which the other models are the same.
        let again =
            |(before, row): (&Client, &Client)| before.client == row.client && before.seed == row.seed && before.cell == row.cell;
        let pairs = std::iter::once(None).chain(rows.iter().copied().map(Some)).zip(rows.iter().copied());
        let rows = pairs.filter(|&(before, row)| !before.is_some_and(|before| again((before, row)))).map(|(_, row)| row);
        rows.filter_map(|row| Some((across(row, model)?, value(row, score, model)?))).collect()
    };
    each(spec, methods, of, |_, _| String::new())
}

/// Confidence and accuracy in the bins of `cells`, those of all seeds together; in a panel that is `alone` with the calibration error in the
/// words, since a legend is of all panels.
pub fn bins(rows: &[BinRow], spec: &FigureSpec, (cells, alone): (&[&Cell], bool), methods: &[(usize, &str)]) -> Vec<Shown> {
    let sums = |method: &str, model: Model| {
        let rows = latest(rows, (cells, method), |row| (&row.cell, &row.method, row.seed, row.round));
        let mut sums: Vec<(f64, [f64; 3])> = Vec::new();
        for row in rows.into_iter().filter(|row| row.model == model.name()) {
            let new = [row.count, row.count * row.confidence, row.count * row.accuracy];
            match sums.iter_mut().find(|(end, _)| *end == row.ends.1) {
                Some((_, sum)) => sum.iter_mut().zip(new).for_each(|(sum, new)| *sum += new),
                None => sums.push((row.ends.1, new)),
            }
        }
        sums.sort_by(|a, b| a.0.total_cmp(&b.0));
        sums
    };
    let of = |method: &str, model: Model| {
        sums(method, model).into_iter().map(|(_, [count, confidence, accuracy])| (confidence / count, accuracy / count)).collect()
    };
    let note = |method: &str, model: Model| {
        if !alone {
            return String::new();
        }
        let sums = sums(method, model);
        let total: f64 = sums.iter().map(|(_, [count, ..])| count).sum();
        let error: f64 = sums.iter().map(|(_, [_, confidence, accuracy])| (confidence - accuracy).abs()).sum();
        format!(" (ECE {:.3})", error / total)
    };
    each(spec, methods, of, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: Kind, x: &str, y: &str, models: &[Model]) -> FigureSpec {
        FigureSpec { kind, models: models.to_vec(), ..FigureSpec::new(x, y) }
    }

    fn client(method: &str, (seed, round): (u64, u64), number: usize, scores: [Option<f64>; 2]) -> Client {
        Client {
            cell: Cell::default(),
            method: method.to_owned(),
            seed,
            round,
            client: number,
            group: String::new(),
            samples: 10.0 * (number + 1) as f64,
            held_out: 5.0,
            mix: None,
            scores: scores.to_vec(),
        }
    }

    #[test]
    fn clients_of_all_seeds_are_shown_at_the_latest_instant_of_each() {
        let rows = vec![
            client("a", (0, 0), 0, [Some(0.1), Some(0.2)]),
            client("a", (0, 9), 0, [Some(0.5), Some(0.6)]),
            client("a", (0, 9), 1, [None, None]),
            client("a", (1, 7), 0, [Some(0.7), Some(0.8)]),
            client("b", (0, 9), 0, [Some(0.3), Some(0.4)]),
        ];
        let clients = Clients { scores: ["accuracy", "personalised-accuracy"].map(str::to_owned).to_vec(), rows };
        let (cell, methods) = (Cell::default(), [(0, "a"), (1, "b")]);
        let points = |spec: &FigureSpec| {
            shown(&clients, spec, &[&cell], &methods).into_iter().map(|s| (s.label, s.points)).collect::<Vec<_>>()
        };
        let scatter = points(&spec(Kind::Scatter, "samples", "accuracy", &[]));
        assert_eq!(scatter[0], ("a".to_owned(), vec![(10.0, 0.5), (10.0, 0.7)]));
        assert_eq!(scatter[1].1, [(10.0, 0.3)]);
        let both = points(&spec(Kind::Cdf, "accuracy", "clients", &[Model::Run, Model::Personalised]));
        assert_eq!(both[1], ("a, personalised".to_owned(), vec![(0.0, 0.6), (0.0, 0.8)]));
        assert_eq!(both.len(), 4);
    }

    /// Bins of two seeds: 1 of confidence 0.8 and wrong, 3 of 0.9 and right: confidence 3.5/4 and accuracy 3/4.
    #[test]
    fn bins_of_all_seeds_are_put_together_by_their_samples() {
        let bin = |seed, count, confidence, accuracy| BinRow {
            cell: Cell::default(),
            method: "a".to_owned(),
            seed,
            round: 3,
            model: "run".to_owned(),
            ends: (0.75, 1.0),
            count,
            confidence,
            accuracy,
        };
        let rows = [bin(0, 1.0, 0.8, 0.0), bin(1, 3.0, 0.9, 1.0)];
        let found =
            bins(&rows, &spec(Kind::Reliability, "confidence", "accuracy", &[]), (&[&Cell::default()], true), &[(0, "a")]);
        assert_eq!(found[0].label, "a (ECE 0.125)");
        approx::assert_relative_eq!(found[0].points[0].0, 0.875, epsilon = 1e-12);
        assert_eq!((found[0].points.len(), found[0].points[0].1), (1, 0.75));
    }
}
