//! One drawing in three formats: SVG with outlined text, PDF with an embedded font, PNG at 300 dpi.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use super::FigureError;
use super::canvas::{FAMILY, FONT};
use super::stale;

/// Dots per inch that SVG assumes.
const SVG_DPI: f64 = 96.0;
/// Dots per inch of the PNG.
const PNG_DPI: f64 = 300.0;
const MM_PER_INCH: f64 = 25.4;
const POINTS_PER_INCH: f64 = 72.0;

/// A finished drawing.
pub(super) struct Drawing {
    tree: usvg::Tree,
    /// Width and height on the page, as SVG attributes.
    size: String,
}

impl Drawing {
    /// Takes what plotters wrote, for a figure `width` × `height` points.
    pub(super) fn new(raw: &str, width: f64, height: f64) -> Result<Self, FigureError> {
        let millimetres = |points: f64| points / POINTS_PER_INCH * MM_PER_INCH;
        let (head, rest) = raw.split_once("viewBox").ok_or_else(|| FigureError::Drawing("the drawing has no viewBox".into()))?;
        // Sizes are those of the page; round joins keep noisy curves from growing spikes.
        let size = format!("width=\"{:.3}mm\" height=\"{:.3}mm\"", millimetres(width), millimetres(height));
        let start = head.find("<svg").map_or("", |at| &head[..at]);
        let mut options = usvg::Options { font_family: FAMILY.into(), ..usvg::Options::default() };
        Arc::make_mut(&mut options.fontdb).load_font_data(FONT.to_vec());
        let tree = usvg::Tree::from_str(&format!("{start}<svg {size} stroke-linejoin=\"round\" viewBox{rest}"), &options)
            .map_err(FigureError::drawing)?;
        Ok(Self { tree, size })
    }

    /// SVG text; letters are outlines, so that no reader needs the font.
    pub(super) fn svg(&self) -> String {
        let options = usvg::WriteOptions {
            coordinates_precision: 3,
            transforms_precision: 6,
            indent: usvg::Indent::None,
            ..Default::default()
        };
        let written = self.tree.to_string(&options);
        let (width, height) = (self.tree.size().width(), self.tree.size().height());
        // usvg writes the size in pixels of 1/96 inch, which some programs take for points.
        written.replacen(
            &format!("width=\"{width}\" height=\"{height}\""),
            &format!("{} viewBox=\"0 0 {width} {height}\"", self.size),
            1,
        )
    }

    fn png(&self) -> Result<Vec<u8>, FigureError> {
        let scale = (PNG_DPI / SVG_DPI) as f32;
        let size = self.tree.size();
        let pixels = |length: f32| (length * scale).round().max(1.0) as u32;
        let mut image = tiny_skia::Pixmap::new(pixels(size.width()), pixels(size.height()))
            .ok_or_else(|| FigureError::Drawing("the image is too large".into()))?;
        resvg::render(&self.tree, tiny_skia::Transform::from_scale(scale, scale), &mut image.as_mut());
        image.encode_png().map_err(FigureError::drawing)
    }

    fn pdf(&self) -> Result<Vec<u8>, FigureError> {
        let page = svg2pdf::PageOptions { dpi: SVG_DPI as f32 };
        svg2pdf::to_pdf(&self.tree, svg2pdf::ConversionOptions::default(), page).map(ordered).map_err(FigureError::drawing)
    }

    /// Writes `stem.svg`, `stem.pdf` and `stem.png` into `folder`.
    pub(super) fn write(&self, folder: &Path, stem: &str) -> Result<Vec<PathBuf>, FigureError> {
        let forms = [("svg", marked(&self.svg(), stem).into_bytes()), ("pdf", self.pdf()?), ("png", self.png()?)];
        let mut paths = Vec::new();
        for (extension, content) in forms {
            let path = folder.join(format!("{stem}.{extension}"));
            std::fs::write(&path, content).map_err(|source| FigureError::Io { path: path.clone(), source })?;
            paths.push(path);
        }
        Ok(paths)
    }
}

/// The document with a first comment that says which figure it is.
fn marked(svg: &str, stem: &str) -> String {
    svg.replacen('>', &format!(">{}", stale::mark(stem)), 1)
}

/// Sorts neighbouring lines that name references, `/gs1 9 0 R`: svg2pdf writes its resources in the order of a hash map, which
/// differs from run to run. No object moves, since lines change places only with neighbours in the same dictionary.
fn ordered(pdf: Vec<u8>) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = pdf.split(|&b| b == b'\n').collect();
    lines.chunk_by_mut(|a, b| is_reference(a) && is_reference(b)).filter(|chunk| chunk.len() > 1).for_each(<[_]>::sort_unstable);
    lines.join(&b'\n')
}

fn is_reference(line: &[u8]) -> bool {
    let entry = line.trim_ascii_start().strip_prefix(b"/").and_then(|entry| entry.strip_suffix(b" 0 R"));
    entry.is_some_and(|entry| entry.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_neighbouring_references_change_places() {
        let pdf = b"<<\n  /gs2 9 0 R\n  /gs1 12 0 R\n>>\n/Type /Page\n/b 2 0 R\n\xff/a 1 0 R\n";
        assert_eq!(ordered(pdf.to_vec()), b"<<\n  /gs1 12 0 R\n  /gs2 9 0 R\n>>\n/Type /Page\n/b 2 0 R\n\xff/a 1 0 R\n");
    }
}
