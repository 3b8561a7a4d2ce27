//! Data files are read as they are meant, or refused in words and within bounds.

use std::{fs, io::Write, path::Path};

use fedfleet::{
    record::curves::Curves,
    run::{Options, Plan, Results, Silent, execute},
    scenario::Scenario,
};
use ndarray::{Array1, Array2, Array4};
use ndarray_npy::WriteNpyExt;
use zip::{ZipWriter, write::SimpleFileOptions};

/// A folder with these files, and a scenario over them: `problem` in TOML, four clients unless it says otherwise.
struct Case(tempfile::TempDir);

impl Case {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("files of the test are sound");
        files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).expect("files of the test are sound"));
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn plan(&self, problem: &str) -> Result<Plan, String> {
        let text = format!(
            "seeds = 1\nstop.rounds = 5\n{problem}\n[federated]\nlocal = {{ steps = 2, batch = 8, lr = 0.1 }}\n[[method]]\nname = 'fedavg'"
        );
        let scenario = Scenario::read(&self.path().join("scenario.toml"), &text, &[], &fedfleet::registry::Registry::builtin());
        scenario.and_then(|scenario| Plan::resolve(scenario, &[])).map_err(|rejected| rejected.to_string())
    }

    /// The message of a refusal, which must hold all of `parts`.
    #[track_caller]
    fn refused(&self, problem: &str, parts: &[&str]) {
        let Err(told) = self.plan(problem) else { panic!("{problem} is accepted") };
        parts.iter().for_each(|part| assert!(told.contains(part), "{part:?} is not in\n{told}"));
    }

    #[track_caller]
    fn notes(&self, problem: &str) -> Vec<String> {
        self.plan(problem).unwrap_or_else(|told| panic!("{told}")).notes()
    }
}

fn softmax(data: &str) -> String {
    format!("problem = {{ objective = 'softmax', data = {data} }}\nfleet.clients = 4")
}

fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("files of the test are sound");
    bytes
}

fn npz(x: &impl WriteNpyExt, y: &impl WriteNpyExt) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("x.npy", npy(x)), ("y.npy", npy(y))] {
        writer.start_file(name, SimpleFileOptions::default()).expect("files of the test are sound");
        writer.write_all(&bytes).expect("files of the test are sound");
    }
    writer.finish().expect("files of the test are sound").into_inner()
}

/// `y = 10 x` with `x` in {0, 1}: least squares without intercept has its optimum at 10, where the loss is 0. With ½ (w − 10)² on
/// half of the rows and 0 on the others, 20 full steps of size 0.5 leave (1 − 0.25)²⁰ = 0.0032 of the distance; after 50 rounds
/// less than a float holds.
#[test]
fn two_values_under_least_squares_stay_what_they_are() {
    let rows = "0,0\n1,10\n".repeat(20);
    let case = Case::new(&[("a.csv", format!("x0,y\n{rows}").as_bytes())]);
    let text = "seeds = 1\nstop.rounds = 50\nproblem = { objective = 'least-squares', data = { csv = 'a.csv' }, partition = 'contiguous' }
        fleet.clients = 4\nrecord.metrics = ['loss', 'gap', 'distance']\nfederated.local = { steps = 20, batch = 'full', lr = 0.5 }
        [[method]]\nname = 'fedavg'";
    let scenario =
        Scenario::read(&case.path().join("scenario.toml"), text, &[], &fedfleet::registry::Registry::builtin()).unwrap();
    let plan = Plan::resolve(scenario, &[]).unwrap();
    let out = case.path().join("out");
    let _ = execute(&plan, &Results::at(&out), &Options::default(), &Silent).unwrap();
    let curves = Curves::read(&out.join("curves.csv")).unwrap();
    let loss = curves.runs[0].last(curves.metric("loss").unwrap()).unwrap();
    assert!(loss < 1e-12, "{loss}");
}

#[test]
fn labels_beyond_64_are_classes_for_a_classifier_and_asked_about_for_a_network() {
    let x = Array2::<f32>::from_shape_fn((200, 3), |(i, j)| (i * j % 7) as f32);
    let case = Case::new(&[("a.npz", &npz(&x, &Array1::from_shape_fn(200, |i| (i % 100) as i64)))]);
    assert!(case.plan(&softmax("{ npz = 'a.npz' }")).is_ok());
    case.refused(
        "problem = { objective = 'mlp', data = { npz = 'a.npz' } }\nfleet.clients = 4",
        &["100 different whole numbers", "targets = \"classes\""],
    );
}

