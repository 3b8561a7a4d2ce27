//! The answers of recorded curves to a claim.

use super::{
    Answer, ClaimSpec, Comparison, Direction, EffectKind, Evidence, Rules, Verdict,
    check::{Assertion, Quantity},
    effect::Scale,
    judge::{Judgement, Terms, Versus, beats, lies},
    measure::measure,
    trend::moves,
};
use crate::{
    invalid::Invalid,
    record::{
        axis::short,
        cell,
        curves::{Cell, Curves},
        metric::{Better, ScaleKind},
        spread::{Bracket, median},
    },
};

/// Most digits of a bound that are written out.
const DIGITS: usize = 8;

/// Answers a claim, once in each cell that it is about (for a trend, once in each cell of the other keys).
///
/// # Errors
/// [`Invalid`] if the claim has no meaning. A claim on something that was not recorded is a verdict with a note, not an error.
pub fn evaluate(claim: &ClaimSpec, curves: &Curves, rules: Rules) -> Result<Vec<Verdict>, Invalid> {
    let (quantity, assertion) = claim.meaning()?;
    let asked = Asked { claim, curves, quantity, assertion, terms: claim.terms(rules) };
    let cells: Vec<&Cell> = curves.cells().into_iter().filter(|cell| cell::keeps(&claim.cells, cell)).collect();
    if cells.is_empty() {
        return Ok(vec![asked.verdict(Cell::default(), Err("no recorded cell matches `where`".into()))]);
    }
    if let Assertion::Moves { over, .. } = asked.assertion {
        let groups = grouped(&cells, over);
        return Ok(groups.into_iter().map(|(rest, group)| asked.verdict(rest, asked.trend(&group))).collect());
    }
    Ok(cells.into_iter().map(|cell| asked.verdict(cell.clone(), asked.judge(cell))).collect())
}

impl ClaimSpec {
    /// The conditions under which the claim is judged.
    fn terms(&self, rules: Rules) -> Terms {
        Terms { kind: self.kind.unwrap_or_default(), interval: self.interval.unwrap_or_default(), rules }
    }
}

/// A claim with the curves that answer it.
struct Asked<'a> {
    claim: &'a ClaimSpec,
    curves: &'a Curves,
    quantity: Quantity,
    assertion: Assertion<'a>,
    terms: Terms,
}

impl Asked<'_> {
    fn verdict(&self, cell: Cell, judged: Result<Judgement, String>) -> Verdict {
        let claim = self.claim;
        let (measured, interval, answer, evidence, note) = match judged {
            Ok(Judgement { figure, interval, answer, evidence, note }) => (Some(figure), Some(interval), answer, evidence, note),
            Err(reason) => (None, None, Answer::Unknown, Evidence::default(), Some(reason)),
        };
        let interval = interval.filter(|interval| interval.low < interval.high);
        let why = claim.reason.as_ref().filter(|_| answer == Answer::Refuted).cloned();
        let note = [note, why].into_iter().flatten().reduce(|note, why| format!("{note}; {why}"));
        Verdict {
            text: claim.text.clone(),
            source: claim.source.clone(),
            kind: claim.kind.unwrap_or_default(),
            paper: claim.paper.clone(),
            with: None,
            cell,
            measured,
            interval,
            effect: self.assertion.effect(),
            required: required(&self.assertion),
            bounds: self.assertion.bounds(),
            answer,
            evidence,
            note,
        }
    }

    fn judge(&self, cell: &Cell) -> Result<Judgement, String> {
        let found = |label: &str| measure(self.curves, &self.quantity, cell, label);
        match self.assertion {
            Assertion::Beats { better, worse, required, compare } => {
                let versus = Versus { compare, better: self.direction(), required };
                beats([found(better)?, found(worse)?], versus, self.terms)
            }
            Assertion::Lies { of, required } => Ok(lies(found(of)?, required, self.scale(), self.terms)),
            Assertion::Moves { .. } => Err("a trend needs several cells".into()),
        }
    }

    /// The direction in which values of the quantity are better.
    fn direction(&self) -> Better {
        match &self.quantity {
            Quantity::Value { metric, .. } => {
                self.curves.metric(metric).map_or(Better::Lower, |column| self.curves.metrics[column].better)
            }
            Quantity::Crossing { .. } => Better::Lower,
        }
    }

    /// The scale on which values of the quantity spread evenly.
    fn scale(&self) -> Scale {
        let is_log = match &self.quantity {
            Quantity::Value { metric, .. } => {
                self.curves.metric(metric).is_some_and(|column| self.curves.metrics[column].scale == ScaleKind::Log)
            }
            Quantity::Crossing { .. } => true,
        };
        if is_log { Scale::Log } else { Scale::Linear }
    }

    /// Judges a trend over the cells of one group, in the order of the key's numeric values.
    fn trend(&self, group: &[&Cell]) -> Result<Judgement, String> {
        let Assertion::Moves { of, over, direction, within } = self.assertion else {
            return Err("not a trend".into());
        };
        let mut points = Vec::new();
        for cell in group {
            let value = cell.get(over).ok_or_else(|| format!("`{over}` is not swept"))?;
            let key: f64 = value.parse().map_err(|_| format!("`{over}` has the value `{value}`, which is not a number"))?;
            points.push((key, measure(self.curves, &self.quantity, cell, of)?));
        }
        if points.len() < 2 {
            return Err(format!("only one value of `{over}` was run"));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = |end: fn(&Bracket) -> f64, point: &(f64, super::measure::Measured)| {
            median(&mut point.1.seeds.values().map(|found| end(&found.range)).collect::<Vec<_>>())
        };
        let is_finite = |point: &&(f64, super::measure::Measured)| {
            [middle(|range| range.low, point), middle(|range| range.high, point)].into_iter().flatten().all(f64::is_finite)
        };
        if let Some((key, _)) = points.iter().find(|point| !is_finite(point)) {
            return Err(format!("{of} has no finite value at {over} = {key}"));
        }
        moves(points, direction, within, self.terms)
    }
}

