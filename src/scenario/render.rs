//! Faults as text, in the manner of rustc.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{
    diagnostic::{Diagnostic, Rejected},
    source::Sources,
};

/// Longest line of a data file that is shown [characters].
const LINE: usize = 120;

/// All faults and, if there are several, a last line that counts them.
pub(super) fn render(rejected: &Rejected, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for fault in &rejected.faults {
        let line = fault.file.as_ref().and_then(|(path, line)| line_of(path, (*line)?));
        text += &renderer.render(&[group(fault, &rejected.sources, line.as_deref())]);
        text += "\n\n";
    }
    if rejected.faults.len() == 1 {
        text.truncate(text.trim_end().len());
        return text + "\n";
    }
    let count = format!("{} errors in all", rejected.faults.len());
    text + &renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]) + "\n"
}

fn group<'a>(fault: &'a Diagnostic, sources: &'a Sources, data: Option<&'a str>) -> Group<'a> {
    let mut group = Group::with_title(Level::ERROR.primary_title(fault.title.as_str()));
    if let Some((path, line)) = &fault.file {
        let name = path.display().to_string();
        group = match (data, line) {
            (Some(text), Some(line)) => {
                let all =
                    AnnotationKind::Primary.span(0..text.len()).label((!fault.label.is_empty()).then_some(fault.label.as_str()));
                group.element(Snippet::source(text).line_start(*line).path(name).annotation(all))
            }
            (None, Some(line)) => group.element(Origin::path(name).line(*line)),
            (_, None) => group.element(Origin::path(name)),
        };
    }
    if let Some(span) = fault.span {
        let (source, range) = sources.locate(span);
        let label = if fault.file.is_some() { "named here" } else { &fault.label };
        let kind = if fault.file.is_some() { AnnotationKind::Context } else { AnnotationKind::Primary };
        let mark = kind.span(range).label((!label.is_empty()).then_some(label));
        group = group.element(Snippet::source(source.text.as_str()).path(source.name.as_str()).annotation(mark));
    }
    // Without marked text there is nothing for the label to stand under.
    let unmarked = data.is_none() && (fault.span.is_none() || fault.file.is_some());
    let below = (unmarked && !fault.label.is_empty()).then(|| Level::NOTE.message(fault.label.as_str()));
    let notes = fault.notes.iter().map(|note| Level::NOTE.message(note.as_str()));
    let help = fault.help.iter().map(|help| Level::HELP.message(help.as_str()));
    group.elements(below.into_iter().chain(notes).chain(help))
}

/// Line `number` (from 1) of a text file, cut to a readable length; `None` for files that are not text.
fn line_of(path: &Path, number: usize) -> Option<String> {
    let file = BufReader::new(File::open(path).ok()?);
    let line = file.lines().nth(number.checked_sub(1)?)?.ok()?;
    if line.chars().any(char::is_control) && !line.contains('\t') {
        return None;
    }
    Some(if line.chars().count() > LINE { line.chars().take(LINE).chain(['…']).collect() } else { line })
}