#[test]
fn classes_of_the_held_out_file_alone_are_refused() {
    let (train, test) = ("x0,income\n1, >50K\n2, <=50K\n3, >50K\n4, <=50K\n", "x0,income\n1, >50K.\n2, <=50K.\n");
    let case = Case::new(&[("tr.csv", train.as_bytes()), ("te.csv", test.as_bytes())]);
    case.refused(
        &softmax("{ csv = { path = 'tr.csv', test-path = 'te.csv', target = 'income' } }"),
        &["classes occur among held-out samples only: `<=50K.`, `>50K.`", "training samples have `<=50K`, `>50K`"],
    );
}

#[test]
fn labels_as_keras_has_them_are_those_of_a_row() {
    let images = Array4::<f32>::from_shape_fn((40, 4, 4, 3), |(i, j, k, l)| ((i + j * k + l) % 5) as f32);
    let flat = Array1::from_shape_fn(40, |i| (i % 3) as u8);
    let column = Array2::from_shape_fn((40, 1), |(i, _)| (i % 3) as u8);
    let hot = Array2::from_shape_fn((40, 3), |(i, class)| f32::from(u8::from(i % 3 == class)));
    let case = Case::new(&[("a.npz", &npz(&images, &flat)), ("b.npz", &npz(&images, &column)), ("c.npz", &npz(&images, &hot))]);
    let curves = |name: &str| {
        let plan = case.plan(&softmax(&format!("{{ npz = '{name}', test = 0.2 }}"))).unwrap();
        let out = case.path().join(format!("of {name}"));
        let _ = execute(&plan, &Results::at(&out), &Options::default(), &Silent).unwrap();
        fs::read(out.join("curves.csv")).unwrap()
    };
    let expected = curves("a.npz");
    assert!(curves("b.npz") == expected && curves("c.npz") == expected);
}

#[test]
fn bytes_are_noted_until_they_are_scaled() {
    let x = Array2::from_shape_fn((40, 3), |(i, j)| (i * 6 + j) as u8);
    let case = Case::new(&[("a.npz", &npz(&x, &Array1::from_shape_fn(40, |i| (i % 2) as u8)))]);
    let notes = case.notes(&softmax("{ npz = 'a.npz' }"));
    assert!(
        notes.len() == 1 && notes[0].contains("`x` holds bytes up to 236") && notes[0].contains("scale = \"bytes\""),
        "{notes:?}"
    );
    assert!(case.notes(&softmax("{ npz = 'a.npz', scale = 'bytes' }")).is_empty());
}

#[test]
fn a_user_without_samples_is_noted_and_told_of() {
    let user = |rows: usize| format!("{{\"x\": {:?}, \"y\": {:?}}}", vec![[1, 2]; rows], vec![1; rows]);
    let text = format!(
        "{{\"users\": [\"u1\", \"u2\", \"u3\"], \"user_data\": {{\"u1\": {}, \"u2\": {}, \"u3\": {}}}}}",
        user(3),
        user(0),
        "{\"x\": [[3, 4], [1, 1]], \"y\": [0, 1]}"
    );
    let case = Case::new(&[("a.json", text.as_bytes())]);
    let problem = "problem = { objective = 'softmax', data = { leaf = 'a.json' } }";
    let notes = case.notes(problem);
    assert!(notes.len() == 1 && notes[0].contains("user `u2` has no samples and is left out"), "{notes:?}");
    case.refused(&format!("{problem}\nfleet.clients = 3"), &["names 2 clients", "`u2` has no samples"]);
}

#[test]
fn the_first_class_that_is_no_number_is_named_where_numbers_are_fitted() {
    let case = Case::new(&[("a.csv", b"x,y\n1,0\n2,cat\n3,2\n")]);
    let problem = "fleet.clients = 1\nproblem = { objective = 'least-squares', data = { csv = 'a.csv', targets = 'classes' } }";
    case.refused(problem, &["the data have 3 classes, of which `cat` is not a number", "write a number for each target"]);
}

