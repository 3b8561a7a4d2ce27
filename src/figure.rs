//! Figures from recorded curves: what a scenario asks for, and the drawing of it.
//!
//! Drawing needs the cargo feature `figure`. Without it a scenario's figures are still read and checked, and a run leaves its
//! curves for a later `fedfleet plot`.

#[cfg(feature = "figure")]
mod draw;
mod spec;

#[cfg(feature = "figure")]
pub(crate) use draw::unshown;
#[cfg(feature = "figure")]
pub use draw::{FigureError, defaults, draw_all, draw_forest, draw_rankings, drew, foreseen, remove_others};
pub use spec::{Band, FigureSpec, Kind, Model, ReferenceLine, ScaleKind, Width, distinct};
