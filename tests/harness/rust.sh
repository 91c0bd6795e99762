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
    if [ "$mode" = fast ]; then
        # The fault runs are the modules of tests/it/faults; a name that holds no test leaves nothing out.
        local file skipped=()
        for file in tests/it/faults/*.rs; do skipped+=(--skip "faults::$(basename "$file" .rs)::"); done
        cargo test --workspace -- "${skipped[@]}"
        return
    fi
    cargo test --workspace
}
