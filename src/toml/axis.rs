//! `{ sweep = … }` and `{ tune = … }`: keys that take several values.

use super::{
    decode::{NoParts, decode},
    diagnostic::Diagnostic,
    node::{Node, Value},
    source::Span,
    write::inline,
};
use crate::invalid::acts;

/// Most points of a grid.
const MOST: usize = 10_000;

/// Most values beyond an end of a grid.
pub const WIDER: i32 = 3;

/// Most points that a message writes out.
const SHOWN: usize = 12;

/// Whether all values are kept, or the best one per method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{ sweep = … }`: each value makes a cell, or a method of its own.
    Sweep,
    /// `{ tune = … }`: the best value per method is kept.
    Tune,
}

/// One key with the values that it takes.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Sweep or tune.
    pub kind: Kind,
    /// Steps from the root of the searched tree.
    pub path: Vec<String>,
    /// The name that `name = "…"` gives to it, and where that stands.
    pub name: Option<(String, Span)>,
    /// Axes with the same `zip = "…"` advance together.
    pub zip: Option<String>,
    /// Whether each value makes a cell even where the key is a method's, as `cells = true` says.
    pub cells: bool,
    /// The values. Never empty, no two equal.
    pub values: Vec<Node>,
    /// The key `sweep` or `tune`.
    pub span: Span,
}

