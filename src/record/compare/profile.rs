//! Performance profiles: how often each method's cost to its targets is within a factor of the least.

use super::rows_to;
use crate::{
    invalid::{Invalid, count},
    record::{
        axis::{Axis, short},
        curves::{Curves, Run, target::Target},
        sheet::{Figure, Line, Sheet},
        tidy::{Tidy, Value},
    },
    statistics::Profile,
};

/// The factors of the printed table.
const FACTORS: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 5.0, 10.0];

/// Costs of nothing count as this, so that they have ratios.
const FLOOR: f64 = 1e-12;

/// The share of problems that each method solves within a factor of the least cost on `axis`, printed and as all its steps. A problem is one
/// of `targets` in one cell under one seed that all methods were run with.
///
/// # Errors
/// [`Invalid`] if the metric of a target was not recorded.
pub fn profiles(curves: &Curves, targets: &[Target], axis: Axis) -> Result<(Sheet, Tidy), Invalid> {
    let methods = curves.methods();
    let mut costs: Vec<Vec<f64>> = Vec::new();
    for target in targets {
        // Refuses what the table of costs would refuse.
        let _ = rows_to(curves, target)?;
        let Some(metric) = curves.metric(&target.metric).map(|metric| (metric, curves.metrics[metric].better)) else { continue };
        let cost = |run: &Run| target.crossing(run, axis, metric).map_or(f64::INFINITY, |place| place.high.max(FLOOR));
        for cell in curves.cells() {
            let runs: Vec<Vec<&Run>> = methods.iter().map(|method| curves.of(cell, method).collect()).collect();
            for first in &runs[0] {
                let same = |own: &Vec<&Run>| own.iter().find(|run| run.seed == first.seed).map(|run| cost(run));
                costs.extend(runs.iter().map(same).collect::<Option<Vec<f64>>>());
            }
        }
    }
    let profile = Profile::of(&costs);
    Ok((printed(&methods, &profile, costs.len(), axis), steps(&methods, &profile)))
}

fn printed(methods: &[&str], profile: &Profile, problems: usize, axis: Axis) -> Sheet {
    let line = |(i, method): (usize, &&str)| {
        let shares = FACTORS.into_iter().chain([f64::INFINITY]).map(|factor| Figure::plain(short(profile.within(i, factor))));
        Line { cells: [Figure::plain(*method)].into_iter().chain(shares).collect(), begins: false }
    };
    let headings = FACTORS.map(|factor| if factor == 1.0 { "least".to_owned() } else { format!("≤ ×{factor}") });
    let mut notes = vec![
        "a problem is a target in a cell under a seed that all methods have; the order of two methods may change when another is left out"
            .to_owned(),
    ];
    if profile.unsolved > 0 {
        notes.push(format!("{}, which count among all", count(profile.unsolved, "problem") + " that no method solves"));
    }
    Sheet {
        caption: format!("Share of {} solved within a factor of the least cost in {}", count(problems, "problem"), axis.title()),
        headings: ["method".to_owned()].into_iter().chain(headings).chain(["ever".to_owned()]).collect(),
        texts: 1,
        fixed: 1,
        lines: methods.iter().enumerate().map(line).collect(),
        bold: "",
        notes,
    }
}

/// The share after each factor at which that of a method rises.
fn steps(methods: &[&str], profile: &Profile) -> Tidy {
    let of = |(i, method): (usize, &&str)| {
        let row = |factor: f64| vec![Value::from(*method), Value::Number(factor), Value::Number(profile.within(i, factor))];
        profile.steps(i).into_iter().map(row).collect::<Vec<_>>()
    };
    Tidy {
        header: ["method", "factor", "share"].map(str::to_owned).to_vec(),
        rows: methods.iter().enumerate().flat_map(of).collect(),
    }
}
