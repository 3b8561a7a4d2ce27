//! Pieces of a JSON file, each read where it stands, so that faults point at it.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{file::File, invalid::Invalid};

/// A value that is not read yet: a piece of the file's text.
pub(super) type Piece<'t> = &'t RawValue;

/// Reads `text`, a piece of the text of `file`.
///
/// # Errors
/// [`Invalid`] at the place where it goes wrong.
pub(super) fn read<'t, T: Deserialize<'t>>(file: &File<'_>, text: &'t str) -> Result<T, Invalid> {
    serde_json::from_str(text).map_err(|error| {
        let told = error.to_string();
        let message = told.rsplit_once(" at line ").map_or(told.as_str(), |(message, _)| message);
        file.fault_at(token(text, &error), format!("the JSON cannot be read: {message}"))
    })
}

/// The text where `error` was noticed: a number, a word, a string, or a single sign.
fn token<'t>(text: &'t str, error: &serde_json::Error) -> &'t str {
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let bytes = text.as_bytes();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len().saturating_sub(1));
    let inner = |&byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    let start = at - bytes[..at].iter().rev().take_while(|byte| inner(byte)).count();
    let end = at + bytes[at..].iter().take_while(|byte| inner(byte)).count();
    match bytes.get(at) {
        Some(byte) if inner(byte) => &text[start..end],
        // Strings are noticed at their ends.
        Some(b'"') => &text[text[..at].rfind('"').unwrap_or(at)..=at],
        _ => text.get(at..at + 1).unwrap_or_default(),
    }
}

/// Whether a piece is a list, and whether it or its first item is text.
pub(super) fn shape(piece: Piece<'_>) -> (bool, bool) {
    let text = piece.get();
    let items = text.strip_prefix('[').map(str::trim_start);
    (items.is_some(), items.unwrap_or(text).starts_with('"'))
}

/// A number, or lists of numbers of any depth, in one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flat(pub Vec<f64>);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Vec::new();
        Push(&mut values).deserialize(deserializer)?;
        Ok(Self(values))
    }
}

struct Push<'a>(&'a mut Vec<f64>);

impl<'de> DeserializeSeed<'de> for Push<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Push<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a list of numbers")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.0.push(value);
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Push(self.0))?.is_some() {}
        Ok(())
    }
}

/// The entries of an object in the order of the text, those of one name included.
#[derive(Debug)]
pub(super) struct Entries<'t>(pub Vec<(String, Piece<'t>)>);

impl<'de: 't, 't> Deserialize<'de> for Entries<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<'t>(PhantomData<&'t ()>);

        impl<'de: 't, 't> Visitor<'de> for Visit<'t> {
            type Value = Entries<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'t>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Visit(PhantomData))
    }
}

/// A target: a number or text, kept as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a number or text")]
pub(super) enum Label {
    Whole(i64),
    Number(f64),
    Text(String),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}
