//! PNG files that state their density, so that a page shows them at their size, and which figure they are.

use std::{fs::File, io::BufReader, path::Path};

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, EncodingError, Filter, PixelDimensions, Unit};
use resvg::tiny_skia::Pixmap;

const METRES_PER_INCH: f64 = 0.0254;
/// The keyword of the text that says which figure a file is.
const KEYWORD: &str = "Comment";

/// `image` on white as a PNG of `dpi` dots per inch that bears the text `mark`.
pub(super) fn encode(image: &Pixmap, dpi: f64, mark: String) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    // Curves on white shrink to a fraction of what faster settings leave.
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::Adaptive);
    let density = (dpi / METRES_PER_INCH).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: density, yppu: density, unit: Unit::Meter }));
    encoder.add_itxt_chunk(KEYWORD.to_owned(), mark)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&on_white(image))?;
    writer.finish()?;
    Ok(bytes)
}

/// Red, green and blue of every pixel, row by row.
fn on_white(image: &Pixmap) -> Vec<u8> {
    let shown = |channel: u8, alpha: u8| channel + (u8::MAX - alpha);
    let pixels = image.pixels().iter();
    pixels.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()].map(|channel| shown(channel, pixel.alpha()))).collect()
}

/// The text that [`encode`] put into the file at `path`; `None` for other files.
pub(super) fn mark(path: &Path) -> Option<String> {
    let reader = Decoder::new(BufReader::new(File::open(path).ok()?)).read_info().ok()?;
    let text = reader.info().utf8_text.iter().find(|text| text.keyword == KEYWORD)?;
    text.get_text().ok()
}
