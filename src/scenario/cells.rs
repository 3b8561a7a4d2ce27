//! Sweeps → cells, methods with sweeps → several methods, tunes → variants.

use std::collections::BTreeMap;

use super::{
    axis::{Axis, Kind, axes},
    diagnostic::Diagnostic,
    node::{Node, Value},
    source::Span,
    write::inline,
};
use crate::{
    record::{MetricSpec, metric, table},
    registry::Registry,
};

/// Most combinations of one scenario.
const MOST: usize = 100_000;

/// Sections whose keys may be swept; each combination is a cell.
pub(super) const SWEPT: [&str; 8] = ["stop", "precision", "problem", "fleet", "network", "federated", "peers", "method"];

/// Sections whose keys may be tuned: those that do not change the world.
pub(super) const TUNED: [&str; 3] = ["federated", "peers", "method"];

/// A swept or tuned key with one of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Short name, unique within the scenario: a column of the records.
    pub name: String,
    /// Full path, such as `problem.partition.dirichlet.alpha`.
    pub path: String,
    /// The value as text.
    pub value: String,
}

/// A tree in which every sweep or tune of one kind has been replaced by one of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The chosen values, in the order of the file; empty without sweeps.
    pub keys: Vec<Key>,
    /// The tree with these values, whose places are those of the values.
    pub tree: Node,
}

/// Keys as `alpha = 0.1, clients = 10`; empty without keys.
pub fn name(keys: &[Key]) -> String {
    keys.iter().map(|key| format!("{} = {}", key.name, key.value)).collect::<Vec<_>>().join(", ")
}

/// All combinations of the sweeps of `document` outside methods, and of those within that make cells; methods that sweep
/// another key become several methods.
///
/// # Errors
/// Malformed sweeps and tunes, those in sections that cannot have them, zipped sweeps of unequal length, names that are taken,
/// too many combinations.
pub fn cells(document: &Node, registry: &Registry) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let all = axes(document)?;
    let faults: Vec<Diagnostic> = all.iter().filter_map(misplaced).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut document = document.clone();
    multiply_methods(&mut document)?;
    let swept: Vec<Axis> = axes(&document)?.into_iter().filter(makes_cells).collect();
    combinations(&document, swept, &|name| is_column(name, registry))
}

/// The keys that make cells, each with its values as text.
///
/// # Errors
/// Malformed sweeps and tunes, names that are taken.
pub(super) fn swept(document: &Node, registry: &Registry) -> Result<Vec<(String, Vec<String>)>, Vec<Diagnostic>> {
    let swept: Vec<Axis> = axes(document)?.into_iter().filter(makes_cells).collect();
    let names = names(&swept, &|name| is_column(name, registry))?;
    Ok(names.into_iter().zip(swept.iter().map(texts)).collect())
}

/// Whether the values of `axis` make cells, not methods or variants of one.
fn makes_cells(axis: &Axis) -> bool {
    axis.kind == Kind::Sweep && (axis.cells || axis.path[0] != "method")
}

/// The variants of one method: all combinations of the tunes in its table.
///
/// # Errors
/// Malformed tunes, too many combinations.
pub fn variants(method: &Node) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let tuned = axes(method)?.into_iter().filter(|axis| axis.kind == Kind::Tune).collect();
    combinations(method, tuned, &|_| false)
}

/// The combinations of the tunes of one method that are not among its [variants], because a value lies beyond an end of its grid.
///
/// # Errors
/// Malformed tunes, too many combinations.
pub fn beyond(method: &Node) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let tuned: Vec<Axis> = axes(method)?.into_iter().filter(|axis| axis.kind == Kind::Tune).collect();
    let grid: Vec<Vec<String>> = tuned.iter().map(texts).collect();
    let wider: Vec<Axis> = tuned.into_iter().map(Axis::widened).collect();
    let mut choices = combinations(method, wider, &|_| false)?;
    choices.retain(|choice| !choice.keys.iter().zip(&grid).all(|(key, grid)| grid.contains(&key.value)));
    Ok(choices)
}

