use std::{io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use ndarray::{Array2, arr2};

use super::*;
use crate::{
    file::File,
    invalid::Invalid,
    problem::data::{CsvSpec, LeafSpec, LibsvmSpec, SparseRows, TextSpec},
    table::is_missing,
};

mod arrays;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn file(bytes: &[u8]) -> File<'_> {
    File::in_memory("data.txt", bytes).unwrap()
}

/// Place and message of the error; the file must be named.
fn fault<T>(result: Result<T, Invalid>) -> (String, String) {
    let error = result.err().expect("the file is malformed");
    assert_eq!(error.file.as_ref().expect("the file is named").path, Path::new("data.txt"));
    (error.place(), error.message)
}

/// Each file must be refused at its place, with a message that contains the text.
fn refused<T, S: Copy, const N: usize>(
    read: impl Fn(&'static [u8], S) -> Result<T, Invalid>,
    cases: [(&'static [u8], S, &str, &str); N],
) {
    for (bytes, spec, place, message) in cases {
        let (found, text) = fault(read(bytes, spec));
        assert_eq!(found, place, "{text}");
        assert!(text.contains(message), "{text}");
    }
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
    libsvm::read(&file(bytes), [None, None], spec)
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
    let (place, message) = fault(libsvm(b"0 1:1\n1 4000000000:1\n", &LibsvmSpec::default()));
    assert_eq!(place, "2:3 4000000000:1");
    assert_eq!(message, "index 4000000000 is too large: expected at most 134217728 features");
    let zero_based = LibsvmSpec { zero_based: true, ..LibsvmSpec::default() };
    assert!(libsvm(b"1 134217727:1", &zero_based).is_ok());
    assert!(libsvm(b"1 134217728:1", &zero_based).is_err());
}

#[test]
fn csv_columns_of_one_name_are_refused() {
    let table = csv::read::<f64>(&file(b"a,b,a,y\n1,2,3,0\n"), [None, None], &CsvSpec::default(), csv::Roles::default());
    assert_eq!(fault(table), ("1:5 a".to_owned(), "columns 1 and 3 are both called `a`".to_owned()));
}

#[test]
fn libsvm_parts_get_the_same_columns() {
    let table: RawTable<f64> = libsvm::read(&file(b"1 2:1"), [Some(&file(b"0 7:1")), None], &LibsvmSpec::default()).unwrap();
    assert_eq!((table.train.features.columns(), table.test.unwrap().features.columns()), (7, 7));
    let zero_based = LibsvmSpec { zero_based: true, ..LibsvmSpec::default() };
    assert_eq!(sparse(&libsvm(b"1 0:5", &zero_based).unwrap().train).row(0), (&[0][..], &[5.0][..]));
}

#[test]
fn libsvm_faults_name_their_place() {
    let two = LibsvmSpec { columns: Some(2), ..LibsvmSpec::default() };
    let default = LibsvmSpec::default();
    refused(
        libsvm,
        [
            (b"1 1:1\nx 1:1", &default, "2:1 x", "`x` is not a target"),
            (b"1 1:1\n\n1 1", &default, "3:3 1", "`1` is not an entry: expected `index:value`"),
            (b"1 1:a", &default, "1:3 1:a", "`1:a` is not an entry"),
            (b"1 1:1 2:nan", &default, "1:7 2:nan", "`2:nan` is not an entry"),
            (b"1 99999999999:1", &default, "1:3 99999999999:1", "index 99999999999 is too large"),
            (b"1 0:1", &default, "1:3 0:1", "expected indices from 1, or `zero-based = true`"),
            (b"1 2:1 1:1", &default, "1:7 1:1", "`1:1` is out of order"),
            (b"1 1:1\n1 1:1 3:1 # end", &two, "2:7 3:1", "index 3 is too large"),
            (b"# nothing\n", &default, "", "no samples"),
        ],
    );
}

const CSV: &[u8] = b"who,a,part,b,label\nzoe,1,train,2.5,cat\n10,3,test,4,dog\nzoe,5,train,-6,dog\nbob,7,train,8,cat\n";

fn csv_spec() -> CsvSpec {
    CsvSpec { client: Some("who".to_owned()), split: Some("part".to_owned()), ..CsvSpec::default() }
}

#[test]
fn csv_columns_are_told_apart_plain_and_gzip() {
    for bytes in [CSV.to_vec(), gzip(CSV)] {
        let table: RawTable<f64> = csv::read(&file(&bytes), [None, None], &csv_spec(), csv::Roles::default()).unwrap();
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
fn csv_rows_of_the_validation_part_are_apart_and_teach_no_category() {
    let rows = b"who,a,part,label\nzoe,red,train,cat\nzoe,blue,Validation,dog\nbob,red,test,cat\nbob,red,train,dog\n";
    let table: RawTable<f64> = csv::read(&file(rows), [None, None], &csv_spec(), csv::Roles::default()).unwrap();
    assert_eq!(dense(&table.train), arr2(&[[1.0], [1.0]]));
    assert_eq!(dense(&table.test.unwrap()), arr2(&[[1.0]]));
    let validation = table.validation.unwrap();
    assert_eq!(dense(&validation), arr2(&[[0.0]]), "`blue` is no training category");
    assert_eq!(validation.targets, RawTargets::Names(vec!["dog".to_owned()]));
    assert_eq!(table.natural.unwrap().of, [1, 0]);
}

#[test]
fn a_csv_column_to_divide_by_is_no_feature() {
    let table: RawTable<f64> = csv::read(
        &file(b"y,x,site\n1.5,2,9\n2.5,3,10\n"),
        [None, None],
        &CsvSpec::default(),
        csv::Roles { by: Some("site"), ..csv::Roles::default() },
    )
    .unwrap();
    assert_eq!(dense(&table.train), arr2(&[[2.0], [3.0]]));
    assert_eq!(table.columns[0].values, ["9", "10"]);
    assert_eq!(table.train.targets, RawTargets::Numbers(vec![1.5, 2.5]));
}

#[test]
fn csv_text_is_one_feature_per_sorted_training_category() {
    let train = b"colour,x,id,y\nred,1,p,0\nblue,2,q,1\n";
    let test = b"colour,x,id,y\ngreen,3,r,0\nred,4,s,1\n";
    let spec: CsvSpec = toml::from_str("path = \"a\"\nignore = [\"id\"]").unwrap();
    let table: RawTable<f64> = csv::read(&file(train), [Some(&file(test)), None], &spec, csv::Roles::default()).unwrap();
    assert_eq!(dense(&table.train), arr2(&[[0.0, 1.0, 1.0], [1.0, 0.0, 2.0]]));
    assert_eq!(dense(&table.test.unwrap()), arr2(&[[0.0, 0.0, 3.0], [0.0, 1.0, 4.0]]));
    let (place, text) =
        fault(csv::read::<f64>(&file(b"colour,y\nred,0\nNA,1\n"), [None, None], &CsvSpec::default(), csv::Roles::default()));
    assert!(place == "3:1 NA" && text.contains("column `colour`") && text.contains("missing"), "{place} {text}");
}

#[test]
fn csv_faults_name_their_place() {
    let split = CsvSpec { split: Some("s".to_owned()), ..CsvSpec::default() };
    let semicolons = CsvSpec { delimiter: Some(';'), ..CsvSpec::default() };
    let default = CsvSpec::default();
    let by_who = CsvSpec { client: Some("who".to_owned()), ..CsvSpec::default() };
    refused(
        |bytes, spec| csv::read::<f64>(&file(bytes), [None, None], spec, csv::Roles::default()),
        [
            (b"", &default, "", "the file is empty"),
            (b"a,y\n1,2\nx,3\n", &default, "3:1 x", "`x` in column `a` is not a feature"),
            (b"a,b,y\r\n\r\n1,1,2\r\n\r\n\"1\", x ,3\r\n", &default, "5:6 x", "`x` in column `b` is not a feature"),
            (b"a;y\n1;2\n1,5;3\n", &semicolons, "3:1 1,5", "`1,5` in column `a` is not a feature"),
            (b"a,y\n\"1\",2\n,3\n", &default, "3:1 ", "the cell in column `a` is not a feature: the value is missing"),
            (b"a,y\n1,2,3\n", &default, "2:1 1,2,3", "the line has 3 values: expected 2"),
            (b"a,y\n1,\n", &default, "2:3 ", "the target in column `y` is missing"),
            (b"1,2\n3,4\n", &default, "1:1 1,2", "expected a header"),
            (b"a,y\n1,0\n2,NA\n", &default, "3:3 NA", "the target in column `y` is missing"),
            (b"a,y\n1,cat\n2,?\n", &default, "3:3 ?", "the target in column `y` is missing"),
            (b"a,y\n1,0\n2,one\n", &default, "3:3 one", "is `one`, while those above are numbers"),
            (b"a;y\n1;2,5\n", &semicolons, "2:3 2,5", "is written with a decimal comma"),
            (b"a;b;y\n1,5;1;0\n2,5;2;1\n", &semicolons, "2:1 1,5", "it is written with a decimal comma"),
            (b"a;y\n1,5e-3;0\n", &semicolons, "2:1 1,5e-3", "it is written with a decimal comma"),
            (b"a,y\n1,5%\n2,6%\n", &default, "2:3 5%", "is written with a percent sign"),
            (b"a;y\n$1,000;0\n", &semicolons, "2:1 $1,000", "it is written with the sign of a currency"),
            (b"a,y\n\"1,234\",0\n", &default, "2:1 \"1,234\"", "a comma, in front of its decimals or its thousands"),
            (b"a,b,y\n?,1,0\n2.5,2,1\n", &default, "2:1 ?", "the value is missing"),
            (b"a,b,y\nx,1,0\n2.5,2,1\n", &default, "2:1 x", "other cells, such as `2.5`, are numbers"),
            (b"a,b,y\n?,1,0\n?,2,1\n", &default, "2:1 ?", "the value is missing"),
            (b",a,y\n0,1,2\n", &default, "1:1 ", "column 1 has no name: it may count the rows"),
            (b"a,y,\n1,2,3\n", &default, "1:5 ", "column 3 has no name: the header ends in a delimiter"),
            (b"a,Unnamed: 0,y\n0,1,2\n", &default, "1:3 Unnamed: 0", "column 2 has no name"),
            (b"who,a,y\nu,1,0\n,2,1\n", &by_who, "3:1 ", "the value of column `who`, by which samples are divided, is missing"),
            (b"a,y\n", &default, "", "no training samples"),
            (b"a,s,y\n1,train,2\n1,,2\n", &split, "3:3 ", "the part is missing: expected `train`, `test` or `validation`"),
            (b"a,,,y\n1,2,3,0\n", &default, "1:4 ", "columns 2 and 3 have no name"),
            (
                b"a,s,y\n1,train,2\n1,valid,2\n",
                &split,
                "3:3 valid",
                "`valid` is not a part: expected `train`, `test` or `validation`",
            ),
        ],
    );
}

#[test]
fn declared_text_and_classes_are_taken_as_such() {
    let spec: CsvSpec = toml::from_str("path = 'a'\ntext = ['code']\nignore = ['']").unwrap();
    let classes = csv::Roles { classes: true, ..csv::Roles::default() };
    let table: RawTable<f64> = csv::read(&file(b",code,y\n0,10,a\n1,B,2\n2,10,a\n"), [None, None], &spec, classes).unwrap();
    assert_eq!(dense(&table.train), arr2(&[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]));
    assert_eq!(table.train.targets, RawTargets::Names(["a", "2", "a"].map(str::to_owned).to_vec()));
    // `?` is a category where no cell is a number, as in UCI's Adult.
    let adult: RawTable<f64> = csv::read(&file(b"work,y\n?,0\nState,1\n"), [None, None], &CsvSpec::default(), classes).unwrap();
    assert_eq!(dense(&adult.train), arr2(&[[1.0, 0.0], [0.0, 1.0]]));
}

#[test]
fn a_column_is_the_same_in_both_parts() {
    let read = |test: &'static [u8]| {
        csv::read::<f64>(&file(b"a,y\nx,0\nz,1\n"), [Some(&file(test)), None], &CsvSpec::default(), csv::Roles::default())
    };
    assert!(read(b"a,y\nz,1\n").is_ok());
    assert_eq!(fault(read(b"a,y\n3,1\n")).0, "2:1 3");
    assert_eq!(fault(read(b"a,y\nz,b\n")).0, "2:3 b");
}

#[test]
fn numbers_beyond_the_precision_are_refused_where_they_stand() {
    let (place, text) =
        fault(csv::read::<f32>(&file(b"a,y\n1,0\n1e300,1\n"), [None, None], &CsvSpec::default(), csv::Roles::default()));
    assert!(place == "3:1 1e300" && text.contains("in single precision up to 3.4e38"), "{place} {text}");
    let (place, _) = fault(libsvm::read::<f32>(&file(b"1 1:1\n0 1:-1e39\n"), [None, None], &LibsvmSpec::default()));
    assert_eq!(place, "2:3 1:-1e39");
    assert!(libsvm(b"0 1:1e300", &LibsvmSpec::default()).is_ok());
}

#[test]
fn a_missing_csv_column_is_refused_with_the_nearest() {
    let spec = CsvSpec { target: Some("lable".to_owned()), ..CsvSpec::default() };
    let error = csv::read::<f64>(&file(b"a,label\n1,2\n"), [None, None], &spec, csv::Roles::default()).unwrap_err();
    assert_eq!(error.path, ["csv", "target"]);
    assert!(error.help.unwrap().contains("`label`"));
}

const LEAF: &[u8] = br#"{"users": ["u2", "u1"], "num_samples": [2, 1],
 "user_data": {"u1": {"x": [[[1, 2], [3, 4.5]]], "y": [3]}, "u2": {"x": [[5, 6, 7, 8], [9, 10, 11, 12]], "y": [3, 4]}}}"#;
const LEAF_LINES: &[u8] = b"{\"user\": \"u2\", \"x\": [[5, 6, 7, 8], [9, 10, 11, 12]], \"y\": [3, 4]}\n\n{\"user\": \"u1\", \"x\": [1, 2, 3, 4.5], \"y\": 3}\n";

fn leaf(bytes: &[u8]) -> Result<RawTable<f64>, Invalid> {
    leaf::read(&[file(bytes)], [None, None], &LeafSpec::default(), false)
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
fn leaf_faults_name_their_place() {
    refused(
        |bytes, ()| leaf(bytes),
        [
            (
                b"{\"users\": [\"a\"],\n \"user_data\": {\"a\": {\"x\": [[1, true]], \"y\": [1]}}}",
                (),
                "2:32 true",
                "expected a number or a list",
            ),
            (
                b"{\"users\": [\"a\"],\n \"user_data\": {\"a\": {\"x\": [[1, 2], \"t\"], \"y\": [1, 2]}}}",
                (),
                "2:36 \"t\"",
                "expected a number or a list",
            ),
            (b"{\"users\": [\"a\"],\n \"user_data\": {\"a\": {\"x\": [[1,, 2]], \"y\": [1]}}}", (), "2:31 ,", "expected value"),
            (b"{\"users\": [\"a\"],\n \"user_data\": {\"a\": {\"x\": [], \"y\": [nul]}}}", (), "2:40 ]", "expected ident"),
            (b"{\"users\": [\"a\"],\n \"user_data\": {\"a\": {\"x\": []}}}", (), "2:29 }", "missing field `y`"),
            (b"{\"user\": 1, \"x\": [1], \"y\": 2}\n{\"user\": 1, \"x\": [1]}", (), "2:21 }", "missing field `y`"),
            (b"{\"user\": 1, \"x\": [1]}", (), "1:21 }", "missing field `y`"),
            (
                b"{\"user\": 1, \"x\": [1], \"y\": 2}\n{\"user\": 1, \"x\": [1, 2], \"y\": 2}",
                (),
                "2:18 [1, 2]",
                "has 2 features: expected 1",
            ),
            (b"{\"user\": 1, \"x\": [[1], [2]], \"y\": [2]}", (), "1:35 [2]", "has 2 samples and 1 target:"),
            (b"{\"user\": 1, \"x\": \"to\", \"y\": 2}\n{\"user\": 1, \"x\": 3, \"y\": 2}", (), "2:18 3", "expected text"),
            (
                b"{\"users\": [\"b\", \"a\"], \"user_data\": {\"b\": {\"x\": [], \"y\": []}}}",
                (),
                "1:17 \"a\"",
                "user `a` has no `user_data`",
            ),
            (b"{\"users\": [], \"user_data\": {}}", (), "", "no samples"),
            (b"\n[]", (), "2:1 [", "the file is a list: expected an object"),
            (b"{\"users\": [\"u\"], \"user_data\": {\"u\": []}}", (), "1:38 ]", "expected an object with `x` and `y`"),
        ],
    );
}

/// As LEAF writes Shakespeare: windows of characters, here of four instead of eighty, and the character after each.
const SHAKESPEARE: &[u8] =
    br#"{"users": ["ROMEO", "JULIET"], "hierarchies": ["play", "play"], "num_samples": [2, 1], "user_data":
 {"JULIET": {"raw": "Ay me!", "x": ["y me"], "y": ["!"]}, "ROMEO": {"raw": "a\n", "x": ["    ", "   a"], "y": ["a", "\n"]}}}"#;

#[test]
fn leaf_text_has_features_by_place_and_the_next_character_as_its_class() {
    let window = LeafSpec { text: Some(TextSpec::Window { length: 4 }), ..LeafSpec::default() };
    for bytes in [SHAKESPEARE.to_vec(), gzip(SHAKESPEARE)] {
        let table: RawTable<f64> = leaf::read(&[file(&bytes)], [None, None], &window, false).unwrap();
        let rows = sparse(&table.train);
        // The characters ` `, `a`, `e`, `m`, `y`.
        assert_eq!(rows.columns, 20);
        assert_eq!([rows.row(0).0, rows.row(1).0, rows.row(2).0], [[0, 5, 10, 15], [0, 5, 10, 16], [4, 5, 13, 17]]);
        assert_eq!(table.train.targets, RawTargets::Names(["a", "\n", "!"].map(str::to_owned).to_vec()));
        assert_eq!(table.natural.unwrap().of, [1, 1, 0]);
    }
    let unasked = leaf(SHAKESPEARE).unwrap();
    assert_eq!(sparse(&unasked.train).columns, 80 * 5);
}

#[test]
fn leaf_numbers_beyond_the_precision_are_refused_at_their_sample() {
    for (bytes, place) in [
        (&b"{\"user\": 1, \"x\": [1, 1e300], \"y\": 1}"[..], "1:18 [1, 1e300]"),
        (b"{\"user\": 1, \"x\": [1], \"y\": -1e300}", "1:28 -1e300"),
    ] {
        let (found, text) = fault(leaf::read::<f32>(&[file(bytes)], [None, None], &LeafSpec::default(), false));
        assert!(found == place && text.contains("too large (in single precision up to 3.4e38"), "{found} {text}");
        assert!(leaf(bytes).is_ok());
    }
    let target = csv::read::<f32>(&file(b"a,y\n1,0.5\n2,1e300\n"), [None, None], &CsvSpec::default(), csv::Roles::default());
    assert_eq!(fault(target).0, "3:3 1e300");
}

#[test]
fn leaf_users_of_several_files_are_noted() {
    let user = |name: &str| format!("{{\"user\": \"{name}\", \"x\": [1], \"y\": 0}}\n");
    let files = [user("a") + &user("a"), user("b") + &user("a")];
    let files: Vec<File<'_>> = files.iter().map(|text| file(text.as_bytes())).collect();
    let table: RawTable<f64> = leaf::read(&files, [None, None], &LeafSpec::default(), false).unwrap();
    assert_eq!(table.notes, ["user `a` is in several files: its samples are joined"]);
    assert_eq!(table.natural.unwrap().of, [0, 0, 1, 0]);
    assert!(leaf::read::<f64>(&files[..1], [None, None], &LeafSpec::default(), false).unwrap().notes.is_empty());
}

#[test]
fn leaf_users_are_listed_once() {
    let refused = |document: &[u8]| fault(leaf(document));
    let user = "{\"x\": [[1]], \"y\": [0]}";
    let document = |users: &str, data: &str| format!("{{\"users\": [{users}], \"user_data\": {{{data}}}}}");
    let (place, text) = refused(document("\"u\", \"u\"", &format!("\"u\": {user}")).as_bytes());
    assert!(place == "1:17 \"u\"" && text.contains("`users` names `u` twice"), "{place} {text}");
    let (_, text) = refused(document("\"u\"", &format!("\"u\": {user}, \"v\": {user}")).as_bytes());
    assert!(text.contains("user `v` has `user_data` and is not among `users`"), "{text}");
    let (_, text) = refused(document("\"u\"", &format!("\"u\": {user}, \"u\": {user}")).as_bytes());
    assert!(text.contains("`user_data` has `u` twice"), "{text}");
    let empty = "\"v\": {\"x\": [], \"y\": []}";
    let table = leaf(document("\"u\", \"v\"", &format!("\"u\": {user}, {empty}")).as_bytes()).unwrap();
    let natural = table.natural.unwrap();
    assert_eq!((natural.values, natural.empty), (vec!["u".to_owned()], vec!["v".to_owned()]));
}

#[test]
fn leaf_targets_that_are_missing_or_unlike_are_refused_at_their_sample() {
    let document = |targets: &str| {
        let inputs = vec!["[1]"; targets.split(", ").count()].join(", ");
        format!("{{\"users\": [\"u\"], \"user_data\": {{\"u\": {{\"y\": [{targets}], \"x\": [{inputs}]}}}}}}")
    };
    let read = |targets: &str, classes| {
        leaf::read::<f64>(&[file(document(targets).as_bytes())], [None, None], &LeafSpec::default(), classes)
            .map(|table| table.train.targets)
    };
    for (targets, place, message) in [
        ("0, 1, \"NA\", 1", "1:50 \"NA\"", "the target of sample 2 (counted from 0) of user `u` is missing"),
        ("0.5, 1.5, \"nan\"", "1:54 \"nan\"", "sample 2 (counted from 0) of user `u` is missing"),
        ("0, \"?\"", "1:47 \"?\"", "sample 1 (counted from 0) of user `u` is missing"),
        ("\"1\", \"?\"", "1:49 \"?\"", "is missing"),
        ("\"a\", \"\"", "1:49 \"\"", "is missing"),
        ("\"0,5\", \"1,5\"", "1:44 \"0,5\"", "is written with a decimal comma"),
        ("0, \"cat\"", "1:47 \"cat\"", "is `cell`, while others are numbers"),
    ] {
        let (found, text) = fault(read(targets, false));
        assert_eq!(found, place, "{targets}: {text}");
        assert!(text.contains(&message.replace("`cell`", "`cat`")), "{text}");
    }
    let names = |names: &[&str]| RawTargets::Names(names.iter().map(|&name| name.to_owned()).collect());
    // As in Shakespeare, where the next character may be a digit or a question mark.
    assert_eq!(read("\"a\", \"?\", \"1\", \" \"", false).unwrap(), names(&["a", "?", "1", " "]));
    assert_eq!(read("0, \"cat\"", true).unwrap(), names(&["0", "cat"]));
    assert_eq!(
        read("1152921504606846976, 1152921504606846977", false).unwrap(),
        names(&["1152921504606846976", "1152921504606846977"])
    );
    let (place, text) = fault(leaf(b"{\"user\": \"\", \"x\": [1], \"y\": 2}"));
    assert!(place == "1:10 \"\"" && text.contains("the name of a user is empty"), "{place} {text}");
}

#[test]
fn whole_numbers_that_floats_do_not_tell_apart_stay_apart() {
    // 2^53 + 1 is the first that no float is; one with a fraction beside it says that they are values.
    let cells = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    let large = cells(&["9007199254740992", "9007199254740993"]);
    assert_eq!(RawTargets::parse(large.clone()), RawTargets::Names(large));
    assert_eq!(RawTargets::parse(cells(&["9007199254740991", "-1"])), RawTargets::Numbers(vec![9_007_199_254_740_991.0, -1.0]));
    assert_eq!(RawTargets::parse(cells(&["9007199254740994", "0.5"])), RawTargets::Numbers(vec![9_007_199_254_740_994.0, 0.5]));
    let (place, text) = fault(libsvm(b"0 1:1\n1152921504606846977 1:1\n", &LibsvmSpec::default()));
    assert!(place == "2:1 1152921504606846977" && text.contains("is 2^53 or more in size"), "{place} {text}");
}

/// As LEAF writes Sentiment140: number, date, query, user and text of a message.
const SENTIMENT: &[u8] = br#"{"users": ["ann"], "num_samples": [2], "user_data": {"ann": {"x": [
 ["4", "Mon May 11", "NO_QUERY", "ann", "good day, good sun"], ["5", "Mon May 11", "NO_QUERY", "ann", "bad day"]], "y": [1, 0]}}}"#;

