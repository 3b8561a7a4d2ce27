//! Figures and claims over what a changed key has taken out of the sweeps.

use super::{
    cells,
    decode::{NoParts, decode},
    node::{Node, Value},
};
use crate::{record::cell::KeyValue, registry::Registry};

/// A swept key: its name, and its values as text.
type Swept = (String, Vec<String>);

/// Takes the figures and claims out of `document` that are over keys, or about values, that `written` sweeps and `document` does not;
/// a note for each.
pub(super) fn leave_out(written: &Node, document: &mut Node, registry: &Registry) -> Vec<String> {
    // A malformed sweep is reported where the scenario is read.
    let swept = |document: &Node| cells::swept(document, registry);
    let (Ok(before), Ok(after)) = (swept(written), swept(document)) else { return Vec::new() };
    let gone = |key: &str| {
        let known = |swept: &[Swept]| swept.iter().any(|(name, _)| name == key);
        known(&before) && !known(&after)
    };
    let values = |swept: &[Swept], key: &str| swept.iter().find(|(name, _)| name == key).map(|(_, values)| values.clone());
    let passed = |key: &str, value: &KeyValue| {
        let has = |swept: &[Swept]| values(swept, key).is_some_and(|values| values.iter().any(|text| value.matches(text)));
        has(&before) && !has(&after)
    };
    let single = |key: &str| {
        values(&before, key).is_some_and(|values| values.len() > 1) && values(&after, key).is_some_and(|values| values.len() == 1)
    };
    let mut notes = Vec::new();
    for section in ["figure", "claim"] {
        let Some(Node { value: Value::Array(items), .. }) = document.child_mut(section) else { continue };
        let mut at = 0;
        items.retain(|item| {
            at += 1;
            let text = |path: &[&str]| item.descend(path).and_then(Node::as_str);
            let over = [text(&["x"]), text(&["facet"]), text(&["trend", "over"])].into_iter().flatten().find(|key| gone(key));
            let trend = text(&["trend", "over"]).filter(|key| single(key));
            let chosen = item.get("where").and_then(Node::as_table).into_iter().flat_map(|table| table.iter()).find(|entry| {
                let value = decode::<KeyValue>(&entry.node, "where", &NoParts);
                gone(&entry.key) || value.is_ok_and(|value| passed(&entry.key, &value))
            });
            let Some(key) = over.or(trend).or(chosen.map(|entry| entry.key.as_str())) else { return true };
            let name = text(&["text"]).or(text(&["title"])).map_or_else(|| format!("number {at}"), |text| format!("`{text}`"));
            notes.push(format!("the {section} {name} is left out: a changed key leaves it too few values of `{key}`"));
            false
        });
    }
    // A list without elements would be a fault.
    if let Some(table) = document.as_table_mut() {
        for section in ["figure", "claim"] {
            if table.get(section).and_then(Node::as_array).is_some_and(<[Node]>::is_empty) {
                let _ = table.remove(section);
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario::{Override, Scenario};

    const TEXT: &str = "stop.rounds = 1\nproblem.objective = 'quadratic'\n[fleet]\ndropout = { sweep = [0.1, 0.5] }\nclients = { sweep = [2, 4] }\n\
        [federated.local]\nlr = 0.1\n[[method]]\nname = 'fedavg'\n[[figure]]\nx = 'dropout'\ny = 'loss'\n[[figure]]\nx = 'rounds'\ny = 'loss'\nwhere = { dropout = 0.5 }\n\
        [[claim]]\ntext = 'c'\nmetric = 'loss'\nof = 'fedavg'\ntrend = { over = 'dropout', direction = 'falls' }\n";

    fn read(set: &str) -> Scenario {
        Scenario::read(Path::new("a.toml"), TEXT, &[Override::set(set)], &crate::registry::Registry::builtin()).unwrap()
    }

    #[test]
    fn a_swept_key_that_is_changed_keeps_its_column() {
        let scenario = read("fleet.dropout=0.5");
        let names: Vec<String> = scenario.cells.iter().map(|cell| cell.name()).collect();
        assert_eq!(names, ["dropout = 0.5, clients = 2", "dropout = 0.5, clients = 4"]);
        assert_eq!(scenario.figures().unwrap().len(), 2);
        assert_eq!(scenario.notes.len(), 1, "a trend over one value: {:?}", scenario.notes);
    }

    #[test]
    fn what_is_about_other_values_or_keys_is_left_out_with_a_note() {
        let scenario = read("fleet.dropout=0.1");
        assert_eq!(scenario.figures().unwrap().iter().map(|figure| figure.x.as_str()).collect::<Vec<_>>(), ["dropout"]);
        assert_eq!(scenario.notes.len(), 2, "{:?}", scenario.notes);
        let scenario = read("fleet={ clients = { sweep = [2, 4] } }");
        assert!(scenario.figures().unwrap().is_empty());
        assert_eq!(scenario.cells[0].name(), "clients = 2");
        assert_eq!(scenario.notes.len(), 3, "{:?}", scenario.notes);
        assert!(read("stop.rounds=2").notes.is_empty());
    }
}
