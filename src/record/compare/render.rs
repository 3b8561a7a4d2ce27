//! A comparison as printed tables.

use super::{Column, Difference, Row, Show, Table, Versus};
use crate::{
    invalid::{Invalid, count},
    record::{
        axis::short,
        cell::same_key,
        curves::distinct,
        sheet::{Figure, Line, Sheet},
    },
};

/// How a comparison is printed.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What is shown of the values of several seeds.
    pub show: Show,
    /// The key, or `method`, whose values become columns.
    pub across: Option<String>,
}

/// What bold figures are.
const CLEAR: &str = "the best of its cell, where its paired 95 % interval to each other method excludes equality";

/// The label of a row as a key.
const METHOD: &str = "method";

/// Fewer pairs cannot show a difference at 5 %.
const ENOUGH: usize = 6;

impl Table {
    /// The table, and below it the differences to the baseline where there is one.
    ///
    /// # Errors
    /// [`Invalid`] if there is no key whose values are to become columns.
    pub fn sheets(&self, view: &View) -> Result<Vec<Sheet>, Invalid> {
        let main = match &view.across {
            Some(key) => self.pivot(self.key(key)?, view.show),
            None => self.plain(view.show),
        };
        Ok([main].into_iter().chain(self.versus.as_ref().map(|versus| self.differences(versus))).collect())
    }

    /// The key called `name`, or the last segment of whose path is.
    fn key(&self, name: &str) -> Result<&str, Invalid> {
        let known = self.keys.iter().map(String::as_str).chain([METHOD]);
        known.clone().find(|key| same_key(key, name)).ok_or_else(|| {
            let fault = Invalid::at("columns", format!("no key `{name}` tells the rows apart"));
            fault.help(format!("those that do: {}", known.collect::<Vec<_>>().join(", ")))
        })
    }

    /// A line for each row, a column for each column.
    fn plain(&self, show: Show) -> Sheet {
        let line = |(i, row): (usize, &Row)| {
            let labels = row.cell.0.iter().map(|(_, value)| value).chain([&row.method]).map(Figure::plain);
            let count = Figure::plain(format!("{}/{}", row.reached, row.seeds));
            let figures =
                row.entries.iter().zip(&self.columns).map(|(entry, column)| show.figure(self, row, entry.as_ref(), column));
            let begins = i > 0 && self.rows[i - 1].cell != row.cell;
            Line { cells: labels.chain([count]).chain(figures).collect(), begins }
        };
        let fixed = labels(&self.keys).chain([METHOD.to_owned(), self.reached.to_owned()]);
        Sheet {
            caption: self.caption.clone() + &said(show),
            headings: fixed.chain(self.columns.iter().map(|column| column.heading.clone())).collect(),
            texts: self.keys.len() + 1,
            fixed: self.keys.len() + 2,
            lines: self.rows.iter().enumerate().map(line).collect(),
            bold: CLEAR,
            notes: self.notes.clone(),
        }
    }

    /// A line for each combination of the other keys, a column for each value of `key` and each column.
    fn pivot(&self, key: &str, show: Show) -> Sheet {
        let others: Vec<String> = self.keys.iter().filter(|other| *other != key).cloned().collect();
        let label = |row: &Row| {
            let mut label: Vec<String> = row.cell.without(&[key]).0.into_iter().map(|(_, value)| value).collect();
            label.extend((key != METHOD).then(|| row.method.clone()));
            label
        };
        let value = |row: &Row| if key == METHOD { row.method.clone() } else { row.cell.get(key).unwrap_or_default().to_owned() };
        let (groups, values) = (distinct(self.rows.iter().map(label)), distinct(self.rows.iter().map(value)));
        let line = |(i, own): (usize, &Vec<String>)| {
            let figures = self.columns.iter().enumerate().flat_map(|(c, column)| {
                let rows = values.iter().map(|wanted| self.rows.iter().find(|row| label(row) == *own && value(row) == *wanted));
                rows.map(move |row| {
                    row.map_or_else(|| Figure::plain("–"), |row| show.figure(self, row, row.entries[c].as_ref(), column))
                })
                .collect::<Vec<_>>()
            });
            let begins = i > 0 && own.len() > 1 && groups[i - 1][..own.len() - 1] != own[..own.len() - 1];
            Line { cells: own.iter().map(Figure::plain).chain(figures).collect(), begins }
        };
        let [alone, short] = [self.columns.len() == 1, key == METHOD];
        let name = key.rsplit('.').next().unwrap_or(key);
        let heading = |column: &Column, value: &String| match (alone, short) {
            (true, true) => value.clone(),
            (true, false) => format!("{name} = {value}"),
            (false, true) => format!("{}, {value}", column.heading),
            (false, false) => format!("{}, {name} = {value}", column.heading),
        };
        let headings = self.columns.iter().flat_map(|column| values.iter().map(move |value| heading(column, value)));
        let fixed = others.len() + usize::from(key != METHOD);
        let method = (key != METHOD).then(|| METHOD.to_owned());
        let what = if alone { format!(": {}", self.columns[0].heading) } else { String::new() };
        Sheet {
            caption: self.caption.clone() + &what + &said(show),
            headings: labels(&others).chain(method).chain(headings).collect(),
            texts: fixed,
            fixed,
            lines: groups.iter().enumerate().map(line).collect(),
            bold: CLEAR,
            notes: self.notes.clone(),
        }
    }

