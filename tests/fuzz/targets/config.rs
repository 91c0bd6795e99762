//! The daemon's configuration with its connectors' parameters: settings, or problems that all name something.
#![no_main]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trunkline_config::{Connector, Problem, Sources, load_with};

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("trunkline-fuzz-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join("trunkline.toml")
});

fuzz_target!(|text: &str| {
    // Keys that name files would have the fuzzer read whatever lies about on this machine.
    if text.contains("_file") {
        return;
    }
    std::fs::write(&*FILE, text).expect("written");
    let sources = Sources { file: Some(FILE.clone()), environment: Some(HashMap::new()), ..Sources::default() };
    let of_connector = |name: &str, connector: &Connector| {
        let Err(wrong) = trunkline_connectors::check(name, &connector.kind, &connector.params) else {
            return Vec::new();
        };
        let told = |key: String, sentence: String| Problem { key, sentence, origin: None };
        wrong.problems.into_iter().map(|wrong| told(wrong.key, wrong.problem)).collect()
    };
    let loaded = load_with(&sources, of_connector, |_| Vec::new());
    if let Err(problems) = loaded {
        assert!(!problems.0.is_empty());
        assert!(problems.0.iter().all(|problem| !problem.sentence.is_empty()));
    }
});
