use serde::{Deserialize, Serialize};

use super::*;
use crate::problem::data::{DirichletSpec, DirichletSplit, FileOfClients, PartitionSpec, QuantitySpec, ShardSpec, ShareLaw};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Problem {
    data: DataSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<PartitionSpec>,
}

fn data(text: &str) -> DataSpec {
    toml::from_str::<Problem>(&format!("data = {text}")).unwrap().data
}

fn error(text: &str) -> String {
    toml::from_str::<Problem>(&format!("data = {text}")).unwrap_err().message().to_owned()
}

fn partition(text: &str) -> PartitionSpec {
    toml::from_str::<Problem>(&format!("data = \"mnist-10k\"\npartition = {text}")).unwrap().partition.unwrap()
}

#[test]
fn a_bare_string_names_a_bundled_set() {
    assert_eq!(data("\"mnist-10k\""), DataSpec::new(Source::Bundled(Bundled::Mnist10k)));
    assert_eq!(data("{ bundled = \"adult-a9a\" }"), DataSpec::new(Source::Bundled(Bundled::AdultA9a)));
}

#[test]
fn a_bare_path_is_a_table_with_defaults() {
    let spec = LibsvmSpec { path: "a9a.txt".into(), ..LibsvmSpec::default() };
    assert_eq!(data("{ libsvm = \"a9a.txt\" }"), DataSpec::new(Source::Libsvm(spec.clone())));
    assert_eq!(data("{ libsvm = { path = \"a9a.txt\" } }"), DataSpec::new(Source::Libsvm(spec)));
}

#[test]
fn options_stand_beside_the_source() {
    let spec =
        data("{ csv = \"x.csv\", test = 0.2, standardise = true, scale = 0.5, classes = [3, \"b\"], targets = \"classes\" }");
    assert_eq!(
        (spec.test, spec.standardise, spec.scale, spec.targets),
        (Some(0.2), true, Some(Scale::Factor(0.5)), TargetKind::Classes)
    );
    assert_eq!(spec.classes, Some(vec![LabelName::Number(3), LabelName::Text("b".to_owned())]));
}

#[test]
fn specifications_survive_writing_and_reading() {
    let cases = [
        "\"digits-8x8\"",
        "{ bundled = \"mnist-10k\", classes = [3, 8], normalise = true }",
        "{ libsvm = { path = \"a\", test-path = \"b\", columns = 9, zero-based = true }, test = 0.25 }",
        "{ csv = { path = \"a\", target = \"t\", client = \"c\", split = \"s\", drop = [\"d\"], delimiter = \";\" } }",
        "{ idx = { images = \"a\", labels = \"b\" }, scale = 0.00390625 }",
        "{ npz = { path = \"a\", x = \"X\", test-x = \"Xt\", test-y = \"yt\" }, targets = \"values\" }",
        "{ npy = { x = \"a\", y = \"b\", client = \"c\" } }",
        "{ leaf = \"folder\" }",
        "{ synthetic = { alpha = 1, beta = 0.5, iid = true, seed = 3 } }",
        "{ mixture = { centres = { normal = { sd = 0.5 } }, noise = 1.0, clients = { samples = 50, alpha = 0.5 } } }",
        "{ mixture = { classes = 4, clusters = 8, features = 512, centres = \"unit-norm\" } }",
        "{ teacher = {} }",
        "{ linear = { targets = { labels = { classes = 10 } } } }",
        "{ linear = { targets = \"random\" } }",
    ];
    for case in cases {
        let problem = Problem { data: data(case), partition: None };
        let text = toml::to_string(&problem).unwrap();
        assert_eq!(toml::from_str::<Problem>(&text).unwrap(), problem, "{text}");
    }
}

