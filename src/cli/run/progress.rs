//! A live bar for each run in progress, and one for all.

use fedfleet::{
    record::Progress,
    run::{Plan, Progressing, RunId, RunProgress},
    scenario::Stop,
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Steps of a bar.
const STEPS: u64 = 1000;

/// All bars.
pub struct Bars {
    bars: MultiProgress,
    total: ProgressBar,
}

impl Bars {
    /// Bars for the runs of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let bars = MultiProgress::new();
        let total = bars.add(ProgressBar::new(plan.runs().len() as u64).with_style(style("{pos}/{len} runs {wide_bar} {eta}")));
        Self { bars, total }
    }
}

impl Progressing for Bars {
    fn run(&self, plan: &Plan, run: RunId) -> Box<dyn RunProgress> {
        let label = format!("{}, seed {}", plan.arm(run).label, plan.seeds[run.seed]);
        let bar = ProgressBar::new(STEPS).with_style(style("{prefix:32!} {bar:20} {msg} {eta}")).with_prefix(label);
        let bar = self.bars.insert_before(&self.total, bar);
        Box::new(Bar { bar, total: self.total.clone(), stop: plan.cells[run.cell].cell.stop.clone() })
    }
}

struct Bar {
    bar: ProgressBar,
    total: ProgressBar,
    stop: Stop,
}

impl RunProgress for Bar {
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>) {
        let value = headline.map(|value| format!(" {value:.4e}")).unwrap_or_default();
        self.bar.set_message(format!("round {} {:.0} s{value}", progress.round, progress.seconds));
        self.bar.set_position((share(&self.stop, progress) * STEPS as f64) as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.total.inc(1);
    }
}

/// How much of the run is done [1]: by the bound that is nearest.
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
