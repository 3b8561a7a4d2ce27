//! The groups that clients are in.

/// The groups of clients.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Groups {
    /// The name of each group.
    pub names: Vec<String>,
    /// The group of each client of the fleet; empty without groups.
    pub of: Vec<Option<u32>>,
}

impl Groups {
    /// The name of the group of a client; empty where it has none.
    pub fn name(&self, client: usize) -> &str {
        let group = self.of.get(client).copied().flatten();
        group.map_or("", |group| &self.names[group as usize])
    }
}
