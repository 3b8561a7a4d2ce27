//! Keys that methods sweep: parts of their labels, which a figure takes for keys of the cells.

use super::curves::{Curves, Run};

/// The label of a method without its `key = value`, and the value; `None` where it sweeps no such key.
fn split(label: &str, key: &str) -> Option<(String, String)> {
    let named = format!(", {key} = ");
    let (name, rest) = label.split_once(&named)?;
    let (value, others) = rest.split_once(", ").map_or((rest, None), |(value, others)| (value, Some(others)));
    let name = others.map_or_else(|| name.to_owned(), |others| format!("{name}, {others}"));
    Some((name, value.to_owned()))
}

/// The labels of methods without `key`, once each; `None` where no method sweeps it.
pub fn labels(labels: &[String], key: &str) -> Option<Vec<String>> {
    let mut found = false;
    let mut names: Vec<String> = Vec::new();
    for label in labels {
        let name = split(label, key).map_or_else(|| label.clone(), |(name, _)| name);
        found |= name != *label;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    found.then_some(names)
}

/// The same runs with `key` in their cells and not in their labels. A method without it has the same run at every value. `None`
/// where no method sweeps it.
pub fn over(curves: &Curves, key: &str) -> Option<Curves> {
    let mut values: Vec<String> = Vec::new();
    for (_, value) in curves.runs.iter().filter_map(|run| split(&run.method, key)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.is_empty() {
        return None;
    }
    let at = |run: &Run, method: &str, value: &str| {
        let mut cell = run.cell.clone();
        cell.0.push((key.to_owned(), value.to_owned()));
        run.renamed(cell, method.to_owned())
    };
    let runs = curves.runs.iter().flat_map(|run| match split(&run.method, key) {
        Some((method, value)) => vec![at(run, &method, &value)],
        None => values.iter().map(|value| at(run, &run.method, value)).collect(),
    });
    let keys = curves.keys.iter().cloned().chain([key.to_owned()]).collect();
    Some(Curves { keys, metrics: curves.metrics.clone(), runs: runs.collect() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_key_moves_from_the_label_to_the_cell_and_methods_without_it_are_everywhere() {
        let header = "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n";
        let row = |method: &str, loss: u32| format!("0.1,\"{method}\",0,0,0,0,0,0,0,{loss}\n");
        let rows = [row("FedAU, cutoff = 2, lr = 0.1", 5), row("FedAU, cutoff = 10, lr = 0.1", 3), row("all", 7)].concat();
        let curves = Curves::parse(format!("{header}{rows}").as_bytes(), Path::new("t")).unwrap();
        let over = over(&curves, "cutoff").unwrap();
        assert_eq!(over.keys, ["alpha", "cutoff"]);
        let found: Vec<(&str, String, Option<f64>)> =
            over.runs.iter().map(|run| (&*run.method, run.cell.to_string(), run.last(0))).collect();
        let expected = [
            ("FedAU, lr = 0.1", "alpha = 0.1, cutoff = 2", Some(5.0)),
            ("FedAU, lr = 0.1", "alpha = 0.1, cutoff = 10", Some(3.0)),
            ("all", "alpha = 0.1, cutoff = 2", Some(7.0)),
            ("all", "alpha = 0.1, cutoff = 10", Some(7.0)),
        ];
        assert_eq!(found, expected.map(|(method, cell, loss)| (method, cell.to_owned(), loss)));
        assert!(super::over(&curves, "alpha").is_none());
        let names = ["FedAU, cutoff = 2", "FedAU, cutoff = 10", "all"].map(str::to_owned);
        assert_eq!(labels(&names, "cutoff").unwrap(), ["FedAU", "all"]);
        assert_eq!(labels(&names, "lr"), None);
    }
}