#[test]
fn leaf_text_at_the_end_of_a_list_has_features_by_its_words() {
    let test = b"{\"user\": \"bob\", \"x\": [\"6\", \"\", \"\", \"bob\", \"bad bad luck\"], \"y\": 0}";
    let table: RawTable<f64> = leaf::read(&[file(SENTIMENT)], [Some(&[file(test)]), None], &LeafSpec::default(), false).unwrap();
    // The words `,`, `bad`, `day`, `good`, `sun`.
    let rows = sparse(&table.train);
    assert_eq!((rows.columns, rows.row(0)), (5, (&[0, 2, 3, 4][..], &[1.0, 1.0, 2.0, 1.0][..])));
    assert_eq!(rows.row(1), (&[1, 2][..], &[1.0, 1.0][..]));
    assert_eq!(sparse(&table.test.unwrap()).row(0), (&[1][..], &[2.0][..]));
    assert_eq!(table.train.targets, RawTargets::Numbers(vec![1.0, 0.0]));
}

#[test]
fn leaf_text_and_numbers_do_not_mix() {
    let counted = LeafSpec { text: Some(TextSpec::Characters), ..LeafSpec::default() };
    assert_eq!(leaf::read::<f64>(&[file(LEAF)], [None, None], &counted, false).unwrap_err().path, ["leaf", "text"]);
    let mixed = leaf::read::<f64>(&[file(SHAKESPEARE)], [Some(&[file(LEAF)]), None], &LeafSpec::default(), false).unwrap_err();
    assert_eq!((mixed.path, mixed.message.contains("have 4 features")), (vec!["leaf".to_owned(), "test-path".to_owned()], true));
}

