//! A page about a folder of results: what was found of each paper, claims with their intervals, figures, and how to repeat it.

mod exhibit;
mod tally;

use std::fmt::Write;

use super::{
    claim::{Answer, Kind, Row, ranged},
    markdown,
    spread::Bracket,
    table::bare,
};

pub use exhibit::{Exhibit, exhibits};
pub use tally::Tally;

/// The start of the page.
const HEAD: &str = "\
# Results

Each folder holds what `fedfleet run` made of one scenario: `curves.csv`, `runs.csv`, `summary.csv`, `claims.csv`,
`figures/`, and `manifest.toml`, which gives the same bytes when it is run. `fedfleet gallery` writes this page.

A claim is judged by its effect in each seed, of which all methods meet the same world. It holds (●) where the 95 % interval keeps
what is required, is refuted (⊗) where the interval breaks it, and is undecided (○) where the interval crosses the threshold. Only
*findings*, which a paper observed in its experiments, count as reproduction. Identities and theorems check the program, and own claims
are in no paper. *Against the paper* is the median of measured effects over those that the paper reports.
";

/// The words by which a page is known again.
const MARK: &str = "`fedfleet gallery` writes this page.";

/// The name of the figure of all claims, without its extension.
pub const FOREST: &str = "forest";

/// Width of the main figure of a scenario, and of the others [px].
const MAIN: u32 = 640;
const OTHER: u32 = 270;

/// Kinds of claims that check the program.
const CHECKS: [Kind; 2] = [Kind::Identity, Kind::Theorem];

/// Whether `bytes` are a page that was made here.
pub fn is_page(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(MARK)
}

/// The page, in Markdown; with the figure of all claims, if it is `drawn`.
pub fn page(exhibits: &[Exhibit], drawn: bool) -> String {
    let mut text = format!("{HEAD}\n");
    text += "| scenario | paper | findings | | against the paper | checks | own | seeds |\n| --- | --- | --- | --- | ---: | ---: | ---: | ---: |\n";
    exhibits.iter().for_each(|exhibit| text += &line(exhibit));
    if drawn {
        let caption = "Ratios of all findings with their intervals, the thresholds of the claims, and the ratios of the papers";
        let _ = write!(text, "\n![{caption}]({FOREST}.png)\n\n*{caption}.*\n");
    }
    exhibits.iter().for_each(|exhibit| text += &section(exhibit));
    text
}

/// The line of a scenario in the first table.
fn line(exhibit: &Exhibit) -> String {
    let Exhibit { folder, title, paper, claims, .. } = exhibit;
    let tally = |kinds: &[Kind]| {
        let tally = Tally::of(claims, kinds);
        if tally.total() == 0 { String::new() } else { format!("{} of {}", tally.found, tally.total()) }
    };
    let findings = Tally::of(claims, &[Kind::Finding]);
    let words = if findings.total() == 0 { String::new() } else { findings.text("found") };
    let cite = paper.as_ref().map_or_else(String::new, |paper| markdown::text(&paper.cite));
    let [checks, own] = [tally(&CHECKS), tally(&[Kind::Own])];
    let against = tally::against_paper(claims).unwrap_or_default();
    let (title, folder) = (markdown::text(title), markdown::link(folder));
    format!(
        "| [{title}]({folder}/) | {cite} | {} | {words} | {against} | {checks} | {own} | {} |\n",
        findings.marks(),
        tally::seeds(claims)
    )
}

fn section(exhibit: &Exhibit) -> String {
    let Exhibit { folder, title, paper, claims, .. } = exhibit;
    let (title, shown, link) = (markdown::text(title), markdown::code(folder), markdown::link(folder));
    let mut text = format!("\n## {title}\n\n[{shown}]({link}/) · [scenario]({link}/manifest.toml)\n");
    if let Some(paper) = paper {
        let findings = Tally::of(claims, &[Kind::Finding]);
        let found = if findings.total() == 0 { "no findings are asked here".to_owned() } else { findings.text("findings found") };
        let _ = write!(text, "\n**{}**: {found}.", markdown::text(&paper.cite));
        if let Some(covers) = &paper.covers {
            let _ = write!(text, " Here are {}.", markdown::text(&covers.text()));
        }
        if let Some(simplified) = &paper.simplified {
            let _ = write!(text, " Changed against the paper: {}.", markdown::text(simplified.trim_end_matches('.')));
        }
        text += "\n";
    }
    let _ = write!(text, "\nRepeat it with {}.\n", markdown::code(&format!("fedfleet run {folder}/manifest.toml --out again")));
    text += &figures(exhibit);
    text += &table(claims);
    text
}

