//! The program as a user meets it, and the folders that it writes.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A small scenario with everything that could upset a run: speeds, absences, losses, rounds, buffers and peers.
pub fn small() -> PathBuf {
    root().join("tests/cli/small.toml")
}

/// A call of the program, away from any terminal.
pub fn fedfleet<I, S>(arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(env!("CARGO_BIN_EXE_fedfleet"));
    command.args(arguments).env("COLUMNS", "100").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs a call that must succeed, and returns what it printed.
pub fn succeed(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", complaint(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code, standard output and standard error, as one text.
pub fn told(mut command: Command) -> String {
    let output = command.output().unwrap();
    let code = output.status.code().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    format!("exit code {code}\n--- standard output\n{out}--- standard error\n{err}")
}

/// Starts a call and leaves it to itself.
pub fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn complaint(output: &Output) -> String {
    format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
}

/// Runs `scenario` into `out`.
pub fn run(scenario: &Path, out: &Path, more: &[&str]) {
    let arguments = [OsStr::new("run"), scenario.as_os_str(), OsStr::new("--out"), out.as_os_str()];
    let _ = succeed(fedfleet(arguments.into_iter().chain(more.iter().map(OsStr::new))));
}

/// All files below the results folder `folder` with their contents, by relative path, but for those that are the program's own.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    everything(folder).into_iter().filter(|(name, _)| !name.starts_with(".fedfleet/")).collect()
}

/// All files below `folder` with their contents, by relative path.
pub fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                let _ = files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Fails unless both folders hold the same files with the same bytes, `manifest.toml` apart, which tells where data lie.
pub fn assert_same(one: &Path, other: &Path) {
    let files = |folder: &Path| {
        let mut files = contents(folder);
        assert!(files.remove("manifest.toml").is_some(), "{} has no manifest", folder.display());
        files
    };
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{name} differs");
    }
}

/// A table of results: its rows as texts by column.
pub fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}
