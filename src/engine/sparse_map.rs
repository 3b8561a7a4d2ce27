//! A table over nodes that holds only the rows somebody has touched, so that cost grows with active clients.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NodeId;

/// Rows keyed by node; untouched rows take no memory.
///
/// There is no way to iterate in hash order: [`sorted`](Self::sorted) goes by node.
#[derive(Debug, Clone)]
pub struct SparseMap<T> {
    rows: HashMap<NodeId, T, BuildHasherDefault<NodeHasher>>,
}

impl<T> Default for SparseMap<T> {
    fn default() -> Self {
        Self { rows: HashMap::default() }
    }
}

impl<T> SparseMap<T> {
    /// The row of a node, if touched.
    #[inline]
    pub fn get(&self, node: NodeId) -> Option<&T> {
        self.rows.get(&node)
    }

    /// The row of a node for writing, if touched.
    #[inline]
    pub fn get_mut(&mut self, node: NodeId) -> Option<&mut T> {
        self.rows.get_mut(&node)
    }

    /// The row of a node for writing, created by default.
    #[inline]
    pub fn entry(&mut self, node: NodeId) -> &mut T
    where
        T: Default,
    {
        self.rows.entry(node).or_default()
    }

    /// Replaces the row of a node and returns the old one.
    #[inline]
    pub fn insert(&mut self, node: NodeId, row: T) -> Option<T> {
        self.rows.insert(node, row)
    }

    /// Removes the row of a node.
    #[inline]
    pub fn remove(&mut self, node: NodeId) -> Option<T> {
        self.rows.remove(&node)
    }

    /// Whether the node has been touched.
    #[inline]
    pub fn contains(&self, node: NodeId) -> bool {
        self.rows.contains_key(&node)
    }

    /// Number of touched rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row has been touched.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All touched rows by ascending node.
    pub fn sorted(&self) -> Vec<(NodeId, &T)> {
        let mut rows: Vec<_> = self.rows.iter().map(|(&node, row)| (node, row)).collect();
        rows.sort_unstable_by_key(|&(node, _)| node);
        rows
    }
}

impl<T: Serialize> Serialize for SparseMap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.sorted())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for SparseMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<(NodeId, T)>::deserialize(deserializer)?;
        Ok(Self { rows: rows.into_iter().collect() })
    }
}

/// One multiplication: node numbers need scattering, not protection from an adversary.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeHasher(u64);

impl Hasher for NodeHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(usize::from(byte));
        }
    }

    #[inline]
    fn write_usize(&mut self, node: usize) {
        let product = (self.0 ^ node as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_by_node_and_survive_saving() {
        let mut table = SparseMap::default();
        for node in [9, 2, 400_000_000, 5] {
            let _ = table.insert(node, node * 2);
        }
        let nodes: Vec<_> = table.sorted().iter().map(|&(node, _)| node).collect();
        assert_eq!(nodes, [2, 5, 9, 400_000_000]);
        let bytes = postcard::to_stdvec(&table).unwrap();
        let back: SparseMap<usize> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(back.sorted(), table.sorted());
    }
}
