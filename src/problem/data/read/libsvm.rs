//! LIBSVM text.

use super::{RawSamples, RawTable, RawTargets, bound, is_large};
use crate::{
    file::File,
    invalid::Invalid,
    memory::{self, MOST_PARAMETERS},
    num::Real,
    problem::data::{Features, SparseRows, spec::LibsvmSpec},
};

/// Reads training samples and those of a test and a validation part, which get the same number of columns.
///
/// # Errors
/// [`Invalid`] at the first entry that cannot be read.
pub(in crate::problem::data) fn read<R: Real>(
    train: &File<'_>,
    held_out: [Option<&File<'_>>; 2],
    spec: &LibsvmSpec,
) -> Result<RawTable<R>, Invalid> {
    let part = |file: Option<&File<'_>>| file.map(|file| parse(file, spec)).transpose();
    let (train, [test, validation]) = rayon::join(|| parse(train, spec), || held_out.map(part));
    let (train, test, validation) = (train?, test?, validation?);
    let parts = [Some(&train), test.as_ref(), validation.as_ref()].into_iter().flatten();
    let columns = parts.map(|(rows, _)| rows.columns).max().unwrap_or(0);
    let finish = |(rows, targets): (SparseRows<R>, Vec<f64>)| RawSamples {
        features: Features::Sparse(SparseRows { columns, ..rows }),
        targets: RawTargets::Numbers(targets),
    };
    Ok(RawTable { validation: validation.map(finish), ..RawTable::new(finish(train), test.map(finish)) })
}

fn parse<R: Real>(file: &File<'_>, spec: &LibsvmSpec) -> Result<(SparseRows<R>, Vec<f64>), Invalid> {
    let mut rows = SparseRows { columns: spec.columns.unwrap_or(0), starts: vec![0], indices: Vec::new(), values: Vec::new() };
    let mut targets = Vec::new();
    check_memory::<R>(file)?;
    for line in file.text()?.lines() {
        let mut tokens = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(target) = tokens.next() else { continue };
        let value = target.parse().ok().filter(|value: &f64| value.is_finite());
        targets.push(value.ok_or_else(|| {
            file.fault_at(target, format!("`{target}` is not a target: expected a number at the start of the line"))
        })?);
        if is_large(target) {
            let fault = file.fault_at(
                target,
                format!("the target `{target}` is 2^53 or more in size, where whole numbers are not told apart"),
            );
            return Err(fault.help("number the classes from 0"));
        }
        let start = rows.indices.len();
        let mut last = target;
        for token in tokens {
            let (index, value) = entry(token, spec).map_err(|message| file.fault_at(token, message))?;
            if rows.indices.len() > start && rows.indices.last().is_some_and(|&last| last >= index) {
                let found = format!("`{token}` is out of order: expected ascending indices within a line");
                return Err(file.fault_at(token, found));
            }
            let number = R::of(value);
            if !number.f64().is_finite() {
                return Err(file.fault_at(token, format!("`{token}` is too large{}", bound::<R>())));
            }
            rows.indices.push(index);
            rows.values.push(number);
            last = token;
        }
        if let Some(&index) = rows.indices[start..].last() {
            widen(&mut rows.columns, index, spec).map_err(|message| file.fault_at(last, message))?;
        }
        rows.starts.push(rows.indices.len());
    }
    if targets.is_empty() {
        return Err(file.fault("the file has no samples"));
    }
    Ok((rows, targets))
}

/// Refuses more entries than the memory holds.
fn check_memory<R: Real>(file: &File<'_>) -> Result<(), Invalid> {
    let count = |wanted: u8| file.bytes().iter().filter(|&&byte| byte == wanted).count();
    let (lines, entries) = (count(b'\n'), count(b':'));
    // Vectors that grow take up to twice what they hold.
    let bytes = 2 * (lines * (size_of::<usize>() + size_of::<f64>()) + entries * (size_of::<u32>() + size_of::<R>()));
    memory::require("libsvm", &format!("{lines} lines with {entries} entries"), bytes as f64, memory::available())
}

/// One `index:value`, the index from 0.
fn entry(token: &str, spec: &LibsvmSpec) -> Result<(u32, f64), String> {
    let unreadable = || format!("`{token}` is not an entry: expected `index:value`");
    let (index, value) = token.split_once(':').ok_or_else(unreadable)?;
    let too_large = || format!("index {index} is too large: expected at most {MOST_PARAMETERS} features");
    let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let index: u32 = index.parse().map_err(|_| if digits { too_large() } else { unreadable() })?;
    let value = match value {
        "1" => 1.0,
        value => value.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(unreadable)?,
    };
    match (index, spec.zero_based) {
        (index, true) => Ok((index, value)),
        (0, false) => Err(format!("`{token}` has index 0: expected indices from 1, or `zero-based = true`")),
        (index, false) => Ok((index - 1, value)),
    }
}

fn widen(columns: &mut usize, last: u32, spec: &LibsvmSpec) -> Result<(), String> {
    let needed = last as usize + 1;
    let index = needed - usize::from(spec.zero_based);
    match spec.columns {
        Some(limit) if needed > limit => {
            Err(format!("index {index} is too large: expected at most `columns = {limit}` features"))
        }
        _ if needed > MOST_PARAMETERS => Err(format!("index {index} is too large: expected at most {MOST_PARAMETERS} features")),
        _ => {
            *columns = needed.max(*columns);
            Ok(())
        }
    }
}
