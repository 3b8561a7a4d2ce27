//! Parts that a scenario chooses by name, from an open list.
//!
//! A part is written `"name"` or `{ name = { … } }`. Only the [registry](crate::registry) knows which names there are, so that a user's own
//! crate can add some. serde has no way to pass a registry to a type that is being read; so the reader of scenarios, which has
//! it, reads the part and [hands it over](hand_over) to the [`Named`] that asks for it.

use std::{
    any::Any,
    cell::Cell,
    fmt::{self, Debug, Formatter},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// A kind of part, implemented for the trait object of all parts of the kind.
pub trait Kind: Debug + Send + Sync + 'static {
    /// The name of the kind in messages, such as `compressor`.
    const KIND: &'static str;

    /// The name of this part in a scenario.
    fn name(&self) -> &'static str;

    /// The parameters, defaults included, as a scenario writes them behind the name.
    fn parameters(&self) -> toml::Value;
}

/// A part of an open list, chosen by its name in a scenario. Clones share the part.
pub struct Named<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Named<T> {
    /// A part under the name it gives itself.
    pub fn new(part: Arc<T>) -> Self {
        Self(part)
    }
}

impl<T: ?Sized> Deref for Named<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for Named<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Kind + ?Sized> Debug for Named<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Parts are equal if a scenario would write them alike.
impl<T: Kind + ?Sized> PartialEq for Named<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.parameters() == other.parameters()
    }
}

impl<T: Kind + ?Sized> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.parameters();
        if parameters.as_table().is_some_and(toml::Table::is_empty) {
            return serializer.serialize_str(self.name());
        }
        serializer.collect_map([(self.name(), parameters)])
    }
}

thread_local! {
    /// The part that has just been read, on its way from the reader to the [`Named`] that asked for it.
    static READ: Cell<Option<Box<dyn Any>>> = const { Cell::new(None) };
}

/// Hands a `Named<T>` over to the visitor that asked for one: what a reader does before it visits a unit.
pub fn hand_over(part: Box<dyn Any>) {
    READ.set(Some(part));
}

impl<'de, T: Kind + ?Sized> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(T::KIND, Taker(PhantomData))
    }
}

struct Taker<T: ?Sized>(PhantomData<T>);

impl<T: Kind + ?Sized> Visitor<'_> for Taker<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "a {}: a name, or a table with one name and its parameters", T::KIND)
    }

    fn visit_unit<E: Error>(self) -> Result<Named<T>, E> {
        let read = READ.take().and_then(|part| part.downcast().ok());
        read.map(|part| *part).ok_or_else(|| E::custom(format!("a {} can be read from a scenario only", T::KIND)))
    }
}

/// A reference to the list of all parts of the kind, which the schema of a scenario takes from the registry.
impl<T: Kind + ?Sized> JsonSchema for Named<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::KIND.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}
