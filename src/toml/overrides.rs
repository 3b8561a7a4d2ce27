//! `--set a.b.c=value`: keys that are changed from the command line.

use super::{
    axis,
    diagnostic::{Diagnostic, listed, nearest},
    document,
    node::{Node, Table, Value},
    source::{Sources, Span},
};

/// One option that changes a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The name in messages, such as `--set`.
    pub option: String,
    /// `key=value`: the key as in TOML, with an index or a label for elements of arrays; the value as in TOML, or a bare word.
    pub text: String,
}

impl Override {
    /// `--set text`.
    pub fn set(text: impl Into<String>) -> Self {
        Self { option: "--set".to_owned(), text: text.into() }
    }

    /// The key and the value as texts, strings without their quotes; `None` for a text that sets no key.
    pub fn parts(&self) -> Option<(String, String)> {
        let equals = split(&self.text)?;
        let (key, value) = (self.text[..equals].trim(), self.text[equals + 1..].trim());
        let bare = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        Some((key.to_owned(), bare.unwrap_or(value).to_owned()))
    }
}

/// Changes `document` as `change` says; its text joins `sources`, so that later messages can point into it.
///
/// # Errors
/// A text that is not `key=value`, an element that does not exist, or a key below a value that has none.
pub fn apply(document: &mut Node, change: &Override, sources: &mut Sources) -> Result<(), Vec<Diagnostic>> {
    let source = sources.add(change.option.as_str(), change.text.as_str());
    let mut node = parse(sources, source, &change.text)?;
    let mut path = Vec::new();
    while let Some(entry) = node.single() {
        let inner = entry.node.clone();
        path.push((entry.key.clone(), entry.key_span));
        let dotted = inner.span == entry.key_span;
        node = inner;
        if !dotted {
            break;
        }
    }
    put(document, &path, node).map_err(|fault| vec![fault])
}

/// `key=value` as a table with that one (dotted) key.
fn parse(sources: &Sources, source: usize, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let all = Span::new(source, 0..text.len());
    let expected = "expected `key=value`, such as `problem.l2=1e-4`";
    let Some(equals) = split(text).filter(|_| !text.contains('\n')) else {
        return Err(vec![Diagnostic::at(all, "this does not set a key").label(expected)]);
    };
    let written = &text[equals + 1..];
    let bare = !written.trim_start().starts_with(['[', '{', '"', '\'']);
    match document::parse(sources, source) {
        Ok(node) => Ok(node),
        Err(_) if bare && !written.trim().is_empty() => {
            let mut key = Sources::default();
            let number = key.add("", format!("{}=0", &text[..equals]));
            let mut node = document::parse(&key, number)
                .map_err(|_| vec![Diagnostic::at(Span::new(source, 0..equals), "this is not a key").label(expected)])?;
            let value = Node::string(written.trim(), Span::new(source, equals + 1..text.len()));
            relocate(&mut node, source, &value);
            Ok(node)
        }
        Err(faults) => Err(faults),
    }
}

/// Moves a tree of single keys into text number `source` and puts `value` at its end.
fn relocate(node: &mut Node, source: usize, value: &Node) {
    node.span.source = source;
    match &mut node.value {
        Value::Table(table) => {
            for entry in table.iter_mut() {
                entry.key_span.source = source;
                relocate(&mut entry.node, source, value);
            }
        }
        _ => *node = value.clone(),
    }
}

/// Where the first `=` outside quotes is.
fn split(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (None, '=') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        None
    })
}

