//! The forest plot of many claims: each ratio with its interval, the threshold of the claim, and the ratio of the paper.

use std::path::{Path, PathBuf};

use super::{
    FigureError,
    canvas::{Canvas, Side, text_width},
    export::{self, Drawing},
    scale::{Scale, Ticks},
    style::{BLACK, COLOURS, Colour, GREY, Marker, PALE, Style, TICK_SIZE, WHITE},
};
use crate::{
    figure::spec::ScaleKind,
    record::{
        claim::{Answer, EffectKind, Kind, Row},
        gallery::{Exhibit, FOREST},
        spread::Bracket,
    },
};

/// One column of a journal: 85 mm `[pt]`.
const WIDTH: f64 = 85.0 / 25.4 * 72.0;
/// Where labels end and the plot begins, space at the edges, the height of a row, of the axis and of the legend `[pt]`.
const LEFT: f64 = 112.0;
const EDGE: f64 = 5.0;
const ROW: f64 = 9.0;
const AXIS: f64 = 24.0;
const LEGEND: f64 = 24.0;
/// Size of labels, and radius of marks `[pt]`.
const SIZE: f64 = 6.0;
const RADIUS: f64 = 2.2;
/// The widest range of ratios that is shown; an arrow leads to those beyond.
const SHOWN: Bracket = Bracket { low: 0.05, high: 100.0 };

/// A line of the plot.
enum Line<'a> {
    /// The name of a scenario.
    Heading(&'a str),
    /// A claim with its number in the scenario.
    Claim(usize, &'a Row),
}

/// Draws the findings of `exhibits` that are ratios into `folder`, and lists the files; none without any.
///
/// # Errors
/// [`FigureError::Foreign`] if a file is there that fedfleet did not draw, [`FigureError::Io`] if a file cannot be written,
/// [`FigureError::Drawing`] if a drawing library fails.
pub fn draw_forest(folder: &Path, exhibits: &[Exhibit]) -> Result<Vec<PathBuf>, FigureError> {
    let lines = lines(exhibits);
    if lines.is_empty() { Ok(Vec::new()) } else { export::write_new(folder, &[(FOREST, draw(&lines)?)]) }
}

fn lines(exhibits: &[Exhibit]) -> Vec<Line<'_>> {
    let is_shown = |row: &Row| row.kind == Kind::Finding && row.effect == EffectKind::Ratio && row.with.is_empty();
    let mut lines = Vec::new();
    for exhibit in exhibits {
        let claims = (1..).zip(&exhibit.claims).filter(|(_, row)| is_shown(row) && row.measured.is_some());
        let claims: Vec<Line<'_>> = claims.map(|(number, row)| Line::Claim(number, row)).collect();
        if !claims.is_empty() {
            lines.push(Line::Heading(exhibit.folder.rsplit('/').next().unwrap_or(&exhibit.folder)));
            lines.extend(claims);
        }
    }
    lines
}

