//! What runs need of this machine, in words.

use crate::{
    invalid::count,
    record::{axis::Axis, units},
    run::{Forecast, Plan, Whole},
};

/// What all runs need.
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
        let clients = format!("{} on average, {} at most", units::short(run.at_work.mean), run.at_work.most);
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
    unit.map_or_else(|| format!("{number} B"), |(size, name)| format!("{} {name}", units::short(number as f64 / size)))
}

/// Such as `1.20 Gbit up`.
pub fn amount(axis: Axis, value: f64, name: &str) -> String {
    let unit = units::Unit::fitting(axis, value);
    let symbol = if unit.symbol.starts_with("10") { format!("× {}", unit.symbol) } else { unit.symbol.to_owned() };
    let number = if unit.symbol.is_empty() { format!("{value:.0}") } else { units::short(value / unit.size) };
    [number.as_str(), &symbol, name].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