fn misplaced(axis: &Axis) -> Option<Diagnostic> {
    let path = axis.path.join(".");
    let section = axis.path.first().map_or("", String::as_str);
    match axis.kind {
        Kind::Sweep if SWEPT.contains(&section) => None,
        Kind::Tune if TUNED.contains(&section) => None,
        Kind::Sweep => Some(Diagnostic::at(axis.span, format!("`{path}` cannot be swept")).label("expected a single value")),
        Kind::Tune => {
            let fault = Diagnostic::at(axis.span, format!("`{path}` cannot be tuned")).label("all methods meet the same world");
            Some(if SWEPT.contains(&section) { fault.help("use `sweep` to compare methods on several worlds") } else { fault })
        }
    }
}

/// Replaces each method that sweeps keys by one method for each combination, with the values in its label.
fn multiply_methods(document: &mut Node) -> Result<(), Vec<Diagnostic>> {
    let Some(Node { value: Value::Array(methods), .. }) = document.child_mut("method") else { return Ok(()) };
    let mut expanded = Vec::with_capacity(methods.len());
    for method in methods.iter() {
        expanded.extend(swept_methods(method)?);
    }
    *methods = expanded;
    Ok(())
}

/// The methods that one `[[method]]` stands for: one for each combination of its sweeps.
///
/// # Errors
/// Malformed sweeps, too many combinations.
pub(super) fn swept_methods(method: &Node) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let swept: Vec<Axis> = axes(method)?.into_iter().filter(|axis| axis.kind == Kind::Sweep && !axis.cells).collect();
    let span = swept.first().map_or(method.span, |axis| axis.span);
    let mut choices = combinations(method, swept, &|_| false)?;
    choices.iter_mut().filter(|choice| !choice.keys.is_empty()).for_each(|choice| relabel(choice, span));
    Ok(choices.into_iter().map(|choice| choice.tree).collect())
}

fn relabel(choice: &mut Choice, span: Span) {
    let label = choice.tree.get("label").or(choice.tree.get("name")).and_then(Node::as_str).unwrap_or_default();
    let label = format!("{label}, {}", name(&choice.keys));
    if let Some(table) = choice.tree.as_table_mut() {
        table.insert("label", span, Node::string(label, span));
    }
}

/// All combinations of `axes`, none of which gets a name that is `taken`: the last key varies fastest; zipped ones advance
/// together.
fn combinations(tree: &Node, axes: Vec<Axis>, taken: &dyn Fn(&str) -> bool) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let groups = zipped(&axes)?;
    let sizes: Vec<usize> = groups.iter().map(|group| axes[group[0]].values.len()).collect();
    let count = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)).filter(|count| *count <= MOST);
    let Some(count) = count else {
        let fault = Diagnostic::at(axes[0].span, "too many combinations of values").label(format!("expected at most {MOST}"));
        return Err(vec![fault.note(format!("the sweeps or tunes here have {} values", listed_sizes(&sizes)))]);
    };
    let (names, texts) = (names(&axes, taken)?, axes.iter().map(texts).collect::<Vec<_>>());
    let mut choices = Vec::with_capacity(count);
    for number in 0..count {
        let mut chosen = vec![0; axes.len()];
        let mut rest = number;
        for (group, size) in groups.iter().zip(&sizes).rev() {
            group.iter().for_each(|&axis| chosen[axis] = rest % size);
            rest /= size;
        }
        let mut choice = Choice { keys: Vec::with_capacity(axes.len()), tree: tree.clone() };
        for (a, axis) in axes.iter().enumerate() {
            if let Some(place) = choice.tree.descend_mut(&axis.path) {
                *place = axis.values[chosen[a]].clone();
            }
            let (name, value) = (names[a].clone(), texts[a][chosen[a]].clone());
            choice.keys.push(Key { name, path: axis.path.join("."), value });
        }
        choices.push(choice);
    }
    Ok(choices)
}

