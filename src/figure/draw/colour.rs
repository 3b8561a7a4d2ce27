//! Colours of a drawing.

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
