//! Live bars, one a run, on a terminal.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use fedfleet::{
    record::Progress,
    run::{Plan, Progressing, RunId, RunProgress},
    scenario::Stop,
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Bars below each other.
pub struct Bars {
    bars: MultiProgress,
    all: ProgressBar,
}

/// Ticks of a full bar.
const FULL: u64 = 1000;

impl Bars {
    /// Bars, if standard error is a terminal.
    pub fn on_a_terminal() -> Option<Self> {
        if !io::stderr().is_terminal() {
            return None;
        }
        let bars = MultiProgress::new();
        let style = ProgressStyle::with_template("{pos}/{len} runs {wide_bar:.dim} {elapsed} (ETA {eta})");
        let all = bars.add(ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
        Some(Self { bars, all })
    }
}

impl Progressing for Bars {
    fn run(&self, plan: &Plan, run: RunId) -> Box<dyn RunProgress> {
        self.all.set_length(plan.runs().len() as u64);
        let style = ProgressStyle::with_template("  {prefix:28!} {bar:24} {msg} (ETA {eta})");
        let bar = ProgressBar::new(FULL).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let bar = self.bars.insert_before(&self.all, bar);
        bar.set_prefix(format!("{}, seed {}", plan.arm(run).label, plan.seeds[run.seed]));
        bar.enable_steady_tick(Duration::from_millis(200));
        let stop = plan.cells[run.cell].record.stop.clone();
        Box::new(Bar { bar, all: self.all.clone(), stop, metric: plan.metrics[0].column() })
    }
}

struct Bar {
    bar: ProgressBar,
    all: ProgressBar,
    stop: Stop,
    metric: &'static str,
}

impl RunProgress for Bar {
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>) {
        let shares = [
            self.stop.rounds.map(|most| progress.round as f64 / most as f64),
            self.stop.seconds.map(|most| progress.seconds / most),
            self.stop.updates.map(|most| progress.updates as f64 / most as f64),
            self.stop.gradients.map(|most| progress.gradients as f64 / most as f64),
            self.stop.uplink_bits.map(|most| progress.uplink_bits as f64 / most as f64),
        ];
        let share = shares.into_iter().flatten().fold(0.0, f64::max);
        self.bar.set_position((share * FULL as f64) as u64);
        let headline = headline.map_or_else(String::new, |value| format!("  {} {value:.4e}", self.metric));
        self.bar.set_message(format!("round {:>6}  {:>9.1} s{headline}", progress.round, progress.seconds));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.all.inc(1);
    }
}
