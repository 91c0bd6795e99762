# Style and the tests written in Rust. Private brokers and databases are started by the tests themselves.

check_style() {
    say "format and lints"
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --quiet -- -D warnings
}

run_rust_tests() {
    say "build of the tests"
    cargo test --workspace --no-run --quiet
    say "tests"
    cargo test --workspace
}
