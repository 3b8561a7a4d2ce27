//! Faults that serde reports, and the messages about them.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::toml::{
    diagnostic::{Diagnostic, listed, nearest},
    node::{Node, Value},
    source::Span,
};

/// A fault on its way out of serde: it gains its place and its path as it passes the levels of the tree.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    /// The text at fault; set at the innermost level.
    pub span: Option<Span>,
    /// From the decoded node to the value at fault.
    pub path: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    UnknownKey {
        key: String,
        valid: &'static [&'static str],
    },
    MissingKey(&'static str),
    UnknownName {
        name: String,
        valid: Vec<&'static str>,
    },
    Mismatch {
        found: String,
        expected: String,
    },
    /// A name that needs parameters is alone, or a bare name has some.
    Parameters {
        name: String,
        wanted: bool,
    },
    /// An enum's table has none or several keys.
    OneKey {
        keys: usize,
        valid: Vec<&'static str>,
    },
    Other(String),
}

impl Fault {
    fn new(kind: Kind) -> Self {
        Self { kind, span: None, path: Vec::new() }
    }

    /// A value of another kind than `expected`.
    pub fn mismatch(found: &Value, expected: impl Into<String>) -> Self {
        Self::new(Kind::Mismatch { found: shown(found), expected: expected.into() })
    }

    /// An enum's name with parameters that it does not take, or without those it needs.
    pub fn parameters(name: &str, wanted: bool) -> Self {
        Self::new(Kind::Parameters { name: name.to_owned(), wanted })
    }

