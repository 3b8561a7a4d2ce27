//! What `check` and `run` say before anything runs: the data, and the resources that runs need.

use crate::{
    invalid::count,
    problem::data::{Class, Predicted, Report, Spread},
    record::axis::{self, Axis, short},
    run::{Forecast, Plan, Whole},
};

/// Most classes that are listed one by one.
const CLASSES: usize = 12;

/// Every data set once, divided among clients as in its first cell; empty for problems without data.
pub fn data_once(plan: &Plan) -> String {
    let mut sets: Vec<(&Report, usize)> = Vec::new();
    for report in plan.cells.iter().filter_map(|planned| planned.data.as_ref()) {
        match sets.iter_mut().find(|(known, _)| known.has_samples_of(report)) {
            Some((_, cells)) => *cells += 1,
            None => sets.push((report, 1)),
        }
    }
    let others = |cells: usize| format!("  and {} with the same samples\n", count(cells, "more cell"));
    let block = |&(report, cells): &(&Report, usize)| {
        format!("data\n{}{}", lines(report), if cells > 1 { others(cells - 1) } else { String::new() })
    };
    sets.iter().map(block).collect()
}

/// The data of every cell, cells with the same data together; empty for problems without data.
pub fn data(plan: &Plan) -> String {
    let mut groups: Vec<(&Report, Vec<String>)> = Vec::new();
    for planned in &plan.cells {
        let Some(report) = &planned.data else { continue };
        match groups.iter_mut().find(|(known, _)| *known == report) {
            Some((_, cells)) => cells.push(planned.cell.name()),
            None => groups.push((report, vec![planned.cell.name()])),
        }
    }
    let one = groups.len() == 1;
    let block = |(report, cells): &(&Report, Vec<String>)| {
        let of = if one { String::new() } else { format!(" where {}", cells.join("; ")) };
        format!("data{of}\n{}", lines(report))
    };
    groups.iter().map(block).collect()
}

fn lines(report: &Report) -> String {
    let Report { training, held_out, validation, features, density, clients, duplicates, .. } = report;
    let held_out_words = if *held_out == 0 { "none held out".to_owned() } else { format!("{held_out} held out") };
    let for_choices = validation.map_or_else(String::new, |validation| format!(", {validation} for validation"));
    let form = density.map_or_else(|| "dense".to_owned(), |share| format!("sparse, {} % of them stored", short(100.0 * share)));
    let mut lines = vec![
        ("samples", format!("{training} for training{for_choices}, {held_out_words}")),
        ("features", format!("{features}, {form}")),
        targets(&report.targets),
    ];
    if report.shared {
        lines.push(("clients", format!("{clients}, each with all samples")));
    } else {
        lines.push(("clients", format!("{clients} with {}", spread(&report.samples_per_client, "sample"))));
        lines.extend(report.labels_per_client.map(|labels| ("labels", format!("a client has {}", spread(&labels, "label")))));
    }
    if *held_out > 0 {
        let are = if *duplicates == 1 { "is" } else { "are" };
        lines.push(("repeated", format!("{duplicates} of the held-out samples {are} among the training samples")));
    }
    lines.iter().map(|(name, words)| format!("  {name:<8}  {words}\n")).collect()
}

fn targets(targets: &Predicted) -> (&'static str, String) {
    match targets {
        Predicted::Values { least, greatest } => ("targets", format!("{} to {}", short(*least), short(*greatest))),
        Predicted::Classes(classes) if classes.len() <= CLASSES => {
            let all: Vec<String> = classes.iter().map(|class| format!("{} ({})", class.name, class.training)).collect();
            ("classes", format!("{}: {}", classes.len(), all.join(", ")))
        }
        Predicted::Classes(classes) => {
            let by_size = |class: &&Class| class.training;
            let shown =
                |class: Option<&Class>| class.map_or_else(String::new, |class| format!("{} ({})", class.name, class.training));
            let (rarest, commonest) = (classes.iter().min_by_key(by_size), classes.iter().rev().max_by_key(by_size));
            ("classes", format!("{}, most: {}, fewest: {}", classes.len(), shown(commonest), shown(rarest)))
        }
    }
}

/// Such as `2 to 80 samples, quartiles 8, 14 and 20`.
fn spread(spread: &Spread, thing: &str) -> String {
    let Spread { least, lower, median, upper, greatest } = *spread;
    if least == greatest {
        return count(least, thing);
    }
    format!("{least} to {}, quartiles {lower}, {median} and {upper}", count(greatest, thing))
}

/// The resources that all runs need.
pub fn needs(whole: &Whole) -> String {
    let Whole { threads, wall_seconds, memory_bytes, disk_bytes, checkpoint_bytes } = *whole;
    format!(
        "about {} on {}, {} of memory, {} of results and {} more while runs go on",
        amount(Axis::Seconds, wall_seconds, ""),
        count(threads, "thread"),
        bytes(memory_bytes),
        bytes(disk_bytes),
        bytes(checkpoint_bytes)
    )
}

/// Clients at work of each method, methods that are alike together.
pub fn at_work(plan: &Plan, forecast: &Forecast) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (arms, run) in plan.cells[0].methods.iter().zip(&forecast.runs) {
        let clients = format!("{} on average, {} at most", short(run.at_work.mean), run.at_work.most);
        match groups.iter_mut().find(|(known, _)| *known == clients) {
            Some((_, labels)) => labels.push(&arms[0].label),
            None => groups.push((clients, vec![&arms[0].label])),
        }
    }
    let one = groups.len() == 1;
    let of = |(clients, labels): (String, Vec<&str>)| if one { clients } else { format!("{clients} ({})", labels.join(", ")) };
    format!("clients at work: {}", groups.into_iter().map(of).collect::<Vec<_>>().join("; "))
}

/// Such as `1.20 GB`.
fn bytes(number: u64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.into_iter().find(|(size, _)| number as f64 >= *size);
    unit.map_or_else(|| format!("{number} B"), |(size, name)| format!("{} {name}", short(number as f64 / size)))
}

/// Such as `1.20 Gbit up`.
pub fn amount(axis: Axis, value: f64, name: &str) -> String {
    let unit = axis::Unit::fitting(axis, value);
    let symbol = if unit.symbol.starts_with("10") { format!("× {}", unit.symbol) } else { unit.symbol.to_owned() };
    let number = if unit.symbol.is_empty() { format!("{value:.0}") } else { short(value / unit.size) };
    [number.as_str(), &symbol, name].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_told_by_the_most_and_the_fewest_samples() {
        let class = |at: usize| Class { name: at.to_string(), training: 19 - at, held_out: 0 };
        let told = targets(&Predicted::Classes((0..CLASSES + 1).map(class).collect()));
        assert_eq!(told, ("classes", "13, most: 0 (19), fewest: 12 (7)".to_owned()));
    }
}