fn listed_sizes(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

/// Groups of axes that advance together, in the order of their first.
fn zipped(axes: &[Axis]) -> Result<Vec<Vec<usize>>, Vec<Diagnostic>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut of_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (a, axis) in axes.iter().enumerate() {
        let group = axis.zip.as_deref().map(|zip| *of_name.entry(zip).or_insert(groups.len()));
        match group.and_then(|group| groups.get_mut(group)) {
            Some(group) => {
                let (found, expected) = (axis.values.len(), axes[group[0]].values.len());
                if found != expected {
                    let fault = Diagnostic::at(axis.span, "zipped sweeps must have the same number of values");
                    return Err(vec![fault.label(format!("expected {expected} values, found {found}"))]);
                }
                group.push(a);
            }
            None => groups.push(vec![a]),
        }
    }
    Ok(groups)
}

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
    COLUMNS.contains(&name)
        || metric(&plain).is_some()
        || metric::named(&plain).is_some()
        || plain.rsplit_once('-').is_some_and(of_layer)
}

/// Short names: the name given, or as many of the last steps of the path as make it unique and not `taken`.
///
/// # Errors
/// Every given name that is taken, by a column or by another of these keys, or that would be a formula.
pub(super) fn names(axes: &[Axis], taken: &dyn Fn(&str) -> bool) -> Result<Vec<String>, Vec<Diagnostic>> {
    let names: Vec<String> = (0..axes.len()).map(|a| name_of(axes, a, taken)).collect();
    let fault = |a: usize| {
        let (given, span) = axes[a].name.as_ref()?;
        if taken(given) {
            let fault = Diagnostic::at(*span, format!("`{given}` is a column of the records and cannot be the name of a sweep"));
            return Some(fault.label("expected another name"));
        }
        if table::begins(given) {
            let fault =
                Diagnostic::at(*span, format!("a sweep cannot be called `{given}`, which spreadsheets read as a formula"));
            return Some(fault.label("expected a name that does not begin with `=`, `+`, `-` or `@`"));
        }
        let again = names.iter().enumerate().any(|(b, name)| b != a && name == given);
        again.then(|| Diagnostic::at(*span, format!("two sweeps are called `{given}`")).label("expected another name"))
    };
    let faults: Vec<Diagnostic> = (0..axes.len()).filter_map(fault).collect();
    if faults.is_empty() { Ok(names) } else { Err(faults) }
}

