//! Text in CSV tables that a spreadsheet would run as a formula.
//!
//! A field of text that begins with `=`, `+`, `-` or `@` is written with an apostrophe in front, as a spreadsheet marks plain text
//! itself. Numbers stay as they are. What a program reads back is the text without the apostrophe.

use std::borrow::Cow;

/// What a formula begins with, spaces that spreadsheets skip included.
const FIRST: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether `text`, after any apostrophes, begins like a formula and is no number.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FIRST) && text.parse::<f64>().is_err()
}

/// Whether a spreadsheet would take `text` for a formula.
pub fn begins(text: &str) -> bool {
    text.starts_with(FIRST)
}

/// `text` as a field that no spreadsheet runs.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// The text that was [guarded] as this field.
pub fn bare(field: &str) -> &str {
    field.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_come_back() {
        for (text, field) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-lr", "'-lr"),
            ("'=x", "''=x"),
            ("-0.5", "-0.5"),
            ("+1e-3", "+1e-3"),
            ("'tis", "'tis"),
            ("FedAvg", "FedAvg"),
            ("", ""),
        ] {
            assert_eq!((guarded(text).as_ref(), bare(&guarded(text))), (field, text));
        }
    }
}
