//! A page about a folder of results: claims, measured figures, and plots.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    claim::{self, Answer, ranged},
    markdown,
    spread::Bracket,
    table::{self, bare},
};
use crate::{file::bounded, invalid::Invalid, memory};

/// The start of the page.
const HEAD: &str = "\
# Results

Each folder holds what `fedfleet run` made of one scenario: `curves.csv`, `runs.csv`, `summary.csv`, `claims.csv`,
`figures/`, and `manifest.toml`, which gives the same bytes when it is run. `fedfleet gallery` writes this page.
";

/// The words by which a page is known again.
const MARK: &str = "`fedfleet gallery` writes this page.";

/// Whether `bytes` are a page that was made here.
pub fn is_page(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(MARK)
}

/// The results of one scenario, as the page shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhibit {
    /// Folder, relative to the page, with `/` between its parts.
    pub folder: String,
    /// The scenario's title.
    pub title: String,
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

/// The page, in Markdown.
pub fn page(exhibits: &[Exhibit]) -> String {
    let mut text = format!("{HEAD}\n| scenario | claims that hold |\n| --- | ---: |\n");
    for exhibit in exhibits {
        let answered = |answer| exhibit.claims.iter().filter(|claim| claim.holds == answer).count();
        let undecided = match answered(Answer::Undecided) {
            0 => String::new(),
            undecided => format!(", {undecided} undecided"),
        };
        let count = format!("{} of {}{undecided}", answered(Answer::Holds), exhibit.claims.len());
        let _ = writeln!(text, "| [{}]({}/) | {count} |", markdown::text(&exhibit.title), markdown::link(&exhibit.folder));
    }
    exhibits.iter().for_each(|exhibit| text += &section(exhibit));
    text
}

fn section(exhibit: &Exhibit) -> String {
    let Exhibit { folder, title, claims, figures } = exhibit;
    let (title, shown, folder) = (markdown::text(title), markdown::code(folder), markdown::link(folder));
    let mut text = format!("\n## {title}\n\n[{shown}]({folder}/) · [scenario]({folder}/manifest.toml)\n");
    if !figures.is_empty() {
        text += "\n";
    }
    for figure in figures {
        let path = format!("{folder}/figures/{}", markdown::link(figure));
        let _ = writeln!(
            text,
            "<a href=\"{path}\"><img src=\"{path}\" width=\"270\" alt=\"{}\"></a>",
            markdown::link(figure.trim_end_matches(".png"))
        );
    }
    if !claims.is_empty() {
        text += "\n| paper | claim | measured | required | holds |\n| --- | --- | ---: | --- | --- |\n";
    }
    claims.iter().for_each(|claim| text += &row(claim));
    text
}

fn row(claim: &claim::Row) -> String {
    let (cell, note) = (bare(&claim.cell), bare(&claim.note));
    let place = if cell.is_empty() { String::new() } else { format!(" ({cell})") };
    let note = if note.is_empty() { String::new() } else { format!("; {note}") };
    let range = claim.measured_low.zip(claim.measured_high).map(|(low, high)| Bracket { low, high });
    let measured = claim.measured.map_or_else(|| "–".to_owned(), |measured| ranged(measured, range));
    let holds = match claim.holds {
        Answer::Holds => "yes",
        Answer::Fails => "**no**",
        Answer::Undecided => "undecided",
        Answer::Unknown => "unknown",
    };
    let text = format!("{}{place}{note}", bare(&claim.text));
    let [source, text, required] = [bare(&claim.source), &text, bare(&claim.required)].map(markdown::text);
    format!("| {source} | {text} | {measured} | {required} | {holds} |\n")
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
    Ok(Exhibit {
        folder: parts.join("/"),
        title: title(&folder.join("manifest.toml"))?,
        claims: claims(&folder.join("claims.csv"))?,
        figures: figures(&folder.join("figures"))?,
    })
}

fn title(manifest: &Path) -> Result<String, Invalid> {
    #[derive(Deserialize)]
    struct Titled {
        title: String,
    }
    let text = bounded::read_text(manifest, memory::available()).map_err(|error| unreadable(manifest, &error))?;
    let titled = toml::from_str(&text).map(|Titled { title }| title);
    titled.map_err(|error| Invalid::at("", format!("this is not a manifest: {}", error.message())).in_file(manifest, None))
}

/// The claims of a run; none where it has no `claims.csv` yet.
fn claims(path: &Path) -> Result<Vec<claim::Row>, Invalid> {
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

#[cfg(test)]
mod tests;