impl Assertion<'_> {
    /// The quantity that is judged.
    fn effect(&self) -> EffectKind {
        match self {
            Self::Beats { compare: Comparison::Ratio, .. } => EffectKind::Ratio,
            Self::Beats { .. } => EffectKind::Difference,
            Self::Lies { .. } => EffectKind::Value,
            Self::Moves { .. } => EffectKind::Trend,
        }
    }

    /// The figures that are allowed; any of a trend, of which the order counts.
    fn bounds(&self) -> Bracket {
        match *self {
            Self::Beats { required, .. } | Self::Lies { required, .. } => required,
            Self::Moves { .. } => Bracket { low: f64::NEG_INFINITY, high: f64::INFINITY },
        }
    }
}

/// The cells that differ in `over` only, under what they share.
fn grouped<'a>(cells: &[&'a Cell], over: &str) -> Vec<(Cell, Vec<&'a Cell>)> {
    let mut groups: Vec<(Cell, Vec<&Cell>)> = Vec::new();
    for &cell in cells {
        let rest = cell.without(&[over]);
        match groups.iter_mut().find(|(shared, _)| *shared == rest) {
            Some((_, group)) => group.push(cell),
            None => groups.push((rest, vec![cell])),
        }
    }
    groups
}

/// A bound with its own digits, or with three where it has many.
fn figure(bound: f64) -> String {
    let text = bound.to_string();
    if text.len() > DIGITS { short(bound) } else { text }
}

fn required(assertion: &Assertion<'_>) -> String {
    let bounds = |Bracket { low, high }: Bracket| match (low.is_finite(), high.is_finite()) {
        (false, _) => format!("≤ {}", figure(high)),
        (_, false) => format!("≥ {}", figure(low)),
        _ => format!("in [{}, {}]", short(low), short(high)),
    };
    match *assertion {
        Assertion::Beats { required, compare: Comparison::Ratio, .. } => format!("ratio {}", bounds(required)),
        Assertion::Beats { required, .. } => format!("difference {}", bounds(required)),
        Assertion::Lies { required, .. } => bounds(required),
        Assertion::Moves { over, direction: Direction::Falls, .. } => format!("falls with {over}"),
        Assertion::Moves { over, direction: Direction::Rises, .. } => format!("rises with {over}"),
        Assertion::Moves { over, within, .. } => format!("flat in {over} within {within}"),
    }
}
