//! The inner loops of [`rows`](super::rows) in vectors of 512 bits, with the bits of vectors of 256 bits.
//!
//! An inner product is a chain over vectors of 256 bits, so a vector of 512 bits carries two of them: those of two rows with
//! the same weights. Adding rows to weights works coordinate by coordinate and has the same bits in any width.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub use x86_64::Wide;

/// A scalar with loops in vectors of 512 bits.
pub trait WideLanes: Sized {
    /// The `M × K` inner products of rows of equal length.
    fn dots<const K: usize, const M: usize>(wide: Wide, w: [&[Self]; K], x: [&[Self]; M]) -> [[Self; K]; M];

    /// `w[j] ← w[j] + Σ_s factors[j][s] x[s]` for rows of equal length.
    fn add_rows<const K: usize, const M: usize>(wide: Wide, w: [&mut [Self]; K], x: [&[Self]; M], factors: [[Self; M]; K]);
}

/// Proof that the processor has vectors of 512 bits: there is none on this architecture.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Debug, Clone, Copy)]
pub enum Wide {}

#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use super::{Wide, WideLanes};

    impl Wide {
        /// No proof.
        pub fn detect() -> Option<Self> {
            None
        }
    }

    macro_rules! never {
        ($($scalar:ident)*) => {$(
            impl WideLanes for $scalar {
                fn dots<const K: usize, const M: usize>(wide: Wide, _: [&[Self]; K], _: [&[Self]; M]) -> [[Self; K]; M] {
                    match wide {}
                }

                fn add_rows<const K: usize, const M: usize>(wide: Wide, _: [&mut [Self]; K], _: [&[Self]; M], _: [[Self; M]; K]) {
                    match wide {}
                }
            }
        )*};
    }

    never!(f32 f64);
}
