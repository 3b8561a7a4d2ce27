//! Figures of an earlier call that are no longer asked for.
//!
//! Each SVG says in a comment which figure it is. A file that another program wrote, or that a reader keeps under another name,
//! says something else and stays.

use std::path::{Path, PathBuf};

use super::FigureError;
use crate::{file::bounded, memory};

/// What the SVG of the figure `stem` says.
pub(super) fn mark(stem: &str) -> String {
    // Two dashes would end the comment.
    format!("<!-- fedfleet figure {} -->", stem.replace("--", "-"))
}

/// Whether the SVG beside `path`, or at it, says that it is the figure of that name.
pub(super) fn is_ours(path: &Path) -> bool {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return false };
    let svg = bounded::read_text(&path.with_extension("svg"), memory::available());
    svg.is_ok_and(|text| text.contains(&mark(stem)))
}

/// Removes the three forms of every figure in `folder` that this program drew and that is not among `drawn`.
pub(super) fn remove(folder: &Path, drawn: &[PathBuf]) -> Result<(), FigureError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| FigureError::Io { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        let svg = path.extension().is_some_and(|extension| extension == "svg");
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| svg && !drawn.contains(&path)) else {
            continue;
        };
        let ours = is_ours(&path);
        for form in ["png", "pdf", "svg"].into_iter().filter(|_| ours) {
            let file = path.with_file_name(format!("{stem}.{form}"));
            if file.is_file() {
                std::fs::remove_file(&file).map_err(io(&file))?;
            }
        }
    }
    Ok(())
}
