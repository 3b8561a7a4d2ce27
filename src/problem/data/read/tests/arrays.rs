//! IDX, NPY and NPZ.

use std::io::Write;

use ndarray::{Array2, Array3, arr1, arr2};
use ndarray_npy::WriteNpyExt;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{super::*, dense, fault, file, gzip};
use crate::{file::File, invalid::Invalid, problem::data::NpzSpec};

fn idx_bytes(code: u8, shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, shape.len() as u8];
    shape.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn idx(images: &[u8], labels: &[u8]) -> Result<RawTable<f64>, Invalid> {
    idx::read(
        &idx::Pair { images: File::in_memory("data.txt", images)?, labels: File::in_memory("data.txt", labels)? },
        None,
        None,
    )
}

#[test]
fn idx_images_become_rows_plain_and_gzip() {
    let images = idx_bytes(8, &[2, 2, 2], &[0, 1, 2, 255, 4, 5, 6, 7]);
    let labels = idx_bytes(8, &[2], &[7, 3]);
    for (images, labels) in [(images.clone(), labels.clone()), (gzip(&images), gzip(&labels))] {
        let table = idx(&images, &labels).unwrap();
        assert_eq!(dense(&table.train), arr2(&[[0.0, 1.0, 2.0, 255.0], [4.0, 5.0, 6.0, 7.0]]) / 255.0);
        assert_eq!(table.train.targets, RawTargets::Numbers(vec![7.0, 3.0]));
    }
}

#[test]
fn idx_values_of_every_type_are_read() {
    let labels = idx_bytes(8, &[1], &[0]);
    let cases: [(u8, Vec<u8>, f64); 5] = [
        (0x09, (-2i8).to_be_bytes().to_vec(), -2.0),
        (0x0b, (-300i16).to_be_bytes().to_vec(), -300.0),
        (0x0c, 70_000i32.to_be_bytes().to_vec(), 70_000.0),
        (0x0d, 0.5f32.to_be_bytes().to_vec(), 0.5),
        (0x0e, 0.1f64.to_be_bytes().to_vec(), 0.1),
    ];
    for (code, bytes, value) in cases {
        let table = idx(&idx_bytes(code, &[1, 1], &bytes), &labels).unwrap();
        assert_eq!(dense(&table.train)[[0, 0]], value);
    }
}

#[test]
fn idx_values_that_are_not_finite_are_refused() {
    let labels = idx_bytes(8, &[2], &[0, 1]);
    let values = |bad: f32| [1.0, bad].map(f32::to_be_bytes).concat();
    for bad in [f32::NAN, f32::NEG_INFINITY] {
        let (_, text) = fault(idx(&idx_bytes(0x0d, &[2, 1], &values(bad)), &labels));
        assert!(text.contains("in sample 1 (counted from 0)"), "{text}");
        assert!(idx(&idx_bytes(8, &[2, 1], &[0, 1]), &idx_bytes(0x0d, &[2], &values(bad))).is_err(), "among labels");
    }
}

#[test]
fn malformed_idx_is_refused() {
    let (images, labels) = (idx_bytes(8, &[2, 2], &[0; 4]), idx_bytes(8, &[2], &[0, 1]));
    let cases = [
        (b"PNG..".to_vec(), labels.clone(), "the file is not IDX"),
        (idx_bytes(7, &[2, 2], &[0; 4]), labels.clone(), "unknown IDX type 0x07"),
        (idx_bytes(8, &[2, 2], &[0; 3]), labels.clone(), "the file has 3 bytes of values: expected 4"),
        (images.clone(), idx_bytes(8, &[3], &[0; 3]), "expected a label for each of 2 images"),
        (vec![0, 0, 8, 3, 0], labels.clone(), "cut off"),
        (idx_bytes(8, &[u32::MAX, u32::MAX, u32::MAX], &[]), labels, "too large"),
        (idx_bytes(8, &[0, 2], &[]), idx_bytes(8, &[0], &[]), "at least one sample"),
    ];
    for (images, labels, message) in cases {
        let (place, text) = fault(idx(&images, &labels));
        assert!(place.is_empty() && text.contains(message), "{text}");
    }
}

fn npy_bytes(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    bytes
}

