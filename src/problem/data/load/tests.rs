use approx::assert_relative_eq;

use super::*;
use crate::problem::data::{
    Bundled, CsvSpec, DirichletSpec, DirichletSplit, Features, FileOfClients, LabelName, Samples, Targets,
};

fn bundled(set: Bundled) -> DataSpec {
    DataSpec::new(Source::Bundled(set))
}

fn table(spec: &DataSpec) -> Table<f32> {
    read(spec, Request::default(), &Streams::new(0), Path::new("")).unwrap()
}

fn counts(samples: &Samples<f32>) -> Vec<usize> {
    let Targets::Classes { labels, count } = &samples.targets else { panic!("expected classes") };
    let mut counts = vec![0; *count];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    counts
}

#[test]
fn bundled_sets_have_the_sizes_they_say() {
    for set in [Bundled::Mnist10k, Bundled::AdultA9a, Bundled::Digits8x8, Bundled::WatchExercises] {
        let known = describe(&bundled(set), Request::default(), &Streams::new(0), Path::new("")).unwrap();
        assert_eq!(known, Summary::of(&table(&bundled(set))), "{set:?}");
    }
}

#[test]
fn mnist_has_its_class_counts_and_pixels_up_to_one() {
    let table = table(&bundled(Bundled::Mnist10k));
    assert_eq!(counts(&table.train), [801, 902, 793, 826, 784, 690, 811, 856, 755, 782]);
    assert_eq!(counts(table.test.as_ref().unwrap()), [200, 225, 198, 206, 196, 173, 203, 214, 189, 196]);
    let Features::Dense(pixels) = &table.train.features else { panic!("expected dense features") };
    assert!(pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    assert_eq!(pixels.iter().copied().fold(0.0, f32::max), 1.0);
}

#[test]
fn adult_is_sparse_and_knows_education_and_occupation() {
    let table = table(&bundled(Bundled::AdultA9a));
    assert_eq!((table.classes.as_slice(), counts(&table.train)), (&["-1".to_owned(), "1".to_owned()][..], vec![24_720, 7_841]));
    let education = table.grouping("education").unwrap();
    let sizes: Vec<usize> = education.members().iter().map(Vec::len).collect();
    assert_eq!((sizes.len(), sizes.iter().min(), sizes.iter().max()), (16, Some(&51), Some(&10_501)));
    let occupation = table.grouping("occupation").unwrap();
    assert_eq!((occupation.values.len(), occupation.values[14].as_str(), occupation.members()[14].len()), (15, "none", 1_843));
}

#[test]
fn digits_hold_out_their_last_rows() {
    let table = table(&bundled(Bundled::Digits8x8));
    let total: Vec<usize> = counts(&table.train).iter().zip(counts(table.test.as_ref().unwrap())).map(|(a, b)| a + b).collect();
    assert_eq!(total, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    let Features::Dense(pixels) = &table.train.features else { panic!("expected dense features") };
    assert_eq!(pixels.row(0).to_vec()[..6], [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625]);
}

#[test]
fn watch_has_ten_people_and_standardised_features() {
    let table = table(&bundled(Bundled::WatchExercises));
    assert_eq!(table.classes, ["ABD", "ER", "FEL", "IR", "PEN", "ROW", "TRAP"]);
    assert_eq!(table.natural.as_ref().unwrap().values, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    let Features::Dense(matrix) = &table.train.features else { panic!("expected dense features") };
    for column in matrix.columns() {
        let mean = column.iter().map(|&value| f64::from(value)).sum::<f64>() / 3_453.0;
        let variance = column.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / 3_453.0;
        assert_relative_eq!(mean, 0.0, epsilon = 1e-6);
        assert_relative_eq!(variance, 1.0, epsilon = 1e-5);
    }
}

#[test]
fn chosen_classes_are_numbered_in_their_order() {
    let spec =
        DataSpec { classes: Some(vec![LabelName::Number(8), LabelName::Text("3".to_owned())]), ..bundled(Bundled::Mnist10k) };
    let table = table(&spec);
    assert_eq!((counts(&table.train), table.classes), (vec![755, 826], vec!["8".to_owned(), "3".to_owned()]));
}

#[test]
fn a_load_is_the_same_twice_and_differs_between_seeds() {
    let partition = PartitionSpec::Dirichlet(DirichletSpec { alpha: 0.1, split: DirichletSplit::ByClass, allow_empty: false });
    let load = |seed| {
        let streams = Streams::new(seed);
        load::<f64>(&bundled(Bundled::Digits8x8), (Some(&partition), None), (Some(20), TargetKind::Auto), &streams, Path::new(""))
            .unwrap()
            .data
    };
    let (a, b, c) = (load(1), load(1), load(2));
    assert_eq!((&a.offsets, a.label_counts()), (&b.offsets, b.label_counts()));
    assert_ne!(a.offsets, c.offsets);
    for fractions in a.label_fractions().unwrap() {
        assert_relative_eq!(fractions.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
    }
}

#[test]
fn loading_is_reading_and_partitioning() {
    let (spec, streams, base) = (bundled(Bundled::WatchExercises), Streams::new(5), Path::new(""));
    for partition in [None, Some(PartitionSpec::Iid), Some(PartitionSpec::Shared)] {
        let whole = load::<f64>(&spec, (partition.as_ref(), None), (Some(10), TargetKind::Auto), &streams, base).unwrap().data;
        let table = read::<f64>(&spec, Request::new(partition.as_ref(), Some(10)), &streams, base).unwrap();
        let parts = partition::partition(&table, partition.as_ref(), Some(10), &streams, base).unwrap();
        assert_eq!((&whole.offsets, whole.label_counts()), (&parts.offsets, parts.label_counts()));
        let (Features::Dense(a), Features::Dense(b)) = (&whole.train.features, &parts.train.features) else { panic!("dense") };
        assert_eq!(a, b);
    }
}

#[test]
fn files_are_found_from_the_folder_of_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "x,g,y\n1,p,0.5\n2,q,1.5\n3,q,2.5\n4,p,3.5\n").unwrap();
    let spec = DataSpec::new(Source::Csv(CsvSpec { path: "a.csv".into(), ..CsvSpec::default() }));
    let by = PartitionSpec::By("g".to_owned());
    let data = load::<f64>(&spec, (Some(&by), None), (None, TargetKind::Auto), &Streams::new(0), folder.path()).unwrap().data;
    let Features::Dense(x) = &data.train.features else { panic!("expected dense features") };
    assert_eq!((data.offsets.clone(), x.iter().copied().collect::<Vec<_>>()), (vec![0, 2, 4].into(), vec![1.0, 4.0, 2.0, 3.0]));
    assert!(matches!(&data.train.targets, Targets::Values(values) if *values == [0.5, 3.5, 1.5, 2.5]));
    assert!(data.label_counts().is_none());

    let error = load::<f64>(
        &DataSpec::new(Source::Leaf(LeafSpec { path: "none".into(), ..LeafSpec::default() })),
        (None, None),
        (None, TargetKind::Auto),
        &Streams::new(0),
        folder.path(),
    );
    let error = error.unwrap_err();
    assert_eq!((error.path.join("."), error.place()), ("data.leaf".to_owned(), String::new()));
    assert_eq!(error.file.unwrap().path, folder.path().join("none"));
}

#[test]
fn client_ids_belong_to_the_rows_of_the_source() {
    let folder = tempfile::tempdir().unwrap();
    // Ten rows each of clients 0 and 1; the feature is the row, the class alternates.
    let rows: String = (0..20).map(|row| format!("{row},{}\n", row % 2)).collect();
    std::fs::write(folder.path().join("a.csv"), format!("x,y\n{rows}")).unwrap();
    std::fs::write(folder.path().join("ids"), "0\n".repeat(10) + &"1\n".repeat(10)).unwrap();
    let by_file = PartitionSpec::File(FileOfClients { path: "ids".into(), allow_empty: false });
    let rows_of = |spec: &DataSpec| {
        let data =
            load::<f64>(spec, (Some(&by_file), None), (None, TargetKind::Auto), &Streams::new(0), folder.path()).unwrap().data;
        let Features::Dense(x) = &data.train.features else { panic!("expected dense features") };
        let of = |client| data.rows(client).map(|row| x[[row, 0]]).collect::<Vec<f64>>();
        (of(0), of(1), data.test.map(|test| test.len()))
    };
    let source = DataSpec::new(Source::Csv(CsvSpec { path: "a.csv".into(), ..CsvSpec::default() }));
    let (first, second, held_out) = rows_of(&DataSpec { test: Some(0.2), ..source.clone() });
    // A fifth of each client: two of ten.
    assert_eq!((first.len(), second.len(), held_out), (8, 8, Some(4)));
    assert!(first.iter().all(|&row| row < 10.0) && second.iter().all(|&row| row >= 10.0));
    let classes = Some(vec![LabelName::Number(1), LabelName::Number(5)]);
    let refused = DataSpec { classes, ..source.clone() };
    assert!(load::<f64>(&refused, (Some(&by_file), None), (None, TargetKind::Auto), &Streams::new(0), folder.path()).is_err());
    std::fs::write(folder.path().join("a.csv"), format!("x,y\n{}20,2\n", rows)).unwrap();
    std::fs::write(folder.path().join("ids"), "0\n".repeat(10) + &"1\n".repeat(11)).unwrap();
    let classes = Some(vec![LabelName::Number(1), LabelName::Number(2)]);
    let (first, second, _) = rows_of(&DataSpec { classes, ..source });
    assert_eq!((first, second), (vec![1.0, 3.0, 5.0, 7.0, 9.0], vec![11.0, 13.0, 15.0, 17.0, 19.0, 20.0]));
}

#[test]
fn a_leaf_folder_is_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.json"), r#"{"users": ["v"], "user_data": {"v": {"x": [[2]], "y": [1]}}}"#).unwrap();
    std::fs::write(folder.path().join("a.json"), r#"{"users": ["u"], "user_data": {"u": {"x": [[1]], "y": [0]}}}"#).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not data").unwrap();
    let spec = DataSpec::new(Source::Leaf(LeafSpec { path: folder.path().into(), ..LeafSpec::default() }));
    let data = load::<f64>(&spec, (None, None), (None, TargetKind::Auto), &Streams::new(0), Path::new("")).unwrap().data;
    assert_eq!((data.clients(), data.label_counts()), (2, Some(vec![vec![1, 0], vec![0, 1]])));
}

#[test]
fn generators_have_the_sizes_they_say() {
    let cases = [
        "{ synthetic = { alpha = 1, beta = 1, max-samples = 200 } }",
        "{ mixture = { features = 3, samples = 70, test = 20 } }",
        "{ mixture = { features = 3, test = 0, clients = { samples = 5, alpha = 0.5, count = 7 } } }",
        "{ teacher = { samples = 30, test = 10 } }",
        "{ linear = { test = 4 } }",
        "{ linear = { targets = { labels = { classes = 3 } } } }",
    ];
    for text in cases {
        let spec: toml::Table = toml::from_str(&format!("data = {text}")).unwrap();
        let spec: DataSpec = spec["data"].clone().try_into().unwrap();
        let known = describe(&spec, Request::default(), &Streams::new(3), Path::new("")).unwrap();
        let drawn = read::<f32>(&spec, Request::default(), &Streams::new(3), Path::new("")).unwrap();
        assert_eq!(known, Summary::of(&drawn), "{text}");
    }
}

#[test]
fn one_of_two_held_out_files_is_refused() {
    let spec = IdxSpec { images: "a".into(), labels: "b".into(), test_images: Some("c".into()), test_labels: None };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), [0, 0, 8, 1, 0, 0, 0, 1, 5]).unwrap();
    std::fs::write(folder.path().join("b"), [0, 0, 8, 1, 0, 0, 0, 1, 5]).unwrap();
    let error = read::<f64>(&DataSpec::new(Source::Idx(spec)), Request::default(), &Streams::new(0), folder.path()).unwrap_err();
    assert_eq!((error.path.join(".").as_str(), error.message.contains("only one of test-images")), ("idx", true));
}

#[test]
fn a_generated_set_beyond_memory_is_refused() {
    let law = crate::problem::data::MixtureSpec { samples: usize::MAX, ..Default::default() };
    let error =
        read::<f32>(&DataSpec::new(Source::Mixture(law)), Request::default(), &Streams::new(0), Path::new("")).unwrap_err();
    assert!(error.message.contains("expected a data set of at most"), "{}", error.message);
}