#[test]
fn partitions_survive_writing_and_reading() {
    let dirichlet = DirichletSpec { alpha: 0.1, split: DirichletSplit::ByClass, allow_empty: false };
    let lognormal = QuantitySpec { sizes: ShareLaw::Lognormal { sigma: 1.0 }, allow_empty: false };
    let cases = [
        ("\"iid\"", PartitionSpec::Iid),
        ("\"contiguous\"", PartitionSpec::Contiguous),
        ("\"natural\"", PartitionSpec::Natural),
        ("\"shared\"", PartitionSpec::Shared),
        ("{ dirichlet = { alpha = 0.1 } }", PartitionSpec::Dirichlet(dirichlet)),
        ("{ shards = { per-client = 2 } }", PartitionSpec::Shards(ShardSpec { per_client: 2 })),
        ("{ quantity = { sizes = { lognormal = { sigma = 1 } } } }", PartitionSpec::Quantity(lognormal)),
        ("{ by = \"subject\" }", PartitionSpec::By("subject".to_owned())),
        ("{ file = \"clients.npy\" }", PartitionSpec::File(FileOfClients { path: "clients.npy".into(), allow_empty: false })),
    ];
    for (text, expected) in cases {
        assert_eq!(partition(text), expected);
        let problem = Problem { data: data("\"mnist-10k\""), partition: Some(expected) };
        assert_eq!(toml::from_str::<Problem>(&toml::to_string(&problem).unwrap()).unwrap(), problem);
    }
}

#[test]
fn errors_say_what_was_expected() {
    let unknown = error("\"mnist\"");
    assert!(unknown.contains("unknown variant `mnist`") && unknown.contains("`mnist-10k`"), "{unknown}");
    assert!(error("3").contains("the name of a bundled set or a table with one source"), "{}", error("3"));
    assert!(error("{ test = 0.5 }").starts_with("no source: expected exactly one of"), "{}", error("{ test = 0.5 }"));
    assert!(error("{ csv = \"a\", leaf = \"b\" }").starts_with("more than one source"));
    assert!(error("{ libsvn = \"a\" }").contains("unknown field `libsvn`, expected one of `bundled`, `libsvm`"));
    assert!(error("{ csv = 1 }").contains("expected a path or a table"));
    assert!(error("{ csv = { path = \"a\", client = 1 } }").contains("expected a string"));
    assert!(error("{ csv = \"a\", classes = [1.5, 2] }").contains("expected a class: a whole number or text"));
}

#[test]
fn errors_point_into_the_file() {
    let text = "data = { csv = { path = \"a\", tarket = \"b\" } }";
    let span = toml::from_str::<Problem>(text).unwrap_err().span().unwrap();
    assert_eq!(&text[span], "tarket");
}

#[test]
fn values_out_of_range_are_refused_at_their_key() {
    let cases = [
        ("{ csv = \"a\", test = 1.0 }", "test"),
        ("{ csv = \"a\", scale = 0.0 }", "scale"),
        ("{ csv = \"a\", classes = [1, 1] }", "classes"),
        ("{ csv = \"a\", classes = [1] }", "classes"),
        ("{ synthetic = { alpha = -1.0 } }", "synthetic.alpha"),
        ("{ synthetic = { test = 1.0 } }", "synthetic.test"),
        ("{ mixture = { clusters = 0 } }", "mixture.clusters"),
        ("{ mixture = { clients = { samples = 5, alpha = 0.0 } } }", "mixture.clients.alpha"),
        ("{ teacher = { classes = 1 } }", "teacher.classes"),
        ("{ linear = { targets = { linear = { noise = nan } } } }", "linear.targets.linear.noise"),
    ];
    for (text, key) in cases {
        assert_eq!(data(text).check().unwrap_err().path.join("."), key);
    }
    assert_eq!(partition("{ dirichlet = { alpha = 0.0 } }").check().unwrap_err().path.join("."), "dirichlet.alpha");
    assert_eq!(partition("{ shards = { per-client = 0 } }").check().unwrap_err().path.join("."), "shards.per-client");
}

#[test]
fn the_schema_describes_both_forms() {
    let schema = serde_json::to_value(schemars::schema_for!(DataSpec)).unwrap();
    let forms = schema["anyOf"].as_array().unwrap();
    assert_eq!(forms.len(), 2);
    let text = schema.to_string();
    assert!(text.contains("mnist-10k") && text.contains("\"libsvm\"") && text.contains("\"standardise\""));
}
