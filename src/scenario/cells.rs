//! Sweeps → cells, methods with sweeps → several methods, tunes → variants.

mod keys;

use std::collections::BTreeMap;

use super::{
    axis::{Axis, Kind, axes},
    diagnostic::Diagnostic,
    node::{Node, Value},
    source::Span,
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
    /// What was chosen, in the order of the file. Empty if there was nothing to choose.
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
pub fn cells(document: &Node) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let all = axes(document)?;
    let faults: Vec<Diagnostic> = all.iter().filter_map(misplaced).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut document = document.clone();
    multiply_methods(&mut document)?;
    let swept: Vec<Axis> = axes(&document)?.into_iter().filter(makes_cells).collect();
    combinations(&document, swept, keys::is_column)
}

/// The keys that make cells, each with its values as text.
///
/// # Errors
/// Malformed sweeps and tunes, names that are taken.
pub(super) fn swept(document: &Node) -> Result<Vec<(String, Vec<String>)>, Vec<Diagnostic>> {
    let swept: Vec<Axis> = axes(document)?.into_iter().filter(makes_cells).collect();
    let names = keys::names(&swept, keys::is_column)?;
    Ok(names.into_iter().zip(swept.iter().map(keys::texts)).collect())
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
    combinations(method, tuned, |_| false)
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
    let mut choices = combinations(method, swept, |_| false)?;
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
fn combinations(tree: &Node, axes: Vec<Axis>, taken: fn(&str) -> bool) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let groups = zipped(&axes)?;
    let sizes: Vec<usize> = groups.iter().map(|group| axes[group[0]].values.len()).collect();
    let count = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)).filter(|count| *count <= MOST);
    let Some(count) = count else {
        let fault = Diagnostic::at(axes[0].span, "too many combinations of values").label(format!("expected at most {MOST}"));
        return Err(vec![fault.note(format!("the sweeps or tunes here have {} values", listed_sizes(&sizes)))]);
    };
    let (names, texts) = (keys::names(&axes, taken)?, axes.iter().map(keys::texts).collect::<Vec<_>>());
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

/// Which axes advance together, in the order of their first.
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

#[cfg(test)]
mod tests {
    use super::*;
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
}