#[test]
fn npy_of_every_type_is_read_plain_and_gzip() {
    let plain = [
        npy_bytes(&arr1(&[1.0f32, 0.0])),
        npy_bytes(&arr1(&[1u8, 0])),
        npy_bytes(&arr1(&[1i64, 0])),
        npy_bytes(&arr1(&[true, false])),
    ];
    for bytes in plain.iter().cloned().chain(plain.iter().map(|bytes| gzip(bytes))) {
        let array = numpy::npy::<f64>(&file(&bytes), "x").unwrap();
        assert_eq!((array.shape, array.values), (vec![2], vec![1.0, 0.0]));
    }
    let fortran = npy_bytes(&arr2(&[[1.0, 2.0], [3.0, 4.0]]).reversed_axes());
    assert_eq!(numpy::npy::<f64>(&file(&fortran), "x").unwrap().values, [1.0, 3.0, 2.0, 4.0]);
    let whole = npy_bytes(&arr1(&[1.0]));
    let (_, text) = fault(numpy::npy::<f64>(&file(&whole[..whole.len() - 1]), "x"));
    assert!(text.contains("the array `x` cannot be read"), "{text}");
    let (_, text) = fault(numpy::npy::<f64>(&file(b"junk"), "x"));
    assert!(text.contains("cannot be read"), "{text}");
}

