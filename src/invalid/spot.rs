//! A place in the text of a data file.

use std::ops::Range;

/// Longest line that is shown whole [bytes].
const LINE: usize = 120;
/// What is shown of a longer line on both sides of the fault [bytes].
const MARGIN: usize = 40;

/// A stretch of one line, with as much of the line as a message can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The first character in it, from 1.
    pub column: usize,
    /// The line, or what of it stands near the fault.
    pub excerpt: String,
    /// The bytes of `excerpt` at fault.
    pub marked: Range<usize>,
}

impl Spot {
    /// The bytes `range` of `text`, as far as their first line goes.
    pub fn of(text: &str, range: Range<usize>) -> Self {
        let start = floor(text, range.start);
        let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[begin..end].trim_end_matches('\r');
        let first = (start - begin).min(line.len());
        let marked = first..floor(line, range.end.saturating_sub(begin)).max(first);
        Self {
            line: 1 + text[..begin].matches('\n').count(),
            column: 1 + line[..first].chars().count(),
            ..Self::cut(line, marked)
        }
    }

    /// The marked text.
    pub fn text(&self) -> &str {
        &self.excerpt[self.marked.clone()]
    }

    /// Whether the excerpt begins after the line.
    pub fn is_cut_before(&self) -> bool {
        self.column != 1 + self.excerpt[..self.marked.start].chars().count()
    }

    /// `line` cut to a readable length around what is marked.
    fn cut(line: &str, marked: Range<usize>) -> Self {
        if line.len() <= LINE {
            return Self { line: 1, column: 1, excerpt: line.to_owned(), marked };
        }
        let shown = floor(line, marked.end.min(marked.start + LINE - 2 * MARGIN));
        let from = if marked.start <= MARGIN { 0 } else { floor(line, marked.start - MARGIN) };
        let to = floor(line, shown + MARGIN);
        let before = if from > 0 { "…" } else { "" };
        let after = if to < line.len() { "…" } else { "" };
        let place = |at: usize| before.len() + at - from;
        let excerpt = format!("{before}{}{after}", &line[from..to]);
        Self { line: 1, column: 1, excerpt, marked: place(marked.start)..place(shown.max(marked.start)) }
    }
}

/// The last character boundary of `text` that is not after `index`.
pub(crate) fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(text: &str, part: &str) -> Spot {
        let start = text.find(part).unwrap();
        Spot::of(text, start..start + part.len())
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let found = spot("1,2\r\n3,é,x\r\n4", "x");
        assert_eq!((found.line, found.column, found.excerpt.as_str(), found.text()), (2, 5, "3,é,x", "x"));
        let end = Spot::of("a\nbc", 4..4);
        assert_eq!((end.line, end.column, end.text()), (2, 3, ""));
    }

    #[test]
    fn what_goes_over_lines_is_marked_to_the_end_of_the_first() {
        assert_eq!(spot("a [1,\n2]", "[1,\n2]").text(), "[1,");
    }

    #[test]
    fn long_lines_are_cut_on_both_sides() {
        let text = format!("{}here{}", "é".repeat(300), "b".repeat(300));
        let found = spot(&text, "here");
        assert_eq!((found.column, found.text(), found.is_cut_before()), (301, "here", true));
        assert!(found.excerpt.starts_with("…é") && found.excerpt.ends_with("b…") && found.excerpt.len() < LINE);
        let long = spot(&"c".repeat(300), &"c".repeat(300));
        assert_eq!((long.marked.len(), long.excerpt.chars().count(), long.is_cut_before()), (40, 81, false));
    }
}