    /// An enum's table with other than one key.
    pub fn one_key(keys: usize, valid: &[&'static str]) -> Self {
        Self::new(Kind::OneKey { keys, valid: valid.to_vec() })
    }

    /// A name that none of the choices has.
    pub fn unknown_name(name: &str, valid: &[&'static str]) -> Self {
        Self::new(Kind::UnknownName { name: name.to_owned(), valid: valid.to_vec() })
    }

    /// Sets the place unless a deeper level has set it.
    pub fn or_at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Puts one step in front of the path.
    pub fn under(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }

    /// Whether the value was merely of another kind, so that a caller can tell it better.
    pub fn is_mismatch(&self) -> bool {
        matches!(self.kind, Kind::Mismatch { .. }) && self.path.is_empty()
    }

    /// Whether this only went wrong because the values at `cuts` were taken out.
    pub fn follows_from(&self, cuts: &[Vec<String>]) -> bool {
        match self.kind {
            Kind::MissingKey(key) => {
                cuts.iter().any(|cut| cut.split_last().is_some_and(|(last, parent)| last == key && parent == self.path))
            }
            _ => cuts.iter().any(|cut| cut.starts_with(&self.path)),
        }
    }

    /// The path of the key that an unknown key was probably meant to be: it is not missing.
    pub fn meant(&self) -> Option<Vec<String>> {
        let Kind::UnknownKey { key, valid } = &self.kind else { return None };
        let (_, parent) = self.path.split_last()?;
        Some(parent.iter().cloned().chain([nearest(key, valid)?.to_owned()]).collect())
    }

    /// Whether there is a list where one number is `expected`.
    fn lists_numbers(&self, tree: &Node, expected: &str) -> bool {
        let is_one = ["a number", "a whole number", "a step size"].iter().any(|one| expected.starts_with(one));
        is_one && !expected.contains("list") && tree.descend(&self.path).is_some_and(|node| matches!(node.value, Value::Array(_)))
    }

    /// The message; `at` is the path of the decoded node in the scenario.
    pub fn diagnostic(&self, tree: &Node, at: &str) -> Diagnostic {
        let span = self.span.unwrap_or(tree.span);
        let full = at.split('.').filter(|step| !step.is_empty()).chain(self.path.iter().map(String::as_str));
        let place = full.collect::<Vec<_>>().join(".");
        match &self.kind {
            Kind::UnknownKey { key, valid } => unknown_key(span, key, &place, valid),
            Kind::MissingKey(key) => missing_key(span, key, &place),
            Kind::UnknownName { name, valid } => {
                // A choice that is read as a table has its name in the path.
                let place = place.strip_suffix(&format!(".{name}")).unwrap_or(&place);
                Diagnostic::at(span, format!("unknown name `{name}` for `{place}`")).suggest(name, valid)
            }
            Kind::Mismatch { found, expected } => {
                let fault = Diagnostic::at(span, format!("`{place}` cannot be {found}")).expected(expected);
                if self.lists_numbers(tree, expected) { fault.help(sweep(&place)) } else { fault }
            }
            Kind::Parameters { name, wanted: true } => Diagnostic::at(span, format!("`{name}` needs a value"))
                .help(format!("write `{} = {{ {name} = … }}`", last(&place))),
            Kind::Parameters { name, wanted: false } => Diagnostic::at(span, format!("`{name}` takes no parameters"))
                .help(format!("write `{} = \"{name}\"`", last(&place))),
            Kind::OneKey { keys, valid } => Diagnostic::at(span, format!("`{place}` must name one choice, but has {keys} keys"))
                .expected(&if valid.is_empty() { "a table with one key".to_owned() } else { listed(valid) }),
            // Where several kinds of values would do, serde says only which, or not even that.
            Kind::Other(message) if message.starts_with("expected ") || message.starts_with("data did not match any variant") => {
                let found = match tree.descend(&self.path).map(|node| &node.value) {
                    Some(value @ (Value::Array(_) | Value::Table(_))) => format!("{} like this", value.kind()),
                    Some(value) => shown(value),
                    None => "this value".to_owned(),
                };
                let expected = message.strip_prefix("expected ").unwrap_or("another kind of value");
                let fault = Diagnostic::at(span, format!("`{place}` cannot be {found}")).expected(expected);
                if self.lists_numbers(tree, expected) { fault.help(sweep(&place)) } else { fault }
            }
            Kind::Other(message) => match message.rsplit_once(": expected ") {
                Some((title, expected)) => Diagnostic::at(span, format!("`{place}`: {title}")).expected(expected),
                None => Diagnostic::at(span, format!("`{place}`: {message}")),
            },
        }
    }
}

/// The remedy for a list of values to try.
fn sweep(place: &str) -> String {
    format!("to try several values, write `{} = {{ sweep = [...] }}`", last(place))
}

fn unknown_key(span: Span, key: &str, place: &str, valid: &[&str]) -> Diagnostic {
    let full = place;
    let parent = place.rsplit_once('.').map_or("", |(parent, _)| parent);
    let place = if parent.is_empty() { String::new() } else { format!(" in `{parent}`") };
    let fault = Diagnostic::at(span, format!("unknown key `{key}`{place}"));
    let fault = if valid.is_empty() { fault.label("this table takes no keys") } else { fault.suggest(key, valid) };
    let unknown_key = nearest(key, valid).is_none().then(|| full.to_owned());
    Diagnostic { unknown_key, ..fault }
}

fn missing_key(span: Span, key: &str, place: &str) -> Diagnostic {
    let place = if place.is_empty() { "the scenario".to_owned() } else { format!("`{place}`") };
    Diagnostic::at(span, format!("missing key `{key}` in {place}")).label(format!("expected a key `{key}`"))
}

/// The last step of a path that is a key, not an index.
fn last(place: &str) -> &str {
    place.rsplit('.').find(|step| step.parse::<usize>().is_err()).unwrap_or("key")
}

/// A value in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() <= 30 => format!("the string {text:?}"),
        Value::Integer(integer) => format!("the integer `{integer}`"),
        Value::Float(number) if number.is_nan() => "`nan`".to_owned(),
        Value::Float(number) => format!("the number `{number:?}`"),
        Value::Boolean(boolean) => format!("`{boolean}`"),
        Value::Datetime(date) => format!("the date `{date}`"),
        other => other.kind().to_owned(),
    }
}

/// The name of a Rust type in a scenario.
fn expectation(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" | "u32" | "u64" | "usize" | "u128" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" | "bool" => "`true` or `false`".to_owned(),
        "a sequence" => "an array, such as `[1, 2]`".to_owned(),
        "a map" => "a table".to_owned(),
        _ if text.starts_with("struct ") => "a table".to_owned(),
        _ if text.starts_with("enum ") => "a name or a table with one key".to_owned(),
        _ => text,
    }
}

fn unexpected(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => shown(&Value::Boolean(*value)),
        Unexpected::Unsigned(value) => format!("the integer `{value}`"),
        Unexpected::Signed(value) => shown(&Value::Integer(*value)),
        Unexpected::Float(value) => shown(&Value::Float(*value)),
        Unexpected::Str(value) => shown(&Value::String((*value).to_owned())),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map | Unexpected::StructVariant => "a table".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::Mismatch { found: unexpected(&found), expected: expectation(expected) })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(Kind::Mismatch { found: format!("an array of {length}"), expected: expectation(expected) })
    }

    fn unknown_variant(name: &str, valid: &'static [&'static str]) -> Self {
        Self::unknown_name(name, valid)
    }

    fn unknown_field(key: &str, valid: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownKey { key: key.to_owned(), valid })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Kind::MissingKey(key))
    }
}
