//! How a scenario names its data.

mod files;
mod generated;
mod text;

use std::fmt;

pub use files::{CsvSpec, IdxSpec, LeafSpec, LibsvmSpec, NpySpec, NpzSpec};
pub use generated::{CentreLaw, LinearSpec, LinearTargets, MixtureClients, MixtureSpec, SyntheticSpec, TeacherSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
pub(super) use text::{schema as text_schema, text_or_table};

use crate::invalid::{Invalid, require};

/// A data set and how it is prepared: `"mnist-10k"`, or a table with one source and any options.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    /// Where the samples come from.
    pub source: Source,
    /// Share of the training samples to hold out as test samples, in (0, 1) [1]; taken from every natural client alike.
    pub test: Option<f64>,
    /// Shift and scale each feature to mean 0 and standard deviation 1 over the training samples.
    pub standardise: bool,
    /// Scale each sample to Euclidean length 1.
    pub normalise: bool,
    /// Factor of every feature [1]; without it, bytes of IDX files are divided by 255 and other values are kept.
    pub scale: Option<f64>,
    /// Whether targets are classes or real values.
    pub targets: TargetKind,
    /// Keep only the samples of these classes, numbered in this order.
    pub classes: Option<Vec<LabelName>>,
}

impl DataSpec {
    /// The data of `source`, unprepared.
    pub fn new(source: Source) -> Self {
        let targets = TargetKind::Auto;
        Self { source, test: None, standardise: false, normalise: false, scale: None, targets, classes: None }
    }

    /// Whether the samples are drawn anew for each seed.
    pub fn depends_on_seed(&self) -> bool {
        match &self.source {
            Source::Synthetic(spec) => spec.seed.is_none(),
            Source::Mixture(spec) => spec.seed.is_none(),
            Source::Teacher(spec) => spec.seed.is_none(),
            Source::Linear(spec) => spec.seed.is_none(),
            _ => false,
        }
    }

    /// Whether the values of the specification are in range. Files are not looked at.
    ///
    /// # Errors
    /// [`Invalid`] at the offending key.
    pub fn check(&self) -> Result<(), Invalid> {
        if let Some(share) = self.test {
            require(share > 0.0 && share < 1.0, "test", share, "a share of the samples, above 0 and below 1")?;
        }
        if let Some(scale) = self.scale {
            require(scale.is_finite() && scale != 0.0, "scale", scale, "a finite factor other than 0")?;
        }
        if let Some(classes) = &self.classes {
            let mut names: Vec<String> = classes.iter().map(ToString::to_string).collect();
            names.sort();
            names.dedup();
            require(names.len() == classes.len(), "classes", names.len(), "each class once")?;
            require(classes.len() >= 2, "classes", classes.len(), "at least two classes")?;
        }
        match &self.source {
            Source::Synthetic(spec) => spec.check().map_err(|error| error.under("synthetic")),
            Source::Mixture(spec) => spec.check().map_err(|error| error.under("mixture")),
            Source::Teacher(spec) => spec.check().map_err(|error| error.under("teacher")),
            Source::Linear(spec) => spec.check().map_err(|error| error.under("linear")),
            _ => Ok(()),
        }
    }
}

/// Where samples come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A set embedded in the program.
    Bundled(Bundled),
    /// LIBSVM text, sparse.
    Libsvm(LibsvmSpec),
    /// Comma-separated values with a header.
    Csv(CsvSpec),
    /// The binary format of MNIST.
    Idx(IdxSpec),
    /// A NumPy archive.
    Npz(NpzSpec),
    /// NumPy arrays.
    Npy(NpySpec),
    /// JSON of the LEAF benchmark, with its users.
    Leaf(LeafSpec),
    /// Synthetic(α, β) of FedProx.
    Synthetic(SyntheticSpec),
    /// A mixture of Gaussians.
    Mixture(MixtureSpec),
    /// Labels of a random one-layer network.
    Teacher(TeacherSpec),
    /// Normal inputs with linear or random targets.
    Linear(LinearSpec),
}

/// A set embedded in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Bundled {
    /// 10,000 handwritten digits, 28×28 pixels in [0, 1]: 8,000 for training, 2,000 held out; 10 classes.
    #[serde(rename = "mnist-10k")]
    Mnist10k,
    /// UCI Adult as 123 binary features, sparse: 32,561 for training, 16,281 held out; 2 classes. Can be divided by
    /// `education` or `occupation`.
    #[serde(rename = "adult-a9a")]
    AdultA9a,
    /// 1,797 handwritten digits, 8×8 pixels in [0, 1]; the last 360 are held out; 10 classes.
    #[serde(rename = "digits-8x8")]
    Digits8x8,
    /// Shoulder exercises seen by a watch, 48 standardised features, of 10 people (`subject`, the natural clients): 3,453
    /// for training, 1,012 held out; 7 classes.
    #[serde(rename = "watch-exercises")]
    WatchExercises,
}

/// Whether targets are classes or real values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// Classes where any target is text, or all are whole numbers with at most 64 distinct values; else real values.
    #[default]
    Auto,
    /// Classes.
    Classes,
    /// Real values.
    Values,
}

/// A class by its number or name in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a class: a whole number or text")]
pub enum LabelName {
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

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
    /// Factor of every feature [1]; without it, bytes of IDX files are divided by 255 and other values are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<f64>,
    /// Whether targets are classes or real values.
    #[serde(default, skip_serializing_if = "is_auto")]
    targets: TargetKind,
    /// Keep only the samples of these classes, numbered in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<LabelName>>,
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
        let mut table: DataTable = text::bundled_or_table(deserializer)?;
        let source = table.source().map_err(|found| {
            de::Error::custom(format!(
                "{found}: expected exactly one of bundled, libsvm, csv, idx, npz, npy, leaf, synthetic, mixture, teacher, linear"
            ))
        })?;
        let DataTable { test, standardise, normalise, scale, targets, classes, .. } = table;
        Ok(Self { source, test, standardise, normalise, scale, targets, classes })
    }
}

impl Serialize for DataSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Source::Bundled(set) = &self.source
            && *self == Self::new(self.source.clone())
        {
            return set.serialize(serializer);
        }
        let Self { source, test, standardise, normalise, scale, targets, classes } = self.clone();
        let mut table = DataTable { test, standardise, normalise, scale, targets, classes, ..DataTable::default() };
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

#[cfg(test)]
mod tests;
