//! The IDX format of MNIST: `00 00 type dimensions`, big-endian sizes, values.

use rayon::prelude::*;

use super::{RawSamples, RawTable, RawTargets};
use crate::{
    file::File,
    invalid::Invalid,
    num::Real,
    problem::data::{Features, Scale, table::dense},
};

/// Images and labels of one part.
pub(in crate::problem::data) struct Pair<'a> {
    pub images: File<'a>,
    pub labels: File<'a>,
}

/// Reads training and held-out samples, the features multiplied by `scale`, or by 1/255 where they are unsigned bytes.
///
/// # Errors
/// [`Invalid`] where the files are malformed or do not match.
pub(in crate::problem::data) fn read<R: Real>(
    train: &Pair<'_>,
    test: Option<&Pair<'_>>,
    scale: Option<Scale>,
) -> Result<RawTable<R>, Invalid> {
    let (train, test) = rayon::join(|| samples(train, scale), || test.map(|test| samples(test, scale)).transpose());
    Ok(RawTable::new(train?, test?))
}

fn samples<R: Real>(pair: &Pair<'_>, scale: Option<Scale>) -> Result<RawSamples<R>, Invalid> {
    let images = Array::parse(&pair.images)?;
    let labels = Array::parse(&pair.labels)?;
    let rows = images.shape[0];
    if labels.shape.iter().product::<usize>() != rows {
        let message = format!("the file has shape {:?}: expected a label for each of {rows} images", labels.shape);
        return Err(pair.labels.fault(message));
    }
    let columns = images.shape[1..].iter().product();
    let values = match (scale, images.code) {
        (Some(scale), _) => images.values(|value| R::of(scale.of(value))),
        (None, 0x08) => images.values(|value| R::of(Scale::BYTES.of(value))),
        (None, _) => images.values(R::of),
    };
    let features = Features::Dense(dense(rows, columns, values));
    Ok(RawSamples { features, targets: RawTargets::Numbers(labels.values(|value| value)) })
}

struct Array<'a> {
    code: u8,
    shape: Vec<usize>,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    fn parse(file: &'a File<'_>) -> Result<Self, Invalid> {
        let bytes = file.bytes();
        let [0, 0, code, dimensions, ..] = *bytes else {
            return Err(file.foreign("the file is not IDX: expected it to begin with two zero bytes, a type and a dimension"));
        };
        let width = match code {
            0x08 | 0x09 => 1,
            0x0b => 2,
            0x0c | 0x0d => 4,
            0x0e => 8,
            _ => return Err(file.fault(format!("unknown IDX type {code:#04x}: expected 0x08, 0x09 or 0x0b to 0x0e"))),
        };
        let short = || file.fault(format!("the file is cut off: it has only {} bytes", bytes.len()));
        let start = 4 + 4 * dimensions as usize;
        let sizes = bytes.get(4..start).ok_or_else(short)?;
        let shape: Vec<usize> =
            sizes.chunks_exact(4).map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize).collect();
        if shape.is_empty() || shape.contains(&0) {
            return Err(file.fault(format!("the file has shape {shape:?}: expected at least one sample")));
        }
        let size = shape.iter().try_fold(width, |size: usize, &next| size.checked_mul(next));
        let data = &bytes[start..];
        match size {
            Some(size) if size == data.len() => Self { code, shape, data }.finite(file),
            Some(size) => Err(file.fault(format!("the file has {} bytes of values: expected {size}", data.len()))),
            None => Err(file.fault(format!("the shape {shape:?} is too large"))),
        }
    }

    /// Refuses infinities and what is not a number.
    fn finite(self, file: &File<'_>) -> Result<Self, Invalid> {
        if self.code < 0x0d {
            return Ok(self);
        }
        let odd = self.values(|value| value).into_iter().enumerate().find(|(_, value)| !value.is_finite());
        let Some((at, value)) = odd else { return Ok(self) };
        let row = at / self.shape[1..].iter().product::<usize>();
        Err(file.fault(format!("the file holds `{value}` in sample {row} (counted from 0): expected finite numbers")))
    }

    fn values<T: Copy + Send + Sync>(&self, of: impl Fn(f64) -> T) -> Vec<T> {
        let data = self.data;
        match self.code {
            0x08 => {
                let table: Vec<T> = (0..=u8::MAX).map(|byte| of(f64::from(byte))).collect();
                data.par_iter().with_min_len(1 << 16).map(|&byte| table[byte as usize]).collect()
            }
            0x09 => data.iter().map(|&byte| of(f64::from(byte as i8))).collect(),
            0x0b => data.as_chunks().0.iter().map(|&word| of(f64::from(i16::from_be_bytes(word)))).collect(),
            0x0c => data.as_chunks().0.iter().map(|&word| of(f64::from(i32::from_be_bytes(word)))).collect(),
            0x0d => data.as_chunks().0.iter().map(|&word| of(f64::from(f32::from_be_bytes(word)))).collect(),
            _ => data.as_chunks().0.iter().map(|&word| of(f64::from_be_bytes(word))).collect(),
        }
    }
}
