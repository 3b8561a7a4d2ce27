use ndarray::arr2;

use super::*;
use crate::problem::data::{Grouping, Source, SparseRows};

fn raw(rows: usize) -> RawTable<f64> {
    let features = Features::Dense(Array2::from_shape_fn((rows, 2), |(row, column)| if column == 0 { row as f64 } else { 7.0 }));
    RawTable::new(RawSamples { features, targets: RawTargets::Numbers((0..rows).map(|row| (row % 3) as f64).collect()) }, None)
}

fn spec() -> DataSpec {
    DataSpec::new(Source::Bundled(crate::problem::data::Bundled::Mnist10k))
}

fn values(features: &Features<f64>) -> Vec<f64> {
    match features {
        Features::Dense(matrix) => matrix.iter().copied().collect(),
        Features::Sparse(matrix) => matrix.values.clone(),
    }
}

fn numbered(targets: RawTargets, kind: TargetKind) -> Result<Table<f64>, Invalid> {
    let mut table = raw(targets.len());
    table.train.targets = targets;
    number(table, kind, TargetKind::Values)
}

#[test]
fn whole_numbers_are_classes_unless_there_are_many() {
    let table = numbered(RawTargets::Numbers(vec![10.0, -1.0, 2.0, -0.0, 0.0]), TargetKind::Auto).unwrap();
    assert_eq!(table.classes, ["-1", "0", "2", "10"]);
    assert!(matches!(&table.train.targets, Targets::Classes { labels, count: 4 } if *labels == [3, 0, 2, 1, 1]));
    let many: Vec<f64> = (0..65).map(f64::from).collect();
    let is_real = |targets: &[f64], kind| {
        matches!(numbered(RawTargets::Numbers(targets.to_vec()), kind).unwrap().train.targets, Targets::Values(_))
    };
    assert!(is_real(&many, TargetKind::Auto) && !is_real(&many, TargetKind::Classes));
    assert!(is_real(&[1.0, 2.0], TargetKind::Values) && is_real(&[0.5, 1.0], TargetKind::Auto));
    let names = RawTargets::Names(vec!["b".to_owned(), "a".to_owned()]);
    assert_eq!(numbered(names.clone(), TargetKind::Auto).unwrap().classes, ["a", "b"]);
    assert_eq!(numbered(names, TargetKind::Values).unwrap_err().path, ["targets"]);
}

#[test]
fn the_first_target_that_is_no_number_is_named_where_values_are_needed() {
    let names = |cells: &[&str]| RawTargets::Names(cells.iter().map(|&cell| cell.to_owned()).collect());
    let refused = |cells: &[&str], kind| numbered(names(cells), kind).unwrap_err().message;
    assert_eq!(refused(&["0", "1", "NA"], TargetKind::Values), "the target `NA` is not a number: expected real values");
    assert!(refused(&["0", "1"], TargetKind::Values).contains("the targets are text, such as `0`"));
    // Least squares, which `numbered` asks for, would round them.
    for kind in [TargetKind::Values, TargetKind::Auto] {
        assert!(refused(&["9007199254740993", "0"], kind).contains("`9007199254740993` is a whole number of 2^53 or more"));
    }
    assert_eq!(numbered(names(&["9007199254740993", "9007199254740992"]), TargetKind::Classes).unwrap().classes.len(), 2);
}

#[test]
fn the_objective_says_what_numbers_are_where_the_data_do_not() {
    let number = |targets: Vec<f64>, objective| {
        let mut table = raw(targets.len());
        table.train.targets = RawTargets::Numbers(targets);
        number(table, TargetKind::Auto, objective)
    };
    let many: Vec<f64> = (0..100).map(f64::from).collect();
    assert_eq!(number(many.clone(), TargetKind::Classes).unwrap().classes.len(), 100);
    assert!(number(many.clone(), TargetKind::Values).unwrap().classes.is_empty());
    assert!(number(many, TargetKind::Auto).unwrap_err().help.unwrap().contains("targets = \"classes\""));
    // Two numbers are classes by which samples can be divided, and then the numbers themselves.
    let table = number(vec![0.0, 10.0, 0.0], TargetKind::Values).unwrap();
    assert_eq!((table.classes.len(), table.fitted), (2, Some([0.0, 10.0])));
    assert!(matches!(table.train.targets.numbers([0.0, 10.0]), Targets::Values(values) if values == [0.0, 10.0, 0.0]));
    assert_eq!(number(vec![1.0, -1.0], TargetKind::Values).unwrap().fitted, None);
    assert_eq!(number(vec![0.0, 1.0, 2.0], TargetKind::Values).unwrap().fitted, None);
}

