//! Faults of a scenario, each with its place and the names that were probably meant, and how they are shown: in the manner of rustc.

use std::{borrow::Cow, fmt};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{
    node::Node,
    source::{Sources, Span},
};
use crate::invalid::{InFile, Invalid, printable};

/// Longest list of valid names that is written under the marked text [characters]; longer ones go below.
const SHORT: usize = 72;

/// One fault of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The fault in one line.
    pub title: String,
    /// The text at fault.
    pub span: Option<Span>,
    /// The words under the marked text: usually the expected values.
    pub label: String,
    /// The remedies.
    pub help: Vec<String>,
    /// Further facts.
    pub notes: Vec<String>,
    /// The place of the fault in a data file, where it is not in the scenario itself.
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

    /// Sets the words under the marked text.
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

/// Most faults that are shown; those of further ones are alike, or follow from them.
const SHOWN: usize = 30;

/// All faults of a text, with the texts that they point into.
///
/// `Display` renders them without colours; [`render`](Self::render) can add colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The texts.
    pub sources: Sources,
    /// The faults, in the order of the file. Never empty.
    pub faults: Vec<Diagnostic>,
}

impl Rejected {
    /// The faults in the order of their places, each only once.
    pub fn new(sources: Sources, mut faults: Vec<Diagnostic>) -> Self {
        faults.sort_by_key(|fault| fault.span);
        let mut kept: Vec<Diagnostic> = Vec::with_capacity(faults.len());
        for fault in faults {
            // The same fault has the same place.
            if !kept.iter().rev().take_while(|earlier| earlier.span == fault.span).any(|earlier| *earlier == fault) {
                kept.push(fault);
            }
        }
        Self { sources, faults: kept }
    }

    /// All faults as text, with terminal colours if `colour`.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for fault in self.faults.iter().take(SHOWN) {
            text += &without_empty_starts(&renderer.render(&[group(fault, &self.sources)]));
            text += "\n\n";
        }
        if self.faults.len() == 1 {
            text.truncate(text.trim_end().len());
            return text + "\n";
        }
        let hidden = self.faults.len().saturating_sub(SHOWN);
        let more = if hidden > 0 { format!(", of which {hidden} are not shown") } else { String::new() };
        let count = format!("{} errors in all{more}", self.faults.len());
        text + &renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]) + "\n"
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Rejected {}

fn group<'a>(fault: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let mut group = Group::with_title(Level::ERROR.primary_title(printable(&fault.title)));
    let label = (!fault.label.is_empty()).then(|| printable(&fault.label));
    if let Some(file) = &fault.file {
        group = in_file(group, file, label.clone());
    }
    if let Some(span) = fault.span {
        let (source, range) = sources.locate(span);
        let mark = if fault.file.is_some() {
            AnnotationKind::Context.span(range).label("named here")
        } else {
            AnnotationKind::Primary.span(range).label(label.clone())
        };
        group = group.element(Snippet::source(source.text.as_str()).path(printable(&source.name)).annotation(mark));
    }
    // Without marked text there is no place for the label.
    let unmarked = fault.file.as_ref().map_or(fault.span.is_none(), |file| file.spot.is_none());
    let below = label.filter(|_| unmarked).map(|label| Level::NOTE.message(label));
    let notes = fault.notes.iter().map(|note| Level::NOTE.message(printable(note)));
    let help = fault.help.iter().map(|help| Level::HELP.message(printable(help)));
    group.elements(below.into_iter().chain(notes).chain(help))
}

/// Adds the place in a data file.
fn in_file<'a>(group: Group<'a>, file: &'a InFile, label: Option<Cow<'a, str>>) -> Group<'a> {
    let name = printable(&file.path.display().to_string()).into_owned();
    let Some(spot) = &file.spot else { return group.element(Origin::path(name)) };
    let mark = AnnotationKind::Primary.span(spot.marked.clone()).label(label);
    let snippet = Snippet::source(spot.excerpt.as_str()).line_start(spot.line).annotation(mark);
    if spot.is_cut_before() {
        // The column is not that of the excerpt.
        group.element(Origin::path(name).line(spot.line).char_column(spot.column)).element(snippet)
    } else {
        group.element(snippet.path(name))
    }
}