/// All axes of `tree`, in the order of the file.
///
/// # Errors
/// Every axis that is malformed, and axes within the values of others.
pub fn axes(tree: &Node) -> Result<Vec<Axis>, Vec<Diagnostic>> {
    let (mut found, mut faults): (Vec<Axis>, Vec<Diagnostic>) = (Vec::new(), Vec::new());
    let mut outer: Option<Vec<String>> = None;
    tree.walk(&mut |path, node| {
        let inside = outer.as_ref().is_some_and(|outer| path.starts_with(outer));
        let Some((kind, span)) = marked(node).filter(|_| !path.is_empty()) else { return };
        if inside {
            faults.push(Diagnostic::at(span, "a sweep or tune cannot be inside another"));
            return;
        }
        outer = Some(path.to_vec());
        match axis(kind, span, path, node) {
            Ok(axis) => found.push(axis),
            Err(fault) => faults.push(fault),
        }
    });
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

impl Axis {
    /// The axis with up to [`WIDER`] further values beyond each end, at the ratio of the two values next to it; itself where its values
    /// are not several positive numbers. Whole numbers stay whole.
    #[must_use]
    pub fn widened(mut self) -> Self {
        let whole = self.values.iter().all(|value| matches!(value.value, Value::Integer(_)));
        let number = |node: &Node| match node.value {
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        };
        let known: Option<Vec<f64>> = self.values.iter().map(number).map(|x| x.filter(|x| *x > 0.0 && x.is_finite())).collect();
        let Some(mut sorted) = known.filter(|known| known.len() > 1) else { return self };
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len() - 1;
        let span = self.values[0].span;
        for (end, inner) in [(sorted[0], sorted[1]), (sorted[last], sorted[last - 1])] {
            for step in 1..=WIDER {
                let point = digits(end * (end / inner).powi(step));
                if !(point > 0.0 && point.is_finite()) || (whole && point.fract() != 0.0) {
                    break;
                }
                self.values.push(Node::new(if whole { Value::Integer(point as i64) } else { Value::Float(point) }, span));
            }
        }
        self
    }
}

/// Whether `node` is a sweep or tune.
pub fn is_axis(node: &Node) -> bool {
    marked(node).is_some()
}

/// `value` in place of `node`: where that is a sweep, a sweep of this one value, so that its column stays.
pub fn narrowed(node: &Node, value: Node) -> Node {
    let (Some((Kind::Sweep, place)), Some(table), false) = (marked(node), node.as_table(), is_axis(&value)) else { return value };
    let (mut table, span) = (table.clone(), value.span);
    table.insert("sweep", place, Node::new(Value::Array(vec![value]), span));
    // What advanced with it goes on without it.
    let _ = table.remove("zip");
    Node::new(Value::Table(table), span)
}

/// The kind of sweep or tune that `node` is, and the place of that key.
fn marked(node: &Node) -> Option<(Kind, Span)> {
    let table = node.as_table()?;
    let key = |key: &str, kind| table.entry(key).map(|entry| (kind, entry.key_span));
    key("sweep", Kind::Sweep).or_else(|| key("tune", Kind::Tune))
}

fn axis(kind: Kind, span: Span, path: &[String], node: &Node) -> Result<Axis, Diagnostic> {
    let word = if kind == Kind::Sweep { "sweep" } else { "tune" };
    let valid: &[&str] = if kind == Kind::Sweep { &["sweep", "name", "zip", "cells"] } else { &["tune"] };
    let mut axis = Axis { kind, path: path.to_vec(), name: None, zip: None, cells: false, values: Vec::new(), span };
    for entry in node.as_table().into_iter().flat_map(|table| table.iter()) {
        match entry.key.as_str() {
            key if key == word => axis.values = values(&entry.node, word)?,
            key @ ("name" | "zip") if valid.contains(&key) => {
                let text = entry.node.as_str().filter(|text| !text.trim().is_empty() && !text.contains(acts));
                let text = text.map(str::to_owned).ok_or_else(|| {
                    Diagnostic::at(entry.node.span, format!("`{key}` of a sweep must be a name")).label("expected a string")
                })?;
                if key == "name" { axis.name = Some((text, entry.node.span)) } else { axis.zip = Some(text) }
            }
            "cells" if kind == Kind::Sweep => {
                axis.cells = matches!(entry.node.value, Value::Boolean(true));
                if !matches!(entry.node.value, Value::Boolean(_)) {
                    let fault = Diagnostic::at(entry.node.span, "`cells` of a sweep says whether its values make cells");
                    return Err(fault.label("expected `true` or `false`"));
                }
            }
            key => {
                let fault = Diagnostic::at(entry.key_span, format!("unknown key `{key}` next to `{word}`"));
                return Err(fault.suggest(key, valid));
            }
        }
    }
    Ok(axis)
}

fn values(node: &Node, word: &str) -> Result<Vec<Node>, Diagnostic> {
    let expected = format!("`{word}` lists the values to try");
    let values = match &node.value {
        Value::Array(items) => items.clone(),
        Value::Table(_) => grid(node)?,
        _ => {
            let help = format!("write `{word} = [{}, …]`", inline(node));
            return Err(Diagnostic::at(node.span, expected).label("expected an array or a grid").help(help));
        }
    };
    if values.is_empty() {
        return Err(Diagnostic::at(node.span, expected).label("expected at least one value"));
    }
    match (1..values.len()).find(|&i| values[..i].contains(&values[i])) {
        Some(again) => {
            let title = format!("`{}` is twice in this {word}", inline(&values[again]));
            Err(Diagnostic::at(values[again].span, title).label("the same value as before"))
        }
        None => Ok(values),
    }
}

/// `{ log = [lo, hi, n] }` or `{ linear = [lo, hi, n] }`: `n` points from `lo` to `hi`, both included.
fn grid(node: &Node) -> Result<Vec<Node>, Diagnostic> {
    let expected = "expected `{ log = [lo, hi, n] }` or `{ linear = [lo, hi, n] }`";
    let Some(entry) = node.single().filter(|entry| ["log", "linear"].contains(&entry.key.as_str())) else {
        return Err(Diagnostic::at(node.span, "this is not a grid").label(expected));
    };
    let bounds = &entry.node;
    let malformed = |title: &str| Diagnostic::at(bounds.span, title).label(expected);
    let (lo, hi, n) =
        decode::<(f64, f64, usize)>(bounds, "", &NoParts).map_err(|_| malformed("a grid has two ends and a number of points"))?;
    if !(1..=MOST).contains(&n) || !lo.is_finite() || !hi.is_finite() || (n == 1 && lo != hi) {
        return Err(malformed("a grid has finite ends and from 2 to 10,000 points"));
    }
    let log = entry.key == "log";
    if log && (lo <= 0.0 || hi <= 0.0) {
        return Err(malformed("the ends of a logarithmic grid must be positive"));
    }
    let point = |k: usize| {
        let t = k as f64 / (n.max(2) - 1) as f64;
        match k {
            0 => lo,
            _ if k == n - 1 => hi,
            _ if log => digits(lo * (hi / lo).powf(t)),
            _ => digits(lo + (hi - lo) * t),
        }
    };
    let points: Vec<f64> = (0..n).map(point).collect();
    let whole = bounds.as_array().is_some_and(|items| items[..2].iter().all(|item| matches!(item.value, Value::Integer(_))));
    if let Some(between) = points.iter().find(|point| whole && point.fract() != 0.0) {
        return Err(uneven(bounds, &entry.key, *between, &points));
    }
    let value = |x| if whole { Value::Integer(x as i64) } else { Value::Float(x) };
    Ok(points.into_iter().map(|x| Node::new(value(x), bounds.span)).collect())
}

/// Whole ends around a point that is not whole: only the author knows whether whole numbers are meant.
fn uneven(bounds: &Node, kind: &str, between: f64, points: &[f64]) -> Diagnostic {
    let title = format!("the ends of this grid are whole numbers, and its point {between} is not");
    let fault = Diagnostic::at(bounds.span, title).label("expected whole points, or ends with a decimal point");
    let fault = fault.help(format!(
        "for real numbers, write `{kind} = [{:?}, {:?}, {}]`",
        points[0],
        points[points.len() - 1],
        points.len()
    ));
    let mut whole: Vec<String> = points.iter().map(|point| point.round().to_string()).collect();
    whole.dedup();
    if whole.len() > SHOWN {
        fault.help("for whole numbers, list them")
    } else {
        fault.help(format!("for whole numbers, list them: `[{}]`", whole.join(", ")))
    }
}

/// Rounded to 12 significant digits, so that grids have readable points.
fn digits(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::{document, source::Sources};

    fn read(text: &str) -> Result<Vec<Axis>, Vec<Diagnostic>> {
        let mut sources = Sources::default();
        let source = sources.add("a.toml", text);
        axes(&document::parse(&sources, source).unwrap())
    }

    fn points(text: &str) -> Vec<String> {
        read(text).unwrap()[0].values.iter().map(inline).collect()
    }

    #[test]
    fn grids_have_exact_ends_and_readable_points() {
        assert_eq!(points("a.sweep.log = [1e-3, 1.0, 4]"), ["0.001", "0.01", "0.1", "1.0"]);
        assert_eq!(points("a.sweep.linear = [0.0, 1.0, 5]"), ["0.0", "0.25", "0.5", "0.75", "1.0"]);
        assert_eq!(points("a.sweep.log = [1, 1000, 4]"), ["1", "10", "100", "1000"]);
        assert_eq!(points("a.tune.log = [1000, 1, 4]"), ["1000", "100", "10", "1"]);
        assert_eq!(points("a.sweep.linear = [0.0, 1.0, 3]"), ["0.0", "0.5", "1.0"]);
    }

    #[test]
    fn grids_are_continued_at_the_ratio_of_each_end() {
        let wider = |text: &str| {
            let axis = read(text).unwrap().remove(0);
            let known = axis.values.len();
            axis.widened().values[known..].iter().map(inline).collect::<Vec<_>>()
        };
        assert_eq!(wider("a.tune = [0.1, 0.4, 0.2]"), ["0.05", "0.025", "0.0125", "0.8", "1.6", "3.2"]);
        // 2 × 2 / 8 is no whole number; 8 × 8 / 2 = 32.
        assert_eq!(wider("a.tune = [8, 2]"), ["32", "128", "512"]);
        for other in ["a.tune = [0.1]", "a.tune = [0.0, 0.1]", "a.tune = ['x', 'y']", "a.tune = [true, false]"] {
            assert!(wider(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn malformed_axes_are_refused() {
        for text in [
            "a.sweep = 3",
            "a.sweep = []",
            "a.sweep = [1, 2, 1]",
            "a.sweep = [{ b = { sweep = [1] } }]",
            "a = { sweep = [1], nme = 'x' }",
            "a = { sweep = [1], tune = [2] }",
            "a = { tune = [1], zip = 'x' }",
            "a = { sweep = [1], cells = 'yes' }",
            "a = { tune = [1], cells = true }",
            "a.sweep.log = [0, 1, 3]",
            "a.sweep.log = [1, 2]",
            "a.sweep.log = [1, 2, 3, 4]",
            "a.sweep.log = [1, 2, 1000000]",
            "a.sweep.linear = [1, inf, 3]",
            "a.sweep.cubic = [1, 2, 3]",
            "a.sweep.log = [1, 100, 4]",
            "a.sweep.linear = [0, 1, 5]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
