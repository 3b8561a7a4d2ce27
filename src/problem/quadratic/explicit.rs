//! Quadratic clients that a scenario states one by one, inline or in a file.

use std::{collections::BTreeMap, path::Path};

use faer::{MatRef, Side};
use ndarray::ArrayD;
use ndarray_npy::ReadNpyExt;

use super::{
    form::{Hessian, QuadraticForm},
    kernel::stride,
    spec::{Numbers, QuadraticSpec},
};
use crate::{
    file::{
        File,
        numpy::{self, Archive},
        start,
    },
    invalid::Invalid,
    num::Real,
};

/// All clients, in double precision.
pub(super) struct Stated {
    pub clients: usize,
    pub dim: usize,
    pub dense: bool,
    /// `[n, d]`, or row-major `[n, d, d]`.
    pub curvatures: Vec<f64>,
    /// `[n, d]`.
    pub centres: Vec<f64>,
}

/// The stated clients, or `None` where the problem is to be generated.
pub(super) fn read(spec: &QuadraticSpec, clients: Option<usize>, base: &Path) -> Result<Option<Stated>, Invalid> {
    let stated = match (&spec.curvature, &spec.centre, &spec.file) {
        (Some(curvature), Some(centre), _) => {
            let curvature = Table::inline("curvature", curvature)?;
            Stated::new(curvature, Table::inline("centre", centre)?, clients)?
        }
        (_, _, Some(file)) => {
            let path = base.join(file);
            let (curvature, centre) = open(&path).map_err(|error| error.under("file"))?;
            Stated::new(curvature, centre, clients)
                .map_err(|error| Invalid { path: vec!["file".into()], ..error.in_file(&path, None) })?
        }
        _ => return Ok(None),
    };
    Ok(Some(stated))
}

/// The curvatures of all clients, column-major with padded columns.
pub(super) fn padded<R: Real>(curvatures: &[f64], dim: usize) -> Vec<R> {
    let stride = stride(dim);
    let mut out = vec![R::zero(); curvatures.len() / dim * stride];
    for (column, from) in out.chunks_exact_mut(stride).zip(curvatures.chunks_exact(dim)) {
        column.iter_mut().zip(from).for_each(|(to, &from)| *to = R::of(from));
    }
    out
}

