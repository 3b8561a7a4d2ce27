use std::ops::Range;

use approx::assert_relative_eq;
use proptest::prelude::*;

use super::*;
use crate::problem::data::Features;

/// A table whose only feature is the row number, with these classes.
fn table(labels: Vec<u32>, count: usize) -> Table<f64> {
    let features = Features::Dense(ndarray::Array2::from_shape_fn((labels.len(), 1), |(row, _)| row as f64));
    let train = Samples { features, targets: Targets::Classes { labels, count } };
    Table::new(train, None, (0..count).map(|class| class.to_string()).collect())
}

fn balanced(rows: usize, count: usize) -> Table<f64> {
    table((0..rows).map(|row| (row % count) as u32).collect(), count)
}

fn divide(table: &Table<f64>, spec: &PartitionSpec, clients: Option<usize>, seed: u64) -> Result<ClientData<f64>, Invalid> {
    partition(table, Some(spec), clients, &Streams::new(seed), Path::new(""))
}

/// The row numbers of each client.
fn rows(data: &ClientData<f64>) -> Vec<Vec<usize>> {
    let Features::Dense(matrix) = &data.train.features else { panic!("expected dense features") };
    let part = |rows: Range<usize>| rows.map(|row| matrix[[row, 0]] as usize).collect();
    (0..data.clients()).map(|client| part(data.rows(client))).collect()
}

fn sizes(data: &ClientData<f64>) -> Vec<usize> {
    (0..data.clients()).map(|client| data.rows(client).len()).collect()
}

fn dirichlet_spec(alpha: f64, split: DirichletSplit) -> PartitionSpec {
    PartitionSpec::Dirichlet(DirichletSpec { alpha, split, allow_empty: false })
}

const SPLITS: [DirichletSplit; 3] = [DirichletSplit::ByClass, DirichletSplit::ByClient, DirichletSplit::EqualSize];

fn any_partition() -> impl Strategy<Value = PartitionSpec> {
    let alpha = || prop_oneof![Just(1e-3), Just(0.1), Just(1.0), Just(1e4)];
    prop_oneof![
        Just(PartitionSpec::Iid),
        Just(PartitionSpec::Contiguous),
        (alpha(), 0..3usize, any::<bool>()).prop_map(|(alpha, split, allow_empty)| {
            PartitionSpec::Dirichlet(DirichletSpec { alpha, split: SPLITS[split], allow_empty })
        }),
        Just(PartitionSpec::Shards(ShardSpec { per_client: 1 })),
        (alpha(), any::<bool>()).prop_map(|(alpha, allow_empty)| {
            PartitionSpec::Quantity(QuantitySpec { sizes: ShareLaw::Dirichlet { alpha }, allow_empty })
        }),
        (0.0..5.0)
            .prop_map(|sigma| PartitionSpec::Quantity(QuantitySpec { sizes: ShareLaw::Lognormal { sigma }, allow_empty: false })),
    ]
}

