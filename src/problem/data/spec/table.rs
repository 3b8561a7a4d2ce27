//! The two written forms of a [`DataSpec`].

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Bundled, CsvSpec, DataSpec, IdxSpec, LabelName, LeafSpec, LibsvmSpec, LinearSpec, MixtureSpec, NpySpec, NpzSpec, Scale,
    Source, SyntheticSpec, TargetKind, TeacherSpec,
    text::{self, bundled_or_table, text_or_table},
};

/// The table form of a [`DataSpec`]: one of the sources, and options.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "expected a bundled set or a table with one source")]
#[schemars(rename = "DataTable")]
struct DataTable {
    /// A set embedded in the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundled: Option<Bundled>,
    /// LIBSVM text, sparse; a bare path, or a table.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_table")]
    #[schemars(schema_with = "text::schema::<LibsvmSpec>")]
    libsvm: Option<LibsvmSpec>,
    /// Comma-separated values with a header; a bare path, or a table.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_table")]
    #[schemars(schema_with = "text::schema::<CsvSpec>")]
    csv: Option<CsvSpec>,
    /// The binary format of MNIST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idx: Option<IdxSpec>,
    /// A NumPy archive; a bare path, or a table.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_table")]
    #[schemars(schema_with = "text::schema::<NpzSpec>")]
    npz: Option<NpzSpec>,
    /// NumPy arrays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    npy: Option<NpySpec>,
    /// JSON of the LEAF benchmark, with its users; a bare path, or a table.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_table")]
    #[schemars(schema_with = "text::schema::<LeafSpec>")]
    leaf: Option<LeafSpec>,
    /// Synthetic(α, β) of FedProx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    synthetic: Option<SyntheticSpec>,
    /// A mixture of Gaussians.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mixture: Option<MixtureSpec>,
    /// Labels of a random one-layer network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teacher: Option<TeacherSpec>,
    /// Normal inputs with linear or random targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linear: Option<LinearSpec>,
    /// Share of the training samples to hold out as test samples, in (0, 1) [1]; taken from every natural client alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test: Option<f64>,
    /// Shift and scale each feature to mean 0 and standard deviation 1 over the training samples.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    standardise: bool,
    /// Scale each sample to Euclidean length 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    normalise: bool,
    /// Replace the features by this many of a random layer, `max(0, W x)` with `W ~ N(0, 2 / features)`, the same for all seeds: what
    /// a network trained elsewhere would give, without the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    random_features: Option<usize>,
    /// Factor of every feature [1], or `"bytes"` for a division by 255; without it, bytes of IDX files are divided by 255 and
    /// other values are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<Scale>,
    /// Whether targets are classes or real values.
    #[serde(default, skip_serializing_if = "is_auto")]
    targets: TargetKind,
    /// Keep only the samples of these classes, numbered in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<LabelName>>,
    /// What a compressed file, or an array in an archive, may unpack to [byte]; 1 GiB by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_unpacked: Option<u64>,
}

fn is_auto(kind: &TargetKind) -> bool {
    *kind == TargetKind::Auto
}

impl From<Bundled> for DataTable {
    fn from(set: Bundled) -> Self {
        Self { bundled: Some(set), ..Self::default() }
    }
}

impl DataTable {
    fn source(&mut self) -> Result<Source, &'static str> {
        let mut sources = [
            self.bundled.take().map(Source::Bundled),
            self.libsvm.take().map(Source::Libsvm),
            self.csv.take().map(Source::Csv),
            self.idx.take().map(Source::Idx),
            self.npz.take().map(Source::Npz),
            self.npy.take().map(Source::Npy),
            self.leaf.take().map(Source::Leaf),
            self.synthetic.take().map(Source::Synthetic),
            self.mixture.take().map(Source::Mixture),
            self.teacher.take().map(Source::Teacher),
            self.linear.take().map(Source::Linear),
        ]
        .into_iter()
        .flatten();
        match (sources.next(), sources.next()) {
            (Some(source), None) => Ok(source),
            (None, _) => Err("no source"),
            (Some(_), Some(_)) => Err("more than one source"),
        }
    }
}

impl<'de> Deserialize<'de> for DataSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table: DataTable = bundled_or_table(deserializer)?;
        let source = table.source().map_err(|found| {
            de::Error::custom(format!(
                "{found}: expected exactly one of bundled, libsvm, csv, idx, npz, npy, leaf, synthetic, mixture, teacher, linear"
            ))
        })?;
        let DataTable { test, standardise, normalise, random_features, scale, targets, classes, max_unpacked, .. } = table;
        Ok(Self { source, test, standardise, normalise, random_features, scale, targets, classes, max_unpacked })
    }
}

impl Serialize for DataSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Source::Bundled(set) = &self.source
            && *self == Self::new(self.source.clone())
        {
            return set.serialize(serializer);
        }
        let Self { source, test, standardise, normalise, random_features, scale, targets, classes, max_unpacked } = self.clone();
        let mut table = DataTable {
            test,
            standardise,
            normalise,
            random_features,
            scale,
            targets,
            classes,
            max_unpacked,
            ..DataTable::default()
        };
        match source {
            Source::Bundled(set) => table.bundled = Some(set),
            Source::Libsvm(spec) => table.libsvm = Some(spec),
            Source::Csv(spec) => table.csv = Some(spec),
            Source::Idx(spec) => table.idx = Some(spec),
            Source::Npz(spec) => table.npz = Some(spec),
            Source::Npy(spec) => table.npy = Some(spec),
            Source::Leaf(spec) => table.leaf = Some(spec),
            Source::Synthetic(spec) => table.synthetic = Some(spec),
            Source::Mixture(spec) => table.mixture = Some(spec),
            Source::Teacher(spec) => table.teacher = Some(spec),
            Source::Linear(spec) => table.linear = Some(spec),
        }
        table.serialize(serializer)
    }
}

impl JsonSchema for DataSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DataSpec".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A bundled data set by its name, or a table with one source and any options",
            "anyOf": [generator.subschema_for::<Bundled>(), generator.subschema_for::<DataTable>()],
        })
    }
}
