//! `[[method]]`: who is compared.

use super::{
    cells::{self, Choice},
    diagnostic::Diagnostic,
    node::{Node, Table, Value},
    source::Span,
};
use crate::invalid::acts;

/// Keys of `[[method]]` that only name it.
const NAMING: [&str; 2] = ["name", "label"];

/// Keys whose tables are merged key by key from the role's section into a method's.
pub const MERGED: [&str; 2] = ["local", "client"];

/// One `[[method]]` of a cell. Two are equal if they mean the same, wherever they are written.
#[derive(Debug, Clone)]
pub struct MethodTable {
    /// The name in the registry.
    pub name: String,
    /// The place of the name.
    pub name_span: Span,
    /// Its label in records and figures: `label`, or the name; with the values of keys that the method sweeps.
    pub label: String,
    /// Its table as written, without `name` and `label`: common keys and its own parameters. Tunes are still in place.
    pub table: Node,
}

impl PartialEq for MethodTable {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.label, &self.table) == (&other.name, &other.label, &other.table)
    }
}

impl MethodTable {
    /// The variants of this method where it takes the keys it does not have from `shared` (`[federated]` or `[peers]`).
    ///
    /// `merged` are keys whose tables are merged key by key, such as `local`; any other key of the method replaces the shared
    /// one as a whole.
    ///
    /// # Errors
    /// Too many combinations of tunes.
    pub fn variants_over(&self, shared: &Node, merged: &[&str]) -> Result<Vec<Choice>, Vec<Diagnostic>> {
        cells::variants(&over(shared, &self.table, merged))
    }

    /// The variants beyond those of [`variants_over`](Self::variants_over): with values that continue its grids.
    ///
    /// # Errors
    /// Too many combinations of tunes.
    pub fn beyond_over(&self, shared: &Node, merged: &[&str]) -> Result<Vec<Choice>, Vec<Diagnostic>> {
        cells::beyond(&over(shared, &self.table, merged))
    }
}

/// `shared` with the keys of `own` put over it; the result has the place of `own`. A `concurrency` of its own goes before the clients
/// at work that a shared schedule names.
pub(super) fn over(shared: &Node, own: &Node, merged: &[&str]) -> Node {
    let mut table = shared.as_table().cloned().unwrap_or_default();
    for entry in own.as_table().into_iter().flat_map(Table::iter) {
        let both = merged.contains(&entry.key.as_str()).then(|| table.get(&entry.key)).flatten();
        let node = match both {
            Some(below) if below.as_table().is_some() && entry.node.as_table().is_some() => over(below, &entry.node, &[]),
            _ => entry.node.clone(),
        };
        table.insert(&entry.key, entry.key_span, node);
    }
    if own.get("concurrency").is_some() && own.get("schedule").is_none() {
        table.get_mut("schedule").into_iter().for_each(forget_concurrency);
    }
    Node::new(Value::Table(table), own.span)
}

/// Takes out of a schedule, or several that are tried, how many clients are at work.
fn forget_concurrency(schedule: &mut Node) {
    match &mut schedule.value {
        Value::Table(table) => {
            for key in ["cohort", "concurrency"] {
                let _ = table.remove(key);
            }
            table.iter_mut().for_each(|entry| forget_concurrency(&mut entry.node));
        }
        Value::Array(items) => items.iter_mut().for_each(forget_concurrency),
        _ => {}
    }
}

/// A section that the scenario must have.
pub(super) fn missing(tree: &Node, key: &str, example: &str) -> Diagnostic {
    Diagnostic::at(tree.span, format!("missing key `{key}` in the scenario")).help(format!("write {example}"))
}