#[test]
fn classes_of_held_out_samples_alone_are_noted_or_refused() {
    let prepared = |held_out: Vec<f64>| {
        let mut table = raw(3);
        let mut test = raw(held_out.len()).train;
        test.targets = RawTargets::Numbers(held_out);
        table.test = Some(test);
        prepare(number(table, TargetKind::Auto, TargetKind::Auto).unwrap(), &spec())
    };
    assert!(prepared(vec![0.0, 2.0]).unwrap().notes.is_empty());
    assert_eq!(prepared(vec![0.0, 7.0]).unwrap().notes, ["classes occur among held-out samples only: `7`"]);
    let refused = prepared(vec![7.0, 8.0]).unwrap_err();
    assert_eq!(refused.message, "classes occur among held-out samples only: `7`, `8`");
    assert!(refused.help.unwrap().contains("`0`, `1`, `2`"));
}

#[test]
fn values_that_the_precision_does_not_hold_are_refused() {
    let table = RawTable::<f32>::new(
        RawSamples { features: Features::Dense(arr2(&[[1.0], [f32::INFINITY]])), targets: RawTargets::Numbers(vec![0.0, 1.0]) },
        None,
    );
    let refused = number(table, TargetKind::Auto, TargetKind::Auto).unwrap_err();
    assert_eq!(refused.message, "a feature of training sample 1 (counted from 0) is too large for numbers of 32 bits");
    let targets = RawTable::<f32>::new(
        RawSamples { features: Features::Dense(arr2(&[[1.0], [2.0]])), targets: RawTargets::Numbers(vec![0.5, 1e300]) },
        None,
    );
    let refused = number(targets, TargetKind::Auto, TargetKind::Values).unwrap_err();
    assert_eq!(refused.message, "a target of training sample 1 (counted from 0) is too large for numbers of 32 bits");
    let large = RawTable::<f32>::new(
        RawSamples { features: Features::Dense(arr2(&[[1e38], [2.0]])), targets: RawTargets::Numbers(vec![0.0, 1.0]) },
        None,
    );
    let tenfold = DataSpec { scale: Some(Scale::Factor(10.0)), ..spec() };
    let refused = prepare(number(large, TargetKind::Auto, TargetKind::Auto).unwrap(), &tenfold).unwrap_err();
    assert!(refused.message.starts_with("a feature of training sample 0"), "{}", refused.message);
}

#[test]
fn bytes_are_scaled_as_those_of_idx_files() {
    let table = RawTable::<f64>::new(
        RawSamples { features: Features::Dense(arr2(&[[51.0, 255.0]])), targets: RawTargets::Numbers(vec![0.0]) },
        None,
    );
    let table = number(table, TargetKind::Auto, TargetKind::Auto).unwrap();
    assert_eq!(values(&prepare(table, &DataSpec { scale: Some(Scale::BYTES), ..spec() }).unwrap().train.features), [0.2, 1.0]);
}

#[test]
fn both_parts_share_their_classes() {
    let mut table = raw(3);
    table.test = Some(raw(1).train);
    table.test.as_mut().unwrap().targets = RawTargets::Names(vec!["z".to_owned()]);
    let table = number(table, TargetKind::Auto, TargetKind::Auto).unwrap();
    assert_eq!(table.classes, ["0", "1", "2", "z"]);
    assert!(matches!(table.test.unwrap().targets, Targets::Classes { labels, count: 4 } if labels == [3]));
}

#[test]
fn a_hold_out_takes_its_share_once_and_is_the_same_again() {
    let held_out = |natural: Option<Grouping>| {
        let table = RawTable { natural, ..raw(100) };
        prepare(number(table, TargetKind::Auto, TargetKind::Auto).unwrap(), &DataSpec { test: Some(0.2), ..spec() }).unwrap()
    };
    let table = held_out(None);
    let test = table.test.as_ref().unwrap();
    assert_eq!((table.train.len(), test.len()), (80, 20));
    let mut all: Vec<f64> = [values(&table.train.features), values(&test.features)].concat().into_iter().step_by(2).collect();
    all.sort_by(f64::total_cmp);
    assert_eq!(all, (0..100).map(f64::from).collect::<Vec<_>>());
    assert_eq!(values(&held_out(None).train.features), values(&table.train.features));

    // 1, 9 and 90 samples: one stays with the first, ⌊0.8 · 9⌋ = 7 with the second.
    let cells: Vec<String> = (0..100)
        .map(|row: usize| {
            if row < 1 {
                "a"
            } else if row < 10 {
                "b"
            } else {
                "c"
            }
            .to_owned()
        })
        .collect();
    let table = held_out(Some(Grouping::new("who", &cells)));
    let sizes: Vec<usize> = table.natural.unwrap().members().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 7, 72]);
}

