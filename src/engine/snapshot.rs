//! State that can be saved behind a trait object.

use serde::{Serialize, de::DeserializeOwned};

/// Whatever serialises can be saved to bytes and taken up again.
pub trait Snapshot {
    /// The state as bytes.
    ///
    /// # Errors
    /// When a part of the state cannot be serialised.
    fn save(&self) -> Result<Vec<u8>, postcard::Error>;

    /// Replaces the state by a saved one.
    ///
    /// # Errors
    /// When the bytes do not fit.
    fn load(&mut self, bytes: &[u8]) -> Result<(), postcard::Error>;
}

impl<T: Serialize + DeserializeOwned> Snapshot for T {
    fn save(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(self)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        *self = postcard::from_bytes(bytes)?;
        Ok(())
    }
}
