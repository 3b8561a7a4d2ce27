//! TOML text → tree of values with their places.

use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

use super::{
    diagnostic::Diagnostic,
    node::{Node, Table, Value},
    source::{Sources, Span},
};

/// Reads text number `source`.
///
/// # Errors
/// The first fault of the syntax, or else all integers and floats that do not fit 64 bits.
pub fn parse(sources: &Sources, source: usize) -> Result<Node, Vec<Diagnostic>> {
    let whole = Span::new(source, 0..usize::MAX);
    let (document, errors) = DeTable::parse_recoverable(sources.text(whole));
    // What the parser finds after its first fault mostly follows from that one.
    let mut faults: Vec<Diagnostic> = errors.first().map(|error| syntax(source, error)).into_iter().collect();
    let mut reader = Reader { source, faults: Vec::new() };
    let table = reader.table(document.get_ref());
    if faults.is_empty() {
        faults = reader.faults;
    }
    if faults.is_empty() { Ok(Node::new(Value::Table(table), Span::new(source, 0..0))) } else { Err(faults) }
}

/// A fault of the syntax; what the parser calls `fault, remedy` is split into title and label.
fn syntax(source: usize, error: &Error) -> Diagnostic {
    let (title, label) = error.message().split_once(", ").unwrap_or((error.message(), ""));
    let label = label.replace("expected literal string", "expected quotes");
    let span = Span::new(source, error.span().unwrap_or(0..0));
    let fault = Diagnostic::at(span, format!("not valid TOML: {title}")).label(label);
    if title.contains("must be quoted") { fault.help("write text in double quotes: `key = \"text\"`") } else { fault }
}

struct Reader {
    source: usize,
    faults: Vec<Diagnostic>,
}

impl Reader {
    fn table(&mut self, read: &DeTable<'_>) -> Table {
        let mut table = Table::default();
        for (key, value) in read {
            let node = self.node(value);
            table.insert(key.get_ref().as_ref(), Span::new(self.source, key.span()), node);
        }
        table.sort_by_place();
        table
    }

    fn node(&mut self, read: &Spanned<DeValue<'_>>) -> Node {
        let span = Span::new(self.source, read.span());
        let value = match read.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => self.too_large(span, Value::Integer(0), "an integer of at most 9223372036854775807"),
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() || !float.as_str().contains(|c: char| c.is_ascii_digit()) => {
                    Value::Float(number)
                }
                _ => self.too_large(span, Value::Float(0.0), "a number of size at most 1.8e308"),
            },
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
            DeValue::Array(items) => Value::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node::new(value, span)
    }

    fn too_large(&mut self, span: Span, instead: Value, expected: &str) -> Value {
        self.faults.push(Diagnostic::at(span, "the number is too large").label(format!("expected {expected}")));
        instead
    }
}