proptest! {
    #[test]
    fn every_sample_is_used_once_and_no_client_is_empty(
        spec in any_partition(),
        labels in prop::collection::vec(0..5u32, 1..200),
        share in 0.0..1.0f64,
        seed in any::<u64>(),
    ) {
        let total = labels.len();
        let clients = 1 + (share * (total - 1) as f64) as usize;
        let table = table(labels.clone(), 5);
        let data = divide(&table, &spec, Some(clients), seed).unwrap();
        prop_assert_eq!(data.clients(), clients);
        if !spec.allows_empty() {
            prop_assert!(sizes(&data).iter().all(|&size| size > 0));
        }
        let parts = rows(&data);
        let mut all = parts.concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..total).collect::<Vec<_>>());
        // The rows of an owned table are put in the same order in place.
        let in_place = assign(&table, Some(&spec), Some(clients), &Streams::new(seed), Path::new("")).unwrap().take(table);
        prop_assert_eq!(&rows(&in_place), &parts);
        prop_assert_eq!(in_place.label_counts(), data.label_counts());
        // Targets moved with their features, and the histograms count them.
        let counts = data.label_counts().unwrap();
        for (part, counts) in parts.iter().zip(&counts) {
            for class in 0..5 {
                prop_assert_eq!(part.iter().filter(|&&row| labels[row] == class).count(), counts[class as usize]);
            }
        }
    }

    #[test]
    fn a_dirichlet_draw_is_a_point_of_the_simplex(alpha in prop_oneof![1e-5..1e-2, 1e-2..1e2, 1e2..1e6], seed in any::<u64>()) {
        let draw = dirichlet(alpha, 20, &mut Streams::new(seed).stream(Purpose::Data, 0, 0));
        prop_assert!(draw.iter().all(|share| (0.0..=1.0).contains(share)));
        prop_assert!((draw.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn apportioned_sizes_are_within_one_of_their_share(weights in prop::collection::vec(0.0..1.0f64, 1..50), rows in 0..10_000usize) {
        let sizes = divide::apportion(&weights, rows);
        prop_assert_eq!(sizes.iter().sum::<usize>(), rows);
        let total: f64 = weights.iter().sum();
        if total > 0.0 {
            for (&size, weight) in sizes.iter().zip(&weights) {
                prop_assert!((size as f64 - weight / total * rows as f64).abs() <= 1.0 + 1e-9);
            }
        }
    }
}

/// Mean over clients of the largest class share.
fn concentration(data: &ClientData<f64>) -> f64 {
    let fractions = data.label_fractions().unwrap();
    fractions.iter().map(|shares| shares.iter().copied().fold(0.0, f64::max)).sum::<f64>() / fractions.len() as f64
}

#[test]
fn a_large_concentration_is_even_and_a_small_one_is_one_sided() {
    let table = balanced(10_000, 10);
    for split in SPLITS {
        let even = divide(&table, &dirichlet_spec(1e6, split), Some(10), 1).unwrap();
        let slack = if split == DirichletSplit::EqualSize { 60 } else { 10 };
        for counts in even.label_counts().unwrap() {
            assert!(counts.iter().all(|count| count.abs_diff(100) <= slack), "{split:?} {counts:?}");
        }
        let skewed = concentration(&divide(&table, &dirichlet_spec(0.01, split), Some(10), 1).unwrap());
        let medium = concentration(&divide(&table, &dirichlet_spec(1.0, split), Some(10), 1).unwrap());
        assert!(skewed > 0.6 && medium < skewed && medium > concentration(&even), "{split:?} {medium} {skewed}");
    }
}

#[test]
fn a_dirichlet_draw_has_the_moments_of_the_law() {
    let (alpha, count, draws) = (0.3, 4, 20_000);
    let mut rng = Streams::new(0).stream(Purpose::Data, 0, 0);
    let (mut mean, mut square) = (0.0, 0.0);
    for _ in 0..draws {
        let share = dirichlet(alpha, count, &mut rng)[0];
        mean += share / f64::from(draws);
        square += share * share / f64::from(draws);
    }
    // E[p] = 1/n and E[p²] = (α + 1) / (n (nα + 1)).
    assert_relative_eq!(mean, 0.25, epsilon = 0.01);
    assert_relative_eq!(square, 1.3 / (4.0 * 2.2), epsilon = 0.01);
}

#[test]
fn iid_and_contiguous_parts_differ_by_at_most_one_sample() {
    let table = balanced(103, 10);
    for spec in [PartitionSpec::Iid, PartitionSpec::Contiguous] {
        assert_eq!(sizes(&divide(&table, &spec, Some(10), 0).unwrap()), [11, 11, 11, 10, 10, 10, 10, 10, 10, 10]);
    }
    assert_eq!(rows(&divide(&table, &PartitionSpec::Contiguous, Some(10), 0).unwrap()).concat(), (0..103).collect::<Vec<_>>());
    assert_ne!(rows(&divide(&table, &PartitionSpec::Iid, Some(10), 0).unwrap()).concat(), (0..103).collect::<Vec<_>>());
}

#[test]
fn two_shards_hold_at_most_two_classes_each() {
    let table = balanced(1_000, 10);
    let data = divide(&table, &PartitionSpec::Shards(ShardSpec { per_client: 2 }), Some(50), 3).unwrap();
    assert!(sizes(&data).iter().all(|&size| size == 20));
    for counts in data.label_counts().unwrap() {
        assert!(counts.iter().filter(|&&count| count > 0).count() <= 2);
    }
    let error = divide(&table, &PartitionSpec::Shards(ShardSpec { per_client: 11 }), Some(100), 3).unwrap_err();
    assert_eq!(error.path.join("."), "shards.per-client");
}

#[test]
fn shards_of_real_targets_are_ranges() {
    let mut table = balanced(6, 2);
    table.train.targets = Targets::Values(vec![0.5, -1.0, 2.0, 0.0, 9.0, 1.0]);
    let mut parts = rows(&divide(&table, &PartitionSpec::Shards(ShardSpec { per_client: 1 }), Some(3), 0).unwrap());
    parts.sort();
    assert_eq!(parts, [vec![0, 5], vec![1, 3], vec![2, 4]]);
    assert_eq!(divide(&table, &dirichlet_spec(1.0, DirichletSplit::ByClass), Some(3), 0).unwrap_err().path, ["dirichlet"]);
}

#[test]
fn a_dirichlet_split_by_client_keeps_each_class_in_order() {
    let data = divide(&balanced(900, 3), &dirichlet_spec(1.0, DirichletSplit::ByClient), Some(7), 2).unwrap();
    let parts = rows(&data);
    for class in 0..3 {
        let of_class: Vec<usize> = parts.concat().into_iter().filter(|row| row % 3 == class).collect();
        assert!(of_class.is_sorted());
    }
}

#[test]
fn quantity_skew_spreads_sizes_with_its_parameter() {
    let table = balanced(10_000, 10);
    let largest = |sizes_of| {
        let spec = PartitionSpec::Quantity(QuantitySpec { sizes: sizes_of, allow_empty: false });
        sizes(&divide(&table, &spec, Some(20), 4).unwrap()).into_iter().max().unwrap()
    };
    assert_eq!(largest(ShareLaw::Lognormal { sigma: 0.0 }), 500);
    assert!(largest(ShareLaw::Lognormal { sigma: 2.0 }) > 1_500);
    assert!(largest(ShareLaw::Dirichlet { alpha: 1e8 }) <= 502 && largest(ShareLaw::Dirichlet { alpha: 0.1 }) > 1_500);
}

#[test]
fn empty_clients_take_from_the_largest() {
    let mut parts = vec![vec![], vec![0, 1, 2], vec![], vec![3, 4, 5], vec![]];
    fill_empty(&mut parts);
    assert_eq!(parts, [vec![2], vec![0], vec![5], vec![3, 4], vec![1]]);
}

#[test]
fn every_client_shares_the_whole_set_without_copies() {
    let table = balanced(30, 3);
    let data = divide(&table, &PartitionSpec::Shared, Some(1_000), 0).unwrap();
    assert_eq!((data.clients(), data.train.len(), data.rows(999)), (1_000, 30, 0..30));
    assert_eq!(data.label_counts().unwrap()[7], [10, 10, 10]);
}

#[test]
fn columns_and_natural_clients_set_the_number_of_clients() {
    let mut table = balanced(4, 2);
    table.natural = Some(Grouping::new("user", &["b", "a", "c", "a"].map(str::to_owned)));
    table.columns = vec![Grouping::new("site", &["10", "9", "9", "10"].map(str::to_owned))];
    let natural = vec![vec![1, 3], vec![0], vec![2]];
    assert_eq!(rows(&partition(&table, None, None, &Streams::new(0), Path::new("")).unwrap()), natural);
    assert_eq!(rows(&divide(&table, &PartitionSpec::By("user".to_owned()), Some(3), 0).unwrap()), natural);
    assert_eq!(rows(&divide(&table, &PartitionSpec::By("site".to_owned()), None, 0).unwrap()), [[1, 2], [0, 3]]);
    assert_eq!(rows(&divide(&table, &PartitionSpec::By("target".to_owned()), None, 0).unwrap()), [[0, 2], [1, 3]]);

    let error = divide(&table, &PartitionSpec::Natural, Some(5), 0).unwrap_err();
    assert_eq!(error.message, "`user` names 3 clients, but the fleet has 5");
    let error = divide(&table, &PartitionSpec::By("sight".to_owned()), None, 0).unwrap_err();
    assert_eq!(
        (error.path.join("."), error.help.unwrap()),
        ("by".to_owned(), "it can be divided by: user, site, target".to_owned())
    );
    table.natural = None;
    assert!(divide(&table, &PartitionSpec::Natural, None, 0).unwrap_err().message.contains("no natural clients"));
}

#[test]
fn impossible_numbers_of_clients_are_refused() {
    let table = balanced(10, 2);
    let message = |clients| divide(&table, &PartitionSpec::Iid, clients, 0).unwrap_err().message;
    assert!(message(Some(11)).contains("11 clients cannot share 10 training samples"));
    assert!(message(Some(0)).contains("expected at least one client"));
    assert!(message(None).contains("the number of clients is not known"));
    let spec = DirichletSpec { alpha: 1.0, split: DirichletSplit::ByClass, allow_empty: true };
    assert_eq!(divide(&table, &PartitionSpec::Dirichlet(spec), Some(11), 0).unwrap().clients(), 11);
}

fn by_file(bytes: &[u8], clients: Option<usize>, allow_empty: bool) -> Result<Vec<Vec<usize>>, Invalid> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ids"), bytes).unwrap();
    let spec = PartitionSpec::File(FileOfClients { path: "ids".into(), allow_empty });
    partition(&balanced(4, 2), Some(&spec), clients, &Streams::new(0), folder.path()).map(|data| rows(&data))
}

#[test]
fn client_ids_come_from_a_file() {
    let expected = vec![vec![1], vec![0, 2], vec![3]];
    assert_eq!(by_file(b"1\n0\n1\n2\n", None, false).unwrap(), expected);
    assert_eq!(by_file(b"client\n1\n0\n1\n2", Some(3), false).unwrap(), expected);
    let mut npy = Vec::new();
    ndarray_npy::WriteNpyExt::write_npy(&ndarray::arr1(&[1i32, 0, 1, 2]), &mut npy).unwrap();
    assert_eq!(by_file(&npy, None, false).unwrap(), expected);
    for json in [
        &b"[1, 0, 1, 2]"[..],
        b"\n[[1], [0, 2], [3]]",
        b"{\"1\": [2, 0], \"0\": [1], \"2\": [3]}",
        b"{\"b\": [0, 2], \"a\": [1], \"c\": [3]}",
    ] {
        assert_eq!(by_file(json, None, false).unwrap(), expected);
    }
    assert_eq!(by_file(b"1\n0\n1\n3\n", None, true).unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 0, 1]);
}

