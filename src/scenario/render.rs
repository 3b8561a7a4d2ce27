//! Faults as text, in the manner of rustc.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{
    diagnostic::{Diagnostic, Rejected},
    source::Sources,
};
use crate::invalid::{InFile, printable};

/// All faults and, if there are several, a last line that counts them.
pub(super) fn render(rejected: &Rejected, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for fault in &rejected.faults {
        text += &without_empty_starts(&renderer.render(&[group(fault, &rejected.sources)]));
        text += "\n\n";
    }
    if rejected.faults.len() == 1 {
        text.truncate(text.trim_end().len());
        return text + "\n";
    }
    let count = format!("{} errors in all", rejected.faults.len());
    text + &renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]) + "\n"
}

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
