//! NPY files and NPZ archives.

use ndarray::ArrayD;
use ndarray_npy::{ReadNpyError, ReadNpyExt};

use super::{EXACT, RawSamples, RawTable, RawTargets, bound};
use crate::{
    file::{
        File,
        numpy::{self, Archive},
    },
    invalid::{Invalid, count},
    num::Real,
    problem::data::{Features, Grouping, spec::NpzSpec, table::dense},
    table::is_missing,
};

/// The arrays of one data set.
pub(in crate::problem::data) struct Arrays<R> {
    pub x: Array<R>,
    pub y: Column,
    pub test: Option<(Array<R>, Column)>,
    pub client: Option<Column>,
}

/// Values in row-major order.
pub(in crate::problem::data) struct Array<T> {
    pub shape: Vec<usize>,
    pub values: Vec<T>,
    name: String,
    /// Whether the values are unsigned bytes.
    is_bytes: bool,
}

/// Targets or client ids: numbers or text.
pub(in crate::problem::data) struct Column {
    name: String,
    shape: Vec<usize>,
    pub cells: RawTargets,
    /// Whether the cells are whole numbers as text, some of them beyond those that `f64` tells apart.
    pub is_large: bool,
}

impl Column {
    /// Refuses values that are missing, and numbers that are not finite.
    pub fn check(&self) -> Result<(), Invalid> {
        let odd = match &self.cells {
            RawTargets::Numbers(values) => {
                values.iter().position(|value| !value.is_finite()).map(|row| (row, values[row].to_string()))
            }
            RawTargets::Names(cells) => cells.iter().position(|cell| is_missing(cell)).map(|row| (row, cells[row].clone())),
        };
        let Some((row, found)) = odd else { return Ok(()) };
        let row = row / self.shape.iter().skip(1).product::<usize>().max(1);
        let what = if found.is_empty() { "an empty text".to_owned() } else { format!("`{found}`") };
        let message = format!("`{}` holds {what} at row {row} (counted from 0): the value is missing or not finite", self.name);
        Err(Invalid::at("", message).help("fill it in, or remove the row"))
    }

    /// The values as text, such as client ids.
    fn texts(self) -> Vec<String> {
        match self.cells {
            RawTargets::Numbers(values) => values.iter().map(ToString::to_string).collect(),
            RawTargets::Names(cells) => cells,
        }
    }

    /// The place of the 1 in each row of an array `[n, C]` that is 0 elsewhere; `None` if a row is not so.
    fn hot(&self) -> Option<Vec<f64>> {
        let (RawTargets::Numbers(values), &[_, classes]) = (&self.cells, self.shape.as_slice()) else { return None };
        let place = |row: &[f64]| {
            let place = row.iter().position(|&value| value == 1.0)?;
            (row.iter().filter(|value| **value != 0.0).count() == 1).then_some(place as f64)
        };
        if classes < 2 { None } else { values.chunks_exact(classes).map(place).collect() }
    }
}

impl<R: Real> Arrays<R> {
    /// Brings the arrays into rows.
    ///
    /// # Errors
    /// [`Invalid`] where shapes do not match.
    pub fn table(self) -> Result<RawTable<R>, Invalid> {
        let y = single(self.y, &self.x)?;
        let stacked = y.shape.len() == 2 && self.x.shape.len() > 2;
        let per_client = if stacked { y.shape[1] } else { 1 };
        let lead = if stacked { 2 } else { 1 };
        if let Some((test, _)) = &self.test {
            alike(&self.x, test)?;
        }
        let bytes = unscaled(&self.x).or_else(|| unscaled(&self.test.as_ref()?.0));
        let train = samples(self.x, y, lead)?;
        let rows = train.targets.len();
        let natural = match self.client {
            Some(ids) if ids.cells.len() == rows => {
                ids.check()?;
                Some(Grouping::new("client", &ids.texts()))
            }
            Some(ids) => {
                let Column { name, shape, .. } = ids;
                return Err(Invalid::at(
                    "",
                    format!("`{name}` has shape {shape:?}: expected a client for each of {rows} samples"),
                ));
            }
            None if stacked => {
                Some(Grouping::new("client", &(0..rows).map(|row| (row / per_client).to_string()).collect::<Vec<_>>()))
            }
            None => None,
        };
        let test = self.test.map(|(x, y)| single(y, &x).and_then(|y| samples(x, y, 1))).transpose()?;
        if let Some(test) = test.as_ref().filter(|test| test.features.columns() != train.features.columns()) {
            let (found, expected) = (test.features.columns(), train.features.columns());
            return Err(Invalid::at(
                "",
                format!("held-out samples have {}: expected {expected}, as in training", count(found, "feature")),
            ));
        }
        Ok(RawTable { natural, unscaled: bytes, ..RawTable::new(train, test) })
    }
}