/// Values per client, before they are fitted to each other.
struct Table {
    /// The key of the values.
    key: &'static str,
    /// `[]`, `[n]`, `[n, d]` or `[n, d, d]`.
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Table {
    fn inline(key: &'static str, numbers: &Numbers) -> Result<Self, Invalid> {
        let (shape, values) = match numbers {
            Numbers::Common(value) => (vec![], vec![*value]),
            Numbers::Scalars(values) => (vec![values.len()], values.clone()),
            Numbers::Vectors(rows) => {
                let dim = rows.first().map_or(0, Vec::len);
                if let Some((at, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != dim) {
                    return Err(ragged(key, at, row.len(), dim));
                }
                (vec![rows.len(), dim], rows.concat())
            }
            Numbers::Matrices(matrices) => {
                let dim = matrices.first().map_or(0, Vec::len);
                for (at, matrix) in matrices.iter().enumerate() {
                    if let Some(len) = std::iter::once(matrix.len()).chain(matrix.iter().map(Vec::len)).find(|&len| len != dim) {
                        return Err(ragged(key, at, len, dim));
                    }
                }
                (vec![matrices.len(), dim, dim], matrices.concat().concat())
            }
        };
        Ok(Self { key, shape, values })
    }

    /// Repeats a common number for every client, and a number per client for every coordinate.
    fn spread(self, clients: usize, dim: usize) -> Vec<f64> {
        match self.shape.len() {
            0 => vec![self.values[0]; clients * dim],
            1 => self.values.iter().flat_map(|&value| std::iter::repeat_n(value, dim)).collect(),
            _ => self.values,
        }
    }
}

fn ragged(key: &str, client: usize, found: usize, expected: usize) -> Invalid {
    Invalid::at(
        key,
        format!("client {client} (counted from 0) has {found} numbers in a row: expected {expected} as the first client"),
    )
}

impl Stated {
    fn new(curvature: Table, centre: Table, fleet: Option<usize>) -> Result<Self, Invalid> {
        let clients = match (curvature.shape.first(), centre.shape.first(), fleet) {
            (Some(a), Some(b), _) if a != b => {
                return Err(Invalid::at("centre", format!("{b} clients have a centre, but {a} have a curvature")));
            }
            (Some(&stated), _, Some(fleet)) | (None, Some(&stated), Some(fleet)) if stated != fleet => {
                let message = format!("{stated} clients are stated, but the fleet has {fleet}");
                return Err(
                    Invalid::at(curvature.key, message).help(format!("set `clients = {stated}` in `[fleet]`, or leave it out"))
                );
            }
            (Some(&stated), ..) | (None, Some(&stated), _) | (None, None, Some(stated)) => stated,
            (None, None, None) => {
                return Err(Invalid::at(curvature.key, "one number for all clients, but the number of clients is unknown")
                    .help("give a list with an entry per client, or set `clients` in `[fleet]`"));
            }
        };
        let dim = match (curvature.shape.get(1), centre.shape.get(1)) {
            (Some(a), Some(b)) if a != b => {
                return Err(Invalid::at("centre", format!("centres have {b} coordinates, but curvatures have {a}")));
            }
            (Some(&dim), _) | (None, Some(&dim)) => dim,
            (None, None) => 1,
        };
        if clients == 0 || dim == 0 {
            return Err(Invalid::at(curvature.key, "no clients: expected at least one client with at least one coordinate"));
        }
        if centre.shape.len() > 2 {
            return Err(Invalid::at("centre", "centres are matrices: expected a number or a vector per client"));
        }
        let dense = curvature.shape.len() == 3;
        let curvatures = if dense { curvature.values } else { curvature.spread(clients, dim) };
        let stated = Self { clients, dim, dense, curvatures, centres: centre.spread(clients, dim) };
        stated.check()?;
        Ok(stated)
    }

    fn check(&self) -> Result<(), Invalid> {
        if let Some(at) = self.centres.iter().position(|c| !c.is_finite()) {
            return Err(Invalid::at("centre", format!("the centre of client {} is not finite", at / self.dim)));
        }
        let size = self.curvatures.len() / self.clients;
        for (client, curvature) in self.curvatures.chunks_exact(size).enumerate() {
            if !self.convex(curvature) {
                let what = if self.dense { "a symmetric positive semi-definite matrix" } else { "numbers of at least 0" };
                return Err(Invalid::at("curvature", format!("the curvature of client {client} (counted from 0) is not {what}"))
                    .help("a quadratic problem needs convex clients"));
            }
        }
        Ok(())
    }

    fn convex(&self, curvature: &[f64]) -> bool {
        let dim = self.dim;
        if !self.dense {
            return curvature.iter().all(|h| h.is_finite() && *h >= 0.0);
        }
        let top = curvature.iter().fold(0.0, |top: f64, h| top.max(h.abs()));
        let symmetric = |i: usize, j: usize| (curvature[i * dim + j] - curvature[j * dim + i]).abs() <= 1e-12 * top;
        curvature.iter().all(|h| h.is_finite())
            && (0..dim).all(|i| (0..i).all(|j| symmetric(i, j)))
            && MatRef::from_row_major_slice(curvature, dim, dim)
                .self_adjoint_eigenvalues(Side::Lower)
                .is_ok_and(|values| values.iter().all(|&value| value >= -1e-12 * top))
    }

    /// The global objective.
    pub fn form(&self) -> QuadraticForm {
        let (n, dim) = (self.clients as f64, self.dim);
        let mut hessian = Hessian::zeros(dim, self.dense);
        let mut b = vec![0.0; dim];
        let size = self.curvatures.len() / self.clients;
        for (curvature, centre) in self.curvatures.chunks_exact(size).zip(self.centres.chunks_exact(dim)) {
            hessian.entries_mut().iter_mut().zip(curvature).for_each(|(sum, h)| *sum += h / n);
            self.product(curvature, centre).iter().zip(&mut b).for_each(|(p, b)| *b += p / n);
        }
        let mut form = QuadraticForm::minimise(hessian, &b, 0.0);
        // A mean of squares about the optimum keeps digits that ½ Σ cᵀ A c − ½ bᵀ x* loses.
        let local = |(curvature, centre): (&[f64], &[f64])| {
            let away: Vec<f64> = form.optimum.x.iter().zip(centre).map(|(x, c)| x - c).collect();
            self.product(curvature, &away).iter().zip(&away).map(|(p, a)| 0.5 * p * a).sum::<f64>() / n
        };
        form.optimum.value = self.curvatures.chunks_exact(size).zip(self.centres.chunks_exact(dim)).map(local).sum();
        form
    }

    fn product(&self, curvature: &[f64], v: &[f64]) -> Vec<f64> {
        if self.dense {
            curvature.chunks_exact(self.dim).map(|row| row.iter().zip(v).map(|(a, v)| a * v).sum()).collect()
        } else {
            curvature.iter().zip(v).map(|(a, v)| a * v).collect()
        }
    }
}

fn open(path: &Path) -> Result<(Table, Table), Invalid> {
    let file = File::open(path, Path::new(""))?;
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
        return rows(&file);
    }
    let mut archive = Archive::open(&file)?;
    let mut table = |key: &'static str| -> Result<Table, Invalid> {
        let missing = |reason: &dyn std::fmt::Display| {
            let fault = file.fault(format!("cannot read the array `{key}`: {reason}"));
            fault.help("the file needs the arrays `curvature` and `centre` in float64")
        };
        let bytes = archive.array(key)?.ok_or_else(|| missing(&"the archive has none of this name"))?;
        numpy::check(&bytes).map_err(|error| missing(&error))?;
        let array = ArrayD::<f64>::read_npy(&*bytes).map_err(|error| missing(&error))?;
        let shape = array.shape().to_vec();
        if shape.len() > 3 || (shape.len() == 3 && shape[1] != shape[2]) {
            return Err(file.fault(format!("the array `{key}` has shape {shape:?}: expected [n], [n, d] or [n, d, d]")));
        }
        Ok(Table { key, shape, values: array.iter().copied().collect() })
    };
    Ok((table("curvature")?, table("centre")?))
}

