//! What swept and tuned keys are called: columns of the records.

use super::super::{
    axis::Axis,
    diagnostic::Diagnostic,
    node::{Node, Value},
    write::inline,
};
use crate::{
    record::{MetricSpec, formula},
    registry::Registry,
};

/// Columns that every record has: no swept key may take their name.
const COLUMNS: [&str; 16] = [
    "cell",
    "method",
    "label",
    "seed",
    "round",
    "rounds",
    "seconds",
    "updates",
    "gradients",
    "uplink-bits",
    "downlink-bits",
    "uplink_bits",
    "downlink_bits",
    "metric",
    "value",
    "time",
];

/// Whether a column of the records has this name: one that all have, or that of a metric.
pub(super) fn is_column(name: &str, registry: &Registry) -> bool {
    let metric = |name: &str| registry.metrics().iter().find(|metric| metric.name() == name);
    let plain = name.replace('_', "-");
    let of_layer =
        |(stem, layer): (&str, &str)| layer.parse::<u32>().is_ok() && metric(stem).is_some_and(MetricSpec::is_by_layer);
    COLUMNS.contains(&name) || metric(&plain).is_some() || plain.rsplit_once('-').is_some_and(of_layer)
}

/// Short names: the name given, or as many of the last steps of the path as make it unique and not `taken`.
///
/// # Errors
/// Every given name that is taken, by a column or by another of these keys, or that would be a formula.
pub(super) fn names(axes: &[Axis], taken: &dyn Fn(&str) -> bool) -> Result<Vec<String>, Vec<Diagnostic>> {
    let names: Vec<String> = (0..axes.len()).map(|a| name(axes, a, taken)).collect();
    let fault = |a: usize| {
        let (given, span) = axes[a].name.as_ref()?;
        if taken(given) {
            let fault = Diagnostic::at(*span, format!("`{given}` is a column of the records, so that no sweep can be called it"));
            return Some(fault.label("expected another name"));
        }
        if formula::begins(given) {
            let fault = Diagnostic::at(*span, format!("a sweep cannot be called `{given}`: spreadsheets take it for a formula"));
            return Some(fault.label("expected a name that does not begin with `=`, `+`, `-` or `@`"));
        }
        let again = names.iter().enumerate().any(|(b, name)| b != a && name == given);
        again.then(|| Diagnostic::at(*span, format!("two sweeps are called `{given}`")).label("expected a name of its own"))
    };
    let faults: Vec<Diagnostic> = (0..axes.len()).filter_map(fault).collect();
    if faults.is_empty() { Ok(names) } else { Err(faults) }
}

fn name(axes: &[Axis], a: usize, taken: &dyn Fn(&str) -> bool) -> String {
    let axis = &axes[a];
    let suffix = |axis: &Axis, length: usize| axis.path[axis.path.len().saturating_sub(length)..].join(".");
    let given = |axis: &Axis, name: &str| axis.name.as_ref().is_some_and(|(given, _)| given == name);
    let good = |length: &usize| {
        let name = suffix(axis, *length);
        let other = |(b, other): (usize, &Axis)| b != a && (suffix(other, *length) == name || given(other, &name));
        !axes.iter().enumerate().any(other) && !taken(&name) && name.contains(char::is_alphabetic)
    };
    let made = || suffix(axis, (1..=axis.path.len()).find(good).unwrap_or(axis.path.len()));
    axis.name.as_ref().map_or_else(made, |(given, _)| given.clone())
}

/// The values of an axis as text: a choice with parameters by its name alone where that tells them apart.
pub(super) fn texts(axis: &Axis) -> Vec<String> {
    let short = |node: &Node| match (&node.value, node.single()) {
        (Value::String(text), _) => text.clone(),
        (_, Some(entry)) => entry.key.clone(),
        _ => inline(node),
    };
    let brief: Vec<String> = axis.values.iter().map(short).collect();
    let unique = |i: usize| brief.iter().filter(|text| **text == brief[i]).count() == 1;
    (0..brief.len()).map(|i| if unique(i) { brief[i].clone() } else { inline(&axis.values[i]) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_and_metrics_are_columns_in_either_spelling() {
        let columns = ["method", "seconds", "uplink-bits", "loss", "grad_norm", "grad-norm", "layer-variance-2", "staleness"];
        let is_column = |name| is_column(name, &Registry::builtin());
        assert!(columns.into_iter().all(is_column));
        assert!(!["alpha", "loss2", "loss-1", "up.loss", "layer-variance-x"].into_iter().any(is_column));
    }
}
