mod arrays;

use std::{io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use ndarray::{Array2, arr2};

use super::*;
use crate::{
    invalid::Invalid,
    problem::data::{CsvSpec, LibsvmSpec, SparseRows},
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn file(bytes: &[u8]) -> File<'_> {
    File::in_memory("data.txt", bytes).unwrap()
}

/// Line and message of the error; the file must be named.
fn fault<T>(result: Result<T, Invalid>) -> (Option<usize>, String) {
    let error = result.err().expect("the file is malformed");
    let (path, line) = error.file.expect("the file is named");
    assert_eq!(path, Path::new("data.txt"));
    (line, error.message)
}

fn dense(samples: &RawSamples<f64>) -> &Array2<f64> {
    match &samples.features {
        Features::Dense(matrix) => matrix,
        Features::Sparse(_) => panic!("expected dense features"),
    }
}

fn sparse(samples: &RawSamples<f64>) -> &SparseRows<f64> {
    match &samples.features {
        Features::Sparse(matrix) => matrix,
        Features::Dense(_) => panic!("expected sparse features"),
    }
}

const LIBSVM: &[u8] = b"# comment\n+1 1:0.5 4:-2e1\n\n-1 2:3 # end\n+1\n";

fn libsvm(bytes: &[u8], spec: &LibsvmSpec) -> Result<RawTable<f64>, Invalid> {
    libsvm::read(&file(bytes), None, spec)
}

#[test]
fn libsvm_rows_stay_sparse_plain_and_gzip() {
    for bytes in [LIBSVM.to_vec(), gzip(LIBSVM)] {
        let table = libsvm(&bytes, &LibsvmSpec::default()).unwrap();
        let rows = sparse(&table.train);
        assert_eq!((rows.columns, &rows.starts), (4, &vec![0, 2, 3, 3]));
        assert_eq!(rows.row(0), (&[0, 3][..], &[0.5, -20.0][..]));
        assert_eq!(rows.row(1), (&[1][..], &[3.0][..]));
        assert_eq!(table.train.targets, RawTargets::Numbers(vec![1.0, -1.0, 1.0]));
    }
}

#[test]
fn libsvm_indices_beyond_any_memory_are_refused_at_their_line() {
    let (line, message) = fault(libsvm(b"0 1:1\n1 4000000000:1\n", &LibsvmSpec::default()));
    assert_eq!((line, message.as_str()), (Some(2), "index 4000000000 is too large: expected at most 134217728 features"));
    let zero_based = LibsvmSpec { zero_based: true, ..LibsvmSpec::default() };
    assert!(libsvm(b"1 134217727:1", &zero_based).is_ok());
    assert!(libsvm(b"1 134217728:1", &zero_based).is_err());
}

#[test]
fn csv_columns_of_one_name_are_refused() {
    let table = csv::read::<f64>(&file(b"a,b,a,y\n1,2,3,0\n"), None, &CsvSpec::default(), None);
    assert_eq!(fault(table), (Some(1), "columns 1 and 3 are both called `a`".to_owned()));
}

#[test]
fn libsvm_parts_get_the_same_columns() {
    let table: RawTable<f64> = libsvm::read(&file(b"1 2:1"), Some(&file(b"0 7:1")), &LibsvmSpec::default()).unwrap();
    assert_eq!((table.train.features.columns(), table.test.unwrap().features.columns()), (7, 7));
    let zero_based = LibsvmSpec { zero_based: true, ..LibsvmSpec::default() };
    assert_eq!(sparse(&libsvm(b"1 0:5", &zero_based).unwrap().train).row(0), (&[0][..], &[5.0][..]));
}

#[test]
fn libsvm_faults_name_their_line() {
    let two = LibsvmSpec { columns: Some(2), ..LibsvmSpec::default() };
    let default = LibsvmSpec::default();
    let cases: [(&[u8], &LibsvmSpec, Option<usize>, &str); 8] = [
        (b"1 1:1\nx 1:1", &default, Some(2), "`x` is not a target"),
        (b"1 1:1\n\n1 1", &default, Some(3), "`1` is not an entry: expected `index:value`"),
        (b"1 1:a", &default, Some(1), "`1:a` is not an entry"),
        (b"1 1:nan", &default, Some(1), "`1:nan` is not an entry"),
        (b"1 0:1", &default, Some(1), "expected indices from 1, or `zero-based = true`"),
        (b"1 2:1 1:1", &default, Some(1), "`1:1` is out of order"),
        (b"1 1:1\n1 3:1", &two, Some(2), "index 3 is too large"),
        (b"# nothing\n", &default, None, "no samples"),
    ];
    for (bytes, spec, line, message) in cases {
        let (found, text) = fault(libsvm(bytes, spec));
        assert_eq!(found, line, "{text}");
        assert!(text.contains(message), "{text}");
    }
}

const CSV: &[u8] = b"who,a,part,b,label\nzoe,1,train,2.5,cat\n10,3,test,4,dog\nzoe,5,train,-6,dog\nbob,7,train,8,cat\n";

fn csv_spec() -> CsvSpec {
    CsvSpec { client: Some("who".to_owned()), split: Some("part".to_owned()), ..CsvSpec::default() }
}

#[test]
fn csv_columns_are_told_apart_plain_and_gzip() {
    for bytes in [CSV.to_vec(), gzip(CSV)] {
        let table: RawTable<f64> = csv::read(&file(&bytes), None, &csv_spec(), None).unwrap();
        assert_eq!(dense(&table.train), arr2(&[[1.0, 2.5], [5.0, -6.0], [7.0, 8.0]]));
        assert_eq!(table.train.targets, RawTargets::Names(["cat", "dog", "cat"].map(str::to_owned).to_vec()));
        let test = table.test.unwrap();
        assert_eq!(dense(&test), arr2(&[[3.0, 4.0]]));
        let natural = table.natural.unwrap();
        assert_eq!((natural.name.as_str(), natural.of), ("who", vec![1, 1, 0]));
        assert_eq!(natural.values, ["bob", "zoe"]);
    }
}

#[test]
fn a_csv_column_to_divide_by_is_no_feature() {
    let table: RawTable<f64> =
        csv::read(&file(b"y,x,site\n1.5,2,9\n2.5,3,10\n"), None, &CsvSpec::default(), Some("site")).unwrap();
    assert_eq!(dense(&table.train), arr2(&[[2.0], [3.0]]));
    assert_eq!(table.columns[0].values, ["9", "10"]);
    assert_eq!(table.train.targets, RawTargets::Numbers(vec![1.5, 2.5]));
}

#[test]
fn csv_text_is_one_feature_per_sorted_training_category() {
    let train = b"colour,x,id,y\nred,1,p,0\nblue,2,q,1\n";
    let test = b"colour,x,id,y\ngreen,3,r,0\nred,4,s,1\n";
    let spec: CsvSpec = toml::from_str("path = \"a\"\nignore = [\"id\"]").unwrap();
    let table: RawTable<f64> = csv::read(&file(train), Some(&file(test)), &spec, None).unwrap();
    assert_eq!(dense(&table.train), arr2(&[[0.0, 1.0, 1.0], [1.0, 0.0, 2.0]]));
    assert_eq!(dense(&table.test.unwrap()), arr2(&[[0.0, 0.0, 3.0], [0.0, 1.0, 4.0]]));
    let (line, text) = fault(csv::read::<f64>(&file(b"colour,y\nred,0\nNA,1\n"), None, &CsvSpec::default(), None));
    assert!(line == Some(3) && text.contains("column `colour`") && text.contains("missing"), "{text}");
}

#[test]
fn csv_faults_name_their_line() {
    let split = CsvSpec { split: Some("s".to_owned()), ..CsvSpec::default() };
    let default = CsvSpec::default();
    let cases: [(&[u8], &CsvSpec, Option<usize>, &str); 8] = [
        (b"", &default, None, "the file is empty"),
        (b"a,y\n1,2\nx,3\n", &default, Some(3), "`x` in column `a` is not a feature"),
        (b"a,y\n\"1\",2\n,3\n", &default, Some(3), "`` in column `a` is not a feature"),
        (b"a,y\n1,2,3\n", &default, Some(2), "the line has 3 values: expected 2"),
        (b"a,y\n1,\n", &default, Some(2), "the target in column `y` is missing"),
        (b"1,2\n3,4\n", &default, Some(1), "expected a header"),
        (b"a,y\n", &default, None, "no training samples"),
        (b"a,s,y\n1,train,2\n1,valid,2\n", &split, Some(3), "`valid` is not a part: expected `train` or `test`"),
    ];
    for (bytes, spec, line, message) in cases {
        let (found, text) = fault(csv::read::<f64>(&file(bytes), None, spec, None));
        assert_eq!(found, line, "{text}");
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn a_missing_csv_column_is_refused_with_the_nearest() {
    let spec = CsvSpec { target: Some("lable".to_owned()), ..CsvSpec::default() };
    let error = csv::read::<f64>(&file(b"a,label\n1,2\n"), None, &spec, None).unwrap_err();
    assert_eq!(error.path, ["csv", "target"]);
    assert!(error.help.unwrap().contains("`label`"));
}

const LEAF: &[u8] = br#"{"users": ["u2", "u1"], "num_samples": [2, 1],
 "user_data": {"u1": {"x": [[[1, 2], [3, 4.5]]], "y": [3]}, "u2": {"x": [[5, 6, 7, 8], [9, 10, 11, 12]], "y": [3, 4]}}}"#;
const LEAF_LINES: &[u8] = b"{\"user\": \"u2\", \"x\": [[5, 6, 7, 8], [9, 10, 11, 12]], \"y\": [3, 4]}\n\n{\"user\": \"u1\", \"x\": [1, 2, 3, 4.5], \"y\": 3}\n";

fn leaf(bytes: &[u8]) -> Result<RawTable<f64>, Invalid> {
    leaf::read(&[file(bytes)], None)
}

#[test]
fn leaf_documents_and_lines_agree_plain_and_gzip() {
    for bytes in [LEAF.to_vec(), gzip(LEAF), LEAF_LINES.to_vec(), gzip(LEAF_LINES)] {
        let table = leaf(&bytes).unwrap();
        assert_eq!(dense(&table.train), arr2(&[[5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0], [1.0, 2.0, 3.0, 4.5]]));
        assert_eq!(table.train.targets, RawTargets::Numbers(vec![3.0, 4.0, 3.0]));
        let natural = table.natural.unwrap();
        assert_eq!((natural.values, natural.of), (vec!["u1".to_owned(), "u2".to_owned()], vec![1, 1, 0]));
    }
}

#[test]
fn leaf_faults_name_their_line() {
    let cases: [(&[u8], Option<usize>, &str); 6] = [
        (
            b"{\"users\": [\"a\"],\n \"user_data\": {\"a\": {\"x\": [[\"t\"]], \"y\": [1]}}}",
            Some(2),
            "expected a number or a list of numbers",
        ),
        (b"{\"user\": 1, \"x\": [1], \"y\": 2}\n{\"user\": 1, \"x\": [1]}", Some(2), "missing field `y`"),
        (b"{\"user\": 1, \"x\": [1], \"y\": 2}\n{\"user\": 1, \"x\": [1, 2], \"y\": 2}", Some(2), "has 2 features: expected 1"),
        (b"{\"user\": 1, \"x\": [[1], [2]], \"y\": [2]}", Some(1), "has 2 samples and 1 targets"),
        (b"{\"users\": [\"a\"], \"user_data\": {}}", None, "user `a` has no `user_data`"),
        (b"{\"users\": [], \"user_data\": {}}", None, "no samples"),
    ];
    for (bytes, line, message) in cases {
        let (found, text) = fault(leaf(bytes));
        assert_eq!(found, line, "{text}");
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn unreadable_files_are_refused() {
    let error = File::open(Path::new("missing.csv"), Path::new("folder")).unwrap_err();
    assert_eq!(error.file, Some((Path::new("folder").join("missing.csv"), None)));
    let packed = gzip(LEAF);
    let (_, text) = fault(File::in_memory("data.txt", &packed[..packed.len() / 2]));
    assert!(text.contains("cannot be unpacked"), "{text}");
    let (line, text) = fault(file(b"1 1:1\n1 \xff").text().map(str::to_owned));
    assert!(line == Some(2) && text.contains("UTF-8"), "{text}");
}
