//! NPY files and NPZ archives.

use std::io::{Cursor, Read};

use ndarray::ArrayD;
use ndarray_npy::{ReadNpyError, ReadNpyExt};
use zip::ZipArchive;

use super::{RawSamples, RawTable, RawTargets};
use crate::{
    file::{File, npy::check},
    invalid::Invalid,
    num::Real,
    problem::data::{Features, Grouping, spec::NpzSpec, table::dense},
};

/// The arrays of one data set.
pub(in crate::problem::data) struct Arrays<R> {
    pub x: Array<R>,
    pub y: Array<f64>,
    pub test: Option<(Array<R>, Array<f64>)>,
    pub client: Option<Array<f64>>,
}

/// Values in row-major order.
pub(in crate::problem::data) struct Array<T> {
    pub shape: Vec<usize>,
    pub values: Vec<T>,
    name: String,
}

impl<R: Real> Arrays<R> {
    /// Brings the arrays into rows.
    ///
    /// # Errors
    /// [`Invalid`] where shapes do not match.
    pub fn table(self) -> Result<RawTable<R>, Invalid> {
        let stacked = self.y.shape.len() == 2 && self.x.shape.len() > 2;
        let per_client = if stacked { self.y.shape[1] } else { 1 };
        let lead = if stacked { 2 } else { 1 };
        let train = samples(self.x, self.y, lead)?;
        let rows = train.targets.len();
        let natural = match self.client {
            Some(ids) if ids.values.len() == rows => {
                Some(Grouping::new("client", &ids.values.iter().map(ToString::to_string).collect::<Vec<_>>()))
            }
            Some(ids) => {
                return Err(Invalid::at(
                    "",
                    format!("`{}` has shape {:?}: expected a client for each of {rows} samples", ids.name, ids.shape),
                ));
            }
            None if stacked => {
                Some(Grouping::new("client", &(0..rows).map(|row| (row / per_client).to_string()).collect::<Vec<_>>()))
            }
            None => None,
        };
        let test = self.test.map(|(x, y)| samples(x, y, 1)).transpose()?;
        if let Some(test) = test.as_ref().filter(|test| test.features.columns() != train.features.columns()) {
            let (found, expected) = (test.features.columns(), train.features.columns());
            return Err(Invalid::at("", format!("held-out samples have {found} features: expected {expected}, as in training")));
        }
        Ok(RawTable { natural, ..RawTable::new(train, test) })
    }
}

fn samples<R: Real>(x: Array<R>, y: Array<f64>, lead: usize) -> Result<RawSamples<R>, Invalid> {
    let rows: usize = x.shape.iter().take(lead).product();
    if x.shape.len() < lead || x.shape[..lead.min(x.shape.len())] != y.shape[..lead.min(y.shape.len())] || y.values.len() != rows
    {
        let message =
            format!("`{}` has shape {:?} and `{}` {:?}: expected a target for each row", x.name, x.shape, y.name, y.shape);
        return Err(Invalid::at("", message));
    }
    if rows == 0 {
        return Err(Invalid::at("", format!("`{}` has no samples", x.name)));
    }
    if let Some(at) = x.values.iter().position(|value| !value.f64().is_finite()) {
        let message =
            format!("`{}` holds `{}` at row {}: expected finite numbers", x.name, x.values[at], at / (x.values.len() / rows));
        return Err(Invalid::at("", message));
    }
    let columns = x.values.len() / rows;
    Ok(RawSamples { features: Features::Dense(dense(rows, columns, x.values)), targets: RawTargets::Numbers(y.values) })
}

/// Reads one NPY file of any numeric type.
///
/// # Errors
/// [`Invalid`] when the file is malformed or holds other values.
pub(in crate::problem::data) fn npy<T: Real>(file: &File<'_>, name: &str) -> Result<Array<T>, Invalid> {
    any_type(file, file.bytes(), name)
}

/// Reads the arrays of an NPZ archive, stored or deflated.
///
/// # Errors
/// [`Invalid`] when the archive is malformed or lacks an array.
pub(in crate::problem::data) fn npz<R: Real>(file: &File<'_>, spec: &NpzSpec) -> Result<Arrays<R>, Invalid> {
    let zip = ZipArchive::new(Cursor::new(file.bytes())).map_err(|_| not_npz(file))?;
    let mut archive = Archive { file, zip };
    let x = archive.array(spec.x.as_deref().unwrap_or("x"), "x")?;
    let y = archive.array(spec.y.as_deref().unwrap_or("y"), "y")?;
    let test = match (&spec.test_x, &spec.test_y) {
        (Some(x), Some(y)) => Some((archive.array(x, "test-x")?, archive.array(y, "test-y")?)),
        (None, None) => None,
        _ => return Err(Invalid::at("npz", "only one of test-x and test-y is given: expected both")),
    };
    let client = spec.client.as_deref().map(|name| archive.array(name, "client")).transpose()?;
    Ok(Arrays { x, y, test, client })
}

fn not_npz(file: &File<'_>) -> Invalid {
    if file.bytes().starts_with(b"PK") {
        let fault = file.fault("the archive has no table of its arrays at its end");
        return fault.help("the file may be cut off: compare its size with the original");
    }
    let fault = file.fault("the file is not NPZ: expected an archive as `numpy.savez` writes it");
    if file.bytes().starts_with(b"\x93NUMPY") { fault.help("it is a single array: give it as `npy`") } else { fault }
}

struct Archive<'a> {
    file: &'a File<'a>,
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl Archive<'_> {
    /// The array `name`, which the scenario names at `key`.
    fn array<T: Real>(&mut self, name: &str, key: &str) -> Result<Array<T>, Invalid> {
        let entry = format!("{name}.npy");
        let Some(index) = self.zip.index_for_name(&entry) else {
            // A name that is no text is none that a scenario could give.
            let names = self.zip.file_names().filter_map(Result::ok);
            let mut known: Vec<String> = names.map(|entry| entry.trim_end_matches(".npy").to_owned()).collect();
            known.sort_unstable();
            let error = Invalid::at(&format!("npz.{key}"), format!("the archive has no array `{name}`"));
            return Err(error.help(format!("it has: {}", known.join(", "))));
        };
        let mut bytes = Vec::new();
        let unpacked =
            self.zip.by_index(index).map_err(std::io::Error::other).and_then(|mut entry| entry.read_to_end(&mut bytes));
        unpacked.map_err(|error| {
            let fault = self.file.fault(format!("the array `{name}` cannot be unpacked: {error}"));
            fault.help("the file may be damaged: compare it with the original")
        })?;
        any_type(self.file, &bytes, name)
    }
}

/// Tries the element types in turn; only a wrong type leads to the next. `bytes` are those of `file`, or unpacked from it.
fn any_type<T: Real>(file: &File<'_>, bytes: &[u8], name: &str) -> Result<Array<T>, Invalid> {
    let unreadable = |reason: String| file.fault(format!("the array `{name}` cannot be read: {reason}"));
    check(bytes).map_err(unreadable)?;
    macro_rules! attempt {
        ($($element:ty => $widen:expr),+ $(,)?) => {$(
            match ArrayD::<$element>::read_npy(bytes) {
                Ok(array) => {
                    let shape = array.shape().to_vec();
                    let values = array.iter().map(|&value| T::of($widen(value))).collect();
                    return Ok(Array { shape, values, name: name.to_owned() });
                }
                Err(ReadNpyError::WrongDescriptor(_)) => {}
                Err(error) => return Err(unreadable(error.to_string())),
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
    Err(file.fault(message).help("convert it, such as by `x.astype(\"float32\")`"))
}
