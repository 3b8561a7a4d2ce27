//! The sending end of one client visit.

use crate::{
    message::FLOAT_BITS,
    num::{Real, low_precision::Bits},
    part::compressor::{Encoder, Levels, RoundTo, Wire, contract},
    problem::Block,
    protocol::Payload,
    random::{Purpose, Rng, Streams},
};

/// The way of the vectors of one upload, and their size on the wire.
///
/// Without a compressor, vectors are sent in the client's precision; with one, the compressor alone decides.
pub struct Uplink<'a, R> {
    compressor: Option<&'a dyn Encoder<R>>,
    memory: Vec<Payload<R>>,
    width: Bits,
    origin: Option<&'a [R]>,
    key: (Streams, usize, u64),
    rng: Option<Rng>,
    sent: usize,
    /// Bits of a number in fixed point, whatever its width; `None` for floating point.
    fixed: Option<u64>,
    bits: u64,
}

impl<'a, R: Real> Uplink<'a, R> {
    /// An uplink that sends vectors as they are. Compressors draw from the stream `(Link, client, visit)`.
    pub fn plain(streams: Streams, client: usize, visit: u64) -> Self {
        let key = (streams, client, visit);
        Self {
            compressor: None,
            memory: Vec::new(),
            width: Bits::FLOAT,
            origin: None,
            key,
            rng: None,
            sent: 0,
            fixed: None,
            bits: 0,
        }
    }

    /// Sends vectors through a compressor with the memory of earlier visits.
    pub fn over(&mut self, compressor: Option<&'a dyn Encoder<R>>, memory: &[Payload<R>]) -> &mut Self {
        self.compressor = compressor;
        self.memory = memory.to_vec();
        self
    }

    /// Sends numbers in fixed point of this size where there is no compressor [bit].
    pub fn in_fixed_point(&mut self, bits: Option<u64>) -> &mut Self {
        self.fixed = bits;
        self
    }

    /// Sends vectors in this precision where there is no compressor.
    pub fn in_width(&mut self, width: Bits) -> &mut Self {
        self.width = width;
        self
    }

    /// Sets the message that the server had sent; its first vector is the model.
    pub fn from(&mut self, down: &'a Payload<R>) -> &mut Self {
        self.origin = down.vectors.first().map(Vec::as_slice);
        self
    }

    /// The model as it left the server, where the client sends models in few bits.
    pub(super) fn origin(&self) -> Option<&'a [R]> {
        self.origin.filter(|_| self.width != Bits::FLOAT)
    }

    /// Whether there is a compressor.
    pub(super) fn has_compressor(&self) -> bool {
        self.compressor.is_some()
    }

    /// Sends one vector and replaces it by the vector that the server receives.
    pub(super) fn transmit(&mut self, v: &mut [R], blocks: &[Block]) {
        self.transmit_by(v, blocks, Encoder::transmit);
    }

    /// The same with a compressor made contractive.
    pub(super) fn transmit_contracted(&mut self, v: &mut [R], blocks: &[Block]) {
        self.transmit_by(v, blocks, |compressor, v, _, wire| contract(compressor, v, wire));
    }

    fn transmit_by(
        &mut self,
        v: &mut [R],
        blocks: &[Block],
        carry: impl FnOnce(&(dyn Encoder<R> + 'a), &mut [R], &mut Payload<R>, &mut Wire<'_>) -> u64,
    ) {
        let at = self.sent;
        self.sent += 1;
        if self.compressor.is_none() && self.width == Bits::FLOAT {
            self.bits += self.fixed.unwrap_or(FLOAT_BITS) * v.len() as u64;
            return;
        }
        let (streams, client, visit) = self.key;
        let rng = self.rng.get_or_insert_with(|| streams.stream(Purpose::Link, client, visit));
        let wire = &mut Wire { rng, blocks };
        self.bits += match self.compressor {
            Some(compressor) => {
                self.memory.resize(self.memory.len().max(at + 1), Payload::default());
                carry(compressor, v, &mut self.memory[at], wire)
            }
            None => {
                let round = RoundTo { bits: self.width, levels: Levels::Symmetric, by_layer: true };
                let bits = round.transmit(v, &mut Payload::default(), wire);
                self.fixed.map_or(bits, |number| number * v.len() as u64)
            }
        };
    }

    /// Sends the vectors of an upload unless some have been sent one by one, and counts the bits of all with the scalars.
    pub(super) fn send(&mut self, up: &mut Payload<R>, blocks: &[Block]) -> u64 {
        if self.sent == 0 {
            for vector in &mut up.vectors {
                self.transmit(vector, blocks);
            }
        }
        self.bits + FLOAT_BITS * up.scalars.len() as u64
    }

    /// The compressor's memory; `None` where it has none.
    pub(super) fn kept(&mut self) -> Option<Vec<Payload<R>>> {
        let memory = std::mem::take(&mut self.memory);
        memory.iter().any(|payload| !payload.is_empty()).then_some(memory)
    }
}
