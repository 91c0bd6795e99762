//! What is declared in files that the configuration names: scheme rules, dial plans by site, profile rules, agents.

use std::collections::BTreeMap;
use std::path::Path;

use trunkline_config::{Problem, Problems, Settings};

use crate::engine::Knowledge;
use crate::identity::Rules;
use crate::numbers::{DialPlan, DialPlans};
use crate::profile::{AgentProfile, ProfileRules};

const RULES: &str = "mapping.identity_rules";
const PLANS: &str = "mapping.dial_plans";
const PROFILE: &str = "mapping.profile_rules";
const AGENTS: &str = "mapping.agents";

/// Reads the files, or tells everything that is wrong with them, each with the key that names it. Blocks on small files.
///
/// The fallback plan is the one of `daemon.site`; a connector's `site` says whose numbers it brings.
pub fn knowledge(settings: &Settings) -> Result<Knowledge, Problems> {
    let mut problems = Vec::new();
    let rules = named(&settings.mapping.identity_rules)
        .and_then(|file| noted(RULES, read(file, Rules::from_toml), &mut problems))
        .unwrap_or_default();
    let plans = plans(settings, &mut problems);
    let profile = named(&settings.mapping.profile_rules)
        .and_then(|file| noted(PROFILE, read(file, ProfileRules::from_toml), &mut problems))
        .unwrap_or_default();
    if let Err(Problems(more)) = agents(settings) {
        problems.extend(more);
    }
    if problems.is_empty() { Ok(Knowledge { rules, plans, profile }) } else { Err(Problems(problems)) }
}

/// Reads the list of agents, or tells what is wrong with it; empty if none is named. Blocks on a small file.
pub fn agents(settings: &Settings) -> Result<Vec<AgentProfile>, Problems> {
    let mut problems = Vec::new();
    let list = named(&settings.mapping.agents)
        .and_then(|file| noted(AGENTS, read(file, AgentProfile::list), &mut problems))
        .unwrap_or_default();
    if problems.is_empty() { Ok(list) } else { Err(Problems(problems)) }
}

fn plans(settings: &Settings, problems: &mut Vec<Problem>) -> DialPlans {
    let (mut sites, whole) = match named(&settings.mapping.dial_plans) {
        None => (BTreeMap::new(), true),
        Some(folder) => in_folder(folder, problems),
    };
    for (name, connector) in &settings.connectors {
        let Some(site) = connector.site.as_ref().filter(|site| **site != settings.daemon.site) else { continue };
        if let Some(plan) = sites.get_mut(site) {
            let source = format!("/connectors/{name}");
            if !plan.sources.contains(&source) {
                plan.sources.push(source);
            }
        } else if whole {
            // A plan that is no good is told already; only one that is not there is told here.
            let sentence = format!("there is no dial plan {site}.toml in {PLANS}; write one, or mend the site's name");
            problems.push(problem(&format!("connectors.{name}.site"), sentence));
        }
    }
    let fallback = sites.remove(&settings.daemon.site).unwrap_or_default();
    let plans = DialPlans::new(fallback, sites.into_values().collect()).map_err(|error| error.to_string());
    noted(PLANS, plans, problems).unwrap_or_default()
}

/// The plans that could be read, and whether these are all.
fn in_folder(folder: &Path, problems: &mut Vec<Problem>) -> (BTreeMap<String, DialPlan>, bool) {
    let unreadable = |error: std::io::Error| {
        format!("cannot read {}: {error}; check the path and its permissions", folder.display())
    };
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable);
    let Some(entries) = noted(PLANS, entries, problems) else { return (BTreeMap::new(), false) };
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let count = files.len();
    let plans: BTreeMap<_, _> = files
        .iter()
        .filter_map(|file| {
            let site = file.file_stem()?.to_str()?.to_owned();
            Some((site, noted(PLANS, read(file, DialPlan::from_toml), problems)?))
        })
        .collect();
    let whole = plans.len() == count;
    (plans, whole)
}

fn read<T, E: std::error::Error>(file: &Path, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}; check the path and its permissions", file.display()))?;
    read(&text).map_err(|error| format!("{} is no good: {}", file.display(), error.to_string().replace('\n', " ")))
}

fn noted<T>(key: &str, read: Result<T, String>, problems: &mut Vec<Problem>) -> Option<T> {
    read.map_err(|sentence| problems.push(problem(key, sentence))).ok()
}

fn problem(key: &str, sentence: String) -> Problem {
    Problem { key: key.to_owned(), sentence, origin: None }
}

fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}
