# Everything that `.ci/run` checks, and the upkeep of what is committed.

fedfleet := "cargo run --profile ci --quiet --"

# List the recipes
default:
    @just --list

# Format, lints, tests, short runs, licences
check:
    .ci/run

# Unit tests, promises, command line, doc tests
test *ARGS:
    cargo test --profile ci --workspace {{ARGS}}

# Checks that take minutes, which `cargo test` leaves out
long:
    cargo test --profile ci --test promises -- --ignored --nocapture

# Format all code
fmt:
    cargo fmt --all

# Lints, with warnings denied
lint:
    cargo clippy --profile ci --workspace --all-targets -- -D warnings

# Benchmarks; benches/README.md tells what they measure
bench *ARGS:
    cargo bench {{ARGS}}

# Run a scenario
run SCENARIO *ARGS:
    {{fedfleet}} run {{SCENARIO}} {{ARGS}}

# Remake results/ from the shipped scenarios, and its gallery; benches and data aside
results:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --profile ci
    find scenarios -name '*.toml' -not -path 'scenarios/bench/*' | sort | while read -r scenario; do
        folder=${scenario#scenarios/}
        target/ci/fedfleet run "$scenario" --out "results/${folder%.toml}"
    done
    target/ci/fedfleet gallery results

# Rewrite the table of methods in the README and the page of what combines
readme:
    #!/usr/bin/env bash
    set -euo pipefail
    table=$(mktemp)
    {{fedfleet}} methods --markdown > "$table"
    sed -i -e "/^<!-- methods -->$/,/^<!-- \/methods -->$/{ /^<!-- methods -->$/r $table" -e '/^<!-- /!d }' README.md
    rm "$table"
    {{fedfleet}} methods --combinations > docs/combinations.md

# Take the texts of the tests as they are now; read the difference before committing
bless:
    INSTA_UPDATE=always cargo test --profile ci --test cli
    BLESS=1 cargo test --profile ci --test promises

# The documentation of the crate
doc:
    cargo doc --no-deps --open
