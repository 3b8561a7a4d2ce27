//! The keys of data, each written once, and the forms in which a scenario may write them.

use std::iter;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, value::MapDeserializer},
};

use super::{
    Bundled, CsvSpec, IdxSpec, LabelName, LeafSpec, LibsvmSpec, LinearSpec, MixtureSpec, NpySpec, NpzSpec, Scale, SyntheticSpec,
    TargetKind, TeacherSpec,
};
use crate::toml::decode::forms;

/// Defines data by their sources and options, and the table in which a scenario writes them: the key of one source, and any options.
macro_rules! data {
    (
        sources { $($(#[doc = $what:expr])+ $key:ident: $source:ident($spec:ty $(, $read:literal, $schema:literal)?),)+ }
        options { $($(#[doc = $about:expr])+ $option:ident: $type:ty,)+ }
    ) => {
        /// Where samples come from.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Source {
            $($(#[doc = $what])+ $source($spec),)+
        }

        /// A data set and how it is prepared: `"mnist-10k"`, or a table with one source and any options.
        #[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
        #[serde(into = "Written")]
        #[schemars(from = "Written")]
        pub struct DataSpec {
            /// Where the samples come from.
            pub source: Source,
            $($(#[doc = $about])+ pub $option: $type,)+
        }

        impl DataSpec {
            /// The data of `source`, unprepared.
            pub fn new(source: Source) -> Self {
                Self { source, $($option: Default::default(),)+ }
            }
        }

        /// The table form of a [`DataSpec`].
        #[derive(Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        struct DataTable {
            $(
                $(#[doc = $what])+
                #[serde(skip_serializing_if = "is_default" $(, deserialize_with = $read)?)]
                $(#[schemars(with = $schema)])?
                $key: Option<$spec>,
            )+
            $($(#[doc = $about])+ #[serde(skip_serializing_if = "is_default")] $option: $type,)+
        }

        impl TryFrom<DataTable> for DataSpec {
            type Error = String;

            fn try_from(table: DataTable) -> Result<Self, String> {
                let mut sources = [$(table.$key.map(Source::$source)),+].into_iter().flatten();
                let found = match (sources.next(), sources.next()) {
                    (Some(source), None) => return Ok(Self { source, $($option: table.$option,)+ }),
                    (None, _) => "no source",
                    (Some(_), Some(_)) => "more than one source",
                };
                Err(format!("{found}: expected exactly one of {}", [$(stringify!($key)),+].join(", ")))
            }
        }

        impl From<DataSpec> for DataTable {
            fn from(spec: DataSpec) -> Self {
                let mut table = Self { $($option: spec.$option,)+ ..Self::default() };
                match spec.source {
                    $(Source::$source(spec) => table.$key = Some(spec),)+
                }
                table
            }
        }
    };
}

data! {
    sources {
        /// A set embedded in the program.
        bundled: Bundled(Bundled),
        /// LIBSVM text, sparse; a bare path, or a table.
        libsvm: Libsvm(LibsvmSpec, "source", "Option<PathOr<LibsvmSpec>>"),
        /// Comma-separated values with a header; a bare path, or a table.
        csv: Csv(CsvSpec, "source", "Option<PathOr<CsvSpec>>"),
        /// The binary format of MNIST.
        idx: Idx(IdxSpec),
        /// A NumPy archive; a bare path, or a table.
        npz: Npz(NpzSpec, "source", "Option<PathOr<NpzSpec>>"),
        /// NumPy arrays.
        npy: Npy(NpySpec),
        /// JSON of the LEAF benchmark, with its users; a bare path, or a table.
        leaf: Leaf(LeafSpec, "source", "Option<PathOr<LeafSpec>>"),
        /// Synthetic(α, β) of FedProx.
        synthetic: Synthetic(SyntheticSpec),
        /// A mixture of Gaussians.
        mixture: Mixture(MixtureSpec),
        /// Labels of a random one-layer network.
        teacher: Teacher(TeacherSpec),
        /// Normal inputs with linear or random targets.
        linear: Linear(LinearSpec),
    }
    options {
        /// Share of the training samples to hold out as test samples, in (0, 1) [1]; taken from every natural client alike.
        test: Option<f64>,
        /// Share of the training samples to hold out as a validation part, in (0, 1) [1], which decides among tuned values and when to
        /// stop; counted before `test` is held out, and taken from every natural client alike.
        validation: Option<f64>,
        /// Shift and scale each feature to mean 0 and standard deviation 1 over the training samples.
        standardise: bool,
        /// Scale each sample to Euclidean length 1.
        normalise: bool,
        /// Replace the features by this many of a random layer, `max(0, W x)` with `W ~ N(0, 2 / features)`, the same for all seeds:
        /// the features of a network trained elsewhere, without the training.
        random_features: Option<usize>,
        /// Factor of every feature [1], or `"bytes"` for a division by 255; without it, bytes of IDX files are divided by 255 and
        /// other values are kept.
        scale: Option<Scale>,
        /// Whether targets are classes or real values.
        targets: TargetKind,
        /// Keep only the samples of these classes, numbered in this order.
        classes: Option<Vec<LabelName>>,
        /// Bytes that a compressed file, or an array in an archive, may unpack to; 1 GiB by default.
        max_unpacked: Option<u64>,
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A bundled data set by its name, or a table with one source and any options
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Name(Bundled),
    Table(Box<DataTable>),
}

impl From<DataSpec> for Written {
    fn from(spec: DataSpec) -> Self {
        match spec.source {
            Source::Bundled(set) if spec == DataSpec::new(Source::Bundled(set)) => Self::Name(set),
            _ => Self::Table(Box::new(spec.into())),
        }
    }
}

/// A table that has been read and has one source.
#[derive(Deserialize)]
#[serde(try_from = "DataTable")]
struct OneSource(DataSpec);

impl TryFrom<DataTable> for OneSource {
    type Error = String;

    fn try_from(table: DataTable) -> Result<Self, String> {
        table.try_into().map(Self)
    }
}

forms! {
    DataSpec, "the name of a bundled set or a table with one source, such as { csv = \"file.csv\" }",
    text(Bundled) => |set| DataSpec::new(Source::Bundled(set)),
    table(OneSource) => |table| table.0,
}

/// A table whose first key is `path`, or the path alone.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum PathOr<T> {
    /// Path of the file
    Path(String),
    /// The path and more.
    Table(T),
}

forms! {
    PathOr<T>, "a path or a table" where T: DeserializeOwned,
    text(String) => PathOr::Path,
    table(T) => PathOr::Table,
}

/// Reads a [`PathOr`] as the table in either case.
pub fn path_or_table<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    match PathOr::deserialize(deserializer)? {
        PathOr::Path(path) => T::deserialize(MapDeserializer::new(iter::once(("path", path)))),
        PathOr::Table(table) => Ok(table),
    }
}

fn source<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    path_or_table(deserializer).map(Some)
}