/// Targets in one dimension where they say so in two: `[n, 1]`, as Keras has them, and classes as one-hot rows.
///
/// # Errors
/// [`Invalid`] for one-hot rows that may as well be the samples of clients.
fn single<R>(mut y: Column, x: &Array<R>) -> Result<Column, Invalid> {
    let &[rows, width] = y.shape.as_slice() else { return Ok(y) };
    if x.shape.first() != Some(&rows) {
        return Ok(y);
    }
    // Inputs `[n, m, …]` with targets `[n, m]` are `m` samples of each of `n` clients.
    let by_client = x.shape.len() > 2 && x.shape[1] == width;
    if width == 1 && !by_client {
        y.shape = vec![rows];
        return Ok(y);
    }
    let Some(classes) = y.hot() else { return Ok(y) };
    if by_client {
        let message = format!("`{}` has shape {:?}: one-hot classes, or {width} samples of each client?", y.name, y.shape);
        return Err(Invalid::at("", message).help("save classes as numbers: `y.argmax(1)`"));
    }
    Ok(Column { shape: vec![rows], cells: RawTargets::Numbers(classes), ..y })
}

fn largest<R: Real>(x: &Array<R>) -> f64 {
    x.values.iter().map(|value| value.f64()).fold(0.0, f64::max)
}

/// The name of inputs that are bytes above 1, and the largest of them.
fn unscaled<R: Real>(x: &Array<R>) -> Option<(String, f64)> {
    let largest = largest(x);
    (x.is_bytes && largest > 1.0).then(|| (x.name.clone(), largest))
}

/// Refuses bytes above 1 beside inputs of another type up to 1, which were divided by 255 in one part only.
fn alike<R: Real>(x: &Array<R>, test: &Array<R>) -> Result<(), Invalid> {
    for (bytes, other) in [(x, test), (test, x)] {
        let (Some((name, most)), false) = (unscaled(bytes), other.is_bytes) else { continue };
        if largest(other) <= 1.0 {
            let message = format!("`{name}` holds bytes up to {most}, and `{}` no value above 1: expected one range", other.name);
            return Err(Invalid::at("", message).help(format!("divide `{name}` by 255 before it is saved: `a / 255.0`")));
        }
    }
    Ok(())
}

fn samples<R: Real>(x: Array<R>, y: Column, lead: usize) -> Result<RawSamples<R>, Invalid> {
    let rows = x.shape.iter().take(lead).copied().fold(1, usize::saturating_mul);
    let shape = &y.shape;
    if x.shape.len() < lead || x.shape[..lead.min(x.shape.len())] != shape[..lead.min(shape.len())] || y.cells.len() != rows {
        let message = format!("`{}` has shape {:?} and `{}` {shape:?}: expected a target for each row", x.name, x.shape, y.name);
        let fault = Invalid::at("", message);
        let help =
            "a row of several targets is read where it is one-hot; save other classes as numbers, such as by `y.argmax(1)`";
        return Err(if shape.len() == 2 { fault.help(help) } else { fault });
    }
    if rows == 0 {
        return Err(Invalid::at("", format!("`{}` has no samples", x.name)));
    }
    y.check()?;
    if let Some(at) = x.values.iter().position(|value| !value.f64().is_finite()) {
        let row = at / (x.values.len() / rows);
        let message = format!(
            "`{}` holds `{}` at row {row} (counted from 0): expected finite numbers{}",
            x.name,
            x.values[at],
            bound::<R>()
        );
        return Err(Invalid::at("", message));
    }
    let columns = x.values.len() / rows;
    Ok(RawSamples { features: Features::Dense(dense(rows, columns, x.values)), targets: y.cells })
}

/// Reads one NPY file of any numeric type.
///
/// # Errors
/// [`Invalid`] when the file is malformed or holds other values.
pub(in crate::problem::data) fn npy<T: Real>(file: &File<'_>, name: &str) -> Result<Array<T>, Invalid> {
    numbers(file, file.bytes(), name)
}

/// Reads one NPY file of numbers or text.
///
/// # Errors
/// [`Invalid`] when the file is malformed or holds other values.
pub(in crate::problem::data) fn npy_column(file: &File<'_>, name: &str) -> Result<Column, Invalid> {
    column(file, file.bytes(), name)
}