    /// The words where the median seed did not succeed: `never`, or `never (3 of 5)` where some did.
    pub(super) fn failure(&self, row: &Row) -> String {
        match row.reached {
            0 => self.failed.to_owned(),
            reached => format!("{} ({} of {})", self.failed, row.seeds - reached, row.seeds),
        }
    }

    /// A line for each column, cell and method that is compared with the baseline.
    fn differences(&self, versus: &Versus) -> Sheet {
        let mut lines = Vec::new();
        for (c, column) in self.columns.iter().enumerate() {
            let found = self.rows.iter().filter_map(|row| Some((row, row.entries[c].as_ref()?.difference?)));
            let line = |(i, (row, difference)): (usize, (&Row, Difference))| {
                let quantity =
                    [&column.heading].into_iter().chain(row.cell.0.iter().map(|(_, value)| value)).chain([&row.method]);
                let labels = quantity.map(Figure::plain);
                Line { cells: labels.chain(told(&difference, column.relative, versus.bayes)).collect(), begins: i == 0 }
            };
            lines.extend(found.enumerate().map(line));
        }
        let fixed = ["quantity".to_owned()].into_iter().chain(labels(&self.keys)).chain([METHOD.to_owned()]);
        let against = format!("against {}", versus.baseline);
        let figures = ["pairs", &against, "p", "p (Holm)", "won/tied/lost"].map(str::to_owned);
        Sheet {
            caption: format!("Differences to {} under the same seeds", versus.baseline),
            headings: fixed.chain(figures).chain(versus.bayes.then(|| "BF".to_owned())).collect(),
            texts: self.keys.len() + 2,
            fixed: self.keys.len() + 2,
            lines,
            bold: "the interval excludes equality",
            notes: self.explained(versus),
        }
    }

    /// What the figures of the differences are, and what so many seeds can show.
    fn explained(&self, versus: &Versus) -> Vec<String> {
        let all = || self.rows.iter().flat_map(|row| row.entries.iter().flatten()).filter_map(|entry| entry.difference);
        let mut notes = vec![
            "× is a ratio, by the mean of logarithms, + and - a mean difference; in brackets the 95 % interval by Student's t"
                .to_owned(),
            "p: exact two-sided test by flipping signs; Holm: adjusted for all comparisons of the same quantity; won, tied and lost are seeds"
                .to_owned(),
        ];
        if let Some(fewest) = all().map(|difference| difference.pairs).min().filter(|&pairs| pairs < ENOUGH) {
            let least = short(2.0_f64.powi(1 - fewest as i32));
            notes.push(format!("with {} no p is below {least}: 8 seeds or more can show a difference", count(fewest, "pair")));
        }
        if all().any(|difference| difference.effect.is_none() && difference.pairs > 1) {
            notes.push("failed: one of the two methods failed under some seed, so that no mean of the differences exists; p and counts include it".to_owned());
        }
        if versus.bayes {
            let least = all().min_by_key(|difference| difference.pairs);
            let ceiling =
                least.map(|least| format!("; with {} it stays below {}", count(least.pairs, "pair"), short(least.ceiling())));
            notes.push(format!(
                "BF: Bayes factor for a difference against none, where effects have the prior N(0, σ²) and nothing is known of σ{}",
                ceiling.unwrap_or_default()
            ));
        }
        notes
    }
}

/// What is shown, where it is not the usual.
fn said(show: Show) -> String {
    if show == Show::default() { String::new() } else { format!("; {show} over seeds") }
}

/// The last segments of the paths of `keys`.
fn labels(keys: &[String]) -> impl Iterator<Item = String> {
    keys.iter().map(|key| key.rsplit('.').next().unwrap_or(key).to_owned())
}

/// The figures of a difference.
fn told(difference: &Difference, relative: bool, bayes: bool) -> Vec<Figure> {
    let number = |value: f64| match relative {
        true => format!("×{}", short(value)),
        false => format!("{}{}", if value > 0.0 { "+" } else { "" }, short(value)),
    };
    let plain = |value: f64| if relative { short(value) } else { number(value) };
    let effect = match difference.effect {
        Some(found) => Figure {
            spread: Some(format!("[{}, {}]", plain(found.low), plain(found.high))),
            bold: !found.includes(Difference::equality(relative)),
            ..Figure::plain(number(found.value))
        },
        None => Figure::plain(if difference.pairs > 1 { "failed" } else { "–" }),
    };
    let [won, tied, lost] = difference.counts;
    let counts = Figure::plain(format!("{won}/{tied}/{lost}"));
    let p = [difference.p, difference.holm].map(|p| Figure::plain(short(p)));
    let mut figures = vec![Figure::plain(difference.pairs.to_string()), effect];
    figures.extend(p);
    figures.push(counts);
    figures.extend(bayes.then(|| Figure::plain(difference.bayes.map_or_else(|| "–".to_owned(), short))));
    figures
}
