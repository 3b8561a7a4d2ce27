//! One drawing in three formats: SVG with outlined text, PDF with an embedded font, PNG at 300 dpi.
//!
//! SVG and PNG say which figure they are, so that files of others are never replaced or removed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use krilla::{Document, geom::Size, page::PageSettings};
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::{tiny_skia, usvg};

use super::{
    FigureError,
    canvas::{FAMILY, FONT},
    raster,
};
use crate::{file::bounded, memory};

/// Dots per inch that SVG assumes.
const SVG_DPI: f64 = 96.0;
/// Dots per inch of the PNG.
const PNG_DPI: f64 = 300.0;
const MM_PER_INCH: f64 = 25.4;
const POINTS_PER_INCH: f64 = 72.0;
/// The extensions of a figure's files.
pub(super) const FORMS: [&str; 3] = ["svg", "pdf", "png"];

/// A finished drawing.
pub(super) struct Drawing {
    tree: usvg::Tree,
    /// Width and height on the page, as SVG attributes.
    size: String,
}

impl Drawing {
    /// Takes what the canvas wrote, for a figure `width` × `height` points.
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

    fn png(&self, stem: &str) -> Result<Vec<u8>, FigureError> {
        let scale = (PNG_DPI / SVG_DPI) as f32;
        let size = self.tree.size();
        let pixels = |length: f32| (length * scale).round().max(1.0) as u32;
        let mut image = tiny_skia::Pixmap::new(pixels(size.width()), pixels(size.height()))
            .ok_or_else(|| FigureError::Drawing("the image is too large".into()))?;
        resvg::render(&self.tree, tiny_skia::Transform::from_scale(scale, scale), &mut image.as_mut());
        raster::encode(&image, PNG_DPI, mark(stem)).map_err(FigureError::drawing)
    }

    fn pdf(&self) -> Result<Vec<u8>, FigureError> {
        let too_small = || FigureError::Drawing("the page has no area".into());
        let points = |length: f32| length * (POINTS_PER_INCH / SVG_DPI) as f32;
        let size = Size::from_wh(points(self.tree.size().width()), points(self.tree.size().height())).ok_or_else(too_small)?;
        let mut document = Document::new();
        let mut page = document.start_page_with(PageSettings::new(size));
        let mut surface = page.surface();
        surface.draw_svg(&self.tree, size, SvgSettings::default()).ok_or_else(too_small)?;
        surface.finish();
        page.finish();
        document.finish().map_err(|error| FigureError::Drawing(format!("{error:?}")))
    }

    /// Writes `stem.svg`, `stem.pdf` and `stem.png` into `folder`.
    pub(super) fn write(&self, folder: &Path, stem: &str) -> Result<Vec<PathBuf>, FigureError> {
        let forms = [("svg", marked(&self.svg(), stem).into_bytes()), ("pdf", self.pdf()?), ("png", self.png(stem)?)];
        let mut paths = Vec::new();
        for (extension, content) in forms {
            let path = folder.join(format!("{stem}.{extension}"));
            std::fs::write(&path, content).map_err(|source| FigureError::Io { path: path.clone(), source })?;
            paths.push(path);
        }
        Ok(paths)
    }
}

/// Writes the three forms of each of the `drawings` into `folder`, which may be new, and lists the files.
///
/// # Errors
/// [`FigureError::Foreign`], before anything is written, if a file is there that this program did not draw.
pub(super) fn write_new(folder: &Path, drawings: &[(&str, Drawing)]) -> Result<Vec<PathBuf>, FigureError> {
    let files = |stem: &str| FORMS.map(|form| folder.join(format!("{stem}.{form}")));
    let foreign = |path: &PathBuf| path.exists() && !is_ours(path);
    if let Some(path) = drawings.iter().flat_map(|(stem, _)| files(stem)).find(foreign) {
        return Err(FigureError::Foreign(path));
    }
    std::fs::create_dir_all(folder).map_err(|source| FigureError::Io { path: folder.to_owned(), source })?;
    let written = drawings.iter().map(|(stem, drawing)| drawing.write(folder, stem)).collect::<Result<Vec<_>, _>>()?;
    Ok(written.concat())
}

/// The document with a first comment that says which figure it is.
fn marked(svg: &str, stem: &str) -> String {
    svg.replacen('>', &format!("><!-- {} -->", mark(stem)), 1)
}

/// The words that name the figure `stem` within its files.
pub(super) fn mark(stem: &str) -> String {
    // Two dashes would end a comment in SVG.
    format!("fedfleet figure {}", stem.replace("--", "-"))
}

/// Whether the file at `path` is a form of the figure of that name that this program drew: SVG and PNG say so themselves; for a PDF, and for
/// an image that names no figure, one of the others beside it does.
pub(super) fn is_ours(path: &Path) -> bool {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return false };
    let svg = || {
        let text = bounded::read_text(&path.with_extension("svg"), memory::available());
        text.is_ok_and(|text| text.contains(&format!("<!-- {} -->", mark(stem))))
    };
    let image = raster::mark(&path.with_extension("png")).map(|found| found == mark(stem));
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => svg(),
        Some("png") => image.unwrap_or_else(svg),
        _ => image == Some(true) || svg(),
    }
}

/// Removes the three forms of every figure in `folder` that this program drew and that is not among `drawn`.
pub(super) fn remove(folder: &Path, drawn: &[PathBuf]) -> Result<(), FigureError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| FigureError::Io { path, source }
    };
    let is_form = |path: &Path| path.extension().is_some_and(|extension| FORMS.iter().any(|form| extension == *form));
    let mut others = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        if is_form(&path) && path.is_file() && !drawn.contains(&path) && is_ours(&path) {
            others.push(path);
        }
    }
    others.iter().try_for_each(|path| std::fs::remove_file(path).map_err(io(path)))
}
