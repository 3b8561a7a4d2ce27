//! The results folder before the runs and after them.
//!
//! `manifest.toml` says what the tables hold. While runs go on, what they will hold is said by a manifest of its own, which goes
//! last: so a crash at any moment leaves either the tables as they were, or enough to make them.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    record::facts,
    registry::Registry,
    run::{Options, Plan, Results, RunError, made},
    scenario::{Joined, Runs, Scenario},
};

/// The tables that runs make.
pub(super) const TABLES: [&str; 8] =
    ["curves.csv", facts::TABLE, "summary.csv", "claims.csv", "tuning.csv", "staleness.csv", "predicted.csv", "participants.csv"];

/// What a folder holds when a call comes to it.
pub(super) struct Earlier {
    /// What has been run, or is under way.
    scenario: Scenario,
    /// Whether some of it is under way.
    under_way: bool,
    /// What the tables hold as a whole; `None` where they hold what there was of runs that were left.
    shown: Option<Runs>,
}

/// What the folder holds; `None` for one without results.
///
/// # Errors
/// [`RunError::Foreign`] where a file of another program is in the way, [`RunError::Unreadable`] for a damaged manifest, unless it
/// is to be overwritten, [`RunError::NothingToResume`].
pub(super) fn earlier(results: &Results, options: &Options, registry: &Registry) -> Result<Option<Earlier>, RunError> {
    results.sweep().map_err(RunError::io(&results.own()))?;
    remove(&discarded(results))?;
    let written: BTreeSet<String> = listed(results)?.into_iter().collect();
    let (pending, manifest) = (results.pending(), results.manifest());
    // A call that was refused before any of its runs began leaves nothing to take up.
    let under_way = pending.is_file() && (manifest.is_file() || has_runs(results)?);
    let path = if under_way { &pending } else { &manifest };
    if path.is_file() {
        let text = fs::read_to_string(path).map_err(RunError::io(path))?;
        if path == &manifest && !is_manifest(&text) {
            return Err(RunError::Foreign(path.clone()));
        }
        // Folders of data are seen from the results folder, wherever a manifest lies.
        return match Scenario::read(&manifest, &text, &[], registry) {
            Ok(scenario) => {
                let shown = (!results.partial().is_file() && results.file(TABLES[0]).is_file()).then(|| scenario.runs());
                Ok(Some(Earlier { scenario, under_way, shown }))
            }
            Err(_) if options.overwrite => Ok(None),
            Err(_) => Err(RunError::Unreadable(path.clone())),
        };
    }
    if options.resume {
        return Err(RunError::NothingToResume(results.folder().to_owned()));
    }
    match TABLES.into_iter().find(|name| results.file(name).exists() && !written.contains(*name)) {
        Some(foreign) => Err(RunError::Foreign(results.file(foreign))),
        None => Ok(None),
    }
}

/// Whether anything is kept of a run.
fn has_runs(results: &Results) -> Result<bool, RunError> {
    match fs::read_dir(results.runs()) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(RunError::io(&results.runs())(error)),
    }
}

/// Whether this is what `fedfleet run` writes, of whatever version.
fn is_manifest(text: &str) -> bool {
    let has = |table: toml::Table| ["problem", "stop", "method"].iter().all(|key| table.contains_key(*key));
    text.parse::<toml::Table>().is_ok_and(has)
}

impl Earlier {
    /// What `plan` becomes in this folder: itself, or with the methods and seeds that are there besides.
    ///
    /// # Errors
    /// [`RunError::Different`] for results of something else, [`RunError::Invalid`] for data that have changed,
    /// [`RunError::Rejected`] where both do not go together.
    pub(super) fn join(&self, plan: &Plan, results: &Results) -> Result<Option<Plan>, RunError> {
        if let Some(known) = &self.scenario.made {
            let changed = plan.cells.iter().find_map(|cell| made::check_data(known, &cell.files, &plan.scenario.folder).err());
            if let Some(changed) = changed {
                return Err(RunError::Changed { path: results.folder().to_owned(), what: changed.message });
            }
        }
        let differs = |found| RunError::Different { path: results.folder().to_owned(), found };
        let joined = plan.scenario.join(&plan.asked, &self.scenario, results.folder(), plan.shared_metrics())?;
        let wider = match joined {
            Joined::Different(found) => return Err(differs(found)),
            Joined::Same => None,
            Joined::Wider(scenario) => Some(Plan::resolve(*scenario, &[])?),
        };
        let stop = |scenario: &Scenario| scenario.cells.iter().map(|cell| cell.stop.clone()).collect::<Vec<_>>();
        if self.under_way && stop(&plan.scenario) != stop(&self.scenario) {
            return Err(RunError::UnderWay(results.folder().to_owned()));
        }
        Ok(wider)
    }

