//! The page that all figures with axes share: its units, and the room around panels.

/// Points in a millimetre.
pub(super) const POINTS_PER_MM: f64 = 72.0 / 25.4;
/// Space at the edges `[pt]`.
pub(super) const EDGE: f64 = 4.0;
/// Space for the tick labels below a panel, and for the label of the axis below them `[pt]`.
pub(super) const TICK_ROOM: f64 = 13.0;
pub(super) const LABEL_ROOM: f64 = 12.0;
/// From this width on a figure has room for several panels in a row, or for a legend beside its one panel `[mm]`.
pub(super) const BROAD: f64 = 120.0;
