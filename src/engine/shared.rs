//! Data that several holders share, saved once: the model that a server has sent to many clients.
//!
//! For fields `Arc<T>`, by `#[serde(with = "shared")]`. Within [`saving`], what was met before is written as its number in the
//! order of first meetings, and within [`loading`] it is shared again. Elsewhere every holder has its own.

use std::{any::Any, cell::RefCell, collections::HashMap, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

thread_local! {
    /// Numbers of what was written, by its place in memory, which nothing leaves while it is saved.
    static WRITTEN: RefCell<Option<HashMap<usize, u32>>> = const { RefCell::new(None) };
    /// The data read so far.
    static READ: RefCell<Option<Vec<Arc<dyn Any + Send + Sync>>>> = const { RefCell::new(None) };
}

/// Saves with everything shared written once.
pub(super) fn saving<T>(save: impl FnOnce() -> T) -> T {
    let _ = WRITTEN.replace(Some(HashMap::new()));
    let saved = save();
    let _ = WRITTEN.take();
    saved
}

/// Loads what was written by [`saving`].
pub(super) fn loading<T>(load: impl FnOnce() -> T) -> T {
    let _ = READ.replace(Some(Vec::new()));
    let loaded = load();
    let _ = READ.take();
    loaded
}

#[derive(Serialize)]
enum Written<'a, T> {
    New(&'a T),
    Seen(u32),
}

#[derive(Deserialize)]
enum Read<T> {
    New(T),
    Seen(u32),
}

/// Writes the content, or the number of what was written before.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<T: Serialize, S: Serializer>(shared: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
    let seen = WRITTEN.with_borrow_mut(|written| {
        let written = written.as_mut()?;
        let next = written.len() as u32;
        let number = *written.entry(Arc::as_ptr(shared).addr()).or_insert(next);
        (number < next).then_some(number)
    });
    seen.map_or(Written::New(shared.as_ref()), Written::Seen).serialize(serializer)
}

/// Reads the content, or shares what was read before.
///
/// # Errors
/// Those of the deserialiser, and for a number of nothing that was read.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Arc<T>, D::Error>
where
    T: Deserialize<'de> + Send + Sync + 'static,
    D: Deserializer<'de>,
{
    match Read::<T>::deserialize(deserializer)? {
        Read::New(content) => {
            let shared = Arc::new(content);
            READ.with_borrow_mut(|read| read.as_mut().map(|read| read.push(shared.clone())));
            Ok(shared)
        }
        Read::Seen(number) => {
            let seen = READ.with_borrow(|read| read.as_ref()?.get(number as usize).cloned());
            let seen = seen.and_then(|seen| seen.downcast().ok());
            seen.ok_or_else(|| de::Error::custom("a number of shared data that were not read before"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Holder(#[serde(with = "super")] Arc<Vec<u64>>);

    #[test]
    fn what_is_shared_is_written_once_and_shared_again() {
        let (one, other) = (Arc::new(vec![7; 1000]), Arc::new(vec![8; 10]));
        let holders: Vec<Holder> = [&one, &other, &one, &one, &other].map(|held| Holder(Arc::clone(held))).into();
        let alone = postcard::to_stdvec(&Holder(one)).unwrap().len();
        let bytes = saving(|| postcard::to_stdvec(&holders)).unwrap();
        assert!(bytes.len() < alone + 100);
        let back: Vec<Holder> = loading(|| postcard::from_bytes(&bytes)).unwrap();
        assert!(back.iter().zip(&holders).all(|(back, holder)| back.0 == holder.0));
        assert!(Arc::ptr_eq(&back[0].0, &back[3].0) && Arc::ptr_eq(&back[1].0, &back[4].0));
        assert!(postcard::from_bytes::<Vec<Holder>>(&bytes).is_err(), "nothing was read before, outside of loading");
        let apart = postcard::to_stdvec(&holders).unwrap();
        assert!(apart.len() > 3 * alone && postcard::from_bytes::<Vec<Holder>>(&apart).is_ok());
    }
}