#[test]
fn edges_are_read_as_networkx_writes_them() {
    let ring: Vec<String> = (0..6).map(|i| format!("{i} {}", (i + 1) % 6)).collect();
    let case = Case::new(&[
        ("blanks.txt", ring.join("\n").as_bytes()),
        ("braces.txt", ring.iter().map(|edge| format!("{edge} {{}}\n")).collect::<String>().as_bytes()),
        ("tabs.txt", ring.join("\n").replace(' ', "\t").as_bytes()),
        ("three.txt", b"0 1 7\n1 2 3\n"),
    ]);
    let problem =
        |file: &str| format!("problem.objective = 'quadratic'\nfleet.clients = 6\nnetwork.topology = {{ edges = '{file}' }}");
    for file in ["blanks.txt", "braces.txt", "tabs.txt"] {
        assert!(case.plan(&problem(file)).is_ok(), "{file}");
    }
    case.refused(&problem("three.txt"), &["three.txt:1:1", "found 3 fields"]);
}

#[test]
fn a_bomb_is_refused_at_the_bound_and_the_key_raises_it() {
    let rows = format!("x,y\n{}", "1,0\n2,1\n".repeat(50_000));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(rows.as_bytes()).unwrap();
    let case = Case::new(&[("a.csv.gz", &packed.finish().unwrap())]);
    case.refused(&softmax("{ csv = 'a.csv.gz', max-unpacked = 100_000 }"), &["unpacks to more than 100.0 kB", "max-unpacked"]);
    assert!(case.plan(&softmax("{ csv = 'a.csv.gz', max-unpacked = 1_000_000 }")).is_ok());
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let case = Case::new(&[("a.svm.bz2", b"BZh91AY&SY\xff\xfe")]);
    fs::create_dir(case.path().join("folder.csv")).unwrap();
    case.refused(&softmax("{ csv = 'folder.csv' }"), &["it is a folder, not a file"]);
    case.refused(&softmax("{ libsvm = 'a.svm.bz2' }"), &["compressed by bzip2", "bunzip2 < a.svm.bz2 > unpacked"]);
    if cfg!(unix) {
        for source in [
            "libsvm = '/dev/zero'",
            "npz = '/dev/zero'",
            "leaf = '/dev/zero'",
            "idx = { images = '/dev/zero', labels = '/dev/zero' }",
        ] {
            case.refused(&softmax(&format!("{{ {source} }}")), &["a device or a pipe, not a file"]);
        }
        let rejected =
            Scenario::load(Path::new("/dev/zero"), &[], &fedfleet::registry::Registry::builtin()).unwrap_err().to_string();
        assert!(rejected.contains("a device or a pipe"), "{rejected}");
    }
}

#[test]
fn control_characters_of_files_never_reach_the_terminal() {
    let name = "a\u{1b}[31m.csv";
    let case = Case::new(&[(name, b"x,y\n1,0\n\x1b[2J,1\n")]);
    let Err(told) = case.plan(&softmax("{ csv = \"a\\u001b[31m.csv\" }")) else { panic!("it is accepted") };
    assert!(!told.contains('\u{1b}') && told.contains("3:1"), "{told:?}");
}

#[test]
fn wide_files_take_time_in_proportion() {
    // 200,000 columns of one name each; a comparison of each with each would take 20 thousand million steps.
    let header: Vec<String> = (0..200_000).map(|column| format!("c{column}")).collect();
    let case = Case::new(&[("a.csv", format!("{},y\n{}0\n", header.join(","), "1,".repeat(199_999)).as_bytes())]);
    case.refused(&softmax("{ csv = 'a.csv' }"), &["expected 200001, as many as the header"]);
}

