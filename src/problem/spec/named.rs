//! Parts that may be written by name alone, with their defaults: `"mlp"` for `{ mlp = {} }`.

use std::{fmt, iter, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, IntoDeserializer,
        value::{MapAccessDeserializer, MapDeserializer},
    },
};

/// Reads an externally tagged enum whose variants may be named without their table.
pub(super) fn name_or_table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Either(PhantomData))
}

/// As [`name_or_table`], for a key that may be absent.
pub(super) fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    name_or_table(deserializer).map(Some)
}

/// The schema of a value that is a name or a table; the names follow from the table's defaults.
pub(super) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or a table with one name and its options")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<T, E> {
        let defaults = MapDeserializer::<_, E>::new(iter::empty::<(&str, &str)>());
        let table = MapDeserializer::<_, E>::new(iter::once((name, defaults)));
        // A variant without options is no table; of two failures, the plain name gives the clearer message.
        T::deserialize(MapAccessDeserializer::new(table)).or_else(|_: E| T::deserialize(name.into_deserializer()))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