fn name_of(axes: &[Axis], a: usize, taken: &dyn Fn(&str) -> bool) -> String {
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

/// The values of an axis as text: a choice with parameters by its name alone where that is unique.
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

    fn cells(document: &Node) -> Result<Vec<Choice>, Vec<Diagnostic>> {
        super::cells(document, &Registry::builtin())
    }
    use crate::scenario::{document, source::Sources};

    fn read(text: &str) -> Node {
        let mut sources = Sources::default();
        let source = sources.add("a.toml", text);
        document::parse(&sources, source).unwrap()
    }

    fn keys(choices: &[Choice]) -> Vec<String> {
        let show = |choice: &Choice| choice.keys.iter().map(|key| format!("{}={}", key.name, key.value)).collect::<Vec<_>>();
        choices.iter().map(|choice| show(choice).join(" ")).collect()
    }

    #[test]
    fn sweeps_multiply_and_the_last_varies_fastest() {
        let cells = cells(&read("problem.l2 = { sweep = [0.1, 1] }\nfleet.clients = { sweep = [10, 20] }")).unwrap();
        assert_eq!(keys(&cells), ["l2=0.1 clients=10", "l2=0.1 clients=20", "l2=1 clients=10", "l2=1 clients=20"]);
        assert_eq!(cells[2].tree, read("problem.l2 = 1\nfleet.clients = 10"));
    }

    #[test]
    fn zipped_sweeps_advance_together() {
        let text = "problem.l2 = { sweep = [0.1, 1], zip = 'a' }\nfleet.clients = { sweep = [10, 20], zip = 'a', name = 'n' }";
        assert_eq!(keys(&cells(&read(text)).unwrap()), ["l2=0.1 n=10", "l2=1 n=20"]);
        assert!(cells(&read(&text.replace("[10, 20]", "[10]"))).is_err());
    }

    #[test]
    fn names_are_short_and_unique_and_no_column() {
        let text = "[[fleet.group]]\nstep = { sweep = [1, 2] }\n[[fleet.group]]\nstep = { sweep = [1, 2] }\n\
            [problem]\nhidden = [{ sweep = [3, 4] }]\n[stop]\nrounds = { sweep = [1, 2] }";
        let first = &cells(&read(text)).unwrap()[0];
        let names: Vec<&str> = first.keys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["0.step", "1.step", "hidden.0", "stop.rounds"]);
        let text = "network.up.loss.sweep = [0.1, 0.2]\nfederated.local.lr = { sweep = [1, 2], name = 'steps' }\n\
            federated.local.steps.sweep = [1, 2]";
        let first = &cells(&read(text)).unwrap()[0];
        let names: Vec<&str> = first.keys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["up.loss", "steps", "local.steps"]);
    }

    #[test]
    fn a_method_that_sweeps_becomes_several() {
        let text = "[[method]]\nname = 'fedavg'\nlocal.lr = { sweep = [0.1, 0.2] }\n[[method]]\nname = 'scaffold'";
        let cells = cells(&read(text)).unwrap();
        assert_eq!(cells.len(), 1);
        let labels: Vec<_> = cells[0].tree.get("method").unwrap().as_array().unwrap().iter().map(|m| m.get("label")).collect();
        assert_eq!(labels[0].unwrap().as_str(), Some("fedavg, lr = 0.1"));
        assert_eq!(labels[1].unwrap().as_str(), Some("fedavg, lr = 0.2"));
        assert!(labels[2].is_none());
    }

    #[test]
    fn a_key_of_a_method_makes_cells_where_it_says_so() {
        let text = "[[method]]\nname = 'fedavg'\nlocal.lr = { sweep = [0.1, 0.2] }\n[[method]]\nname = 'fedavg-m'\nbeta = { sweep = [0.5, 1], cells = true }";
        let cells = cells(&read(text)).unwrap();
        assert_eq!(keys(&cells), ["beta=0.5", "beta=1"]);
        let method = cells[1].tree.get("method").unwrap().as_array().unwrap()[2].clone();
        assert_eq!(method, read("name = 'fedavg-m'\nbeta = 1"));
    }

    #[test]
    fn tunes_are_variants_of_a_method() {
        let method = read("name = 'fedavg'\nlocal.lr.tune.log = [0.1, 0.001, 3]\nserver = { tune = ['none', { adam = {} }] }");
        let variants = variants(&method).unwrap();
        assert_eq!(keys(&variants)[..3], ["lr=0.1 server=none", "lr=0.1 server=adam", "lr=0.01 server=none"]);
        assert_eq!(variants.len(), 6);
    }

    #[test]
    fn the_world_is_not_tuned_and_claims_are_not_swept() {
        for text in ["problem.l2.tune = [1]", "title.sweep = ['a']", "claim = [{ by = { sweep = [1] } }]", "seeds.tune = [1]"] {
            assert!(cells(&read(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn too_many_cells_are_refused_before_they_are_made() {
        let text: String = (0..6).map(|k| format!("problem.k{k}.sweep.linear = [0, 9999, 10000]\n")).collect();
        assert!(cells(&read(&text)).is_err());
    }

    #[test]
    fn axes_and_metrics_are_columns_in_either_spelling() {
        let columns = ["method", "seconds", "uplink-bits", "loss", "grad_norm", "grad-norm", "layer-variance-2", "staleness"];
        let is_column = |name| is_column(name, &Registry::builtin());
        assert!(columns.into_iter().all(is_column));
        assert!(!["alpha", "loss2", "loss-1", "up.loss", "layer-variance-x"].into_iter().any(is_column));
    }
}
