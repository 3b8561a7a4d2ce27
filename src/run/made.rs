//! The origin of results, the `[made]` section of a manifest: the program, its overrides, and the data.

use std::path::Path;

use crate::{
    file::Opened,
    invalid::Invalid,
    scenario::{Made, Scenario},
};

/// The version of the program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that the program was built from, where the build says so.
pub(super) const COMMIT: Option<&str> = option_env!("FEDFLEET_COMMIT");

/// The origin of results that this program makes on this machine from `files`, which lie in or below `folder`.
pub(super) fn here(scenario: &Scenario, files: &Opened) -> Made {
    Made {
        version: VERSION.to_owned(),
        commit: COMMIT.map(str::to_owned),
        processor: processor(),
        overrides: scenario.overrides.clone(),
        runs: Vec::new(),
        files: files.iter().map(|(path, digest)| (named(path, &scenario.folder), digest.to_string())).collect(),
    }
}

/// The path of a data file as the scenario has it, with `/` between its parts.
fn named(path: &Path, folder: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Checks that data files are those from which the results of `made` came.
///
/// # Errors
/// [`Invalid`] at the file in the section `made`.
pub(super) fn check_data(made: &Made, files: &Opened, folder: &Path) -> Result<(), Invalid> {
    let changed = files.iter().find_map(|(path, digest)| {
        let name = named(path, folder);
        let known = made.files.get(&name)?;
        (*known != digest.to_string()).then_some((path, name))
    });
    let Some((path, name)) = changed else { return Ok(()) };
    let message = format!("`{}` has changed since these results were made from it", path.display());
    let help = "restore the file, or remove this line to run with the file as it is now";
    Err(Invalid { path: ["made", "files", &name].map(str::to_owned).to_vec(), ..Invalid::at("", message).help(help) })
}

/// The architecture, and the features of the processor that choose kernels.
fn processor() -> Vec<String> {
    let mut found = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        let features = [
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("avx512dq", is_x86_feature_detected!("avx512dq")),
            ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ];
        found.extend(features.into_iter().filter(|(_, has)| *has).map(|(name, _)| name));
    }
    found.into_iter().map(str::to_owned).collect()
}
