//! Parts that methods are put together from. They compose with any method that has a place for them.
//!
//! A part is immutable; its memory is a [`Payload`](crate::message::Payload) that its user keeps, so that a run can be saved in the middle and
//! one part can serve all clients.

pub mod compressor;
pub mod discount;
pub mod rate;
pub mod transform;
pub mod weighting;