    /// What there is to know before runs go on beside those of another build, or are taken up.
    pub(super) fn notes(&self, plan: &Plan, options: &Options) -> Vec<String> {
        let mut notes = Vec::new();
        let here = plan.made();
        if let Some(there) =
            self.scenario.made.as_ref().filter(|there| (&there.version, &there.commit) != (&here.version, &here.commit))
        {
            notes.push(format!(
                "the results there were made by fedfleet {}{}: all their runs begin anew",
                there.version,
                there.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default()
            ));
        }
        if self.under_way && !options.resume {
            notes.push("an earlier call was interrupted: its runs are taken up where they are, as with --resume".to_owned());
        }
        notes
    }

    /// What the tables hold as a whole.
    pub(super) fn shown(&self) -> Option<&Runs> {
        self.shown.as_ref()
    }
}

/// Says what will be there, and lets go of the runs that are overwritten.
pub(super) fn begin(plan: &Plan, results: &Results, options: &Options) -> Result<(), RunError> {
    let (path, runs) = (results.pending(), results.runs());
    let manifest = plan.manifest(results.folder());
    results.write_whole(&path, |out| out.write_all(manifest.as_bytes())).map_err(RunError::io(&path))?;
    if options.overwrite && runs.is_dir() {
        // In one step, by a new name, so that a crash leaves all of it or none.
        fs::rename(&runs, discarded(results)).map_err(RunError::io(&runs))?;
        remove(&discarded(results))?;
    }
    fs::create_dir_all(&runs).map_err(RunError::io(&runs))
}

/// Says what the tables hold now.
pub(super) fn show(plan: &Plan, results: &Results) -> Result<(), RunError> {
    let (path, manifest) = (results.manifest(), plan.manifest(results.folder()));
    results.write_whole(&path, |out| out.write_all(manifest.as_bytes())).map_err(RunError::io(&path))
}

/// Ends a call whose tables and figures are `written`: with `overwrite`, what earlier calls wrote besides is removed.
pub(super) fn end(plan: &Plan, results: &Results, written: BTreeSet<String>, options: &Options) -> Result<(), RunError> {
    let before = listed(results)?;
    let (kept, gone): (Vec<String>, Vec<String>) =
        before.into_iter().partition(|name| written.contains(name) || !options.overwrite);
    for path in gone.iter().map(|name| results.file(name)) {
        remove_file(&path)?;
        // Its folder, if nothing else is in it.
        let _ = path.parent().filter(|folder| *folder != results.folder()).map(fs::remove_dir);
    }
    let all: BTreeSet<String> = written.into_iter().chain(kept).collect();
    let lines: String = all.iter().map(|name| format!("{name}\n")).collect();
    let index = results.index();
    results.write_whole(&index, |out| out.write_all(lines.as_bytes())).map_err(RunError::io(&index))?;
    for name in plan.runs().into_iter().map(|run| plan.name(run)) {
        for extension in ["checkpoint", "iterates"] {
            remove_file(&results.of_run(&name, extension))?;
        }
    }
    remove_file(&results.partial())?;
    remove_file(&results.pending())
}

/// The names of the files that earlier calls wrote. Where no list is kept, they are the tables beside a manifest.
fn listed(results: &Results) -> Result<Vec<String>, RunError> {
    let index = results.index();
    match fs::read_to_string(&index) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && results.manifest().is_file() => {
            Ok(TABLES.into_iter().filter(|name| results.file(name).is_file()).map(str::to_owned).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(RunError::io(&index)(error)),
    }
}

/// Runs that are overwritten, on their way out.
fn discarded(results: &Results) -> PathBuf {
    results.own().join("discarded")
}

fn remove(folder: &Path) -> Result<(), RunError> {
    if folder.is_dir() { fs::remove_dir_all(folder).map_err(RunError::io(folder)) } else { Ok(()) }
}

/// Removes a file that may not be there.
fn remove_file(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RunError::io(path)(error)),
        _ => Ok(()),
    }
}
