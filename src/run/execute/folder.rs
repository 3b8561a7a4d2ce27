//! The results folder before the runs and after them.
//!
//! `manifest.toml` describes the tables. While runs go on, another manifest describes the tables to come, and is removed
//! last: so a crash at any moment leaves either the tables as they were, or enough to make them.

use std::{collections::BTreeSet, fs, io};

use super::kept;
use crate::{
    file::{bounded, digest::Digest},
    memory,
    registry::Registry,
    run::{
        Options, Plan, Results, RunError, RunId, done, made,
        ours::{self, MANIFEST, Ours, TABLES},
    },
    scenario::{Cell, Joined, Made, Rejected, Runs, Scenario},
};

/// The results that a call finds in its folder.
pub(super) struct Earlier {
    /// The scenario that has been run, or is under way.
    scenario: Scenario,
    /// Whether some of it is under way.
    under_way: bool,
    /// The runs in the tables; `None` where the tables hold interrupted runs.
    shown: Option<Shown>,
}

/// The runs in the tables of a folder.
pub(super) struct Shown {
    /// The methods with their seeds.
    runs: Runs,
    /// The names of the cells.
    cells: BTreeSet<String>,
}

impl Shown {
    fn of(scenario: &Scenario) -> Self {
        Self { runs: scenario.runs(), cells: scenario.cells.iter().map(Cell::name).collect() }
    }

    /// Whether a run of `plan` is one of them.
    pub(super) fn has(&self, plan: &Plan, run: RunId) -> bool {
        let seeds = self.runs.get(&plan.arm(run).label);
        seeds.is_some_and(|seeds| seeds.contains(&plan.seed(run))) && self.cells.contains(&plan.cells[run.cell].cell.name())
    }
}

/// The results in the folder; `None` for one without results.
///
/// # Errors
/// [`RunError::Foreign`] where a file of another program is in the way, [`RunError::Unreadable`] for a damaged manifest, unless it
/// is to be overwritten, [`RunError::NothingToResume`].
pub(super) fn earlier(results: &Results, options: &Options, registry: &Registry) -> Result<Option<Earlier>, RunError> {
    results.sweep().map_err(RunError::io(&results.own()))?;
    let (pending, manifest) = (results.pending(), results.manifest());
    // A call that failed before any of its runs started leaves nothing to continue.
    let under_way = pending.is_file() && (manifest.is_file() || has_runs(results)?);
    let path = if under_way { &pending } else { &manifest };
    if path.is_file() {
        let text = bounded::read_text(path, memory::available()).map_err(RunError::io(path))?;
        let foreign = path == &manifest && ours::manifest(&text).is_none() && Ours::of(results)?.is_foreign(MANIFEST);
        if foreign && !has_runs(results)? {
            return Err(RunError::Foreign(path.clone()));
        }
        // Folders of data are seen from the results folder, wherever a manifest lies.
        return match Scenario::read(&manifest, &text, &[], registry) {
            Ok(scenario) => {
                let shown = (!results.partial().is_file() && results.file(TABLES[0]).is_file()).then(|| Shown::of(&scenario));
                Ok(Some(Earlier { scenario, under_way, shown }))
            }
            Err(_) if options.overwrite => Ok(None),
            Err(rejected) => Err(RunError::Unreadable { path: path.clone(), why: first_fault(&text, rejected) }),
        };
    }
    if options.resume {
        return Err(RunError::NothingToResume(results.folder().to_owned()));
    }
    Ok(None)
}

/// Why a manifest cannot be read.
fn first_fault(text: &str, Rejected { faults, .. }: Rejected) -> String {
    let empty = text.trim().is_empty().then(|| "it is empty".to_owned());
    empty.or(faults.into_iter().next().map(|fault| fault.title)).unwrap_or_default()
}

/// Whether anything is kept of a run.
fn has_runs(results: &Results) -> Result<bool, RunError> {
    of_runs(results).map(|names| !names.is_empty())
}

