//! A scenario as a tree of values, each with its place in the text.

use super::source::Span;

/// One value and where it stands. Two nodes are equal when their values are, wherever they stand.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The place of the value; for a table with a header, the header.
    pub span: Span,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
    /// A number with a point or an exponent, `inf` or `nan`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time, which no key takes.
    Datetime(String),
    /// An array.
    Array(Vec<Node>),
    /// A table, inline or with a header.
    Table(Table),
}

/// The keys of a table, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The place of the key.
    pub key_span: Span,
    /// Its value.
    pub node: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.node == other.node
    }
}

impl Node {
    /// A value at `span`.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// A string at `span`.
    pub fn string(text: impl Into<String>, span: Span) -> Self {
        Self::new(Value::String(text.into()), span)
    }

    /// The keys, if this is a table.
    pub fn as_table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    /// The keys, if this is a table.
    pub fn as_table_mut(&mut self) -> Option<&mut Table> {
        if let Value::Table(table) = &mut self.value { Some(table) } else { None }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Node]> {
        if let Value::Array(items) = &self.value { Some(items) } else { None }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// The value of `key`, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_table()?.get(key)
    }

    /// The child at one step of a path: a key of a table, or an index into an array.
    pub fn child(&self, step: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(table) => table.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The child at one step of a path, to be changed.
    pub fn child_mut(&mut self, step: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Table(table) => table.get_mut(step),
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The descendant at `path`.
    pub fn descend<S: AsRef<str>>(&self, path: &[S]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| node.child(step.as_ref()))
    }

    /// The descendant at `path`, to be changed.
    pub fn descend_mut<S: AsRef<str>>(&mut self, path: &[S]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, step| node.child_mut(step.as_ref()))
    }

    /// The place of the deepest existing part of `path`, and the number of its steps that exist.
    pub fn nearest<S: AsRef<str>>(&self, path: &[S]) -> (Span, usize) {
        let (mut node, mut depth) = (self, 0);
        while let Some(child) = path.get(depth).and_then(|step| node.child(step.as_ref())) {
            (node, depth) = (child, depth + 1);
        }
        (node.span, depth)
    }

    /// Whether this value, a part of it or one of its keys is at `span`.
    pub fn holds(&self, span: Span) -> bool {
        let within = |node: &Self| node.holds(span);
        self.span == span
            || match &self.value {
                Value::Table(table) => table.iter().any(|entry| entry.key_span == span || within(&entry.node)),
                Value::Array(items) => items.iter().any(within),
                _ => false,
            }
    }

    /// The key and value of a table with exactly one key.
    pub fn single(&self) -> Option<&Entry> {
        match self.as_table()?.entries.as_slice() {
            [entry] => Some(entry),
            _ => None,
        }
    }

    /// Calls `visit` on every node, with the path from here, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&[String], &'a Node)) {
        fn step<'a>(path: &mut Vec<String>, node: &'a Node, visit: &mut dyn FnMut(&[String], &'a Node)) {
            visit(path, node);
            let children: Vec<(String, &Node)> = match &node.value {
                Value::Table(table) => table.iter().map(|entry| (entry.key.clone(), &entry.node)).collect(),
                Value::Array(items) => items.iter().enumerate().map(|(i, item)| (i.to_string(), item)).collect(),
                _ => Vec::new(),
            };
            for (key, child) in children {
                path.push(key);
                step(path, child, visit);
                path.pop();
            }
        }
        step(&mut Vec::new(), self, visit);
    }
}

impl Value {
    /// The name of this kind of value in messages, with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// Whether this is a single value, not an array or a table.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Table(_))
    }
}

impl Table {
    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Keys and values in order, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Entry> {
        self.entries.iter_mut()
    }

    /// The key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// Sets `key`, in its place if it exists and at the end otherwise.
    pub fn insert(&mut self, key: impl Into<String>, key_span: Span, node: Node) {
        let key = key.into();
        match self.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => (entry.key_span, entry.node) = (key_span, node),
            None => self.entries.push(Entry { key, key_span, node }),
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Puts the keys into the order of their places in the text.
    pub(super) fn sort_by_place(&mut self) {
        self.entries.sort_by_key(|entry| entry.key_span);
    }
}