/// The main figure with its caption, and the others behind it.
fn figures(exhibit: &Exhibit) -> String {
    let image = |figure: &String, width: u32| {
        let path = format!("{}/figures/{}", markdown::link(&exhibit.folder), markdown::link(figure));
        let alt = markdown::link(figure.trim_end_matches(".png"));
        format!("<a href=\"{path}\"><img src=\"{path}\" width=\"{width}\" alt=\"{alt}\"></a>\n")
    };
    let chosen = exhibit.paper.as_ref().and_then(|paper| paper.figure.as_deref());
    let is_main = |figure: &String| chosen.is_some_and(|chosen| *figure == format!("{chosen}.png"));
    let (main, rest): (Vec<&String>, Vec<&String>) = exhibit.figures.iter().partition(|figure| is_main(figure));
    let mut text = String::new();
    for figure in main {
        let caption = exhibit.paper.as_ref().and_then(|paper| paper.caption.as_deref()).unwrap_or_default();
        let caption = if caption.is_empty() { String::new() } else { format!("\n*{}*\n", markdown::text(caption)) };
        let _ = write!(text, "\n{}{caption}", image(figure, MAIN));
    }
    let rest = rest.into_iter().map(|figure| image(figure, OTHER)).collect::<String>();
    match (rest.is_empty(), text.is_empty()) {
        (true, _) => text,
        (false, true) => format!("\n{rest}"),
        (false, false) => format!("{text}\n<details><summary>Other figures</summary>\n\n{rest}\n</details>\n"),
    }
}

/// The claims with their verdicts, and what is to be said of some below.
fn table(claims: &[Row]) -> String {
    if claims.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n| | claim | kind | measured | required | paper | seeds | verdict |\n| ---: | --- | --- | ---: | --- | --- | ---: | --- |\n",
    );
    let mut notes = String::new();
    let mut before = "";
    for (number, claim) in (1..).zip(claims) {
        text += &row(number, claim, bare(&claim.text) == before);
        before = bare(&claim.text);
        let note = bare(&claim.note);
        if !note.is_empty() {
            let _ = writeln!(notes, "- {number}: {}", markdown::text(note));
        }
    }
    if notes.is_empty() { text } else { format!("{text}\n{notes}") }
}

fn row(number: usize, claim: &Row, again: bool) -> String {
    let (cell, with) = (bare(&claim.cell), bare(&claim.with));
    let place = if cell.is_empty() { String::new() } else { format!(" ({cell})") };
    let with = if with.is_empty() { String::new() } else { format!(", with {with}") };
    let interval = claim.measured_low.zip(claim.measured_high).map(|(low, high)| Bracket { low, high });
    let measured = claim.measured.map_or_else(|| "–".to_owned(), |measured| ranged(measured, interval));
    let verdict = match claim.verdict {
        Answer::Refuted => "**refuted**",
        other => other.name(),
    };
    let seeds = match (claim.in_favour, claim.seeds) {
        (_, Some(1)) => "1".to_owned(),
        (Some(favour), Some(seeds)) => format!("{favour} of {seeds}"),
        _ => String::new(),
    };
    let text = if again { "the same" } else { bare(&claim.text) };
    let [text, required] = [&format!("{text}{place}{with}"), bare(&claim.required)].map(markdown::text);
    format!("| {number} | {text} | {} | {measured} | {required} | {} | {seeds} | {verdict} |\n", claim.kind.name(), source(claim))
}

/// The source of a claim, with the paper's number, and a mark where the paper was not read.
fn source(claim: &Row) -> String {
    let place = bare(&claim.paper_where);
    let source = [bare(&claim.source), place].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
    let effect = claim.paper_effect.map_or_else(String::new, |effect| format!(": {effect}"));
    let unread = if claim.paper_read == Some(false) { " (not read)" } else { "" };
    format!("{}{effect}{unread}", markdown::text(&source))
}

#[cfg(test)]
mod tests;