/// The names of the files of runs; others may lie beside them.
fn of_runs(results: &Results) -> Result<Vec<String>, RunError> {
    let runs = results.runs();
    let names =
        fs::read_dir(&runs).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>());
    match names {
        Ok(names) => {
            Ok(names.into_iter().filter_map(|name| name.into_string().ok()).filter(|name| done::is_of_run(name)).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(RunError::io(&runs)(error)),
    }
}

impl Earlier {
    /// The plan for this folder: `plan` itself, or with the other methods and seeds that are there.
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
        if self.under_way && plan.scenario.has_other_stop(&self.scenario) {
            return Err(RunError::UnderWay(results.folder().to_owned()));
        }
        Ok(wider)
    }

    /// Notes before runs go on beside those of another build, or continue.
    pub(super) fn notes(&self, plan: &Plan, results: &Results, options: &Options) -> Vec<String> {
        let mut notes = Vec::new();
        let here = plan.made();
        // Runs are known by what they come from, the build included, whatever a manifest says.
        let known = |run| results.of_run(&plan.name(run), "csv").is_file();
        let other = |there: &&Made| (&there.version, &there.commit) != (&here.version, &here.commit);
        if let Some(there) = self.scenario.made.as_ref().filter(other).filter(|_| !plan.possible().into_iter().any(known)) {
            notes.push(format!(
                "the results there were made by fedfleet {}{}: all their runs start again",
                there.version,
                there.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default()
            ));
        }
        if self.under_way && !options.resume {
            notes.push("an earlier call was interrupted: its runs continue, as with --resume".to_owned());
        }
        notes
    }

    /// The runs in the tables, if they are whole.
    pub(super) fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }
}

/// Writes the manifest of the results to come, and removes runs that are overwritten.
///
/// # Errors
/// [`RunError::Foreign`], before anything is written, where a file of another program has a name that is going to be written.
pub(super) fn begin(plan: &Plan, results: &Results, options: &Options) -> Result<(), RunError> {
    let (mut ours, names) = (Ours::of(results)?, foreseen(plan));
    // A foreign manifest has been rejected already.
    if let Some(foreign) = names.iter().find(|name| *name != MANIFEST && ours.is_foreign(name)) {
        return Err(RunError::Foreign(results.file(foreign)));
    }
    ours.names.extend(names);
    ours::list(results, &ours.names, None)?;
    let (path, runs) = (results.pending(), results.runs());
    let manifest = plan.manifest(results.folder());
    results.write_whole(&path, |out| out.write_all(manifest.as_bytes())).map_err(RunError::io(&path))?;
    if options.overwrite {
        // The marks of ended runs go first, so that after a crash no run counts as whole.
        let (done, rest): (Vec<String>, Vec<String>) = of_runs(results)?.into_iter().partition(|name| name.ends_with(".done"));
        done.iter().chain(&rest).try_for_each(|name| ours::remove_file(&runs.join(name)))?;
    }
    fs::create_dir_all(&runs).map_err(RunError::io(&runs))
}

/// The names of the files that the runs of a plan write for the reader; all tables, though not every plan has each of them.
fn foreseen(plan: &Plan) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = TABLES.into_iter().chain([MANIFEST]).map(str::to_owned).collect();
    for (folder, _) in ours::KEPT.into_iter().filter(|(_, wanted)| wanted(&plan.record)) {
        let files = plan.possible().into_iter().map(|run| kept::file(plan, run)).chain(["index.csv".to_owned()]);
        names.extend(files.map(|file| format!("{folder}/{file}")));
    }
    names.extend(super::foreseen_figures(plan));
    names
}

/// Writes the manifest of the tables.
pub(super) fn show(plan: &Plan, results: &Results) -> Result<(), RunError> {
    let (path, manifest) = (results.manifest(), plan.manifest(results.folder()));
    results.write_whole(&path, |out| out.write_all(manifest.as_bytes())).map_err(RunError::io(&path))
}

/// Ends a call whose tables and figures are `written`: with `overwrite`, what earlier calls wrote besides is removed.
pub(super) fn end(plan: &Plan, results: &Results, written: &BTreeSet<String>, options: &Options) -> Result<(), RunError> {
    let (mut all, mut before) = (written.clone(), Ours::of(results)?.names);
    // Not all that was foreseen came to be.
    before.retain(|name| !written.contains(name) && results.file(name).is_file());
    if options.overwrite {
        before.iter().try_for_each(|name| ours::remove(results, name))?;
    } else {
        all.extend(before);
    }
    let curves = results.file(TABLES[0]);
    ours::list(results, &all, Some(Digest::of_file(&curves).map_err(RunError::io(&curves))?))?;
    for name in plan.possible().into_iter().map(|run| plan.name(run)) {
        ours::remove_file(&results.of_run(&name, "checkpoint"))?;
        // What goes on from a kept end reads them again.
        if !options.keep_checkpoints {
            ours::remove_file(&results.of_run(&name, "iterates"))?;
        }
    }
    ours::remove_file(&results.partial())?;
    ours::remove_file(&results.pending())
}
