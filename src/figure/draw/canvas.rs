//! Drawing in points on a plotters SVG backend, whose coordinates are whole numbers: 20 units make a point.

use std::sync::LazyLock;

use plotters::{
    backend::SVGBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    element::{Circle, PathElement, Polygon, Rectangle},
    style::{
        Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle, TextStyle, register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};
use ttf_parser::Face;

use super::{
    FigureError,
    geometry::{Area, Place, dashed},
    style::{BLACK, Colour, Marker, Style, WHITE},
};

/// Canvas units in a point.
const UNITS: f64 = 20.0;
/// The family of the shipped font.
pub(super) const FAMILY: &str = "DejaVu Sans";
/// The shipped font, so that a figure looks the same on every machine.
pub(super) const FONT: &[u8] = include_bytes!("font/DejaVuSans.ttf");
/// Line height over em of the shipped font, by which plotters scales it when it measures.
const HEIGHT_OF_EM: f64 = 2384.0 / 2048.0;
/// plotters writes `size / 1.24` as the font size in SVG.
const SIZE_IN_SVG: f64 = 1.24;

/// The side of a text that lies at its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Left,
    Centre,
    Right,
}

/// A drawing in the making; all lengths are in points, y downwards.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl<'a> Canvas<'a> {
    /// Opens a white canvas of `width` × `height` points that is written to `svg`.
    pub(super) fn new(svg: &'a mut String, width: f64, height: f64) -> Result<Self, FigureError> {
        register()?;
        let area = SVGBackend::with_string(svg, (units(width) as u32, units(height) as u32)).into_drawing_area();
        let canvas = Self { area };
        canvas.fill_area(&Area { left: 0.0, top: 0.0, right: width, bottom: height }, WHITE)?;
        Ok(canvas)
    }

    /// Completes the document.
    pub(super) fn finish(self) -> Result<(), FigureError> {
        self.area.present().map_err(FigureError::drawing)
    }

    /// A solid polyline.
    pub(super) fn line(&self, path: &[Place], colour: Colour, width: f64) -> Result<(), FigureError> {
        let mut points: Vec<(i32, i32)> = path.iter().map(|&place| whole(place)).collect();
        points.dedup();
        if points.len() < 2 {
            return Ok(());
        }
        let style = ShapeStyle { color: rgba(colour), filled: false, stroke_width: units(width) as u32 };
        self.area.draw(&PathElement::new(points, style)).map_err(FigureError::drawing)
    }

    /// A polyline in dashes.
    pub(super) fn dashes(&self, path: &[Place], pattern: &[f64], colour: Colour, width: f64) -> Result<(), FigureError> {
        dashed(path, pattern).iter().try_for_each(|dash| self.line(dash, colour, width))
    }

    /// A filled polygon.
    pub(super) fn fill(&self, outline: &[Place], colour: Colour) -> Result<(), FigureError> {
        let points: Vec<(i32, i32)> = outline.iter().map(|&place| whole(place)).collect();
        self.area.draw(&Polygon::new(points, rgba(colour).filled())).map_err(FigureError::drawing)
    }

    /// A filled box.
    pub(super) fn fill_area(&self, area: &Area, colour: Colour) -> Result<(), FigureError> {
        let corners = [whole((area.left, area.top)), whole((area.right, area.bottom))];
        self.area.draw(&Rectangle::new(corners, rgba(colour).filled())).map_err(FigureError::drawing)
    }

    /// The mark of a curve, with a thin white rim that sets it off from lines below.
    pub(super) fn marker(&self, place: Place, style: &Style, radius: f64) -> Result<(), FigureError> {
        [(WHITE, radius + 0.45), (style.colour, radius)]
            .into_iter()
            .try_for_each(|(colour, size)| self.mark(place, style.marker, colour, size))
    }

    /// A mark without a rim.
    pub(super) fn mark(&self, place: Place, marker: Marker, colour: Colour, radius: f64) -> Result<(), FigureError> {
        match marker {
            Marker::Circle => {
                self.area.draw(&Circle::new(whole(place), units(radius), rgba(colour).filled())).map_err(FigureError::drawing)
            }
            Marker::Shape(outline) => {
                let shape: Vec<Place> = outline.iter().map(|(x, y)| (place.0 + x * radius, place.1 + y * radius)).collect();
                self.fill(&shape, colour)
            }
        }
    }

    /// A diagonal cross: here a method diverged.
    pub(super) fn cross(&self, (x, y): Place, colour: Colour, radius: f64) -> Result<(), FigureError> {
        self.line(&[(x - radius, y - radius), (x + radius, y + radius)], colour, 1.3)?;
        self.line(&[(x - radius, y + radius), (x + radius, y - radius)], colour, 1.3)
    }

    /// A text whose base line passes through `place`.
    pub(super) fn text(&self, text: &str, place: Place, size: f64, side: Side, colour: Colour) -> Result<(), FigureError> {
        // Centred text is lowered by half an x-height, which SVG takes as a quarter of the font size.
        self.write(text, (place.0, place.1 - 0.25 * size), size, side, FontTransform::None, colour)
    }

    /// A text that reads upwards, centred at `place`, its base line to the right of it by a third of the size.
    pub(super) fn upward_text(&self, text: &str, place: Place, size: f64) -> Result<(), FigureError> {
        self.write(text, (place.0 + 0.1 * size, place.1), size, Side::Centre, FontTransform::Rotate270, BLACK)
    }

    /// The label of a vertical axis from `top` to `bottom`: a text that reads upwards, smaller than `size` where it would be longer than
    /// the axis.
    pub(super) fn vertical_label(&self, text: &str, left: f64, (top, bottom): (f64, f64), size: f64) -> Result<(), FigureError> {
        let fitting = size * ((bottom - top) / text_width(text, size)?).min(1.0);
        self.upward_text(text, (left, 0.5 * (top + bottom)), fitting)
    }

    fn write(
        &self,
        text: &str,
        place: Place,
        size: f64,
        side: Side,
        turn: FontTransform,
        colour: Colour,
    ) -> Result<(), FigureError> {
        let font = FontDesc::new(FontFamily::Name(FAMILY), units(size * SIZE_IN_SVG).into(), FontStyle::Normal).transform(turn);
        let colour = rgba(colour);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(anchor(side), VPos::Center));
        self.area.draw_text(text, &style, whole(place)).map_err(FigureError::drawing)
    }
}

