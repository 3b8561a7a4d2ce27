//! Data sets embedded in the program. Sources and licences: `scenarios/data/SOURCES.md`.

use super::{
    Bundled, CsvSpec, Features, Grouping, LibsvmSpec, Scale, Summary,
    read::{RawTable, csv, idx, libsvm},
};
use crate::{file::File, invalid::Invalid, num::Real};

macro_rules! embedded {
    ($name:literal) => {
        File::in_memory($name, include_bytes!(concat!("../../../scenarios/data/", $name)))
    };
}

/// Reads an embedded set; `scale` is the factor of its bytes, 1/255 unless it is given.
///
/// # Errors
/// None in practice: the sets are read by the tests.
pub(super) fn read<R: Real>(set: Bundled, scale: Option<Scale>) -> Result<RawTable<R>, Invalid> {
    match set {
        Bundled::Mnist10k => mnist(scale),
        Bundled::AdultA9a => adult(),
        Bundled::Digits8x8 => digits(),
        Bundled::WatchExercises => watch(),
    }
}

/// The sizes of an embedded set, without unpacking it.
pub(super) fn summary(set: Bundled) -> Summary {
    let (rows, columns, classes, test_rows, clients) = match set {
        Bundled::Mnist10k => (8_000, 784, 10, 2_000, None),
        Bundled::AdultA9a => (32_561, 123, 2, 16_281, None),
        Bundled::Digits8x8 => (1_437, 64, 10, 360, None),
        Bundled::WatchExercises => (3_453, 48, 7, 1_012, Some(10)),
    };
    Summary { rows, columns, classes: Some(classes), test_rows, clients, sparse: set == Bundled::AdultA9a }
}

fn mnist<R: Real>(scale: Option<Scale>) -> Result<RawTable<R>, Invalid> {
    let pair = |images, labels| Ok(idx::Pair { images: images?, labels: labels? });
    let (train, test) = rayon::join(
        || pair(embedded!("mnist-10k-train-images.idx3-ubyte.gz"), embedded!("mnist-10k-train-labels.idx1-ubyte.gz")),
        || pair(embedded!("mnist-10k-test-images.idx3-ubyte.gz"), embedded!("mnist-10k-test-labels.idx1-ubyte.gz")),
    );
    idx::read(&train?, Some(&test?), scale)
}

fn adult<R: Real>() -> Result<RawTable<R>, Invalid> {
    let spec = LibsvmSpec { columns: Some(123), ..LibsvmSpec::default() };
    let (train, test) = rayon::join(|| embedded!("adult-a9a-train.libsvm.gz"), || embedded!("adult-a9a-test.libsvm.gz"));
    let mut table = libsvm::read(&train?, [Some(&test?), None], &spec)?;
    // Features are numbered from 1 in the file: education is 19 to 34, occupation 47 to 60 (none where it is unknown).
    table.columns =
        vec![one_hot("education", &table.train.features, 19..=34), one_hot("occupation", &table.train.features, 47..=60)];
    Ok(table)
}

/// Which of the `range` of features (from 1) each row has; `none` where it has none of them.
fn one_hot<R: Real>(name: &str, features: &Features<R>, range: std::ops::RangeInclusive<u32>) -> Grouping {
    let Features::Sparse(matrix) = features else { return Grouping::new(name, &[]) };
    let value = |row| matrix.row(row).0.iter().map(|index| index + 1).find(|feature| range.contains(feature));
    let cells = (0..features.rows()).map(|row| value(row).map_or_else(|| "none".to_owned(), |feature| feature.to_string()));
    Grouping::new(name, &cells.collect::<Vec<_>>())
}

fn digits<R: Real>() -> Result<RawTable<R>, Invalid> {
    let mut table = csv::read(&embedded!("digits-8x8.csv.gz")?, [None, None], &CsvSpec::default(), csv::Roles::default())?;
    table.test = Some(table.train.split_off(360));
    Ok(table)
}

fn watch<R: Real>() -> Result<RawTable<R>, Invalid> {
    let spec = CsvSpec { client: Some("subject".to_owned()), split: Some("split".to_owned()), ..CsvSpec::default() };
    csv::read(&embedded!("watch-exercises-by-subject.csv.gz")?, [None, None], &spec, csv::Roles::default())
}
