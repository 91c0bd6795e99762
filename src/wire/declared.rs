//! What is declared in files, for the configuration's check: dial plans by site, scheme rules, mapping rules.

use trunkline_config::{Problem, Settings};

/// What is wrong with the files that the configuration names. Blocks on them.
pub(crate) fn problems(settings: &Settings) -> Vec<Problem> {
    trunkline_mapping::declared::problems(settings)
}
