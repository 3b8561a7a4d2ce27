//! The JSON Schema of scenario files, from which editors complete and check.
//!
//! Types describe themselves. What they cannot know is put in afterwards: that a choice may be named without its parameters
//! ([`forms`]), which keys each method has ([`methods`]), and that most values may be swept or tuned ([`sweeps`]).

mod forms;
mod methods;
mod sweeps;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{made::Made, seeds::Seeds};
use crate::{
    figure::FigureSpec,
    fleet::FleetSpec,
    named::Kind,
    network::NetworkSpec,
    num::Precision,
    part::compressor::AnyCompressor,
    problem::{ProblemSpec, kind::AnyObjective},
    protocol::{peers::PeersSpec, spec::FederatedSpec},
    record::{MetricSpec, RecordSpec, Stop, claim::ClaimSpec, curves::staleness::SHARE, metric, paper::PaperSpec},
    registry::Registry,
    search::TuneSpec,
};

/// The keys of a scenario file. Only its schema is used: files are read section by section.
#[derive(JsonSchema)]
#[schemars(rename = "Scenario", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema of this type is used")]
struct File {
    /// The question of the scenario, in words; the name of the file if not given.
    title: Option<String>,
    /// The paper that the scenario is about.
    paper: Option<PaperSpec>,
    /// Folder that relative paths of data files start from; that of the scenario file if not given.
    folder: Option<String>,
    /// The number of seeds, or a list of them; 1 if not given.
    seeds: Option<Seeds>,
    /// The bounds of a run, which ends at the first that it reaches.
    stop: Stop,
    /// Scalar type: `f64` by default for convex problems, `f32` for neural ones.
    precision: Option<Precision>,
    /// The objective, and its data.
    problem: ProblemSpec,
    /// The clients.
    fleet: Option<FleetSpec>,
    /// Delays, bandwidth and topology.
    network: Option<NetworkSpec>,
    /// The recorded metrics, and the distance between samples.
    record: Option<RecordSpec>,
    /// The choice among the values of keys with `{ tune = … }`.
    tune: Option<TuneSpec>,
    /// Keys that methods with a server share; a method may override any of them.
    federated: Option<FederatedSpec>,
    /// Keys that methods without a server share; a method may override any of them.
    peers: Option<PeersSpec>,
    /// The methods that are compared.
    method: Vec<Method>,
    /// Claims about the results.
    claim: Option<Vec<ClaimSpec>>,
    /// Figures.
    figure: Option<Vec<FigureSpec>>,
    /// The origin of results; `fedfleet run` writes it into their manifest.
    made: Option<Made>,
}

/// A method by its name, with the keys that it overrides and its own parameters.
#[derive(JsonSchema)]
struct Method {}

/// The schema as JSON text.
pub fn schema(registry: &Registry) -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = generator.root_schema_for::<File>().to_value();
    let own = methods::own(registry, &mut generator);
    let compressors = methods::parts(registry.compressors(), &mut generator);
    let objectives = methods::parts(registry.objectives(), &mut generator);
    let mut definitions = generator.take_definitions(true);
    let _ = definitions.insert(<dyn AnyCompressor as Kind>::KIND.to_owned(), compressors);
    let _ = definitions.insert(<dyn AnyObjective as Kind>::KIND.to_owned(), objectives);
    let _ = definitions.insert(MetricSpec::KIND.to_owned(), metrics(registry));
    forms::simplify(&mut root);
    definitions.values_mut().for_each(forms::simplify);
    forms::allow_names(&mut definitions);
    forms::leave_to_methods(&mut definitions);
    methods::describe(own, &mut definitions);
    name_metrics(&mut definitions, registry);
    let _ = definitions.insert(sweeps::GRID.to_owned(), sweeps::grid());
    if let Some(keys) = root.as_object_mut() {
        let _ = keys.insert("title".to_owned(), Value::from("fedfleet scenario"));
        let _ = keys.insert("$defs".to_owned(), Value::Object(definitions));
    }
    sweeps::allow(&mut root);
    format!("{root}\n")
}

/// All metrics, as alternatives.
fn metrics(registry: &Registry) -> Value {
    let form = |metric: &MetricSpec| json!({ "const": metric.name(), "description": metric.card().summary });
    let over_clients = json!({
        "type": "string",
        "pattern": metric::pattern(),
        "description": "A statistic over clients of a score on their own held-out samples: of the model of the run (`client-`), of \
            personalised models (`personalised-`, by `record.personalised`), or of mixtures of both (`mixed-`, by `record.mix`).",
    });
    json!({ "oneOf": registry.metrics().iter().map(form).chain([over_clients]).collect::<Vec<_>>() })
}

/// Lists the metrics wherever a claim, a target or a figure names one; metrics by layer have the number of a layer in their names, and
/// figures also show the share of updates.
fn name_metrics(definitions: &mut Map<String, Value>, registry: &Registry) {
    let mut at = |name: &str, key: &str, form: &str, value: Value| {
        let property = definitions.get_mut(name).and_then(|schema| schema.pointer_mut(&format!("/properties/{key}")));
        if let Some(property) = property.and_then(Value::as_object_mut) {
            let _ = property.insert(form.to_owned(), value);
        }
    };
    let by_layer = registry.metrics().iter().filter(|metric| metric.is_by_layer()).map(MetricSpec::name);
    let layer = json!({ "type": "string", "pattern": format!("^({})-[1-9][0-9]*$", by_layer.collect::<Vec<_>>().join("|")) });
    let metric = json!({ "$ref": format!("#/$defs/{}", MetricSpec::KIND) });
    let mixture = metric::pattern().replace("client|personalised|mixed", "mixed").replace('$', "-[0-9.]+$");
    let mixture = json!({ "type": "string", "pattern": mixture, "description": "One of several shares of `record.mix`." });
    let column = json!([metric, layer, mixture]);
    for name in ["Stop", "ClaimSpec"] {
        at(name, "target", "propertyNames", json!({ "anyOf": column }));
    }
    at("TuneQuantity", "target", "propertyNames", json!({ "anyOf": [metric] }));
    at("TuneQuantity", "metric", "anyOf", json!([metric]));
    at("ClaimSpec", "metric", "anyOf", column);
    let share = json!({ "const": SHARE, "description": "The share of updates, where `x` is their staleness." });
    let of_clients = json!({ "const": "clients", "description": "The share of clients, in a `cdf`." });
    at("FigureSpec", "y", "anyOf", json!([metric, layer, mixture, share, { "$ref": "#/$defs/Score" }, of_clients]));
    let axis_or_key = json!([{ "$ref": "#/$defs/Axis" }, { "type": "string", "description": "The name of a swept key, or what a figure over clients shows." }]);
    at("FigureSpec", "x", "anyOf", axis_or_key);
}

#[cfg(test)]
mod tests;