/// Takes out the empty line `:::` with which the renderer begins a text that has its path told apart.
fn without_empty_starts(text: &str) -> String {
    let is_empty = |line: &&str| line.trim_end().trim_end_matches("\u{1b}[0m").trim_end().ends_with(":::");
    text.split_inclusive('\n').filter(|line| !is_empty(line)).collect()
}

/// Common other names of what scenarios call by one name.
const OTHERWISE: [(&str, &str); 32] = [
    ("adagrad", "fedadagrad"),
    ("adam", "adamw"),
    ("async", "every-arrival"),
    ("asynchronous", "every-arrival"),
    ("batch-size", "batch"),
    ("classification", "softmax"),
    ("cross-entropy", "softmax"),
    ("eta", "lr"),
    ("learning-rate", "lr"),
    ("linear-regression", "least-squares"),
    ("logistic-regression", "logistic"),
    ("lr-schedule", "lr"),
    ("mean-squared-error", "least-squares"),
    ("mse", "least-squares"),
    ("multinomial", "softmax"),
    ("network", "mlp"),
    ("neural-network", "mlp"),
    ("nn", "mlp"),
    ("num-clients", "clients"),
    ("perceptron", "mlp"),
    ("quantization", "qsgd"),
    ("ridge", "least-squares"),
    ("ridge-regression", "least-squares"),
    ("semi-async", "buffered"),
    ("served", "federated"),
    ("server-client", "federated"),
    ("sparsification", "top-k"),
    ("step-size", "lr"),
    ("stepsize", "lr"),
    ("sync", "rounds"),
    ("synchronous", "rounds"),
    ("weight-decay", "l2"),
];

/// The valid name for `found`, a common other name, or else the nearest, if one is near enough to be a slip of it.
pub fn nearest<'a, S: AsRef<str>>(found: &str, valid: &'a [S]) -> Option<&'a str> {
    let wanted = plain(found);
    let otherwise = OTHERWISE.iter().find(|(name, _)| *name == wanted).map(|(_, ours)| *ours);
    if let Some(ours) = valid.iter().map(AsRef::as_ref).find(|name| Some(*name) == otherwise) {
        return Some(ours);
    }
    let close = |name: &str| {
        let name = plain(name);
        let distance = strsim::damerau_levenshtein(&wanted, &name);
        let contains = wanted.len() >= 3 && name.len() >= 3 && (name.contains(&wanted) || wanted.contains(&name));
        let longest = wanted.chars().count().max(name.chars().count());
        (3 * distance <= longest + 1 || contains).then_some(distance)
    };
    valid.iter().map(AsRef::as_ref).filter_map(|name| close(name).map(|distance| (distance, name))).min().map(|(_, name)| name)
}

/// `` `a`, `b` or `c` ``.
pub fn listed<S: AsRef<str>>(valid: &[S]) -> String {
    let quoted: Vec<String> = valid.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A name without case and with one kind of dash.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_other_spellings_only() {
        let valid = ["batch", "lr", "steps", "random-regular"];
        assert_eq!(nearest("stpes", &valid), Some("steps"));
        assert_eq!(nearest("Batch_size", &valid), Some("batch"));
        assert_eq!(nearest("random_regular", &valid), Some("random-regular"));
        assert_eq!(nearest("momentum", &valid), None);
        assert_eq!(nearest("", &valid), None);
    }

    #[test]
    fn other_names_lead_to_the_one_used_here() {
        assert_eq!(nearest("ridge", &["quadratic", "least-squares", "logistic"]), Some("least-squares"));
        assert_eq!(nearest("Learning_Rate", &["steps", "lr"]), Some("lr"));
        assert_eq!(nearest("async", &["rounds", "every-arrival"]), Some("every-arrival"));
        // Only where it is valid.
        assert_eq!(nearest("async", &["rounds"]), None);
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["x"; 40]).matches("`x`").count(), 40);
    }
}