fn npz(arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        writer.start_file(format!("{name}.npy"), SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn npz_arrays_are_found_by_name() {
    let x = arr2(&[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let arrays = [("x", npy_bytes(&x)), ("y", npy_bytes(&arr1(&[0i64, 1, 0])))];
    let bytes = npz(&arrays, CompressionMethod::Stored);
    let spec = NpzSpec { client: Some("y".to_owned()), ..NpzSpec::default() };
    for bytes in [bytes.clone(), gzip(&bytes), npz(&arrays, CompressionMethod::Deflated)] {
        let table = numpy::npz::<f64>(&file(&bytes), &spec).unwrap().table().unwrap();
        assert_eq!(dense(&table.train)[[2, 1]], 6.0);
        assert_eq!(table.train.targets, RawTargets::Numbers(vec![0.0, 1.0, 0.0]));
        assert_eq!(table.natural.unwrap().of, [0, 1, 0]);
    }
    let missing = NpzSpec { x: Some("z".to_owned()), ..NpzSpec::default() };
    let error = numpy::npz::<f64>(&file(&bytes), &missing).err().unwrap();
    assert_eq!((error.path.join("."), error.help), ("npz.x".to_owned(), Some("it has: x, y".to_owned())));
    let [_, y] = arrays;
    let unequal = npz(&[("x", npy_bytes(&Array2::<f32>::zeros((2, 2)))), y], CompressionMethod::Stored);
    let error = numpy::npz::<f64>(&file(&unequal), &NpzSpec::default()).unwrap().table().unwrap_err();
    assert!(error.message.contains("expected a target for each row"), "{}", error.message);
    let huge = npy_bytes(&x);
    let huge: Vec<u8> = String::from_utf8_lossy(&huge[10..128]).replace("(3, 2)", "(9999999, 9999999)").into_bytes();
    let length = u16::try_from(huge.len()).unwrap().to_le_bytes();
    let huge = [b"\x93NUMPY\x01\x00", &length[..], &huge].concat();
    let huge = npz(&[("x", huge)], CompressionMethod::Deflated);
    let (_, text) = fault(numpy::npz::<f64>(&file(&huge), &NpzSpec::default()).and_then(numpy::Arrays::table));
    assert!(text.contains("it holds 0 bytes of values: expected 399999920000004"), "{text}");
    let (_, text) = fault(numpy::npz::<f64>(&file(b"junk"), &spec));
    assert!(text.contains("the file is not NPZ"), "{text}");
}

#[test]
fn a_compression_that_is_not_read_is_named() {
    let mut bytes = npz(&[("x", npy_bytes(&arr1(&[1.0])))], CompressionMethod::Stored);
    // The method stands 8 bytes into the header of an entry, and 10 into its line in the table at the end.
    let table = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    (bytes[8], bytes[table + 10]) = (12, 12);
    let (_, text) = fault(numpy::npz::<f64>(&file(&bytes), &NpzSpec::default()));
    assert_eq!(text, "the array `x` is compressed by bzip2: expected it stored or deflated");
    for packed in [&b"BZh91AY&SY\xff"[..], b"\xfd7zXZ\0\xff"] {
        assert!(fault(numpy::npz::<f64>(&file(packed), &NpzSpec::default())).1.contains("the file is compressed by"));
        assert!(fault(numpy::npy::<f64>(&file(packed), "x")).1.contains("the file is compressed by"));
    }
}

#[test]
fn arrays_by_client_are_natural_clients() {
    let x = Array3::from_shape_fn((3, 2, 4), |(client, row, j)| (client * 100 + row * 10 + j) as f64);
    let y = arr2(&[[0i32, 1], [1, 1], [0, 0]]);
    let bytes = npz(&[("x", npy_bytes(&x)), ("y", npy_bytes(&y))], CompressionMethod::Stored);
    let table = numpy::npz::<f64>(&file(&bytes), &NpzSpec::default()).unwrap().table().unwrap();
    assert_eq!(dense(&table.train).row(3).to_vec(), [110.0, 111.0, 112.0, 113.0]);
    assert_eq!(table.natural.unwrap().of, [0, 0, 1, 1, 2, 2]);
}

fn table(x: Vec<u8>, y: Vec<u8>) -> Result<RawTable<f64>, Invalid> {
    let bytes = npz(&[("x", x), ("y", y)], CompressionMethod::Stored);
    numpy::npz::<f64>(&file(&bytes), &NpzSpec::default())?.table()
}

/// An array of text as NumPy writes it, three characters a cell.
fn text_bytes(cells: &[&str]) -> Vec<u8> {
    let header = format!("{{'descr': '<U3', 'fortran_order': False, 'shape': ({},), }}\n", cells.len());
    let cell = |cell: &&str| -> Vec<u8> {
        cell.chars().chain("\0\0\0".chars()).take(3).flat_map(|c| (c as u32).to_le_bytes()).collect()
    };
    let values: Vec<u8> = cells.iter().flat_map(cell).collect();
    [b"\x93NUMPY\x01\x00", &u16::try_from(header.len()).unwrap().to_le_bytes()[..], header.as_bytes(), &values].concat()
}

#[test]
fn targets_in_a_column_or_one_hot_or_text_are_classes() {
    let images = || npy_bytes(&Array3::<u8>::from_elem((3, 2, 2), 200));
    let rows = || npy_bytes(&Array2::<f32>::zeros((3, 2)));
    let keras = table(images(), npy_bytes(&arr2(&[[2u8], [0], [1]]))).unwrap();
    assert_eq!((keras.train.targets, keras.natural), (RawTargets::Numbers(vec![2.0, 0.0, 1.0]), None));
    let one_hot = arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    for x in [images(), rows()] {
        assert_eq!(table(x, npy_bytes(&one_hot)).unwrap().train.targets, RawTargets::Numbers(vec![2.0, 0.0, 1.0]));
    }
    let soft = table(rows(), npy_bytes(&(one_hot.clone() * 0.5))).unwrap_err();
    assert!(soft.help.unwrap().contains("argmax"));
    // Inputs that may be three samples of each of three clients.
    assert!(table(npy_bytes(&Array3::<f32>::zeros((3, 3, 2))), npy_bytes(&one_hot)).is_err());
    let names = table(rows(), text_bytes(&["cat", "dog", "ox"])).unwrap().train.targets;
    assert_eq!(names, RawTargets::Names(["cat", "dog", "ox"].map(str::to_owned).to_vec()));
    let as_inputs = table(text_bytes(&["a"]), text_bytes(&["a"])).unwrap_err();
    assert!(as_inputs.help.unwrap().contains("numpy.unique"));
}

#[test]
fn client_ids_may_be_text_and_nothing_may_be_missing() {
    let x = npy_bytes(&Array2::<f32>::zeros((3, 2)));
    let bytes = npz(
        &[("x", x.clone()), ("y", npy_bytes(&arr1(&[0, 1, 0]))), ("id", text_bytes(&["bo", "al", "bo"]))],
        CompressionMethod::Stored,
    );
    let spec = NpzSpec { client: Some("id".to_owned()), ..NpzSpec::default() };
    let natural = numpy::npz::<f64>(&file(&bytes), &spec).unwrap().table().unwrap().natural.unwrap();
    assert_eq!((natural.values, natural.of), (vec!["al".to_owned(), "bo".to_owned()], vec![1, 0, 1]));
    let nan = table(x.clone(), npy_bytes(&arr1(&[0.0, f64::NAN, 1.0]))).unwrap_err();
    assert!(nan.message.starts_with("`y` holds `NaN` at row 1 (counted from 0)"), "{}", nan.message);
    assert!(table(x, text_bytes(&["cat", "", "dog"])).unwrap_err().message.contains("`y` holds an empty text at row 1"));
    let (_, text) = fault(numpy::npy::<f64>(&file(&bytes), "x"));
    assert_eq!(text, "the file is an archive of arrays: expected one array");
}

#[test]
fn whole_numbers_of_64_bits_stay_apart_as_ids_and_classes() {
    // Beyond 2^53 neighbours are the same float.
    let ids: Vec<i64> = (0..40).map(|row| 1_234_567_890_123_456_780 + row % 4).collect();
    let labels: Vec<u64> = (0..40).map(|row| (1 << (60 + row % 2)) + row % 4 / 2).collect();
    let bytes = npz(
        &[("x", npy_bytes(&Array2::<f32>::zeros((40, 2)))), ("y", npy_bytes(&arr1(&labels))), ("id", npy_bytes(&arr1(&ids)))],
        CompressionMethod::Stored,
    );
    let spec = NpzSpec { client: Some("id".to_owned()), ..NpzSpec::default() };
    let read = numpy::npz::<f64>(&file(&bytes), &spec).unwrap().table().unwrap();
    let natural = read.natural.unwrap();
    assert_eq!(natural.values, (0..4).map(|k| format!("123456789012345678{k}")).collect::<Vec<_>>());
    assert_eq!(natural.of[..5], [0, 1, 2, 3, 0]);
    // 2^60 = 1152921504606846976 and 2^61 = 2305843009213693952.
    let classes = ["1152921504606846976", "2305843009213693952", "1152921504606846977", "2305843009213693953"];
    let RawTargets::Names(names) = read.train.targets else { panic!("expected names") };
    assert_eq!(names[..4], classes);
    let exact = table(npy_bytes(&Array2::<f32>::zeros((2, 2))), npy_bytes(&arr1(&[(1i64 << 53) - 1, 0])));
    assert_eq!(exact.unwrap().train.targets, RawTargets::Numbers(vec![9_007_199_254_740_991.0, 0.0]));
}

#[test]
fn bytes_that_are_not_scaled_are_told() {
    let y = npy_bytes(&arr1(&[0, 1]));
    assert_eq!(table(npy_bytes(&arr2(&[[7u8], [255]])), y.clone()).unwrap().unscaled, Some(("x".to_owned(), 255.0)));
    assert_eq!(table(npy_bytes(&arr2(&[[0u8], [1]])), y.clone()).unwrap().unscaled, None);
    assert_eq!(table(npy_bytes(&arr2(&[[7f32], [255.0]])), y.clone()).unwrap().unscaled, None);
    let parts = |x: Vec<u8>, test: Vec<u8>| {
        let arrays = [("x", x), ("y", y.clone()), ("u", test), ("v", y.clone())];
        let spec = NpzSpec { test_x: Some("u".to_owned()), test_y: Some("v".to_owned()), ..NpzSpec::default() };
        numpy::npz::<f64>(&file(&npz(&arrays, CompressionMethod::Stored)), &spec).unwrap().table()
    };
    let (bytes, scaled) = (npy_bytes(&arr2(&[[7u8], [255]])), npy_bytes(&arr2(&[[0.5f32], [1.0]])));
    for (x, test, name) in [(&bytes, &scaled, "x"), (&scaled, &bytes, "u")] {
        let refused = parts(x.clone(), test.clone()).unwrap_err();
        assert!(refused.message.starts_with(&format!("`{name}` holds bytes up to 255")), "{}", refused.message);
        assert!(refused.help.unwrap().contains(&format!("divide `{name}` by 255")));
    }
    assert_eq!(parts(npy_bytes(&arr2(&[[0f32], [200.0]])), bytes.clone()).unwrap().unscaled, Some(("u".to_owned(), 255.0)));
    assert!(parts(bytes.clone(), bytes).is_ok() && parts(scaled.clone(), scaled).unwrap().unscaled.is_none());
}

#[test]
fn an_array_that_unpacks_to_too_much_is_refused() {
    // A million zeros in about a thousand bytes.
    let bytes = npz(&[("x", npy_bytes(&Array2::<u8>::zeros((1000, 1000))))], CompressionMethod::Deflated);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.txt"), bytes).unwrap();
    let file = File::open_within(std::path::Path::new("data.txt"), folder.path(), Some(999_999)).unwrap();
    let refused = numpy::npz::<f64>(&file, &NpzSpec::default()).err().unwrap();
    assert_eq!(refused.message, "the array `x` unpacks to more than 1000.0 kB");
    assert!(refused.help.unwrap().contains("max-unpacked"));
}