/// The width of a text `[pt]`.
pub(super) fn text_width(text: &str, size: f64) -> Result<f64, FigureError> {
    register()?;
    let font = FontDesc::new(FontFamily::Name(FAMILY), size * UNITS * HEIGHT_OF_EM, FontStyle::Normal);
    let (width, _) = font.box_size(text).map_err(FigureError::drawing)?;
    Ok(f64::from(width) / UNITS)
}

/// Makes the shipped font known to plotters, once.
fn register() -> Result<(), FigureError> {
    static REGISTERED: LazyLock<bool> = LazyLock::new(|| register_font(FAMILY, FontStyle::Normal, FONT).is_ok());
    if *REGISTERED { Ok(()) } else { Err(FigureError::Drawing("the shipped font cannot be read".into())) }
}

fn rgba(colour: Colour) -> RGBAColor {
    RGBAColor(colour.red, colour.green, colour.blue, colour.opacity)
}

fn anchor(side: Side) -> HPos {
    match side {
        Side::Left => HPos::Left,
        Side::Centre => HPos::Center,
        Side::Right => HPos::Right,
    }
}

fn units(points: f64) -> i32 {
    (points * UNITS).round() as i32
}

fn whole((x, y): Place) -> (i32, i32) {
    (units(x), units(y))
}

/// Why figures show `text` otherwise than it is meant, and what to write instead.
pub(crate) fn unshown(text: &str) -> Option<String> {
    let lacking = lacking(text);
    if !lacking.is_empty() {
        let letters = lacking.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        return Some(format!("the font of figures lacks {letters} and shows boxes; use Latin, Greek or Cyrillic letters"));
    }
    tex(text).map(|tex| format!("figures do not set TeX and show `{tex}` as it is; write letters such as α, ², ≤ or ‖x‖ instead"))
}

/// The characters that the font lacks, each once.
fn lacking(text: &str) -> Vec<char> {
    let Ok(font) = Face::parse(FONT, 0) else { return Vec::new() };
    let mut found = Vec::new();
    for c in text.chars().filter(|&c| font.glyph_index(c).is_none()) {
        if !found.contains(&c) {
            found.push(c);
        }
    }
    found
}

/// The first stretch between two `$` that can only be TeX.
fn tex(text: &str) -> Option<&str> {
    let dollars: Vec<usize> = text.match_indices('$').map(|(at, _)| at).collect();
    let stretches = dollars.windows(2).map(|pair| &text[pair[0]..=pair[1]]);
    stretches.into_iter().find(|stretch| stretch.contains(['\\', '^', '_', '{']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_the_font_lacks_are_named() {
        assert_eq!(lacking("é α ≤ Ж ‖x‖ – 10⁻³"), []);
        assert_eq!(lacking("中文, 中 \u{1D6FC}"), ['中', '文', '\u{1D6FC}']);
    }

    #[test]
    fn tex_is_told_from_prices() {
        assert_eq!(tex("SCAFFOLD ($\\eta$ = 0.1)"), Some("$\\eta$"));
        assert_eq!(tex("$x_i$"), Some("$x_i$"));
        assert_eq!((tex("from $5 to $6"), tex("a_b and c^d")), (None, None));
    }
}
