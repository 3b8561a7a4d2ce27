//! The sending end of one client visit.

use crate::{
    message::FLOAT_BITS,
    num::{Real, low_precision::Bits},
    part::link::{Levels, Link, RoundTo, Wire, contract},
    problem::Block,
    random::{Purpose, Rng, Streams},
    role::Payload,
};

/// How the vectors of one upload travel, and what they cost.
///
/// Without a link, vectors are sent in the client's width; with one, the link alone says what arrives.
pub struct Uplink<'a, R> {
    link: Option<&'a dyn Link<R>>,
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
    /// Vectors travel as they are. What draws random numbers draws them from the stream `(Link, client, visit)`.
    pub fn plain(streams: Streams, client: usize, visit: u64) -> Self {
        let key = (streams, client, visit);
        Self { link: None, memory: Vec::new(), width: Bits::FLOAT, origin: None, key, rng: None, sent: 0, fixed: None, bits: 0 }
    }

    /// Lets vectors travel over a link with the memory of earlier visits.
    pub fn over(&mut self, link: Option<&'a dyn Link<R>>, memory: &[Payload<R>]) -> &mut Self {
        self.link = link;
        self.memory = memory.to_vec();
        self
    }

    /// Sends numbers in fixed point of this size where there is no link [bit].
    pub fn in_fixed_point(&mut self, bits: Option<u64>) -> &mut Self {
        self.fixed = bits;
        self
    }

    /// Sends vectors in this width where there is no link.
    pub fn in_width(&mut self, width: Bits) -> &mut Self {
        self.width = width;
        self
    }

    /// Tells what the server had sent; its first vector is the model.
    pub fn from(&mut self, down: &'a Payload<R>) -> &mut Self {
        self.origin = down.vectors.first().map(Vec::as_slice);
        self
    }

    /// The model as it left the server, where the client sends models in few bits.
    pub(super) fn origin(&self) -> Option<&'a [R]> {
        self.origin.filter(|_| self.width != Bits::FLOAT)
    }

    /// Whether vectors travel over a link.
    pub(super) fn has_link(&self) -> bool {
        self.link.is_some()
    }

    /// Sends one vector, which becomes what the server receives.
    pub(super) fn transmit(&mut self, v: &mut [R], blocks: &[Block]) {
        self.transmit_by(v, blocks, Link::transmit);
    }

    /// The same over a link made contractive.
    pub(super) fn transmit_contracted(&mut self, v: &mut [R], blocks: &[Block]) {
        self.transmit_by(v, blocks, |link, v, _, wire| contract(link, v, wire));
    }

    fn transmit_by(
        &mut self,
        v: &mut [R],
        blocks: &[Block],
        carry: impl FnOnce(&(dyn Link<R> + 'a), &mut [R], &mut Payload<R>, &mut Wire<'_>) -> u64,
    ) {
        let at = self.sent;
        self.sent += 1;
        if self.link.is_none() && self.width == Bits::FLOAT {
            self.bits += self.fixed.unwrap_or(FLOAT_BITS) * v.len() as u64;
            return;
        }
        let (streams, client, visit) = self.key;
        let rng = self.rng.get_or_insert_with(|| streams.stream(Purpose::Link, client, visit));
        let wire = &mut Wire { rng, blocks };
        self.bits += match self.link {
            Some(link) => {
                self.memory.resize(self.memory.len().max(at + 1), Payload::default());
                carry(link, v, &mut self.memory[at], wire)
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

    /// What the link remembers; `None` where it remembers nothing.
    pub(super) fn kept(&mut self) -> Option<Vec<Payload<R>>> {
        let memory = std::mem::take(&mut self.memory);
        memory.iter().any(|payload| !payload.is_empty()).then_some(memory)
    }
}