/// The first feature of every row, which numbers it.
fn numbers(samples: &Samples<f64>) -> Vec<f64> {
    values(&samples.features).into_iter().step_by(2).collect()
}

#[test]
fn a_validation_part_shares_no_row_and_leaves_the_test_part_as_it_is() {
    let prepared = |test, validation, natural: Option<Grouping>| {
        let table = number(RawTable { natural, ..raw(100) }, TargetKind::Auto, TargetKind::Auto).unwrap();
        prepare(table, &DataSpec { test, validation, ..spec() }).unwrap()
    };
    let both = prepared(Some(0.2), Some(0.1), None);
    let (test, validation) = (both.test.as_ref().unwrap(), both.validation.as_ref().unwrap());
    // Shares of all samples: 100 are 70, 20 and 10.
    assert_eq!((both.train.len(), test.len(), validation.len()), (70, 20, 10));
    let mut all = [numbers(&both.train), numbers(test), numbers(validation)].concat();
    all.sort_by(f64::total_cmp);
    assert_eq!(all, (0..100).map(f64::from).collect::<Vec<_>>());
    assert_eq!(numbers(test), numbers(prepared(Some(0.2), None, None).test.as_ref().unwrap()));

    let cells: Vec<String> = (0..100).map(|row: usize| if row < 2 { "a" } else { "b" }.to_owned()).collect();
    let table = prepared(Some(0.5), Some(0.25), Some(Grouping::new("who", &cells)));
    // Of the first's two samples one is for the test and the last stays; of the second's 98, 49, and ⌈24.5⌉.
    assert_eq!((table.test.unwrap().len(), table.validation.as_ref().unwrap().len()), (50, 25));
    assert!(numbers(&table.validation.unwrap()).iter().all(|&row| row >= 2.0));
    assert_eq!(table.natural.unwrap().members().iter().map(Vec::len).collect::<Vec<_>>(), [1, 24]);
}

#[test]
fn parts_that_leave_nothing_to_train_on_are_refused() {
    let refused = |test, validation| DataSpec { test, validation, ..spec() }.check().unwrap_err();
    assert_eq!(refused(None, Some(1.0)).path, ["validation"]);
    let all = refused(Some(0.75), Some(0.25));
    assert!(all.path == ["validation"] && all.message.contains("below 0.25, what `test` leaves"), "{all:?}");
    let mut table = number(raw(10), TargetKind::Auto, TargetKind::Auto).unwrap();
    table.validation = Some(table.train.clone());
    assert_eq!(prepare(table, &DataSpec { validation: Some(0.5), ..spec() }).unwrap_err().path, ["validation"]);
}

#[test]
fn a_second_hold_out_is_refused() {
    let mut table = number(raw(10), TargetKind::Auto, TargetKind::Auto).unwrap();
    table.test = Some(table.train.clone());
    assert_eq!(prepare(table, &DataSpec { test: Some(0.5), ..spec() }).unwrap_err().path, ["test"]);
    let one = number(raw(1), TargetKind::Auto, TargetKind::Auto).unwrap();
    assert!(prepare(one, &DataSpec { test: Some(0.5), ..spec() }).unwrap_err().message.contains("holds out none"));
}

#[test]
fn standardised_features_have_mean_zero_and_deviation_one_and_constants_vanish() {
    let mut table = number(raw(3), TargetKind::Auto, TargetKind::Auto).unwrap();
    table.test = Some(Samples { features: Features::Dense(arr2(&[[1.0, 8.0]])), targets: Targets::Values(vec![0.0]) });
    let table = prepare(table, &DataSpec { standardise: true, ..spec() }).unwrap();
    let unit = 1.5f64.sqrt();
    let found = values(&table.train.features);
    for (found, expected) in found.iter().zip([-unit, 0.0, 0.0, 0.0, unit, 0.0]) {
        approx::assert_relative_eq!(*found, expected, epsilon = 1e-15);
    }
    assert_eq!(values(&table.test.unwrap().features), [0.0, 0.0]);
}

