# Outside software that checks us: installed below target/peers, driven by tests that look for it there.

install_peers() {
    say "outside peers"
    export TRUNKLINE_PEERS="$PWD/target/peers"
    mkdir -p "$TRUNKLINE_PEERS"
    local wanted="$TRUNKLINE_PEERS/requirements.txt"
    sort -u tests/peers/*/requirements.txt >"$wanted"
    if ! cmp -s "$wanted" "$TRUNKLINE_PEERS/installed.txt"; then
        python3 -m venv "$TRUNKLINE_PEERS/venv"
        "$TRUNKLINE_PEERS/venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
        cp "$wanted" "$TRUNKLINE_PEERS/installed.txt"
    fi
    local folder
    for folder in tests/peers/*/package.json tests/browser/package.json; do
        [ -f "$folder" ] || continue
        folder=$(dirname "$folder")
        local target="$TRUNKLINE_PEERS/node/$(basename "$folder")"
        mkdir -p "$target"
        cp "$folder"/package.json "$target"/
        [ -d "$target/node_modules" ] || (cd "$target" && npm install --silent --no-audit --no-fund --ignore-scripts)
    done
}