/// All methods of a cell.
pub(super) fn methods(tree: &Node, faults: &mut Vec<Diagnostic>) -> Vec<MethodTable> {
    let Some(written) = tree.get("method") else {
        faults.push(
            missing(tree, "method", "a line `[[method]]` and below it `name = \"fedavg\"`")
                .help("`fedfleet methods` lists all methods"),
        );
        return Vec::new();
    };
    let Some(items) = written.as_array() else {
        faults.push(Diagnostic::at(written.span, "`method` must be a list").help("write `[[method]]` with two brackets"));
        return Vec::new();
    };
    if items.is_empty() {
        let fault = Diagnostic::at(written.span, "the scenario has no method").label("expected at least one");
        let fault = fault.help("write a line `[[method]]` and below it `name = \"fedavg\"`");
        faults.push(fault.help("`fedfleet methods` lists all methods"));
    }
    let mut methods: Vec<MethodTable> = Vec::with_capacity(items.len());
    for item in items {
        match method(item) {
            Ok((method, place)) => {
                if methods.iter().any(|other| other.label == method.label) {
                    let fault = Diagnostic::at(place.span, format!("two methods are called `{}`", method.label));
                    faults.push(fault.label("expected another label").help("tell them apart by `label = \"…\"`"));
                }
                methods.push(method);
            }
            Err(found) => faults.extend(found),
        }
    }
    methods
}

/// One method, and the node that gives it its label.
fn method(item: &Node) -> Result<(MethodTable, &Node), Vec<Diagnostic>> {
    let Value::Table(written) = &item.value else {
        return Err(vec![
            Diagnostic::at(item.span, format!("a method cannot be {}", item.value.kind())).label("expected a table"),
        ]);
    };
    let Some(name) = written.get("name") else {
        let fault = Diagnostic::at(item.span, "missing key `name` in `method`").help("write `name = \"fedavg\"`");
        return Err(vec![fault.help("`fedfleet methods` lists all methods")]);
    };
    let place = written.get("label").unwrap_or(name);
    let text = |node: &Node, key: &str| {
        let sound = |text: &&str| !text.trim().is_empty() && !text.contains(acts);
        node.as_str().filter(sound).map(str::to_owned).ok_or_else(|| {
            let fault = Diagnostic::at(node.span, format!("`{key}` of a method must be a text on one line"));
            vec![fault.label(
                "expected a string that is not empty, without control characters or such as change the direction of writing",
            )]
        })
    };
    let (name_span, name, label) = (name.span, text(name, "name")?, text(place, "label")?);
    let mut table = written.clone();
    for key in NAMING {
        let _ = table.remove(key);
    }
    let table = Node::new(Value::Table(table), item.span);
    Ok((MethodTable { name, name_span, label, table }, place))
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

    #[test]
    fn a_method_overrides_shared_keys() {
        let shared = read("local = { steps = 10, lr = { tune = [1, 2] } }\nschedule.rounds.cohort = 20");
        let faults = &mut Vec::new();
        let text = "[[method]]\nname = 'fedavg'\nlocal.lr = 3\n[[method]]\nname = 'scaffold'\nschedule.buffered.size = 5\n";
        let methods = methods(&read(text), faults);
        assert!(faults.is_empty());
        let trees = |m: usize| -> Vec<Node> {
            methods[m].variants_over(&shared, &["local"]).unwrap().into_iter().map(|choice| choice.tree).collect()
        };
        assert_eq!(trees(0), [read("local = { steps = 10, lr = 3 }\nschedule.rounds.cohort = 20")]);
        let faults = &mut Vec::new();
        let text = "[[method]]\nname = 'fedavg'\nconcurrency = 5\nlocal.lr = 3";
        let [method] = &super::methods(&read(text), faults)[..] else { panic!("one method") };
        let tree = method.variants_over(&shared, &["local"]).unwrap().remove(0).tree;
        assert_eq!(tree, read("local = { steps = 10, lr = 3 }\nschedule.rounds = {}\nconcurrency = 5"));
        let buffered = |lr: i64| read(&format!("local = {{ steps = 10, lr = {lr} }}\nschedule.buffered.size = 5"));
        assert_eq!(trees(1), [buffered(1), buffered(2)]);
    }
}