#[test]
fn scale_comes_before_unit_length() {
    let table = prepare(
        number(raw(2), TargetKind::Auto, TargetKind::Auto).unwrap(),
        &DataSpec { scale: Some(Scale::Factor(2.0)), ..spec() },
    )
    .unwrap();
    assert_eq!(values(&table.train.features), [0.0, 14.0, 2.0, 14.0]);
    let table =
        prepare(number(raw(25), TargetKind::Auto, TargetKind::Auto).unwrap(), &DataSpec { normalise: true, ..spec() }).unwrap();
    // 24² + 7² = 25².
    assert_eq!(values(&table.train.features)[48..], [0.96, 0.28]);
}

#[test]
fn sparse_features_are_scaled_but_not_shifted() {
    let rows = SparseRows { columns: 3, starts: vec![0, 2, 2], indices: vec![0, 2], values: vec![3.0, 4.0] };
    let raw = RawTable::new(RawSamples { features: Features::Sparse(rows), targets: RawTargets::Numbers(vec![0.0, 1.0]) }, None);
    let table = number(raw, TargetKind::Auto, TargetKind::Auto).unwrap();
    let scaled = prepare(table.clone(), &DataSpec { normalise: true, ..spec() }).unwrap();
    assert_eq!(values(&scaled.train.features), [0.6, 0.8]);
    assert_eq!(prepare(table, &DataSpec { standardise: true, ..spec() }).unwrap_err().path, ["standardise"]);
}

#[test]
fn random_features_are_a_rectified_layer_of_the_same_weights_for_both_parts() {
    let inputs = arr2(&[[1.0, -2.0, 0.5], [-1.0, 2.0, -0.5], [2.0, -4.0, 1.0]]);
    let samples = |features| Samples { features: Features::Dense(features), targets: Targets::Values(vec![0.0; 3]) };
    let (train, test) = (samples(inputs.clone()), Some(samples(inputs)));
    let table = Table::new(train, test, Vec::new());
    let table = prepare(table, &DataSpec { random_features: Some(4000), ..spec() }).unwrap();
    let found = values(&table.train.features);
    assert_eq!(found, values(&table.test.unwrap().features));
    // Each unit is on for an input or for its negative, and twice the input is twice the feature.
    let (once, rest) = found.split_at(4000);
    let (negative, twice) = rest.split_at(4000);
    for ((once, negative), twice) in once.iter().zip(negative).zip(twice) {
        assert!(*once >= 0.0 && *negative >= 0.0 && (once * negative) == 0.0);
        approx::assert_relative_eq!(*twice, 2.0 * once, max_relative = 1e-14);
    }
    // Pre-activations have variance (2/3) ‖x‖², of which rectified units keep half: ‖x‖² = 5.25.
    let mean_square = once.iter().map(|value| value * value).sum::<f64>() / 4000.0;
    approx::assert_relative_eq!(mean_square, 5.25 / 3.0, max_relative = 0.1);
}

#[test]
fn sparse_features_have_no_random_ones() {
    let rows = SparseRows { columns: 3, starts: vec![0, 2, 2], indices: vec![0, 2], values: vec![3.0, 4.0] };
    let raw = RawTable::new(RawSamples { features: Features::Sparse(rows), targets: RawTargets::Numbers(vec![0.0, 1.0]) }, None);
    let table = number(raw, TargetKind::Auto, TargetKind::Auto).unwrap();
    assert_eq!(prepare(table, &DataSpec { random_features: Some(5), ..spec() }).unwrap_err().path, ["random-features"]);
}

#[test]
fn chosen_classes_leave_no_client_behind() {
    let cells: Vec<String> = (0..9).map(|row| format!("u{row}")).collect();
    let table =
        number(RawTable { natural: Some(Grouping::new("user", &cells)), ..raw(9) }, TargetKind::Auto, TargetKind::Auto).unwrap();
    let wanted =
        |classes: &[i64]| DataSpec { classes: Some(classes.iter().map(|&class| LabelName::Number(class)).collect()), ..spec() };
    let chosen = prepare(table.clone(), &wanted(&[2, 0])).unwrap();
    assert_eq!(values(&chosen.train.features).into_iter().step_by(2).collect::<Vec<_>>(), [0.0, 2.0, 3.0, 5.0, 6.0, 8.0]);
    assert!(matches!(chosen.train.targets, Targets::Classes { labels, count: 2 } if labels == [1, 0, 1, 0, 1, 0]));
    let natural = chosen.natural.unwrap();
    assert_eq!((natural.values.join(" "), natural.of), ("u0 u2 u3 u5 u6 u8".to_owned(), (0..6).collect()));
    let error = prepare(table, &wanted(&[0, 5])).unwrap_err();
    assert_eq!((error.path, error.help), (vec!["classes".to_owned()], Some("they have: 0, 1, 2".to_owned())));
}
