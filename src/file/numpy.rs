//! NumPy files: NPZ archives, unpacked within a bound; NPY arrays, whose headers are compared with the file before room is made for
//! the values; and arrays of text.

use std::io::{Cursor, Read};

use zip::{CompressionMethod, ZipArchive};

use super::File;
use crate::{invalid::Invalid, memory};

/// Most names that a message lists.
const LISTED: usize = 20;

/// Compressions of entries that are not read, and what they are called.
const OTHERS: [(CompressionMethod, &str); 4] = [
    (CompressionMethod::BZIP2, "bzip2"),
    (CompressionMethod::LZMA, "LZMA"),
    (CompressionMethod::ZSTD, "zstd"),
    (CompressionMethod::XZ, "xz"),
];

/// An NPZ archive in memory.
pub struct Archive<'a> {
    file: &'a File<'a>,
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    /// The archive that `file` holds.
    ///
    /// # Errors
    /// [`Invalid`] where it is none.
    pub fn open(file: &'a File<'a>) -> Result<Self, Invalid> {
        match ZipArchive::new(Cursor::new(file.bytes())) {
            Ok(zip) => Ok(Self { file, zip }),
            Err(_) => Err(foreign(file)),
        }
    }

    /// The bytes of the array `name`; `None` where there is none of this name.
    ///
    /// # Errors
    /// [`Invalid`] where it is damaged or unpacks to more than the file may.
    pub fn array(&mut self, name: &str) -> Result<Option<Vec<u8>>, Invalid> {
        let Some(index) = self.zip.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let (file, most) = (self.file, self.file.most);
        let damaged = |error: std::io::Error| {
            let fault = file.fault(format!("the array `{name}` cannot be unpacked: {error}"));
            fault.help("the file may be damaged: compare it with the original")
        };
        let method = self.zip.by_index_raw(index).map(|entry| entry.compression()).ok();
        if let Some((_, other)) = OTHERS.iter().find(|(other, _)| method == Some(*other)) {
            let fault = file.fault(format!("the array `{name}` is compressed by {other}: expected it stored or deflated"));
            return Err(fault.help("save the arrays anew, by `numpy.savez_compressed`"));
        }
        let entry = self.zip.by_index(index).map_err(|error| damaged(std::io::Error::other(error)))?;
        let mut bytes = Vec::new();
        // The size that the entry states is not trusted.
        entry.take(most + 1).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 > most {
            let fault = file.fault(format!("the array `{name}` unpacks to more than {}", memory::size(most as f64)));
            return Err(fault.help("if that is meant, raise `max-unpacked` in the data, or save it with `numpy.save`"));
        }
        Ok(Some(bytes))
    }

    /// The names of the arrays, in order.
    pub fn names(&self) -> String {
        // A name that is no text is none that a scenario could give.
        let entries = self.zip.file_names().filter_map(Result::ok);
        let mut names: Vec<String> = entries.map(|entry| entry.trim_end_matches(".npy").to_owned()).collect();
        names.sort_unstable();
        let more = if names.len() > LISTED { format!(", … ({} in all)", names.len()) } else { String::new() };
        names.truncate(LISTED);
        names.join(", ") + &more
    }
}

fn foreign(file: &File<'_>) -> Invalid {
    if file.bytes().starts_with(b"PK") {
        let fault = file.fault("the archive has no table of its arrays at its end");
        return fault.help("the file may be cut off: compare its size with the original");
    }
    let fault = file.foreign("the file is not NPZ: expected an archive as `numpy.savez` writes it");
    if file.bytes().starts_with(b"\x93NUMPY") { fault.help("it is a single array: give it as `npy`") } else { fault }
}

/// Refuses an array whose header cannot be read, or promises other values than `bytes` holds behind it. What is neither numbers
/// nor text passes: who reads the values refuses it.
///
/// # Errors
/// The fault in words, with the expected form.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let (header, values) = parts(bytes)?;
    let Some((_, width)) = element(header) else { return Ok(()) };
    let shape = shape(header).ok_or("its header names no shape: expected one as `numpy.save` writes it")?;
    let promised = shape.iter().try_fold(width, |product: u128, &size| product.checked_mul(size.into()));
    let promised = promised.ok_or("its header names no shape: expected one as `numpy.save` writes it")?;
    if promised == values.len() as u128 {
        return Ok(());
    }
    let cut = if promised > values.len() as u128 { "; it may be cut off" } else { "" };
    Err(format!("it holds {} bytes of values: expected {promised}, as its header says{cut}", values.len()))
}

/// The shape of an array of text, and its cells row by row.
type Texts = (Vec<usize>, Vec<String>);

/// The shape and the cells of an array of text (NumPy's `<U…`, `>U…` or `|S…`), row by row; `None` for other arrays.
///
/// # Errors
/// As [`check`], and where a cell is not text.
pub fn text(bytes: &[u8]) -> Result<Option<Texts>, String> {
    check(bytes)?;
    let (header, values) = parts(bytes)?;
    let Some((kind @ ('U' | 'S'), width)) = element(header) else { return Ok(None) };
    let shape: Vec<usize> = shape(header).unwrap_or_default().iter().map(|&size| size as usize).collect();
    if shape.iter().filter(|size| **size > 1).count() > 1 && behind(header, "fortran_order").is_some_and(|is| is.starts_with('T'))
    {
        return Err("text by columns is not read: expected an array of one dimension, or in C order".to_owned());
    }
    if width == 0 {
        return Err("its cells are empty: expected text".to_owned());
    }
    let is_big = behind(header, "descr").is_some_and(|descr| descr.starts_with('>'));
    let cells = values.chunks_exact(width as usize).map(|cell| match kind {
        'S' => std::str::from_utf8(cell).ok().map(|text| text.trim_end_matches('\0').to_owned()),
        _ => characters(cell, is_big),
    });
    let cells: Option<Vec<String>> = cells.collect();
    Ok(Some((shape, cells.ok_or("a cell is not text: expected UTF-8 or UCS-4")?)))
}

