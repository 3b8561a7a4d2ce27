//! All faults of a text, and how they are shown: in the manner of rustc.

use std::{borrow::Cow, fmt};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{diagnostic::Diagnostic, source::Sources};
use crate::invalid::{InFile, printable};

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
    // Without marked text there is nothing for the label to stand under.
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
