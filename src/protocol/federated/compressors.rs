//! The compressors of a federated method, and the memory of its downlinks.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    engine::{NodeId, sparse_map::SparseMap},
    message::FLOAT_BITS,
    num::{Real, low_precision::Bits},
    part::compressor::{CompressorSpec, Encoder, Wire, lengths, round_blocks},
    problem::Block,
    protocol::{
        Payload,
        spec::{AppliesTo, BitWidthSpec, FederatedSpec},
    },
    random::Purpose,
    world::World,
};

/// The compressors of a federated method, immutable.
pub struct Compressors<R> {
    /// From clients to the server; `None` sends vectors as they are, or in the client's width.
    pub up: Option<Box<dyn Encoder<R>>>,
    /// From the server to each client.
    pub down: Option<Box<dyn Encoder<R>>>,
    /// The meaning of a client's bit-width.
    pub bit_width: BitWidthSpec,
}

impl<R: Real> Compressors<R> {
    /// The compressors a scenario describes.
    pub fn build(parts: &FederatedSpec) -> Self {
        let compressor = |spec: &Option<CompressorSpec>| spec.as_ref().map(CompressorSpec::build);
        Self { up: compressor(&parts.uplink), down: compressor(&parts.downlink), bit_width: parts.bit_width }
    }

    /// Precision in which a client computes and stores.
    pub fn width(&self, world: &World<R>, client: NodeId) -> Bits {
        self.bit_width.computes_in(world.width(client))
    }

    /// Precision of the model that a client runs once it has received it.
    pub fn model_width(&self, world: &World<R>, client: NodeId) -> Bits {
        let unrounded = self.bit_width.applies_to == AppliesTo::Messages && self.down.is_some();
        if unrounded { Bits::FLOAT } else { self.message_width(world, client) }
    }

    /// Precision of a client's messages that go through no compressor.
    pub fn message_width(&self, world: &World<R>, client: NodeId) -> Bits {
        self.bit_width.sends_in(world.width(client))
    }

    /// A message as a client of this precision stores it.
    pub fn stored<'p>(&self, down: &'p Payload<R>, width: Bits, blocks: &[Block]) -> Cow<'p, Payload<R>> {
        if width == Bits::FLOAT {
            return Cow::Borrowed(down);
        }
        let mut stored = down.clone();
        for vector in &mut stored.vectors {
            round_blocks(width, blocks, vector);
        }
        Cow::Owned(stored)
    }
}

/// A download as it arrives, and its size.
pub(super) struct Parcel<R> {
    pub(super) down: Arc<Payload<R>>,
    pub(super) bits: u64,
}

/// The memory of all clients' downlinks: a client and the server agree on it once a message has arrived.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct Downlinks<R> {
    known: SparseMap<Vec<Payload<R>>>,
    under_way: SparseMap<Vec<Payload<R>>>,
}

impl<R> Default for Downlinks<R> {
    fn default() -> Self {
        Self { known: SparseMap::default(), under_way: SparseMap::default() }
    }
}

impl<R: Real> Downlinks<R> {
    /// The server's memory of its messages to each client, by client.
    pub(super) fn known(&self) -> Vec<(NodeId, &Vec<Payload<R>>)> {
        self.known.sorted()
    }

    /// Makes the message for a client from the method's broadcast.
    pub(super) fn pack(
        &mut self,
        compressors: &Compressors<R>,
        world: &World<R>,
        (client, call): (NodeId, u64),
        down: Arc<Payload<R>>,
    ) -> Parcel<R> {
        let blocks = world.objective().blocks();
        let scalars = FLOAT_BITS * down.scalars.len() as u64;
        let Some(compressor) = &compressors.down else {
            let width = compressors.message_width(world, client);
            if width == Bits::FLOAT {
                return Parcel { bits: down.dense_bits(), down };
            }
            let size = |v: &Vec<R>| width.symmetric_message(v.len(), lengths(blocks, v.len()).len());
            let bits = scalars + down.vectors.iter().map(size).sum::<u64>();
            return Parcel { down: compressors.sent(down, width, blocks), bits };
        };
        let mut down = Payload::clone(&down);
        let mut memory = self.known.get(client).cloned().unwrap_or_default();
        memory.resize(down.vectors.len(), Payload::default());
        let mut rng = world.streams().stream(Purpose::Downlink, client, call);
        let mut bits = scalars;
        for (vector, memory) in down.vectors.iter_mut().zip(&mut memory) {
            bits += compressor.transmit(vector, memory, &mut Wire { rng: &mut rng, blocks });
        }
        if memory.iter().any(|payload| !payload.is_empty()) {
            let _ = self.under_way.insert(client, memory);
        }
        Parcel { down: Arc::new(down), bits }
    }

    /// Size of the clients' memory of received messages, at 32 bits a number [bit].
    pub(super) fn memory_bits(&self) -> u64 {
        self.known.sorted().into_iter().flat_map(|(_, known)| known).map(Payload::dense_bits).sum()
    }

    /// The latest message to a client has arrived.
    pub(super) fn received(&mut self, client: NodeId) {
        if let Some(memory) = self.under_way.remove(client) {
            let _ = self.known.insert(client, memory);
        }
    }
}

impl<R: Real> Compressors<R> {
    /// The message in this precision. Clients that store in it round for themselves, so that the server knows the model it sent.
    fn sent(&self, down: Arc<Payload<R>>, width: Bits, blocks: &[Block]) -> Arc<Payload<R>> {
        if self.bit_width.applies_to != AppliesTo::Messages || width == Bits::FLOAT {
            return down;
        }
        Arc::new(self.stored(&down, width, blocks).into_owned())
    }
}