/// Sets the value at `path`, making the tables on the way that do not exist.
fn put(target: &mut Node, path: &[(String, Span)], value: Node) -> Result<(), Diagnostic> {
    let Some(((key, span), rest)) = path.split_first() else { return Ok(()) };
    if let Value::Array(items) = &mut target.value {
        let index = element(items, key, *span)?;
        return if rest.is_empty() {
            items[index] = axis::narrowed(&items[index], value);
            Ok(())
        } else {
            put(&mut items[index], rest, value)
        };
    }
    if target.value.is_scalar() {
        *target = Node::new(Value::Table(Table::default()), *span);
    }
    let table = target.as_table_mut().expect("neither an array nor a scalar");
    if rest.is_empty() {
        let value = match table.get(key) {
            Some(swept) => axis::narrowed(swept, value),
            None => value,
        };
        table.insert(key, *span, value);
        return Ok(());
    }
    if table.get(key).is_none() {
        table.insert(key, *span, Node::new(Value::Table(Table::default()), *span));
    }
    put(table.get_mut(key).expect("inserted above where it was missing"), rest, value)
}

/// The element that `key` names: by index, or by its `label` or, without one, its `name`.
fn element(items: &[Node], key: &str, span: Span) -> Result<usize, Diagnostic> {
    if let Some(index) = key.parse::<usize>().ok().filter(|&index| index < items.len()) {
        return Ok(index);
    }
    let labels: Vec<&str> = items.iter().filter_map(|item| item.get("label").or(item.get("name"))?.as_str()).collect();
    if labels.len() == items.len()
        && let Some(index) = labels.iter().position(|label| *label == key)
    {
        return Ok(index);
    }
    let mut fault = Diagnostic::at(span, format!("no element `{key}`"));
    if !items.is_empty() {
        let indices = format!("an index from 0 to {}", items.len() - 1);
        fault.label =
            if labels.is_empty() { format!("expected {indices}") } else { format!("expected {} or {indices}", listed(&labels)) };
    }
    match nearest(key, &labels) {
        Some(label) => Err(fault.help(format!("did you mean `{label}`?"))),
        None => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, set: &str) -> Result<Node, String> {
        let mut sources = Sources::default();
        let source = sources.add("a.toml", text);
        let mut node = document::parse(&sources, source).unwrap();
        apply(&mut node, &Override::set(set), &mut sources).map_err(|faults| faults[0].title.clone())?;
        Ok(node)
    }

    fn plain(text: &str) -> Node {
        let mut sources = Sources::default();
        let source = sources.add("b.toml", text);
        document::parse(&sources, source).unwrap()
    }

    #[test]
    fn sets_values_words_elements_and_new_tables() {
        let text =
            "[problem]\nobjective = 'mlp'\nl2 = 1\n[[method]]\nname = 'fedavg'\n[[method]]\nname = 'fedavg'\nlabel = 'B, c'\n";
        let method = "[[method]]\nname = 'fedavg'\n[[method]]\nname = 'fedavg'\nlabel = 'B, c'\n";
        let cases = [
            ("problem.l2=1e-4", format!("[problem]\nobjective = 'mlp'\nl2 = 1e-4\n{method}")),
            ("problem.objective = softmax", format!("[problem]\nobjective = 'softmax'\nl2 = 1\n{method}")),
            ("problem.objective.mlp.hidden=[3]", format!("[problem]\nobjective.mlp.hidden = [3]\nl2 = 1\n{method}")),
            ("method.1.lr=0.1", format!("[problem]\nobjective = 'mlp'\nl2 = 1\n{method}lr = 0.1\n")),
            ("method.\"B, c\".lr=0.1", format!("[problem]\nobjective = 'mlp'\nl2 = 1\n{method}lr = 0.1\n")),
            ("stop={ rounds = 5 }", format!("[problem]\nobjective = 'mlp'\nl2 = 1\n{method}[stop]\nrounds = 5")),
        ];
        for (set, expected) in cases {
            assert_eq!(changed(text, set).unwrap(), plain(&expected), "{set}");
        }
    }

    #[test]
    fn refuses_what_sets_nothing() {
        for set in ["", "abc", "=3", "a..b=3", "a=", "a=[1", "a=1\nb=2", "[a]\nb=2", "method.9.lr=1", "method.fedavgg.lr=1"] {
            assert!(changed("[[method]]\nname = 'fedavg'", set).is_err(), "{set}");
        }
    }
}