#[test]
fn unreadable_files_are_refused() {
    let error = File::open(Path::new("missing.csv"), Path::new("folder")).unwrap_err();
    assert_eq!((error.place(), error.file.unwrap().path), (String::new(), Path::new("folder").join("missing.csv")));
    let packed = gzip(LEAF);
    let (_, text) = fault(File::in_memory("data.txt", &packed[..packed.len() / 2]));
    assert!(text.contains("cannot be unpacked"), "{text}");
    let (place, text) = fault(file(b"1 1:1\n1 \xff").text().map(str::to_owned));
    assert!(place == "2:3 " && text.contains("UTF-8"), "{place} {text}");
}

#[test]
fn missing_values_are_known_in_any_case() {
    for cell in ["", "NA", "nan", "NaN", "NULL", "?", "n/a", "<NA>"] {
        assert!(is_missing(cell) && number(cell).is_none(), "{cell}");
    }
    assert!(!is_missing("none") && !is_missing("-") && number("-1e3") == Some(-1000.0));
}

#[test]
fn numbers_as_people_write_them_are_told_from_names() {
    for cell in ["1,5", "-0,25", "1.234,5", "12,3456", "1,5e-3", "-2,5E+10", ",5", "-,25"] {
        assert_eq!(oddity(cell), Some("a decimal comma"), "{cell}");
    }
    for cell in ["1,234", "1,234,567", "1,234.5"] {
        assert_eq!(oddity(cell), Some("a comma, in front of its decimals or its thousands"), "{cell}");
    }
    for cell in ["1'234", "1 234 567", "1\u{a0}234,5"] {
        assert_eq!(oddity(cell), Some("spaces or quotes between its thousands"), "{cell}");
    }
    for (cell, sign) in [("5%", "a percent sign"), ("-1,5 %", "a percent sign"), ("$1,000", "the sign of a currency")] {
        assert_eq!(oddity(cell), Some(sign), "{cell}");
    }
    assert_eq!((oddity("5 €"), oddity("-$5")), (Some("the sign of a currency"), Some("the sign of a currency")));
    for cell in [
        "1,5e",
        "e5",
        "e,5",
        "%",
        "$",
        "$a",
        "100%ig",
        ",",
        "1.5",
        "cat",
        "2020-01-01",
        "10.0.0.1",
        "1,2,3",
        "a,5",
        "12 34",
        "<=50K",
        "1,",
        "",
    ] {
        assert_eq!(oddity(cell), None, "{cell}");
    }
}
