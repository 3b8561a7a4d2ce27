//! What is wrong with a scenario, with the place that messages point at.

use super::{
    names::{listed, nearest},
    node::Node,
    source::Span,
};
use crate::invalid::{InFile, Invalid};

/// Longest list of valid names that stands under the marked text [characters]; longer ones go below.
const SHORT: usize = 72;

/// One fault of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in one line.
    pub title: String,
    /// The text at fault.
    pub span: Option<Span>,
    /// What stands under the marked text: usually what was expected.
    pub label: String,
    /// The remedies.
    pub help: Vec<String>,
    /// Further facts.
    pub notes: Vec<String>,
    /// Where in a data file the fault lies, where it is not in the scenario itself.
    pub file: Option<Box<InFile>>,
    /// The path of a key that is unknown where it stands, and a slip of none that is known there.
    pub unknown_key: Option<String>,
}

impl Diagnostic {
    /// A fault at `span`.
    pub fn at(span: Span, title: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::new(title) }
    }

    /// A fault that has no place in a text.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            span: None,
            label: String::new(),
            help: Vec::new(),
            notes: Vec::new(),
            file: None,
            unknown_key: None,
        }
    }

    /// Sets what stands under the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Says what would have been valid: under the marked text if it is short, below otherwise.
    #[must_use]
    pub fn expected(self, expected: &str) -> Self {
        let text = format!("expected {expected}");
        if text.chars().count() <= SHORT { self.label(text) } else { self.note(text) }
    }

    /// Says which names would have been `valid`, and which of them `found` was probably meant to be.
    #[must_use]
    pub fn suggest<S: AsRef<str>>(self, found: &str, valid: &[S]) -> Self {
        let fault = self.expected(&listed(valid));
        match nearest(found, valid) {
            Some(name) => fault.help(format!("did you mean `{name}`?")),
            None => fault,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// A fault found by a check of a part of the scenario: `part` is the tree the path of `invalid` starts at.
    ///
    /// A key that the path names but the file leaves to its default is pointed at through the nearest table around it.
    pub fn from_invalid(invalid: Invalid, part: &Node) -> Self {
        Self::within(invalid, part, "")
    }

    /// The same where the tree is at `place`, a path from the root of the scenario.
    pub fn within(invalid: Invalid, part: &Node, place: &str) -> Self {
        let (span, depth) = part.nearest(&invalid.path);
        // A choice may be named without its parameters, as in `topology = "torus"`.
        let is_choice = |key: &String| part.descend(&invalid.path[..depth]).and_then(Node::as_str) == Some(key);
        let missing = invalid.path.iter().skip(depth).find(|key| !is_choice(key));
        let default = missing.map(|key| format!("`{key}` is not given here and has its default"));
        let keys = [place].into_iter().chain(invalid.path.iter().map(String::as_str));
        let place = keys.filter(|key| !key.is_empty()).collect::<Vec<_>>().join(".");
        let mut fault = Self { span: Some(span), ..Self::unplaced(invalid) };
        if fault.title.ends_with(" is out of range") && !place.is_empty() {
            fault.title += &format!(" for `{place}`");
        }
        fault.notes.extend(default);
        fault
    }

    /// A fault of something that no scenario names, such as a file of results.
    pub fn unplaced(invalid: Invalid) -> Self {
        let fault = match invalid.message.rsplit_once(": expected ") {
            Some((title, expected)) => Self::new(title).expected(expected),
            None => Self::new(invalid.message),
        };
        Self { help: invalid.help.into_iter().collect(), file: invalid.file, ..fault }
    }
}
