//! What is declared in files, for the configuration's check: dial plans by site, scheme rules.

use trunkline_config::{Problem, Problems, Settings};
use trunkline_mapping::declared::knowledge;

/// What is wrong with the files that the configuration names. Blocks on them.
pub(crate) fn problems(settings: &Settings) -> Vec<Problem> {
    knowledge(settings).err().map(|Problems(found)| found).unwrap_or_default()
}
