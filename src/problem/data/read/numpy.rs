//! NPY files and NPZ archives.

use std::io::Cursor;

use ndarray::{ArrayD, OwnedRepr};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpyExt, ReadNpzError, ReadableElement};

use super::{File, RawSamples, RawTable, RawTargets};
use crate::{
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
    let mut source = Npy(file.bytes());
    any_type(&mut source, name).map_err(|message| file.fault(None, message))
}

/// Reads the arrays of an NPZ archive.
///
/// # Errors
/// [`Invalid`] when the archive is malformed or lacks an array.
pub(in crate::problem::data) fn npz<R: Real>(file: &File<'_>, spec: &NpzSpec) -> Result<Arrays<R>, Invalid> {
    let reader =
        NpzReader::new(Cursor::new(file.bytes())).map_err(|error| file.fault(None, format!("the file is not NPZ: {error}")))?;
    let mut source = Npz(reader);
    let names = source.0.names().map_err(|error| file.fault(None, format!("the archive cannot be read: {error}")))?;
    let named = |given: &Option<String>, key: &str, default: Option<&str>| -> Result<Option<String>, Invalid> {
        let Some(name) = given.as_deref().or(default) else { return Ok(None) };
        if names.iter().any(|known| known == name) {
            return Ok(Some(name.to_owned()));
        }
        Err(Invalid::at(&format!("npz.{key}"), format!("the archive has no array `{name}`"))
            .help(format!("it has: {}", names.join(", "))))
    };
    let x = named(&spec.x, "x", Some("x"))?;
    let y = named(&spec.y, "y", Some("y"))?;
    let (test_x, test_y) = (named(&spec.test_x, "test-x", None)?, named(&spec.test_y, "test-y", None)?);
    let client = named(&spec.client, "client", None)?;
    let fault = |message: String| file.fault(None, message);
    let test = match (test_x, test_y) {
        (Some(x), Some(y)) => Some((any_type(&mut source, &x).map_err(fault)?, any_type(&mut source, &y).map_err(fault)?)),
        (None, None) => None,
        _ => return Err(Invalid::at("npz", "only one of test-x and test-y is given: expected both")),
    };
    Ok(Arrays {
        x: any_type(&mut source, x.as_deref().unwrap_or_default()).map_err(fault)?,
        y: any_type(&mut source, y.as_deref().unwrap_or_default()).map_err(fault)?,
        test,
        client: client.map(|name| any_type(&mut source, &name)).transpose().map_err(fault)?,
    })
}

/// Something that holds arrays whose element type is not known before they are read.
trait Typed {
    fn typed<E: ReadableElement>(&mut self, name: &str) -> Result<ArrayD<E>, ReadNpyError>;
}

struct Npy<'a>(&'a [u8]);

impl Typed for Npy<'_> {
    fn typed<E: ReadableElement>(&mut self, _: &str) -> Result<ArrayD<E>, ReadNpyError> {
        ArrayD::read_npy(self.0)
    }
}

struct Npz<'a>(NpzReader<Cursor<&'a [u8]>>);

impl Typed for Npz<'_> {
    fn typed<E: ReadableElement>(&mut self, name: &str) -> Result<ArrayD<E>, ReadNpyError> {
        self.0.by_name::<OwnedRepr<E>, _>(name).map_err(|error| match error {
            ReadNpzError::Npy(error) => error,
            ReadNpzError::Zip(error) => ReadNpyError::Io(std::io::Error::other(error)),
        })
    }
}

/// Tries the element types in turn; only a wrong type leads to the next.
fn any_type<T: Real>(source: &mut impl Typed, name: &str) -> Result<Array<T>, String> {
    macro_rules! attempt {
        ($($element:ty => $widen:expr),+ $(,)?) => {$(
            match source.typed::<$element>(name) {
                Ok(array) => {
                    let shape = array.shape().to_vec();
                    let values = array.iter().map(|&value| T::of($widen(value))).collect();
                    return Ok(Array { shape, values, name: name.to_owned() });
                }
                Err(ReadNpyError::WrongDescriptor(_)) => {}
                Err(error) => return Err(format!("the array `{name}` cannot be read: {error}")),
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
    Err(format!("the array `{name}` has an element type that is not read: expected real, whole or truth values"))
}
