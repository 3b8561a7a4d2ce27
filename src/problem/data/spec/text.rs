//! Values that may be written as bare text or as a table.

use std::{fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, value::MapAccessDeserializer},
};

use super::Bundled;

/// Reads a table, or bare text through `From<String>`.
pub(in crate::problem::data) fn text_or_table<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + From<String>,
{
    struct Either<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + From<String>> de::Visitor<'de> for Either<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a path or a table")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            Ok(T::from(text.to_owned()))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Either(PhantomData)).map(Some)
}

/// Reads a table, or the name of a bundled set.
pub(super) fn bundled_or_table<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + From<Bundled>,
{
    struct Either<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + From<Bundled>> de::Visitor<'de> for Either<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a bundled set or a table with one source, such as { csv = \"file.csv\" }")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            Bundled::deserialize(text.into_deserializer()).map(T::from)
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Either(PhantomData))
}

/// The schema of a value that is a path or a table.
pub(in crate::problem::data) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "anyOf": [{ "type": "string", "description": "Path of the file" }, generator.subschema_for::<T>()] })
}
