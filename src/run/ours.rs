//! The files of a results folder that this program wrote: no others are ever replaced or removed.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Component, Path},
};

use super::{error::RunError, results::Results, sealed};
use crate::{
    file::{bounded, digest::Digest},
    invalid::Invalid,
    memory,
    record::{RecordSpec, clients::table, curves::facts, metric},
};

#[cfg(feature = "figure")]
use crate::figure::drew;

/// The tables that runs make.
pub(super) const TABLES: [&str; 11] = [
    "curves.csv",
    facts::TABLE,
    metric::TABLE,
    "summary.csv",
    "claims.csv",
    "tuning.csv",
    "staleness.csv",
    "predicted.csv",
    "participants.csv",
    table::CLIENTS,
    table::RELIABILITY,
];

/// The manifest, which describes the tables.
pub(super) const MANIFEST: &str = "manifest.toml";

/// The words before the checksum of the curves in the list.
const CURVES: &str = "curves.csv is ";

/// The folder of the final models.
pub(super) const MODELS: &str = "models";
/// The folder of the recorded iterates.
pub(super) const ITERATES: &str = "iterates";
/// The folder of the vectors that methods remember, and the extension of the tables of their names.
pub(super) const STATES: &str = "states";

/// Whether a scenario asks for the files of a folder.
type Asked = fn(&RecordSpec) -> bool;

/// The folders with a file for each run, each with the key of `[record]` that asks for it and has its name.
pub(super) const KEPT: [(&str, Asked); 3] =
    [(MODELS, |record| record.models), (ITERATES, |record| record.iterates), (STATES, |record| record.states)];

/// The files that this program wrote into a results folder.
///
/// A list of them is kept there. Results without one, such as those that came by version control, are known by their manifest.
#[derive(Debug)]
pub struct Ours {
    results: Results,
    /// The files in the list; without one, the tables beside a manifest.
    pub(super) names: BTreeSet<String>,
    /// The checksum of the curves, where a call has ended and none has begun since.
    curves: Option<String>,
    /// The manifest, where no list is kept.
    manifest: Option<toml::Table>,
}

impl Ours {
    /// The files of the folder `results`, with or without results in it.
    ///
    /// # Errors
    /// [`RunError::Io`] where the list or the manifest is there and cannot be read; a damaged list counts as none.
    pub fn of(results: &Results) -> Result<Self, RunError> {
        let results = results.clone();
        if let Some(text) = listed(&results)? {
            let names = text.lines().filter(|name| is_made(name)).map(str::to_owned).collect();
            let curves = text.lines().find_map(|line| line.strip_prefix(CURVES)).map(str::to_owned);
            return Ok(Self { results, names, curves, manifest: None });
        }
        let path = results.manifest();
        let manifest = match bounded::read_text(&path, memory::available()) {
            Ok(text) => manifest(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) if !path.is_file() => None,
            Err(error) => return Err(RunError::io(&path)(error)),
        };
        let there = |name: &&str| results.file(name).is_file();
        let tables = TABLES.into_iter().chain([MANIFEST]).filter(|name| manifest.is_some() && there(name));
        Ok(Self { names: tables.map(str::to_owned).collect(), curves: None, manifest, results })
    }

    /// Whether a file of this name, from the results folder on, is there that this program did not write.
    pub fn is_foreign(&self, name: &str) -> bool {
        let path = self.results.file(name);
        path.symlink_metadata().is_ok() && !(path.is_file() && (self.names.contains(name) || self.knows(name, &path)))
    }

    /// Checks that the curves are as they were written.
    ///
    /// # Errors
    /// [`Invalid`] in the table.
    pub fn check_curves(&self) -> Result<(), Invalid> {
        let Some(known) = &self.curves else { return Ok(()) };
        let path = self.results.file(TABLES[0]);
        // Whoever reads the file reports why it cannot be read.
        if Digest::of_file(&path).map_or(true, |found| found.to_string() == *known) {
            return Ok(());
        }
        let fault = Invalid::at("", "the recorded curves differ from what was written: the table is cut off or changed");
        Err(fault.help("`fedfleet run SCENARIO` writes it again from the runs, which are kept").in_file(path, None))
    }

    /// Whether a file that is not in the list is one of this program all the same.
    fn knows(&self, name: &str, path: &Path) -> bool {
        match name.split_once('/') {
            Some(("figures", _)) => drew(path),
            // The names of what is kept of runs are the keys of `[record]` that ask for it.
            Some((kept, _)) => {
                self.manifest.as_ref().and_then(|table| table.get("record")?.get(kept)?.as_bool()).unwrap_or(false)
            }
            None => false,
        }
    }
}

/// A build without figures replaces none.
#[cfg(not(feature = "figure"))]
fn drew(_: &Path) -> bool {
    false
}

/// A manifest that `fedfleet run` wrote, of whatever version; `None` for anything else.
pub(super) fn manifest(text: &str) -> Option<toml::Table> {
    let has = |table: &toml::Table| ["problem", "stop", "method"].iter().all(|key| table.contains_key(*key));
    text.parse().ok().filter(has)
}

/// The lines of the list; `None` without a sound one.
fn listed(results: &Results) -> Result<Option<String>, RunError> {
    let index = results.index();
    let read = || -> io::Result<Option<String>> {
        let Some(mut content) = sealed::open(&index)? else { return Ok(None) };
        let mut text = String::new();
        let _ = content.read_to_string(&mut text)?;
        Ok(Some(text))
    };
    match read() {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(RunError::io(&index)(error)),
    }
}

/// Keeps a list of files, with the checksum of the `curves` if they are as they will stay.
pub(super) fn list(results: &Results, names: &BTreeSet<String>, curves: Option<Digest>) -> Result<(), RunError> {
    let lines = names.iter().cloned().chain(curves.map(|digest| format!("{CURVES}{digest}")));
    let (index, text) = (results.index(), lines.map(|line| line + "\n").collect::<String>());
    let written = results.write_whole(&index, |out| sealed::write(out, |out| out.write_all(text.as_bytes())));
    written.map_err(RunError::io(&index))
}

/// Whether runs make files of such a name: a table, or a file in one of their folders.
fn is_made(name: &str) -> bool {
    let is_file = |name: &str| Path::new(name).components().eq([Component::Normal(name.as_ref())]);
    match name.split_once('/') {
        None => name == MANIFEST || TABLES.contains(&name),
        Some((folder, file)) => (folder == "figures" || KEPT.iter().any(|(kept, _)| *kept == folder)) && is_file(file),
    }
}

/// Removes a file of the list, and its folder if nothing else is in it; never what lies elsewhere, behind a link.
pub(super) fn remove(results: &Results, name: &str) -> Result<(), RunError> {
    let path = results.file(name);
    let Some(folder) = path.parent().filter(|folder| *folder != results.folder()) else { return remove_file(&path) };
    if folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        remove_file(&path)?;
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

/// Removes a file that may not be there.
pub(super) fn remove_file(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RunError::io(path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_runs_make_are_taken_from_a_list() {
        for made in ["curves.csv", "manifest.toml", "figures/a b.svg", "models/x-seed0-0123456789abcdef.npy", "states/index.csv"]
        {
            assert!(is_made(made), "{made}");
        }
        for other in [
            "",
            "user.txt",
            "../curves.csv",
            "/etc/passwd",
            "figures/..",
            "figures/.",
            "figures/",
            "models/../../a",
            "mine/a.svg",
        ] {
            assert!(!is_made(other), "{other}");
        }
    }
}
