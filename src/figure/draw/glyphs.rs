//! What figures cannot show as it is written: letters that their font lacks, and TeX.

use ttf_parser::Face;

use super::canvas::FONT;

/// Why figures show `text` otherwise than it is meant, and what to write instead.
pub(crate) fn unshown(text: &str) -> Option<String> {
    let lacking = lacking(text);
    if !lacking.is_empty() {
        let letters = lacking.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        return Some(format!("the figures' font has no {letters} and shows boxes; write Latin, Greek or Cyrillic letters"));
    }
    tex(text).map(|tex| format!("figures do not set TeX and show `{tex}` as it is; write letters such as α, ², ≤ or ‖x‖ instead"))
}

/// The letters that the font lacks, each once.
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
