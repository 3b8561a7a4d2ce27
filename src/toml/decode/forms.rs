//! Values that a scenario may write in more than one form: a text, a number, a list or a table.

use std::marker::PhantomData;

/// Reads whichever form of a `T` a scenario has. The macro [`forms!`] makes it a visitor.
#[derive(Debug)]
pub struct Forms<T>(PhantomData<T>);

impl<T> Forms<T> {
    /// The reader of all forms.
    pub const ALL: Self = Self(PhantomData);
}

/// Implements `Deserialize` for a type by its forms: `text`, `number`, `list` and `table` each name the type that they are read as, and
/// a function from that type; `word` is text of which messages list no other choice. The text in front says what messages expect.
///
/// In contrast to serde's `untagged` enums, faults within a table keep their place.
macro_rules! forms {
    (
        $type:ty, $expected:literal $(where $var:ident: $bound:path)?,
        $($form:ident($read:ty) => $make:expr),+ $(,)?
    ) => {
        impl<'de $(, $var: $bound)?> serde::de::Visitor<'de> for $crate::toml::decode::Forms<$type> {
            type Value = $type;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($expected)
            }

            $($crate::toml::decode::form! { $form($read) => $make })+
        }

        impl<'de $(, $var: $bound)?> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::toml::decode::Forms::<Self>::ALL)
            }
        }
    };
}

/// The method of a visitor that reads one form.
macro_rules! form {
    (text($read:ty) => $make:expr) => {
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            <$read as serde::Deserialize>::deserialize(serde::de::value::StrDeserializer::new(text)).map($make)
        }
    };
    (word($read:ty) => $make:expr) => {
        fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
            let read = <$read as serde::Deserialize>::deserialize(serde::de::value::StrDeserializer::<E>::new(word));
            read.map($make).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(word), &self))
        }
    };
    (number($read:ty) => $make:expr) => {
        $crate::toml::decode::form! { visit_i64(i64, Signed, $read) => $make }
        $crate::toml::decode::form! { visit_u64(u64, Unsigned, $read) => $make }
        $crate::toml::decode::form! { visit_f64(f64, Float, $read) => $make }
    };
    ($visit:ident($number:ty, $kind:ident, $read:ty) => $make:expr) => {
        fn $visit<E: serde::de::Error>(self, number: $number) -> Result<Self::Value, E> {
            let read = <$read as serde::Deserialize>::deserialize(serde::de::IntoDeserializer::<E>::into_deserializer(number));
            read.map($make).map_err(|_| E::invalid_value(serde::de::Unexpected::$kind(number), &self))
        }
    };
    (list($read:ty) => $make:expr) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
            <$read as serde::Deserialize>::deserialize(serde::de::value::SeqAccessDeserializer::new(items)).map($make)
        }
    };
    // Not the trait's `deserialize`: of a type with `remote = "Self"`, this is the derived one.
    (table($read:ty) => $make:expr) => {
        fn visit_map<A: serde::de::MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
            <$read>::deserialize(serde::de::value::MapAccessDeserializer::new(table)).map($make)
        }
    };
}

/// Functions for serde's `default`, one for each key that has a default of its own.
macro_rules! defaults {
    ($($key:ident: $type:ty = $value:expr;)+) => {
        $(fn $key() -> $type {
            $value
        })+
    };
}

pub(crate) use defaults;
pub(crate) use form;
pub(crate) use forms;
