//! Figures of rankings: the critical-difference diagram, the duels of all pairs, performance profiles.

mod diagram;
mod duels;
mod profile;

use std::path::{Path, PathBuf};

use super::{
    FigureError,
    export::{self, Drawing},
};
use crate::rank::{Duels, Friedman, Measured, Pool, Profile};

/// The level of the critical difference.
const ALPHA: f64 = 0.05;

/// Draws what there is to draw of a ranking into `folder`, and lists the files: `duels`; `critical-difference` where every method has
/// every task of two or more; `profile` where scores are logarithms and some run is had by all methods.
///
/// # Errors
/// [`FigureError::Foreign`] if a file is there that fedfleet did not draw, [`FigureError::Io`] if a file cannot be written,
/// [`FigureError::Drawing`] if a drawing library fails.
pub fn draw_rankings(folder: &Path, measured: &Measured, pool: Pool) -> Result<Vec<PathBuf>, FigureError> {
    let (methods, board) = (measured.scores.methods(), measured.scores.board(pool));
    let mut drawings = vec![("duels", duels::draw(methods, &Duels::on_tasks(&board))?)];
    if let Some(test) = board.complete().and_then(|board| Friedman::of(&board)) {
        drawings.push(("critical-difference", diagram::draw(methods, &test, ALPHA)?));
    }
    let costs = measured.costs();
    if !costs.is_empty() {
        drawings.push(("profile", profile::draw(methods, &Profile::of(&costs), &measured.title)?));
    }
    write(folder, &drawings)
}

fn write(folder: &Path, drawings: &[(&str, Drawing)]) -> Result<Vec<PathBuf>, FigureError> {
    let files = |stem: &str| export::FORMS.map(|form| folder.join(format!("{stem}.{form}")));
    let foreign = |path: &PathBuf| path.exists() && !export::is_ours(path);
    if let Some(path) = drawings.iter().flat_map(|(stem, _)| files(stem)).find(foreign) {
        return Err(FigureError::Foreign(path));
    }
    std::fs::create_dir_all(folder).map_err(|source| FigureError::Io { path: folder.to_owned(), source })?;
    let written = drawings.iter().map(|(stem, drawing)| drawing.write(folder, stem)).collect::<Result<Vec<_>, _>>()?;
    Ok(written.concat())
}