#[test]
fn a_validation_part_can_be_a_file_of_its_own() {
    let leaf = |x: &str, y: &str| format!("{{\"users\": [\"a\"], \"user_data\": {{\"a\": {{\"x\": {x}, \"y\": {y}}}}}}}");
    let (train, validation) = (leaf("[[1, 2], [3, 4]]", "[0, 1]"), leaf("[[5, 6]]", "[1]"));
    let case = Case::new(&[
        ("train.csv", b"x,y\n1,0\n2,1\n3,1\n4,0\n"),
        ("validation.csv", b"x,y\n5,1\n"),
        ("train.svm", b"0 1:1\n1 2:1\n1 1:2\n0 2:2\n"),
        ("validation.svm", b"1 7:1\n"),
        ("train.json", train.as_bytes()),
        ("validation.json", validation.as_bytes()),
    ]);
    for (source, clients, found) in [("csv", 4, (4, 1, 1)), ("svm", 4, (4, 1, 7)), ("json", 1, (2, 1, 2))] {
        let key = match source {
            "svm" => "libsvm",
            "json" => "leaf",
            other => other,
        };
        let data = format!("{{ {key} = {{ path = 'train.{source}', validation-path = 'validation.{source}' }} }}");
        let problem = format!("problem = {{ objective = 'softmax', data = {data} }}\nfleet.clients = {clients}");
        let plan = case.plan(&problem).unwrap_or_else(|told| panic!("{told}"));
        let report = plan.cells[0].data.as_ref().expect("there are samples");
        assert_eq!((report.training, report.validation.expect("there is such a part"), report.features), found);
        case.refused(&problem.replace("validation.", "missing."), &["missing.", "validation-path"]);
    }
}

/// The validation part decides among tuned values and never the test part: here the test part has its labels turned round, so that it
/// would choose the smallest step, and validation rows are copies of training rows, so that they choose the largest.
#[test]
fn tuned_values_are_chosen_by_the_validation_part() {
    let rows = |part: &str, turned: bool| {
        let row = |k: usize| {
            format!("{},{part},{}\n", if k.is_multiple_of(2) { 1.0 } else { -1.0 }, usize::from(k.is_multiple_of(2) != turned))
        };
        (0..8).map(row).collect::<String>()
    };
    let file = format!("x,part,y\n{}{}{}", rows("train", false), rows("validation", false), rows("test", true));
    let case = Case::new(&[("rows.csv", file.as_bytes())]);
    let text = "seeds = 1\nstop.rounds = 5\nproblem.objective = 'logistic'\nproblem.data.csv = { path = 'rows.csv', split = 'part' }\n\
                fleet.clients = 2\nfederated.local = { steps = 2, lr = { tune = [0.01, 1.0] } }\n\
                record.metrics = ['loss', 'test-loss']\n[[method]]\nname = 'fedavg'";
    let scenario = Scenario::read(&case.path().join("scenario.toml"), text, &[], &fedfleet::registry::Registry::builtin());
    let plan = scenario.and_then(|scenario| Plan::resolve(scenario, &[])).unwrap_or_else(|told| panic!("{told}"));
    let results = case.path().join("results");
    let summary = execute(&plan, &Results::at(&results), &Options::default(), &Silent).expect("the runs are sound");
    assert_eq!(summary.tuned[0].values[0].value, "1.0");
    let curves = Curves::read(&results.join("curves.csv")).expect("the curves are sound");
    let last = |name: &str| curves.runs[0].last(curves.metric(name).expect("it is recorded")).expect("it has a value");
    assert!(last("validation-loss") < 0.3 && last("test-loss") > 1.0);
    assert_eq!(plan.notes(), ["`tune` keeps the values with the best final validation-loss, which is recorded for that"]);
    case.refused(
        "problem = { objective = 'softmax', data = 'digits-8x8' }\nfleet.clients = 4\nrecord.metrics = ['validation-accuracy']",
        &["needs a validation part", "validation = 0.1"],
    );
}

/// The held-out file is the training file, as some who split their data by hand have it.
#[test]
fn held_out_samples_that_are_all_trained_on_are_noted() {
    let users = r#"{"users": ["a", "b"], "num_samples": [2, 1],
        "user_data": {"a": {"x": [[1, 2], [3, 4]], "y": [0, 1]}, "b": {"x": [[5, 6]], "y": [1]}}}"#;
    let other = users.replace("[5, 6]", "[7, 8]").replace("[1, 2]", "[2, 1]").replace("[3, 4]", "[4, 3]");
    let case = Case::new(&[("train.json", users.as_bytes()), ("test.json", other.as_bytes())]);
    let notes = |test: &str| {
        let problem = format!(
            "{{ objective = 'softmax', data = {{ leaf = {{ path = 'train.json', test-path = '{test}' }} }}, partition = 'natural' }}"
        );
        case.notes(&format!("problem = {problem}\nfleet.clients = 2"))
    };
    let found = notes("train.json");
    assert!(found.iter().any(|note| note.contains("all 3 held-out samples are among the training samples")), "{found:?}");
    assert!(notes("test.json").iter().all(|note| !note.contains("held-out")));
}
