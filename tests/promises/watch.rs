//! Looks on while a bench runs.

use fedfleet::{
    engine::{Engine, Watcher},
    protocol::federated::Federated,
};

/// When a watched run ends.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After this many server steps.
    Versions(usize),
    /// After this many accepted uploads.
    Arrivals(usize),
    /// When the server's version is this, also in a run that was taken up again.
    Version(u64),
    /// After this many events.
    Events(usize),
}

/// An accepted upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When [s].
    pub time: f64,
    /// Server versions since its download.
    pub staleness: u64,
    /// The iterate after it.
    pub x: Vec<f64>,
}

/// Collects the iterate after every server step and after every accepted upload.
#[derive(Debug)]
pub struct Observer {
    until: Until,
    pub versions: Vec<Vec<f64>>,
    pub arrivals: Vec<Arrival>,
    events: usize,
    staleness: u64,
}

impl Observer {
    pub fn new(until: Until) -> Self {
        Self { until, versions: Vec::new(), arrivals: Vec::new(), events: 0, staleness: 0 }
    }
}

impl Watcher<Federated<f64>> for Observer {
    fn before(&mut self, _: f64, engine: &Engine<Federated<f64>>) -> bool {
        let federated = engine.protocol();
        if federated.version() > self.versions.len() as u64 {
            self.versions.push(federated.iterate().to_vec());
        }
        let participation = federated.participation();
        if participation.updates > self.arrivals.len() as u64 {
            let staleness = participation.staleness - self.staleness;
            self.staleness = participation.staleness;
            self.arrivals.push(Arrival { time: engine.now(), staleness, x: federated.iterate().to_vec() });
        }
        self.events += 1;
        match self.until {
            Until::Versions(count) => self.versions.len() < count,
            Until::Arrivals(count) => self.arrivals.len() < count,
            Until::Version(version) => federated.version() < version,
            Until::Events(count) => self.events <= count,
        }
    }
}
