//! Columns of text as one feature per category.

use std::collections::BTreeMap;

use ndarray::Array2;

use crate::{num::Real, problem::data::table::dense};

/// Most categories of a column; more are likely names or free text.
const MOST_CATEGORIES: usize = 1024;

/// The categories of each feature column that holds text.
#[derive(Default)]
pub(super) struct Categories {
    /// Code of each category in order of appearance, and whether a training sample has it; `None` for numbers.
    columns: Vec<Option<BTreeMap<String, (usize, bool)>>>,
}

impl Categories {
    /// Decides by the first sample which columns hold text.
    pub fn decide<'a>(&mut self, cells: impl Iterator<Item = &'a str>) {
        if self.columns.is_empty() {
            self.columns = cells.map(|cell| cell.parse::<f64>().is_err().then(BTreeMap::new)).collect();
        }
    }

    /// The code of `cell` in `column`, or its number.
    pub fn code(&mut self, column: usize, cell: &str, training: bool) -> Result<f64, &'static str> {
        if ["", "na", "nan", "null"].contains(&cell.to_ascii_lowercase().as_str()) {
            return Err("the value is missing: fill it in, remove the line, or list the column under `ignore`");
        }
        let Some(known) = &mut self.columns[column] else {
            let number = cell.parse().ok().filter(|value: &f64| value.is_finite());
            return number.ok_or("expected a finite number, as in the first sample; or list the column under `ignore`");
        };
        let next = known.len();
        if !known.contains_key(cell) {
            if next == MOST_CATEGORIES {
                return Err("the column has more than 1024 categories: list it under `ignore`");
            }
            known.insert(cell.to_owned(), (next, false));
        }
        let entry = known.get_mut(cell).expect("the category was just entered");
        entry.1 |= training;
        Ok(entry.0 as f64)
    }

    /// Features `[rows, columns]` of coded cells: categories of the training samples in sorted order, others as zeros.
    pub fn expand<R: Real>(&self, rows: usize, coded: Vec<R>) -> Array2<R> {
        if self.columns.iter().all(Option::is_none) {
            return dense(rows, self.columns.len(), coded);
        }
        let mut width = 0;
        let places: Vec<_> = self.columns.iter().map(|column| place(column.as_ref(), &mut width)).collect();
        let mut features = Array2::zeros((rows, width));
        for (mut row, cells) in features.rows_mut().into_iter().zip(coded.chunks_exact(places.len())) {
            for (place, &cell) in places.iter().zip(cells) {
                match place {
                    Place::Number(at) => row[*at] = cell,
                    Place::OneHot(of) => of[cell.f64() as usize].into_iter().for_each(|at| row[at] = R::one()),
                }
            }
        }
        features
    }
}

/// Where a column stands among the features.
enum Place {
    Number(usize),
    /// Feature of each code; none for a category that no training sample has.
    OneHot(Vec<Option<usize>>),
}

fn place(column: Option<&BTreeMap<String, (usize, bool)>>, width: &mut usize) -> Place {
    let mut take = || {
        *width += 1;
        *width - 1
    };
    let Some(known) = column else { return Place::Number(take()) };
    let mut of = vec![None; known.len()];
    for &(code, _) in known.values().filter(|(_, training)| *training) {
        of[code] = Some(take());
    }
    Place::OneHot(of)
}
