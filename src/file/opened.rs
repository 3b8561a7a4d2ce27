//! Which files a piece of work has read, and what they held.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::digest::Digest;

/// Files with what they held when they were read.
pub type Opened = BTreeMap<PathBuf, Digest>;

thread_local! {
    /// What is noted on this thread: one list for each call of [`opened`] that is under way.
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