#[test]
fn unusable_client_ids_name_their_place() {
    let npy = |keys: &str, values: &[u8]| {
        let header = format!("{{{keys}, 'fortran_order': False, 'shape': (4,), }}\n");
        [b"\x93NUMPY\x01\x00", &u16::try_from(header.len()).unwrap().to_le_bytes()[..], header.as_bytes(), values].concat()
    };
    let text = npy("'descr': '|S1'", b"a\0bc");
    let large = npy("'descr': '<i8'", &[1i64 << 60, 0, 1, 2].map(i64::to_le_bytes).concat());
    type Case<'a> = (&'a [u8], Option<usize>, &'a str, &'a str);
    let cases: [Case<'_>; 15] = [
        (b"1\nx\n1\n2\n", None, "2:1 x", "`x` is not a client id"),
        (b"1\n0\n\n1\n2\n\n", None, "3:1 ", "the client id is missing"),
        (b"NA\n1\n0\n1\n2\n", None, "1:1 NA", "the client id is missing"),
        (&text, None, "", "`clients` holds an empty text at row 1 (counted from 0)"),
        (&large, None, "", "`1152921504606846976` is not a client id"),
        (b"-1\n0\n1\n2\n", None, "1:1 -1", "`-1` is not a client id"),
        (b"1\n0\n2\n", None, "", "the file has 3 client ids: expected one for each of 4 training samples"),
        (b"1\n0\n1\n3\n", Some(3), "4:1 3", "client 3 does not exist: expected an id from 0 to 2"),
        (b"1\n0\n1\n3\n", None, "", "client 2 has no sample"),
        (b"0\n0\n1\n4000000000\n", None, "", "above the number of samples"),
        (b"[[0, 1], [1, 2, 3]]", None, "", "row 1 is in the lists of clients 0 and 1"),
        (b"[[0, 1, 0], [2, 3]]", None, "", "row 0 is twice in the list of client 0: expected it once"),
        (b"[[0, 1], [2, 4]]", None, "", "client 1 has row 4: expected rows from 0 to 3"),
        (b"[[0, 1], [2]]", None, "", "row 3 (counted from 0) is in no client's list"),
        (b"[[0, 1], [2, -3]]", None, "", "the JSON cannot be read"),
    ];
    for (bytes, clients, place, message) in cases {
        let error = by_file(bytes, clients, false).unwrap_err();
        assert!(error.message.contains(message), "{}", error.message);
        assert_eq!(error.place(), place);
    }
}

#[test]
fn a_partition_is_the_same_again_and_another_for_another_seed() {
    let table = balanced(500, 10);
    for spec in
        [PartitionSpec::Iid, dirichlet_spec(0.3, DirichletSplit::ByClass), PartitionSpec::Shards(ShardSpec { per_client: 2 })]
    {
        let draw = |seed| rows(&divide(&table, &spec, Some(10), seed).unwrap());
        assert_eq!(draw(8), draw(8));
        assert_ne!(draw(8), draw(9));
    }
}
