//! State that can be saved behind a trait object.

use std::io::{Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// Everything that serialises can be saved and loaded again, without a copy of it in memory.
pub trait Snapshot {
    /// Writes the state.
    ///
    /// # Errors
    /// When a part of the state cannot be serialised or written.
    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error>;

    /// Replaces the state by a saved one.
    ///
    /// # Errors
    /// When the bytes do not fit.
    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error>;
}

impl<T: Serialize + DeserializeOwned> Snapshot for T {
    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        postcard::to_io(self, out).map(drop)
    }

    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        *self = read(input)?;
        Ok(())
    }
}

/// Room for what is read in one piece, which in a run's state are numbers and short names [bytes].
const PIECE: usize = 4096;

/// Reads a value that [`Snapshot::save`] wrote.
///
/// # Errors
/// When the bytes do not fit.
pub fn read<T: DeserializeOwned>(input: &mut dyn Read) -> Result<T, postcard::Error> {
    postcard::from_io((input, &mut [0; PIECE])).map(|(value, _)| value)
}
