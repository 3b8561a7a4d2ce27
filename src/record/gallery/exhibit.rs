//! Reading the results of many scenarios.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    file::bounded,
    invalid::Invalid,
    memory,
    record::{claim, paper::PaperSpec, table},
};

/// The results of one scenario, as the page shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhibit {
    /// Folder, relative to the page, with `/` between its parts.
    pub folder: String,
    /// The scenario's title.
    pub title: String,
    /// The paper that it is about.
    pub paper: Option<PaperSpec>,
    /// Its claims, as `claims.csv` has them.
    pub claims: Vec<claim::Row>,
    /// Names of the PNG files in `figures/`.
    pub figures: Vec<String>,
}

/// All results below the folder `root`, in the order of their folders' names.
///
/// # Errors
/// [`Invalid`] for a folder or file that cannot be read, and where there are no results at all.
pub fn exhibits(root: &Path) -> Result<Vec<Exhibit>, Invalid> {
    let mut folders = Vec::new();
    find(root, &mut BTreeSet::new(), &mut folders).map_err(|error| unreadable(root, &error))?;
    folders.sort();
    if folders.is_empty() {
        let message = format!("`{}` holds no results: no folder in it has a manifest.toml", root.display());
        return Err(Invalid::at("", message).help("`fedfleet run SCENARIO` makes some"));
    }
    folders.iter().map(|folder| exhibit(root, folder)).collect()
}

/// Collects the folders below `folder` that hold results, each once, wherever links lead.
fn find(folder: &Path, seen: &mut BTreeSet<PathBuf>, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !seen.insert(folder.canonicalize()?) {
        return Ok(());
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if path.join("manifest.toml").is_file() {
                if seen.insert(path.canonicalize()?) {
                    found.push(path);
                }
            } else {
                find(&path, seen, found)?;
            }
        }
    }
    Ok(())
}

fn exhibit(root: &Path, folder: &Path) -> Result<Exhibit, Invalid> {
    let relative = folder.strip_prefix(root).unwrap_or(folder);
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let Described { title, paper } = described(&folder.join("manifest.toml"))?;
    Ok(Exhibit {
        folder: parts.join("/"),
        title,
        paper,
        claims: claims(&folder.join("claims.csv"))?,
        figures: figures(&folder.join("figures"))?,
    })
}

/// What a manifest says of its scenario.
#[derive(Deserialize)]
struct Described {
    title: String,
    paper: Option<PaperSpec>,
}

fn described(manifest: &Path) -> Result<Described, Invalid> {
    let text = bounded::read_text(manifest, memory::available()).map_err(|error| unreadable(manifest, &error))?;
    toml::from_str(&text)
        .map_err(|error| Invalid::at("", format!("this is not a manifest: {}", error.message())).in_file(manifest, None))
}

/// The claims of a run; none where it has no `claims.csv` yet.
pub(super) fn claims(path: &Path) -> Result<Vec<claim::Row>, Invalid> {
    let Some(bytes) = table::bytes_if_any(path, "the claims")? else { return Ok(Vec::new()) };
    csv::Reader::from_reader(bytes.as_slice())
        .into_deserialize()
        .collect::<Result<_, csv::Error>>()
        .map_err(|error| Invalid::at("", format!("these are not claims: {error}")).in_file(path, None))
}

/// The PNG files of `folder`, by name; none where there is no such folder.
fn figures(folder: &Path) -> Result<Vec<String>, Invalid> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".png")).collect();
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, error: &io::Error) -> Invalid {
    Invalid::at("", format!("cannot be read: {error}")).in_file(path, None)
}
