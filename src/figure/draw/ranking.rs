//! Figures of rankings: the critical-difference diagram, the duels of all pairs, performance profiles.

mod diagram;
mod duels;
mod profile;

use std::path::{Path, PathBuf};

use super::{FigureError, export};
use crate::{
    rank::{Duels, Friedman, Measured, Pool},
    statistics::Profile,
};

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
    export::write_new(folder, &drawings)
}
