//! The tree as a serde source.

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor, value::StrDeserializer,
};

use super::super::{
    node::{Entry, Node, Table, Value},
    source::Span,
};
use super::{Catalogue, fault::Fault};
use crate::named;

/// Up to here every whole number is exactly a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// One node as a serde source.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    node: &'a Node,
    catalogue: &'a dyn Catalogue,
}

impl<'a> Reader<'a> {
    pub(super) fn new(node: &'a Node, catalogue: &'a dyn Catalogue) -> Self {
        Self { node, catalogue }
    }

    /// A node below this one.
    fn below(self, node: &'a Node) -> Self {
        Self { node, ..self }
    }

    /// An integer written as `1e6` is welcome where an integer is wanted.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.value {
            Value::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
                visitor.visit_i64(number as i64).map_err(|fault: Fault| fault.or_at(self.node.span))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn items<'de, V: Visitor<'de>>(self, items: &'a [Node], visitor: V) -> Result<V::Value, Fault> {
        let mut read = Items { reader: self, items: items.iter(), next: 0 };
        let value = visitor.visit_seq(&mut read)?;
        // Whoever reads a fixed number of items stops after them.
        match read.items.len() {
            0 => Ok(value),
            _ => Err(Fault::invalid_length(items.len(), &format!("an array of length {}", read.next).as_str())),
        }
    }

    fn keys<'de, V: Visitor<'de>>(self, table: &'a Table, visitor: V) -> Result<V::Value, Fault> {
        let mut keys = Keys { reader: self, entries: table.iter(), value: None };
        let value = visitor.visit_map(&mut keys).map_err(|fault| fault.or_at(self.node.span))?;
        // Whoever reads a choice as a table stops after its first key.
        match keys.entries.next() {
            Some(left) => Err(Fault::one_key(table.len(), &[]).or_at(left.key_span)),
            None => Ok(value),
        }
    }

    /// The name that is written here, alone or as the only key of a table, out of `names`.
    fn choice(self, names: &[&'static str]) -> Result<Choice<'a>, Fault> {
        match &self.node.value {
            Value::String(name) => Ok(Choice { reader: self, name, name_span: self.node.span, content: None }),
            Value::Table(table) => match self.node.single() {
                Some(entry) => {
                    Ok(Choice { reader: self, name: &entry.key, name_span: entry.key_span, content: Some(&entry.node) })
                }
                None => {
                    let place = table.iter().nth(1).map_or(self.node.span, |second| second.key_span);
                    Err(Fault::one_key(table.len(), names).or_at(place))
                }
            },
            other => {
                let expected = format!("a name: {}", super::super::diagnostic::listed(names));
                Err(Fault::mismatch(other, expected).or_at(self.node.span))
            }
        }
    }

    /// Reads a part of an open list and hands it over to `visitor`.
    fn part<'de, V: Visitor<'de>>(self, kind: &str, names: &[&'static str], visitor: V) -> Result<V::Value, Fault> {
        let choice = self.choice(names)?;
        let (name, span) = (choice.name, choice.name_span);
        if !names.contains(&name) {
            let like = self.catalogue.unlisted(kind, name);
            if !like.contains(&name) {
                return Err(Fault::unknown_name(name, if like.is_empty() { names } else { &like }).or_at(span));
            }
        }
        let part = choice.parameters(|content| self.catalogue.read(kind, name, content))?;
        named::hand_over(part);
        visitor.visit_unit().map_err(|fault: Fault| fault.or_at(span))
    }
}

/// Forwards integer requests to [`Reader::whole`].
macro_rules! whole_numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.whole(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let span = self.node.span;
        match &self.node.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(integer) => visitor.visit_i64(*integer),
            Value::Float(number) if number.is_nan() => Err(Fault::mismatch(&self.node.value, "a number with a value")),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(boolean) => visitor.visit_bool(*boolean),
            Value::Datetime(_) => Err(Fault::mismatch(&self.node.value, "another kind of value, since no key takes a date")),
            Value::Array(items) => self.items(items, visitor),
            Value::Table(table) => return self.keys(table, visitor),
        }
        .map_err(|fault| fault.or_at(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        match self.catalogue.names(name) {
            Some(names) => self.part(name, &names, visitor),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Table(table) => self.keys(table, visitor),
            other => {
                let expected = match keys {
                    [] => "a table".to_owned(),
                    [first, ..] => format!("a table, such as `{{ {first} = … }}`"),
                };
                Err(Fault::mismatch(other, expected).or_at(self.node.span))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let choice = self.choice(names)?;
        visitor.visit_enum(choice).map_err(|fault| fault.or_at(self.node.span))
    }

    whole_numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
    deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a> {
    reader: Reader<'a>,
    items: std::slice::Iter<'a, Node>,
    next: usize,
}

impl<'de> SeqAccess<'de> for &mut Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(self.reader.below(item)).map(Some).map_err(|fault| fault.or_at(item.span).under(index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Keys<'a> {
    reader: Reader<'a>,
    entries: std::slice::Iter<'a, Entry>,
    value: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for &mut Keys<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        self.value = Some(entry);
        seed.deserialize(StrDeserializer::new(&entry.key)).map(Some).map_err(|fault: Fault| {
            let fault = fault.or_at(entry.key_span);
            fault.under(&entry.key)
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let entry = self.value.take().expect("serde asks for a key before its value");
        seed.deserialize(self.reader.below(&entry.node)).map_err(|fault| fault.or_at(entry.node.span).under(&entry.key))
    }
}

/// A choice of an enum: `"name"` or `{ name = content }`.
struct Choice<'a> {
    reader: Reader<'a>,
    name: &'a str,
    name_span: Span,
    content: Option<&'a Node>,
}

impl<'de, 'a> EnumAccess<'de> for Choice<'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let name = seed.deserialize(StrDeserializer::new(self.name)).map_err(|fault: Fault| fault.or_at(self.name_span))?;
        Ok((name, self))
    }
}

impl Choice<'_> {
    /// Reads the parameters. A bare name has an empty table of them, so that all may have defaults.
    fn parameters<T>(self, read: impl FnOnce(Reader<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        match self.content {
            Some(content) => read(self.reader.below(content)).map_err(|fault| fault.or_at(content.span).under(self.name)),
            None => read(Reader::new(&Node::new(Value::Table(Table::default()), self.name_span), self.reader.catalogue)).map_err(
                |fault| {
                    let fault = if fault.is_mismatch() { Fault::parameters(self.name, true) } else { fault };
                    fault.or_at(self.name_span)
                },
            ),
        }
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(content) if content.as_table().is_some_and(Table::is_empty) => Ok(()),
            Some(_) => Err(Fault::parameters(self.name, false).or_at(self.name_span)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.parameters(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.parameters(|content| content.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, keys: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.parameters(|content| content.deserialize_struct("", keys, visitor))
    }
}
