//! What the header of an NPY array promises, compared with what the file holds, before room is made for its values.

/// Refuses an array whose header cannot be read, or promises other values than `bytes` holds behind it. What is no array of
/// numbers passes: who reads the values refuses it.
///
/// # Errors
/// What is wrong, in words, with what was expected.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let (header, values) = parts(bytes)?;
    let Some(width) = width(header) else { return Ok(()) };
    let promised = size(header, width).ok_or("its header names no shape: expected one as `numpy.save` writes it")?;
    if promised == values.len() as u128 {
        return Ok(());
    }
    let cut = if promised > values.len() as u128 { "; it may be cut off" } else { "" };
    Err(format!("it holds {} bytes of values: expected {promised}, as its header says{cut}", values.len()))
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

/// What stands in the header behind a key, without the quotes, such as `<f8', …` behind `'descr':`.
fn behind<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    Some(header.rsplit_once(key)?.1.trim_start_matches(|c: char| "'\": \t".contains(c)))
}

/// The bytes of one number, such as 8 for `{'descr': '<f8', …}`; `None` if the elements are no numbers.
fn width(header: &str) -> Option<u128> {
    let element = behind(header, "descr")?.trim_start_matches(['<', '>', '|', '=']);
    let (width, _) = element.trim_start_matches(['b', 'i', 'u', 'f']).split_once(['\'', '"'])?;
    width.parse().ok()
}

/// The bytes that the values take, such as 800 for `{…, 'shape': (50, 2), }` where each takes 8.
fn size(header: &str, width: u128) -> Option<u128> {
    let (shape, _) = behind(header, "shape")?.strip_prefix('(')?.split_once(')')?;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    sizes.map(|size| size.parse::<u64>().ok()).try_fold(width, |product, size| product.checked_mul(size?.into()))
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
        assert_eq!(check(&array("'descr': '<U5', 'fortran_order': False, 'shape': (2,)", 40)), Ok(()), "no numbers");
        // A version with a long header, of which there is nothing.
        assert!(check(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").is_err());
        assert!(check(&array("'descr': '<f8', 'shape': 5", 40)).is_err());
    }
}
