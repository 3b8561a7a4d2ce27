//! Trees as TOML text.

use std::fmt::Write;

use super::node::{Entry, Node, Table, Value};

/// A value on one line.
pub fn inline(node: &Node) -> String {
    match &node.value {
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(number) if number.is_nan() => "nan".to_owned(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Datetime(date) => date.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let pairs: Vec<String> = table.iter().map(|entry| format!("{} = {}", key(&entry.key), inline(&entry.node))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

/// A whole document: plain keys first, then a header for each table and each element of an array of tables, one level deep;
/// below that, and for the tables `inlined`, everything is on one line.
pub fn document(root: &Table, inlined: &[&str]) -> String {
    let has_header = |entry: &Entry| {
        is_table_array(&entry.node) || (entry.node.as_table().is_some() && !inlined.contains(&entry.key.as_str()))
    };
    let mut text = String::new();
    plain_keys(&mut text, root.iter().filter(|entry| !has_header(entry)));
    for entry in root.iter().filter(|entry| has_header(entry)) {
        section(&mut text, &entry.key, &entry.node);
    }
    text
}

fn section(text: &mut String, name: &str, node: &Node) {
    let Some(table) = node.as_table() else { return elements(text, &key(name), node) };
    let _ = writeln!(text, "\n[{}]", key(name));
    plain_keys(text, table.iter().filter(|entry| !is_table_array(&entry.node)));
    for entry in table.iter().filter(|entry| is_table_array(&entry.node)) {
        elements(text, &format!("{}.{}", key(name), key(&entry.key)), &entry.node);
    }
}

fn elements(text: &mut String, header: &str, node: &Node) {
    for table in node.as_array().into_iter().flatten().filter_map(Node::as_table) {
        let _ = writeln!(text, "\n[[{header}]]");
        plain_keys(text, table.iter());
    }
}

fn plain_keys<'t>(text: &mut String, entries: impl Iterator<Item = &'t Entry>) {
    for entry in entries {
        let _ = writeln!(text, "{} = {}", key(&entry.key), inline(&entry.node));
    }
}

fn is_table_array(node: &Node) -> bool {
    node.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(|item| item.as_table().is_some()))
}

/// A key, quoted where TOML wants it.
pub fn key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { key.to_owned() } else { toml::Value::String(key.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::{document as reader, source::Sources};

    fn read(text: &str) -> Node {
        let mut sources = Sources::default();
        let source = sources.add("a.toml", text);
        reader::parse(&sources, source).unwrap()
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let text = "title = \"a \\\"b\\\" \\n ü\"\nstop = { rounds = 3 }\n\"odd key\" = [1, 2.5, 1e-300, inf, -0.0]\n\
            [fleet]\nclients = 3\n[[fleet.group]]\nshare = 0.5\nstep.exponential.mean = 0.2\n[[fleet.group]]\nempty = {}\n\
            [[method]]\nname = 'x'\nserver = [{ adam = { b1 = 0.9 } }, { scale = 0.1 }]\n[federated.local]\nsteps = 3\n[nothing]\n";
        let node = read(text);
        let written = document(node.as_table().unwrap(), &["stop"]);
        assert_eq!(read(&written), node, "{written}");
        assert!(written.contains("\n[[fleet.group]]\nshare = 0.5\n"), "{written}");
    }
}
