//! The looks of curves: colours, which alone suffice for twelve methods, and dashes and markers, each enough for eight.

/// Okabe and Ito's colours, safe for colour-blind readers, their yellow, too pale for a line on white, a grey here; then four of
/// Tol's muted scheme, which differs from them in lightness.
pub(super) const COLOURS: [Colour; 12] = [
    Colour::solid(0x00, 0x72, 0xB2),
    Colour::solid(0xD5, 0x5E, 0x00),
    Colour::solid(0x00, 0x9E, 0x73),
    Colour::solid(0xCC, 0x79, 0xA7),
    Colour::solid(0xE6, 0x9F, 0x00),
    Colour::solid(0x56, 0xB4, 0xE9),
    Colour::solid(0x00, 0x00, 0x00),
    Colour::solid(0x77, 0x77, 0x77),
    Colour::solid(0x88, 0x22, 0x55),
    Colour::solid(0x99, 0x99, 0x33),
    Colour::solid(0x33, 0x22, 0x88),
    Colour::solid(0x44, 0xAA, 0x99),
];

/// Lengths of dashes and gaps in turn `[pt]`; empty for a solid line.
const DASHES: [&[f64]; 8] = [
    &[],
    &[5.0, 2.0],
    &[1.4, 1.4],
    &[6.0, 1.6, 1.4, 1.6],
    &[7.0, 2.6],
    &[2.8, 1.2],
    &[6.0, 1.4, 1.4, 1.4, 1.4, 1.4],
    &[1.4, 2.8],
];

/// Dashes of a reference line `[pt]`.
pub(super) const REFERENCE_DASH: [f64; 2] = [3.0, 1.5];
/// Width of a reference line `[pt]`.
pub(super) const REFERENCE_WIDTH: f64 = 0.8;

/// The shape of the sparse marks on a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Marker {
    /// A disc.
    Circle,
    /// A regular polygon or star, by its outline.
    Shape(&'static [(f64, f64)]),
}

/// Outlines in units of the marker's radius, y downwards.
const MARKERS: [Marker; 8] = [
    Marker::Circle,
    Marker::Shape(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
    Marker::Shape(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
    Marker::Shape(&[(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]),
    Marker::Shape(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
    Marker::Shape(&[
        (-0.4, -1.2),
        (0.4, -1.2),
        (0.4, -0.4),
        (1.2, -0.4),
        (1.2, 0.4),
        (0.4, 0.4),
        (0.4, 1.2),
        (-0.4, 1.2),
        (-0.4, 0.4),
        (-1.2, 0.4),
        (-1.2, -0.4),
        (-0.4, -0.4),
    ]),
    Marker::Shape(&[(0.0, -1.2), (1.14, -0.37), (0.71, 0.97), (-0.71, 0.97), (-1.14, -0.37)]),
    Marker::Shape(&[(-1.2, 0.0), (-0.6, -1.04), (0.6, -1.04), (1.2, 0.0), (0.6, 1.04), (-0.6, 1.04)]),
];

/// The look of one curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) colour: Colour,
    pub(super) dash: &'static [f64],
    pub(super) marker: Marker,
}

impl Style {
    /// The look of the method in position `index`; from the ninth on, dashes and markers return in other pairs.
    pub(super) fn of(index: usize) -> Self {
        let turn = index / DASHES.len();
        Self {
            colour: COLOURS[index % COLOURS.len()],
            dash: DASHES[(index + 3 * turn) % DASHES.len()],
            marker: MARKERS[(index + 5 * turn) % MARKERS.len()],
        }
    }
}

/// Sizes of text `[pt]`.
pub(super) const TICK_SIZE: f64 = 7.0;
pub(super) const LABEL_SIZE: f64 = 8.0;

/// A colour in sRGB, and how much it covers of what lies below [1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colour {
    pub(super) red: u8,
    pub(super) green: u8,
    pub(super) blue: u8,
    pub(super) opacity: f64,
}

pub(super) const BLACK: Colour = Colour::solid(0, 0, 0);
pub(super) const WHITE: Colour = Colour::solid(255, 255, 255);
pub(super) const GREY: Colour = Colour::solid(0x55, 0x55, 0x55);
pub(super) const PALE: Colour = Colour::solid(0xDD, 0xDD, 0xDD);

impl Colour {
    /// A colour that hides what lies below.
    pub(super) const fn solid(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue, opacity: 1.0 }
    }

    /// The same colour, through which what lies below shows.
    pub(super) const fn faint(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }
}
