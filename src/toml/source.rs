//! The texts that a scenario comes from, and places in them.

use std::ops::Range;

use crate::invalid::floor;

/// One text: the scenario file, or one command-line option that overrides a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name in messages: the path as given, or the option, such as `--set`.
    pub name: String,
    /// Its full text.
    pub text: String,
}

/// All texts of one scenario; a [`Span`] counts into them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns its number.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.0.push(Source { name: name.into(), text: text.into() });
        self.0.len() - 1
    }

    /// The name of the first text: that of the file; empty without one.
    pub fn first(&self) -> &str {
        self.0.first().map_or("", |source| &source.name)
    }

    /// The text that `span` lies in, and the bytes of it that `span` covers, moved to character boundaries.
    pub fn locate(&self, span: Span) -> (&Source, Range<usize>) {
        let source = &self.0[span.source];
        let start = floor(&source.text, span.start);
        (source, start..floor(&source.text, span.end).max(start))
    }

    /// The text that `span` covers.
    pub fn text(&self, span: Span) -> &str {
        let (source, range) = self.locate(span);
        &source.text[range]
    }
}

/// A stretch of one of the [`Sources`], in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Number of the text.
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes `range` of text number `source`.
    pub fn new(source: usize, range: Range<usize>) -> Self {
        Self { source, start: range.start, end: range.end }
    }
}