/// The text of a cell of four bytes a character, without the zeros at its end.
fn characters(cell: &[u8], is_big: bool) -> Option<String> {
    let code = |word: &[u8; 4]| if is_big { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
    let text: Option<String> = cell.as_chunks().0.iter().map(|word| char::from_u32(code(word))).collect();
    Some(text?.trim_end_matches('\0').to_owned())
}

/// The header's text, and the values behind it.
fn parts(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let foreign = "it is not NPY: expected an array as `numpy.save` writes it";
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(foreign)?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(foreign.to_owned()),
    };
    let (header, values) = rest.split_at_checked(length).ok_or("it is cut off within its header")?;
    Ok((std::str::from_utf8(header).map_err(|_| foreign)?, values))
}

/// The text of the header behind a key, without the quotes, such as `<f8', …` behind `'descr':`.
fn behind<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    Some(header.rsplit_once(key)?.1.trim_start_matches(|c: char| "'\": \t".contains(c)))
}

/// The kind of an element and the bytes that it takes, such as `f` and 8 for `{'descr': '<f8', …}`; `None` if it is neither a
/// number nor text.
fn element(header: &str) -> Option<(char, u128)> {
    let element = behind(header, "descr")?.trim_start_matches(['<', '>', '|', '=']);
    let (element, _) = element.split_once(['\'', '"'])?;
    let kind = element.chars().next().filter(|kind| "biufUS".contains(*kind))?;
    let size: u128 = element[1..].parse().ok()?;
    Some((kind, if kind == 'U' { size.checked_mul(4)? } else { size }))
}

/// The sizes that the header names, such as 50 and 2 for `{…, 'shape': (50, 2), }`.
fn shape(header: &str) -> Option<Vec<u64>> {
    let (shape, _) = behind(header, "shape")?.strip_prefix('(')?.split_once(')')?;
    shape.split(',').map(str::trim).filter(|size| !size.is_empty()).map(|size| size.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array of `values` bytes under a header with these keys.
    fn array(keys: &str, values: usize) -> Vec<u8> {
        let header = format!("{{{keys}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &vec![0; values]].concat()
    }

    #[test]
    fn an_array_holds_what_its_header_promises() {
        let shaped =
            |shape: &str, values| check(&array(&format!("'descr': '<f8', 'fortran_order': False, 'shape': {shape}"), values));
        for (shape, values) in [("(50, 2)", 800), ("(3,)", 24), ("()", 8), ("(0, 7)", 0)] {
            assert_eq!(shaped(shape, values), Ok(()), "{shape}");
        }
        for (shape, values) in
            [("(50, 2)", 799), ("(50, 2)", 801), ("(99999999999, 2)", 16), ("(9999999999999999, 9999999999999999, 99999999)", 8)]
        {
            assert!(shaped(shape, values).is_err(), "{shape}");
        }
    }

    #[test]
    fn other_headers_are_refused() {
        let whole = array("'descr': '|u1', 'fortran_order': False, 'shape': (2,)", 2);
        assert_eq!(check(&whole), Ok(()));
        assert!((0..whole.len()).all(|end| check(&whole[..end]).is_err()));
        assert_eq!(check(&array("'descr': '|O', 'fortran_order': False, 'shape': (2,)", 7)), Ok(()), "objects");
        assert!(check(&array("'descr': '<U5', 'fortran_order': False, 'shape': (2,)", 39)).is_err());
        // A version with a long header, of which there is nothing.
        assert!(check(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").is_err());
        assert!(check(&array("'descr': '<f8', 'shape': 5", 40)).is_err());
    }

    #[test]
    fn text_of_both_kinds_is_read() {
        let file = |keys: &str, values: &[u8]| [&array(keys, 0)[..], values].concat();
        let wide = |text: &str| text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect::<Vec<u8>>();
        // Two cells of three characters, the second with a zero at its end.
        let cells = [wide("cat"), wide("hé\0")].concat();
        let found = text(&file("'descr': '<U3', 'fortran_order': False, 'shape': (2,)", &cells)).unwrap().unwrap();
        assert_eq!(found, (vec![2], vec!["cat".to_owned(), "hé".to_owned()]));
        let found = text(&file("'descr': '|S3', 'fortran_order': False, 'shape': (2, 1)", b"ab\0cde")).unwrap().unwrap();
        assert_eq!(found, (vec![2, 1], vec!["ab".to_owned(), "cde".to_owned()]));
        assert_eq!(text(&array("'descr': '<f8', 'fortran_order': False, 'shape': (1,)", 8)), Ok(None));
        assert!(text(&file("'descr': '<U1', 'fortran_order': False, 'shape': (1,)", &[0xff; 4])).is_err());
        assert!(text(&file("'descr': '|S1', 'fortran_order': False, 'shape': (1,)", &[0xff])).is_err());
    }
}