fn draw(lines: &[Line<'_>]) -> Result<Drawing, FigureError> {
    let bottom = EDGE + ROW * lines.len() as f64;
    let height = bottom + AXIS + LEGEND + EDGE;
    let scale = scale(lines);
    let mut raw = String::new();
    let canvas = Canvas::new(&mut raw, WIDTH, height)?;
    let one = scale.place(1.0);
    canvas.line(&[(one, EDGE), (one, bottom)], GREY, 0.7)?;
    for (index, line) in lines.iter().enumerate() {
        let y = EDGE + ROW * (index as f64 + 0.5);
        match line {
            Line::Heading(name) => canvas.text(name, (EDGE, y + 0.36 * SIZE), SIZE + 0.5, Side::Left, BLACK)?,
            Line::Claim(number, row) => {
                canvas.text(&label(*number, row)?, (EDGE + 6.0, y + 0.36 * SIZE), SIZE, Side::Left, BLACK)?;
                claim(&canvas, &scale, row, y)?;
            }
        }
    }
    axis(&canvas, &scale, bottom)?;
    legend(&canvas, bottom + AXIS)?;
    canvas.finish()?;
    Drawing::new(&raw, WIDTH, height)
}

/// The axis of ratios: it has room for all intervals, thresholds and ratios of papers, within what is shown.
fn scale(lines: &[Line<'_>]) -> Scale {
    let of = |line: &Line<'_>| match line {
        Line::Heading(_) => Vec::new(),
        Line::Claim(_, row) => {
            let ends = [row.measured, row.measured_low, row.measured_high, row.required_low, row.required_high, row.paper_effect];
            ends.into_iter().flatten().filter(|end| *end > 0.0 && end.is_finite()).collect()
        }
    };
    let all = Bracket::spanning(lines.iter().flat_map(of).chain([0.8, 1.25]));
    let (lo, hi) = (all.low.max(SHOWN.low) / 1.1, all.high.min(SHOWN.high) * 1.1);
    Scale { kind: ScaleKind::Log, lo, hi, start: LEFT, end: WIDTH - EDGE - 2.0 }
}

/// The number and the words of a claim, as far as there is room.
fn label(number: usize, row: &Row) -> Result<String, FigureError> {
    let cell = if row.cell.is_empty() { String::new() } else { format!("({}) ", row.cell) };
    let words = format!("{number} {cell}{}", row.text);
    let fits = |text: &str| -> Result<bool, FigureError> { Ok(text_width(text, SIZE)? <= LEFT - EDGE - 10.0) };
    if fits(&words)? {
        return Ok(words);
    }
    let mut shown = words;
    while shown.pop().is_some() {
        let cut = format!("{}…", shown.trim_end());
        if fits(&cut)? {
            return Ok(cut);
        }
    }
    Ok(number.to_string())
}

/// The interval, mark, threshold and paper's ratio of a claim.
fn claim(canvas: &Canvas<'_>, scale: &Scale, row: &Row, y: f64) -> Result<(), FigureError> {
    let style = style(row.verdict);
    let at = |value: f64| scale.place(value.clamp(scale.lo, scale.hi));
    let measured = row.measured.unwrap_or(1.0);
    let (low, high) = (row.measured_low.unwrap_or(measured), row.measured_high.unwrap_or(measured));
    canvas.line(&[(at(low), y), (at(high), y)], style.colour, 1.1)?;
    for (end, side) in [(low, -1.0), (high, 1.0)] {
        if (side < 0.0 && end < scale.lo) || (side > 0.0 && end > scale.hi) {
            let tip = at(end) + 3.0 * side;
            canvas.fill(&[(tip, y), (at(end), y - 2.0), (at(end), y + 2.0)], style.colour)?;
        }
    }
    for threshold in [row.required_low, row.required_high].into_iter().flatten() {
        canvas.line(&[(at(threshold), y - 0.4 * ROW), (at(threshold), y + 0.4 * ROW)], BLACK, 0.9)?;
    }
    if let Some(paper) = row.paper_effect {
        hollow(canvas, (at(paper), y), Style::of(3).marker, BLACK)?;
    }
    mark(canvas, (at(measured), y), row.verdict)
}

/// The look of a verdict; the three differ in shape, lightness and hue.
fn style(answer: Answer) -> Style {
    let (index, colour) = match answer {
        Answer::Holds => (0, COLOURS[0]),
        Answer::Refuted => (1, COLOURS[1]),
        Answer::Undecided | Answer::Unknown => (2, COLOURS[7]),
    };
    Style { colour, ..Style::of(index) }
}

/// The mark of a verdict; that of an undecided one is hollow.
fn mark(canvas: &Canvas<'_>, place: (f64, f64), answer: Answer) -> Result<(), FigureError> {
    let style = style(answer);
    if answer == Answer::Undecided {
        hollow(canvas, place, style.marker, style.colour)
    } else {
        canvas.marker(place, &style, RADIUS)
    }
}

/// An outline of a mark.
fn hollow(canvas: &Canvas<'_>, place: (f64, f64), marker: Marker, colour: Colour) -> Result<(), FigureError> {
    let style = Style { colour, marker, ..Style::of(0) };
    canvas.marker(place, &style, RADIUS + 0.5)?;
    canvas.marker(place, &Style { colour: WHITE, ..style }, RADIUS - 0.7)
}

fn axis(canvas: &Canvas<'_>, scale: &Scale, y: f64) -> Result<(), FigureError> {
    canvas.line(&[(scale.start, y), (scale.end, y)], BLACK, 0.8)?;
    let Ticks { major, minor } = scale.ticks(4);
    minor.iter().try_for_each(|&value| canvas.line(&[(scale.place(value), y), (scale.place(value), y + 1.6)], BLACK, 0.5))?;
    for (value, text) in &major {
        let x = scale.place(*value);
        canvas.line(&[(x, y), (x, y + 3.0)], BLACK, 0.8)?;
        canvas.text(text, (x, y + 4.5 + TICK_SIZE), TICK_SIZE, Side::Centre, BLACK)?;
    }
    let middle = 0.5 * (scale.start + scale.end);
    canvas.text("worse over better method", (middle, y + 6.5 + 2.0 * TICK_SIZE), TICK_SIZE, Side::Centre, BLACK)
}

/// The verdicts, the threshold and the paper's ratio, in two rows.
fn legend(canvas: &Canvas<'_>, top: f64) -> Result<(), FigureError> {
    canvas.line(&[(EDGE, top + 2.0), (WIDTH - EDGE, top + 2.0)], PALE, 0.5)?;
    let (first, second) = (top + 10.0, top + 19.0);
    let text = |words: &str, x: f64, y: f64| canvas.text(words, (x + 6.0, y + 0.36 * SIZE), SIZE, Side::Left, BLACK);
    for (index, answer) in [Answer::Holds, Answer::Refuted, Answer::Undecided].into_iter().enumerate() {
        let x = EDGE + 6.0 + 60.0 * index as f64;
        canvas.line(&[(x - 4.5, first), (x + 4.5, first)], style(answer).colour, 1.1)?;
        mark(canvas, (x, first), answer)?;
        text(answer.name(), x, first)?;
    }
    let x = EDGE + 6.0;
    canvas.line(&[(x, second - 3.5), (x, second + 3.5)], BLACK, 0.9)?;
    text("required", x, second)?;
    hollow(canvas, (x + 60.0, second), Style::of(3).marker, BLACK)?;
    text("the paper's ratio", x + 60.0, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, kind: Kind, measured: f64) -> Row {
        let line =
            format!("{text},S,{},,,{measured},0.5,4,ratio,ratio ≥ 1,1,,holds,8,8,interval,,,,3.3,Table 2,true,", kind.name());
        let header = "text,source,kind,with,cell,measured,measured_low,measured_high,effect,required,required_low,required_high,verdict,\
                      seeds,in_favour,judged_by,p,p_exact,p_holm,paper_effect,paper_where,paper_read,note";
        let table = format!("{header}\n{line}\n");
        csv::Reader::from_reader(table.as_bytes()).deserialize().next().unwrap().unwrap()
    }

    #[test]
    fn findings_are_drawn_under_their_scenarios() {
        let long = "a claim with so many words that no column of a journal has room for all of them beside a plot";
        let claims = vec![row(long, Kind::Finding, 2.0), row("own", Kind::Own, 2.0), row("far", Kind::Finding, 5000.0)];
        let exhibit = Exhibit { folder: "papers/a".into(), title: "A".into(), paper: None, claims, figures: Vec::new() };
        let folder = tempfile::tempdir().unwrap();
        let exhibits = [exhibit];
        let found = lines(&exhibits);
        assert!(matches!(found[..], [Line::Heading("a"), Line::Claim(1, _), Line::Claim(3, _)]));
        assert_eq!(scale(&found).hi, SHOWN.high * 1.1, "far values are cut off");
        let drawn = draw_forest(folder.path(), &exhibits).unwrap();
        assert_eq!(drawn.len(), 3);
        assert!(drawn.iter().all(|path| path.is_file()));
        assert!(label(1, &row(long, Kind::Finding, 2.0)).unwrap().ends_with('…'));
    }

    #[test]
    fn there_is_no_plot_without_findings() {
        let folder = tempfile::tempdir().unwrap();
        assert!(draw_forest(folder.path(), &[]).unwrap().is_empty());
    }
}