/// Reads the columns `h1…hd` and `c1…cd` of a CSV file.
fn rows(file: &File<'_>) -> Result<(Table, Table), Invalid> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file.text()?.as_bytes());
    let header = reader.headers().map_err(|error| file.fault(error.to_string()))?.clone();
    let places: BTreeMap<&str, usize> = header.iter().zip(0..).collect();
    let named =
        |letter: char| -> Vec<usize> { (1..).map_while(|k| places.get(format!("{letter}{k}").as_str()).copied()).collect() };
    let columns = [named('h'), named('c')];
    let dim = columns[0].len();
    if dim == 0 || columns[1].len() != dim || header.len() != 2 * dim {
        let help = "name the columns h1, h2, … (curvatures) and c1, c2, … (centres), as many of each";
        return Err(file.fault_at_record(0, "the header does not name curvatures and centres").help(help));
    }
    let mut tables: [Vec<f64>; 2] = Default::default();
    for row in reader.records() {
        let row = row.map_err(|error| file.fault_at_record(start(error.position()), error.to_string()))?;
        let fault = |column: usize, reason: &str| {
            let message = format!("`{}` in column `{}` is {reason}", &row[column], &header[column]);
            file.fault_at_field(start(row.position()), (column, b','), message)
        };
        for ((table, columns), least) in tables.iter_mut().zip(&columns).zip([0.0, f64::NEG_INFINITY]) {
            for &column in columns {
                let value = row[column].parse().ok().filter(|value: &f64| value.is_finite());
                let value = value.ok_or_else(|| fault(column, "not a finite number"))?;
                if value < least {
                    let negative = fault(column, "a negative curvature: expected at least 0");
                    return Err(negative.help("a quadratic problem needs convex clients"));
                }
                table.push(value);
            }
        }
    }
    let [curvature, centre] = tables;
    let shape = vec![curvature.len() / dim, dim];
    Ok((Table { key: "curvature", shape: shape.clone(), values: curvature }, Table { key: "centre", shape, values: centre }))
}