/// Reads the arrays of an NPZ archive, stored or deflated.
///
/// # Errors
/// [`Invalid`] when the archive is malformed or lacks an array.
pub(in crate::problem::data) fn npz<R: Real>(file: &File<'_>, spec: &NpzSpec) -> Result<Arrays<R>, Invalid> {
    let mut archive = Archive::open(file)?;
    let x_name = spec.x.as_deref().unwrap_or("x");
    let y_name = spec.y.as_deref().unwrap_or("y");
    let mut entry = |name: &str, key: &str| {
        archive.array(name)?.ok_or_else(|| {
            let error = Invalid::at(&format!("npz.{key}"), format!("the archive has no array `{name}`"));
            error.help(format!("it has: {}", archive.names()))
        })
    };
    let x = numbers(file, &entry(x_name, "x")?, x_name)?;
    let y = column(file, &entry(y_name, "y")?, y_name)?;
    let test = match (&spec.test_x, &spec.test_y) {
        (Some(x), Some(y)) => Some((numbers(file, &entry(x, "test-x")?, x)?, column(file, &entry(y, "test-y")?, y)?)),
        (None, None) => None,
        _ => return Err(Invalid::at("npz", "only one of test-x and test-y is given: expected both")),
    };
    let client = match spec.client.as_deref() {
        Some(name) => Some(column(file, &entry(name, "client")?, name)?),
        None => None,
    };
    Ok(Arrays { x, y, test, client })
}

/// An array of numbers or of text. `bytes` are those of `file`, or unpacked from it.
fn column(file: &File<'_>, bytes: &[u8], name: &str) -> Result<Column, Invalid> {
    let text = numpy::text(bytes).map_err(|reason| unreadable((file, bytes), name, &reason))?;
    let is_large = text.is_none();
    let (shape, cells, is_large) = match text.or_else(|| large(bytes)) {
        Some((shape, cells)) => (shape, RawTargets::Names(cells), is_large),
        None => {
            let Array { shape, values, .. } = numbers(file, bytes, name)?;
            (shape, RawTargets::Numbers(values), false)
        }
    };
    Ok(Column { name: name.to_owned(), shape, cells, is_large })
}

/// The shape and the values, as text, of whole numbers of 64 bits of which some are beyond those that `f64` tells apart.
fn large(bytes: &[u8]) -> Option<(Vec<usize>, Vec<String>)> {
    macro_rules! attempt {
        ($element:ty) => {
            ArrayD::<$element>::read_npy(bytes)
                .ok()
                .filter(|array| array.iter().any(|value| value.abs_diff(0) > EXACT))
                .map(|array| (array.shape().to_vec(), array.iter().map(ToString::to_string).collect()))
        };
    }
    attempt!(i64).or_else(|| attempt!(u64))
}

/// A fault of the whole array `bytes`, which `file` is or holds.
fn unreadable((file, bytes): (&File<'_>, &[u8]), name: &str, reason: &str) -> Invalid {
    if bytes.starts_with(b"PK") {
        return file.fault("the file is an archive of arrays: expected one array").help("give it as `npz`");
    }
    let message = format!("the array `{name}` cannot be read: {reason}");
    if std::ptr::eq(bytes, file.bytes()) { file.foreign(message) } else { file.fault(message) }
}

/// Tries the element types in turn; only a wrong type leads to the next. `bytes` are those of `file`, or unpacked from it.
fn numbers<T: Real>(file: &File<'_>, bytes: &[u8], name: &str) -> Result<Array<T>, Invalid> {
    numpy::check(bytes).map_err(|reason| unreadable((file, bytes), name, &reason))?;
    macro_rules! attempt {
        ($($element:ty => $widen:expr),+ $(,)?) => {$(
            match ArrayD::<$element>::read_npy(bytes) {
                Ok(array) => {
                    let shape = array.shape().to_vec();
                    let values = array.iter().map(|&value| T::of($widen(value))).collect();
                    let is_bytes = stringify!($element) == "u8";
                    return Ok(Array { shape, values, name: name.to_owned(), is_bytes });
                }
                Err(ReadNpyError::WrongDescriptor(_)) => {}
                Err(error) => return Err(unreadable((file, bytes), name, &error.to_string())),
            }
        )+};
    }
    attempt!(
        f32 => f64::from,
        f64 => f64::from,
        u8 => f64::from,
        i64 => |value: i64| value as f64,
        i32 => f64::from,
        u32 => f64::from,
        u64 => |value: u64| value as f64,
        i16 => f64::from,
        u16 => f64::from,
        i8 => f64::from,
        bool => |value: bool| f64::from(u8::from(value)),
    );
    let message = format!("the array `{name}` has an element type that is not read: expected real, whole or truth values");
    let text = numpy::text(bytes).is_ok_and(|text| text.is_some());
    let help = if text {
        "it is text: number its columns one by one, such as by `numpy.unique(a[:, 0], return_inverse=True)[1]`, or give the samples \
         as CSV, where text is one feature per category"
    } else {
        "convert it: numbers by `a.astype(\"float32\")`, names and other objects by `a.astype(str)`"
    };
    Err(file.fault(message).help(help))
}
