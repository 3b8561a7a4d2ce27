//! The columns of a comparison that someone asked for.

use super::{Form, Table};
use crate::{
    invalid::Invalid,
    record::{axis::Axis, curves::distinct},
};

impl Table {
    /// With the columns of these metrics and axes, by their names in a scenario, in this order. Of all columns, when none are named,
    /// estimates are left out on axes other than virtual seconds.
    ///
    /// # Errors
    /// [`Invalid`] if there is no such column.
    pub fn only(mut self, keys: &[String]) -> Result<Self, Invalid> {
        if let Some(unknown) = keys.iter().find(|key| !self.columns.iter().any(|column| column.key == **key)) {
            let known = distinct(self.columns.iter().map(|column| column.key.as_str()));
            let fault = Invalid::at("metrics", format!("the table has no column `{unknown}`"));
            return Err(fault.help(format!("its columns are: {}", known.join(", "))));
        }
        let all = 0..self.columns.len();
        let kept: Vec<usize> = if keys.is_empty() {
            let is_shown = |column: &usize| {
                self.columns[*column].form != Form::Estimate || self.columns[*column].key == Axis::Seconds.name()
            };
            all.filter(is_shown).collect()
        } else {
            keys.iter()
                .flat_map(|key| all.clone().filter(|&column| self.columns[column].key == *key).collect::<Vec<_>>())
                .collect()
        };
        self.columns = kept.iter().map(|&column| self.columns[column].clone()).collect();
        for row in &mut self.rows {
            row.entries = kept.iter().map(|&column| row.entries[column].clone()).collect();
        }
        Ok(self)
    }
}
