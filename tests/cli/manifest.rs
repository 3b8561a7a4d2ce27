//! `manifest.toml` is the whole run: running it gives the same bytes.

use crate::program::{assert_same, contents, run, small};

#[test]
fn running_the_manifest_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    run(&small(), &first, &["--set", "stop.rounds=25", "--set", "fleet.clients=20", "--seeds", "1"]);
    run(&first.join("manifest.toml"), &second, &[]);
    assert_same(&first, &second);
    assert_eq!(contents(&first)["manifest.toml"], contents(&second)["manifest.toml"]);
}
