# Outside software that checks us: installed below target/peers, driven by tests that look for it there.
# One Python environment ($TRUNKLINE_PEERS/venv) and one folder of npm packages ($TRUNKLINE_PEERS/node_modules) for all.

install_peers() {
    say "outside peers"
    TRUNKLINE_PEERS="$PWD/target/peers"
    mkdir -p "$TRUNKLINE_PEERS"
    local wanted="$TRUNKLINE_PEERS/wanted.txt" packages
    cat tests/peers/*/requirements.txt tests/peers/*/package.json tests/browser/package.json >"$wanted"
    if cmp -s "$wanted" "$TRUNKLINE_PEERS/installed.txt"; then
        echo "all there"
        return
    fi
    local requirements=() file
    for file in tests/peers/*/requirements.txt; do requirements+=(-r "$file"); done
    [ -x "$TRUNKLINE_PEERS/venv/bin/pip" ] || python3 -m venv "$TRUNKLINE_PEERS/venv"
    "$TRUNKLINE_PEERS/venv/bin/pip" install --quiet --disable-pip-version-check "${requirements[@]}"
    packages=$(node -p 'process.argv.slice(1).flatMap((file) => Object.entries(require(file).dependencies ?? {}))
        .map(([name, version]) => `${name}@${version}`).join(" ")' "$PWD"/tests/peers/*/package.json "$PWD/tests/browser/package.json")
    # shellcheck disable=SC2086 # one word a package
    npm install --prefix "$TRUNKLINE_PEERS" --silent --no-audit --no-fund --ignore-scripts --omit=optional $packages
    cp "$wanted" "$TRUNKLINE_PEERS/installed.txt"
}

# The tests that say nothing without their peer, once more and with it.
# --workspace keeps the features of all crates as they were built before.
run_peer_tests() {
    say "tests with outside peers and a browser"
    local peers="$PWD/target/peers"
    export TRUNKLINE_PEERS="$peers" TRUNKLINE_BROWSER="$peers"
    run_counted 1 cargo test --quiet --workspace --test events peer
    run_counted 1 cargo test --quiet --workspace --test conformance peer
    run_counted 2 cargo test --quiet --workspace --test drive peers
    run_counted 1 cargo test --quiet --workspace --test numbers_peer
    run_counted 1 cargo test --quiet --workspace --test online -- --exact records::pyarrow_reads_the_export
    run_counted 1 cargo test --quiet --workspace --test http -- --exact \
        browser::the_pages_show_who_calls_and_follow_the_phone
    run_counted 1 cargo test --quiet --workspace --test it -- --exact \
        pages::the_panel_and_the_desk_page_show_the_demos_story
    unset TRUNKLINE_PEERS TRUNKLINE_BROWSER
}

# Runs a test command that must run at least so many tests: a renamed test would otherwise be missed in silence.
run_counted() {
    local least=$1 log="target/peers/tests.log" count
    shift
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    count=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
    if [ "$count" -lt "$least" ]; then
        echo "$* ran $count tests, not $least" >&2
        return 1
    fi
    echo "$count passed: $*"
}
