//! Compressed files: gzip is unpacked, within a bound; what else is compressed is told by name.

use std::io::Read;

use flate2::bufread::GzDecoder;

/// How gzip begins.
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a file may unpack to unless more is allowed [byte].
pub const UNPACKED: u64 = 1 << 30;

/// How other compressed files and archives begin, what they are called, and what unpacks them whatever the name `FILE` ends in.
const OTHERS: [(&[u8], &str, &str); 7] = [
    (b"BZh", "bzip2", "bunzip2 < FILE > unpacked"),
    (b"\xfd7zXZ\0", "xz", "unxz < FILE > unpacked"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd < FILE > unpacked"),
    (b"\x04\x22\x4d\x18", "lz4", "unlz4 < FILE > unpacked"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x FILE"),
    (b"\x1f\x9d", "compress", "uncompress < FILE > unpacked"),
    (b"PK\x03\x04", "zip", "unzip FILE"),
];

/// Why a file could not be unpacked.
#[derive(Debug)]
pub enum Failure {
    /// It holds more than the bound.
    TooLarge,
    /// It is damaged.
    Damaged(std::io::Error),
}

/// Unpacks the parts of a gzip file, one or several, up to `most` bytes in all. What follows them is ignored, as by `gunzip`:
/// padding, as tapes have it.
///
/// # Errors
/// [`Failure`] where there is more, or the file is damaged.
pub fn gunzip(mut bytes: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    // The last four bytes of gzip are the unpacked size modulo 2^32: a hint for the allocation, never trusted far.
    let tail = bytes.last_chunk().map_or(0, |size| u64::from(u32::from_le_bytes(*size)));
    let mut unpacked = Vec::with_capacity(tail.min(64 * bytes.len() as u64).min(most) as usize);
    while bytes.starts_with(&GZIP) {
        let mut part = GzDecoder::new(bytes);
        let left = most + 1 - unpacked.len() as u64;
        part.by_ref().take(left).read_to_end(&mut unpacked).map_err(Failure::Damaged)?;
        if unpacked.len() as u64 > most {
            return Err(Failure::TooLarge);
        }
        bytes = part.into_inner();
    }
    Ok(unpacked)
}

/// The name of the compression that is not read here, and the command that unpacks it.
pub fn other(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    OTHERS.iter().find(|(start, ..)| bytes.starts_with(start)).map(|&(_, name, command)| (name, command))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_follows_gzip_is_ignored() {
        let parts = [gzip(b"one\n"), gzip(b"two\n")].concat();
        for after in [&b""[..], &[0; 512], b"garbage"] {
            assert_eq!(gunzip(&[&parts, after].concat(), 8).unwrap(), b"one\ntwo\n");
        }
        assert!(matches!(gunzip(&parts[..parts.len() - 1], 8), Err(Failure::Damaged(_))));
    }

    #[test]
    fn unpacking_ends_at_the_bound() {
        // A thousandfold: 4 MiB of zeros in about 4 KiB, and again behind it.
        let bomb = gzip(&vec![0; 4 << 20]);
        assert_eq!(gunzip(&bomb, 4 << 20).unwrap().len(), 4 << 20);
        assert!(matches!(gunzip(&bomb, (4 << 20) - 1), Err(Failure::TooLarge)));
        assert!(matches!(gunzip(&[bomb.clone(), bomb].concat(), (8 << 20) - 1), Err(Failure::TooLarge)));
    }
}
