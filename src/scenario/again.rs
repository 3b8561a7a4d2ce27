//! One claim of a scenario, asked again with other keys.

use std::path::Path;

use super::{
    Override, Rejected, Scenario, elsewhere,
    node::{Node, Value},
    overrides,
};
use crate::record::cell::Filter;

impl Scenario {
    /// This scenario with some keys `changed`, and of its claims the one at `index` alone, without figures.
    ///
    /// # Errors
    /// Faults of the changes, and of the scenario with them.
    pub fn asking(&self, index: usize, changed: &Filter) -> Result<Self, Rejected> {
        let (mut document, mut sources) = (self.document.clone(), self.sources.clone());
        let changes: Vec<Override> = changed
            .iter()
            .map(|(key, value)| Override { option: "holds-with".to_owned(), text: format!("{key}={value}") })
            .collect();
        if let Some(table) = document.as_table_mut() {
            let _ = (table.remove("figure"), table.remove("made"));
        }
        if let Some(Node { value: Value::Array(claims), .. }) = document.child_mut("claim") {
            *claims = claims.get(index).cloned().into_iter().collect();
            for key in ["holds-with", "reason"] {
                let _ = claims.first_mut().and_then(Node::as_table_mut).and_then(|claim| claim.remove(key));
            }
        }
        let mut faults = Vec::new();
        for change in &changes {
            faults.extend(overrides::apply(&mut document, change, &mut sources).err().into_iter().flatten());
        }
        let resolved = if faults.is_empty() { Self::resolve(Path::new(""), document, &self.registry) } else { Err(faults) };
        match resolved {
            Ok(scenario) => Ok(Self { sources, folder: self.folder.clone(), title: self.title.clone(), ..scenario }),
            Err(faults) => Err(Rejected::new(sources, elsewhere::told(faults, &self.registry))),
        }
    }
}
