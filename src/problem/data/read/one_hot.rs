//! Columns of a text file as features: a number as it is, text as one feature per category.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::{number, oddity};
use crate::{
    invalid::Invalid,
    memory::{self, check_values},
    num::Real,
    problem::data::table::dense,
    table::is_missing,
};

/// Most categories of a column; more are likely names or free text.
const MOST_CATEGORIES: usize = 1024;

/// The feature columns of a file and of its held-out part.
#[derive(Default)]
pub(super) struct Columns {
    columns: Vec<Column>,
}

/// The kind of a column, as far as its cells have been seen.
enum Column {
    /// Nothing yet.
    Unseen,
    /// Numbers.
    Numbers,
    /// No number so far.
    Text(Text),
}

struct Text {
    /// Code of each category in order of appearance, and whether a training sample has it.
    known: BTreeMap<String, (usize, bool)>,
    origin: Origin,
}

/// Why a column is text.
enum Origin {
    /// The scenario says so.
    Declared,
    /// Its first cell is no number: what it is, and where its record begins.
    First(String, usize),
    /// It was so in the training file.
    Training,
}

/// The reason why a cell cannot be a feature, and the place of the cell at fault if it is an earlier one.
pub(super) struct Unfit {
    pub cell: String,
    pub reason: String,
    pub record: Option<usize>,
}

impl Unfit {
    fn new(cell: &str, reason: impl Into<String>) -> Self {
        Self { cell: cell.to_owned(), reason: reason.into(), record: None }
    }
}

/// The remedy for a cell that is missing.
const FILL_IN: &str = "the value is missing: fill it in, remove the line, or list the column under `ignore`";

impl Columns {
    /// One column for each of `declared`, which says whether it is text.
    pub fn new(declared: impl Iterator<Item = bool>) -> Self {
        let text = || Column::Text(Text { known: BTreeMap::new(), origin: Origin::Declared });
        Self { columns: declared.map(|is_text| if is_text { text() } else { Column::Unseen }).collect() }
    }

    /// The code of `cell` in `column`, or its number; the cell is in the record that begins at `record`.
    pub fn code(&mut self, column: usize, cell: &str, record: usize, training: bool) -> Result<f64, Unfit> {
        let column = &mut self.columns[column];
        if let Some(number) = number(cell) {
            return match column {
                Column::Text(text) => text.number(cell, training),
                Column::Unseen | Column::Numbers => {
                    *column = Column::Numbers;
                    if number.is_finite() { Ok(number) } else { Err(Unfit::new(cell, "expected a finite number")) }
                }
            };
        }
        match column {
            Column::Text(text) => text.name(cell, training),
            Column::Numbers if is_missing(cell) => Err(Unfit::new(cell, FILL_IN)),
            Column::Numbers => {
                let found = oddity(cell).map(|oddity| format!("it is written with {oddity}; ")).unwrap_or_default();
                let message = format!("{found}expected a finite number, as above; or list the column under `text` or `ignore`");
                Err(Unfit::new(cell, message))
            }
            Column::Unseen => {
                if let Some(oddity) = oddity(cell) {
                    let message = format!("it is written with {oddity}: write 1234.5, or list the column under `text`");
                    return Err(Unfit::new(cell, message));
                }
                let mut text = Text { known: BTreeMap::new(), origin: Origin::First(cell.to_owned(), record) };
                let code = text.name(cell, training);
                *column = Column::Text(text);
                code
            }
        }
    }

    /// Ends the training file; refuses a column of it that holds nothing but missing values.
    pub fn settle(&mut self) -> Result<(), (usize, Unfit)> {
        for (at, column) in self.columns.iter_mut().enumerate() {
            let Column::Text(text) = column else { continue };
            if let Origin::First(cell, record) = &text.origin {
                if text.known.keys().all(|cell| is_missing(cell)) {
                    return Err((at, Unfit { record: Some(*record), ..Unfit::new(cell, FILL_IN) }));
                }
                text.origin = Origin::Training;
            }
        }
        Ok(())
    }

    /// Features `[rows, columns]` of coded cells: categories of the training samples in sorted order, others as zeros.
    ///
    /// # Errors
    /// [`Invalid`] where they are too many for the memory.
    pub fn expand<R: Real>(&self, rows: usize, coded: Vec<R>) -> Result<Array2<R>, Invalid> {
        if !self.columns.iter().any(|column| matches!(column, Column::Text(_))) {
            return Ok(dense(rows, self.columns.len(), coded));
        }
        let mut width = 0;
        let places: Vec<_> = self.columns.iter().map(|column| place(column, &mut width)).collect();
        check_values("", &[rows, width])?;
        let bytes = (rows * width * size_of::<R>()) as f64;
        memory::require(
            "",
            &format!("{width} features of {rows} samples, one for each category of text,"),
            bytes,
            memory::available(),
        )
        .map_err(|error| error.help("list columns under `ignore`"))?;
        let mut features = Array2::zeros((rows, width));
        for (mut row, cells) in features.rows_mut().into_iter().zip(coded.chunks_exact(places.len())) {
            for (place, &cell) in places.iter().zip(cells) {
                match place {
                    Place::Number(at) => row[*at] = cell,
                    Place::OneHot(of) => of[cell.f64() as usize].into_iter().for_each(|at| row[at] = R::one()),
                }
            }
        }
        Ok(features)
    }
}

impl Text {
    /// The code of a cell that is a number.
    fn number(&mut self, cell: &str, training: bool) -> Result<f64, Unfit> {
        match &self.origin {
            Origin::Declared => self.code(cell, training),
            Origin::Training => {
                Err(Unfit::new(cell, "the column is text in the training file; list it under `text` if that is meant"))
            }
            Origin::First(earlier, record) => {
                let reason = if is_missing(earlier) {
                    FILL_IN.to_owned()
                } else {
                    format!(
                        "other cells, such as `{cell}`, are numbers; list the column under `text` or `ignore` if that is meant"
                    )
                };
                Err(Unfit { record: Some(*record), ..Unfit::new(earlier, reason) })
            }
        }
    }

    /// The code of a cell that is no number. `?` may be a category: only numbers beside it tell that it is missing.
    fn name(&mut self, cell: &str, training: bool) -> Result<f64, Unfit> {
        let missing = match self.origin {
            Origin::Declared => cell.is_empty(),
            Origin::First(..) | Origin::Training => cell != "?" && is_missing(cell),
        };
        if missing { Err(Unfit::new(cell, FILL_IN)) } else { self.code(cell, training) }
    }

    fn code(&mut self, cell: &str, training: bool) -> Result<f64, Unfit> {
        let next = self.known.len();
        if let Some((code, known)) = self.known.get_mut(cell) {
            *known |= training;
            return Ok(*code as f64);
        }
        if next == MOST_CATEGORIES {
            return Err(Unfit::new(cell, "the column has more than 1024 categories: list it under `ignore`"));
        }
        self.known.insert(cell.to_owned(), (next, training));
        Ok(next as f64)
    }
}

/// The place of a column among the features.
enum Place {
    Number(usize),
    /// Feature of each code; none for a category that no training sample has.
    OneHot(Vec<Option<usize>>),
}

fn place(column: &Column, width: &mut usize) -> Place {
    let mut take = || {
        *width += 1;
        *width - 1
    };
    let Column::Text(Text { known, .. }) = column else { return Place::Number(take()) };
    let mut of = vec![None; known.len()];
    for &(code, _) in known.values().filter(|(_, training)| *training) {
        of[code] = Some(take());
    }
    Place::OneHot(of)
}
