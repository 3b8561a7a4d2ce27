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
    let pairs = methods.iter().enumerate().flat_map(|(method, &look)| {
        models.iter().enumerate().map(move |(model, &whose)| (method, look, model, whose))
    });
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
fn latest<'a, T>(
    rows: &'a [T],
    (cells, method): (&[&Cell], &str),
    of: impl Fn(&T) -> (&Cell, &str, u64, u64),
) -> Vec<&'a T> {
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
        rows.into_iter().filter_map(|row| Some((across(row, model)?, value(row, score, model)?))).collect()
    };
    each(spec, methods, of, |_, _| String::new())
}

/// Confidence and accuracy in the bins of `cells`, those of all seeds together, with the calibration error in the words.
pub fn bins(rows: &[BinRow], spec: &FigureSpec, cells: &[&Cell], methods: &[(usize, &str)]) -> Vec<Shown> {
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
        let sums = sums(method, model);
        let total: f64 = sums.iter().map(|(_, [count, ..])| count).sum();
        let error: f64 = sums.iter().map(|(_, [_, confidence, accuracy])| (confidence - accuracy).abs()).sum();
        format!(" (ECE {:.3})", error / total)
    };
    each(spec, methods, of, note)
}
