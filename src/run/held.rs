//! Runs that have been taken a part of the way: up to where, and the rows that they have written.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::{results::Results, sealed};
use crate::{
    file::digest::Digest,
    record::{Progress, axis::Axis},
};

/// The place up to which a run goes for now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub axis: Axis,
    pub x: f64,
}

impl Place {
    /// Whether a sample is there, or beyond.
    pub fn is_reached(self, sample: &Progress) -> bool {
        let Progress { round, seconds, updates, gradients, uplink_bits, downlink_bits } = *sample;
        let here = match self.axis {
            Axis::Rounds => round as f64,
            Axis::Seconds => seconds,
            Axis::Updates => updates as f64,
            Axis::Gradients => gradients as f64,
            Axis::UplinkBits => uplink_bits as f64,
            Axis::DownlinkBits => downlink_bits as f64,
        };
        here >= self.x
    }
}

/// What a run has come to so far.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Held {
    /// The latest sample.
    pub sample: Progress,
    /// The rows up to there.
    pub part: Digest,
}

impl Held {
    /// Writes how far the run of this name has come. Its rows are on the disk by then.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, results: &Results, name: &str) -> io::Result<()> {
        let bytes = postcard::to_stdvec(self).map_err(io::Error::other)?;
        results.write_whole(&results.of_run(name, "held"), |out| sealed::write(out, |out| out.write_all(&bytes)))
    }

    /// Whether the run of this name has come to `place`, and its rows are as they were written. What is damaged has not: the run goes on from
    /// its checkpoint, or starts again.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn has_reached(results: &Results, name: &str, place: Place) -> io::Result<bool> {
        let mark = results.of_run(name, "held");
        let known = match sealed::open(&mark) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
            other => other?,
        };
        let Some(mut content) = known else { return Ok(false) };
        let mut bytes = Vec::new();
        let _ = content.read_to_end(&mut bytes)?;
        let Ok(held) = postcard::from_bytes::<Self>(&bytes) else { return Ok(false) };
        let part = results.of_run(name, "csv");
        Ok(place.is_reached(&held.sample) && part.is_file() && Digest::of_file(&part)? == held.part)
    }
}
