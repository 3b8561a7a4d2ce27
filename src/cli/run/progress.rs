//! A live bar for each run in progress, and one for all.

use std::{
    io::{self, Write},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{
    cli::outlook,
    invalid::printable,
    record::{
        Progress, Stop,
        axis::{Axis, Unit, short},
    },
    run::{Plan, Progressing, RunId, RunProgress, Silent, outlook},
};

/// Steps of a bar.
const STEPS: u64 = 1000;

/// Characters of a run's name: with all else, a line has less than 80.
const NAME: usize = 24;

/// Wall time for the trials that tell what runs will need.
const TRIALS: Duration = Duration::from_millis(400);

/// Notes on standard error, and nothing else: for calls away from a terminal.
pub struct Notes {
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
}

impl Progressing for Notes {
    fn planned(&self, plan: &Plan, runs: &[RunId]) {
        // Where the forecast fails, the run itself reports why.
        let Ok(Some((forecast, whole))) = outlook(plan, runs, self.threads, TRIALS) else { return };
        let others = if plan.cells.len() > 1 { ", if other cells take as much as the first" } else { "" };
        let told = format!("{}{others}\n{}", outlook::needs(&whole), outlook::at_work(plan, &forecast));
        let _ = writeln!(io::stderr(), "{}", printable(&told)).is_err();
    }

    fn note(&self, note: &str) {
        // Without standard error, the exit code still reports errors.
        let _ = writeln!(io::stderr(), "note: {note}").is_err();
    }

    fn run(&self, plan: &Plan, run: RunId) -> Box<dyn RunProgress> {
        Silent.run(plan, run)
    }
}

/// The bars of all runs.
pub struct Bars {
    notes: Notes,
    bars: MultiProgress,
    total: ProgressBar,
}

impl Bars {
    /// Bars for runs that are yet to be planned.
    pub fn new(threads: Option<usize>) -> Self {
        let bars = MultiProgress::new();
        let total = bars.add(ProgressBar::new(0).with_style(style(&format!("{{msg:{NAME}}} {{bar:10}} ETA {{eta}}"))));
        Self { notes: Notes { threads }, bars, total }
    }
}

impl Progressing for Bars {
    fn planned(&self, plan: &Plan, runs: &[RunId]) {
        self.bars.suspend(|| self.notes.planned(plan, runs));
        self.total.set_length(runs.len() as u64);
        count(&self.total);
    }

    fn note(&self, note: &str) {
        self.bars.suspend(|| self.notes.note(note));
    }

    fn run(&self, plan: &Plan, run: RunId) -> Box<dyn RunProgress> {
        let bar = ProgressBar::new(STEPS).with_style(style(&format!("{{prefix:{NAME}}} {{bar:10}} ETA {{eta:3}} {{msg}}")));
        let bar = self.bars.insert_before(&self.total, bar.with_prefix(name(plan, run)));
        let metric = plan.columns.first().map(|column| column.name()).unwrap_or_default();
        Box::new(Bar { bar, total: self.total.clone(), stop: plan.cells[run.cell].cell.stop.clone(), metric })
    }
}

struct Bar {
    bar: ProgressBar,
    total: ProgressBar,
    stop: Stop,
    /// The metric that is shown.
    metric: String,
}

impl RunProgress for Bar {
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>) {
        let unit = Unit::fitting(Axis::Seconds, progress.seconds);
        let time = short(progress.seconds / unit.size);
        let value = headline.map(|value| format!(", {} {}", self.metric, short(value))).unwrap_or_default();
        self.bar.set_message(format!("round {}, {time} {}{value}", progress.round, unit.symbol));
        self.bar.set_position((share(&self.stop, progress) * STEPS as f64) as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.total.inc(1);
        count(&self.total);
    }
}

/// Writes how many runs are done. A search may come to more than were foreseen, since runs go on later.
fn count(total: &ProgressBar) {
    total.set_length(total.length().unwrap_or(0).max(total.position()));
    total.set_message(format!("{} of {} runs", total.position(), total.length().unwrap_or(0)));
}

/// The method, the cell and the seed of a run; where that is long, the method and the cell are cut short.
fn name(plan: &Plan, run: RunId) -> String {
    let seed = format!(", seed {}", plan.seed(run));
    let keys = plan.cells[run.cell].cell.keys.iter().map(|key| format!(", {}", key.value));
    let whole = plan.arm(run).label.clone() + &keys.collect::<String>();
    format!("{}{seed}", shortened(&whole, NAME.saturating_sub(seed.len())))
}

/// `text`, or as much of it as fits into `room` characters, with an ellipsis.
fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// The share of the run that is done [1], by the nearest bound.
fn share(stop: &Stop, progress: &Progress) -> f64 {
    let count = |done: u64, most: Option<u64>| most.map_or(0.0, |most| done as f64 / most as f64);
    [
        count(progress.round, stop.rounds),
        count(progress.updates, stop.updates),
        count(progress.gradients, stop.gradients),
        count(progress.uplink_bits, stop.uplink_bits),
        stop.seconds.map_or(0.0, |most| progress.seconds / most),
    ]
    .into_iter()
    .fold(0.0, f64::max)
    .min(1.0)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates here are sound")
}
