//! Digests of files, and which files a piece of work has read.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::bounded;

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// The length and the checksum of a file, or of its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// Length [bytes].
    pub bytes: u64,
    /// XXH3 of 128 bits.
    pub hash: u128,
}

impl fmt::Display for Digest {
    /// As `xxhsum -H2` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xxh128:{:032x}", self.hash)
    }
}

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, hash: xxh3_128(bytes) }
    }

    /// The digest of the whole file at `path`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        Ok(Running::over(&mut bounded::open(path)?)?.digest())
    }
}

/// The digest of what has come so far.
#[derive(Clone, Default)]
pub struct Running {
    hasher: Xxh3,
    bytes: u64,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(f)
    }
}

impl Running {
    /// Reads `input` to its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn over(input: &mut impl Read) -> io::Result<Self> {
        let mut running = Self::default();
        let mut piece = vec![0; PIECE];
        loop {
            match input.read(&mut piece)? {
                0 => return Ok(running),
                count => running.add(&piece[..count]),
            }
        }
    }

    /// Adds `bytes`.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The digest of all that was added.
    pub fn digest(&self) -> Digest {
        Digest { bytes: self.bytes, hash: self.hasher.digest128() }
    }
}

/// Passes on what is written, and keeps the digest of it.
#[derive(Debug)]
pub struct Digesting<W> {
    out: W,
    written: Running,
}

impl<W> Digesting<W> {
    /// Writes to `out`, of which `written` is there already.
    pub fn after(written: Running, out: W) -> Self {
        Self { out, written }
    }

    /// The writer behind it.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// The digest of all that is written.
    pub fn digest(&self) -> Digest {
        self.written.digest()
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written.add(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Files with what they held when they were read.
pub type Opened = BTreeMap<PathBuf, Digest>;

thread_local! {
    /// The notes of this thread: one list for each call of [`opened`] that is under way.
    static NOTED: RefCell<Vec<Opened>> = const { RefCell::new(Vec::new()) };
}

/// Does `work`, and returns what came of it with all data files that it has read on this thread.
pub fn opened<T>(work: impl FnOnce() -> T) -> (T, Opened) {
    /// Takes its list away again, even where the work panics.
    struct Listed;
    impl Drop for Listed {
        fn drop(&mut self) {
            let _ = NOTED.with_borrow_mut(Vec::pop);
        }
    }
    NOTED.with_borrow_mut(|noted| noted.push(Opened::new()));
    let listed = Listed;
    let done = work();
    let files = NOTED.with_borrow(|noted| noted.last().cloned().unwrap_or_default());
    drop(listed);
    (done, files)
}

/// Notes that the file at `path` was read, and held `bytes`.
pub(super) fn note(path: &Path, bytes: &[u8]) {
    NOTED.with_borrow_mut(|noted| {
        if noted.is_empty() {
            return;
        }
        let digest = Digest::of(bytes);
        for list in noted {
            let _ = list.insert(path.to_owned(), digest);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::File;

    #[test]
    fn digests_do_not_depend_on_the_pieces() {
        let bytes: Vec<u8> = (0..3 * PIECE + 7).map(|k| (k * k % 251) as u8).collect();
        assert_eq!(Running::over(&mut &bytes[..]).unwrap().digest(), Digest::of(&bytes));
        let mut running = Running::default();
        bytes.chunks(1000).for_each(|piece| running.add(piece));
        assert_eq!(running.digest(), Digest::of(&bytes));
        assert_ne!(Digest::of(&bytes[1..]), Digest::of(&bytes));
    }

    #[test]
    fn the_checksum_of_nothing_is_the_published_one() {
        // XXH128 of the empty input with seed 0, from the test vectors of the xxHash repository.
        assert_eq!(Digest::of(b"").to_string(), "xxh128:99aa06d3014798d86001c324468d497f");
    }

    #[test]
    fn work_tells_the_files_that_it_has_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let open = |name: &str| drop(File::open(Path::new(name), folder.path()).unwrap());
        let ((_, inner), outer) = opened(|| {
            open("a");
            opened(|| open("b"))
        });
        open("c");
        let named = |files: &Opened| files.keys().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!((named(&inner), named(&outer)), (vec!["b".into()], vec!["a".into(), "b".into()]));
        assert_eq!(inner[&folder.path().join("b")], Digest::of(b"b"));
    }
}
