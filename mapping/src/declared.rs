//! What is declared in files that the configuration names: scheme rules, dial plans by site, profile rules, agents, mapping rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::macros::format_description;
use time::{Date, Duration};
use trunkline_config::{Problem, Problems, Settings};

use crate::counts::{Counted, Keywords, SilenceRule, SpikeRule};
use crate::engine::Knowledge;
use crate::identity::Rules;
use crate::numbers::{DialPlan, DialPlans};
use crate::profile::{AgentProfile, ProfileRules};
use crate::rules::{self, File, RuleSet};
use crate::zone::{NoZone, Zone};

const RULES: &str = "mapping.identity_rules";
const PLANS: &str = "mapping.dial_plans";
const PROFILE: &str = "mapping.profile_rules";
const AGENTS: &str = "mapping.agents";
const MAPPING: &str = "mapping.rules";

/// Reads the files, or tells everything that is wrong with them, each with the key that names it. Blocks on small files.
///
/// The fallback plan is the one of `daemon.site`; a connector's `site` says whose numbers it brings.
pub fn knowledge(settings: &Settings) -> Result<Knowledge, Problems> {
    let mut problems = Vec::new();
    let rules = named(&settings.mapping.identity_rules)
        .and_then(|file| noted(RULES, read(file, Rules::from_toml), &mut problems))
        .unwrap_or_default();
    let plans = plans(settings, &mut problems);
    let counted = counted(settings, &mut problems);
    zones(settings, &mut problems);
    holidays(settings, &mut problems);
    let profile = named(&settings.mapping.profile_rules)
        .and_then(|file| noted(PROFILE, read(file, ProfileRules::from_toml), &mut problems))
        .unwrap_or_default();
    if let Err(Problems(more)) = agents(settings) {
        problems.extend(more);
    }
    if problems.is_empty() {
        Ok(Knowledge { rules, plans, profile, counted, ..Knowledge::default() })
    } else {
        Err(Problems(problems))
    }
}

/// When a link is silent, and the zone that each connector's hours are those of; what is wrong is told by [`knowledge`].
pub fn silence(settings: &Settings) -> (SilenceRule, BTreeMap<String, Zone>) {
    let declared = &settings.silence;
    let rule = SilenceRule {
        weeks: declared.weeks,
        threshold: declared.threshold,
        least: Duration::minutes(declared.least_minutes.into()),
        holidays: holidays(settings, &mut Vec::new()),
    };
    (rule, zones(settings, &mut Vec::new()))
}

/// When a count is a spike.
pub fn spikes(settings: &Settings) -> SpikeRule {
    SpikeRule { factor: settings.hotspots.factor, minimum: settings.hotspots.minimum }
}

fn counted(settings: &Settings, problems: &mut Vec<Problem>) -> Counted {
    let zone = noted("daemon.zone", zone_of(&settings.daemon.zone), problems);
    let keywords = Keywords::new(&settings.hotspots.keywords).map_err(|error| {
        problems.push(problem(&format!("hotspots.keywords.{}", error.name), error.problem));
    });
    Counted { keywords: keywords.unwrap_or_default(), zone: zone.unwrap_or_default() }
}

fn zone_of(name: &str) -> Result<Zone, String> {
    name.parse().map_err(|error: NoZone| error.to_string())
}

/// Each connector's zone: its site's, or the house's.
fn zones(settings: &Settings, problems: &mut Vec<Problem>) -> BTreeMap<String, Zone> {
    let house = zone_of(&settings.daemon.zone).unwrap_or_default();
    let mut by_site: BTreeMap<&str, Zone> = BTreeMap::new();
    for (site, name) in &settings.daemon.zones {
        let named = zone_of(name);
        if let Some(zone) = noted(&format!("daemon.zones.{site}"), named, problems) {
            by_site.insert(site, zone);
        }
    }
    let site = |connector: &trunkline_config::Connector| {
        let site = connector.site.as_deref().unwrap_or(&settings.daemon.site);
        by_site.get(site).copied().unwrap_or(house)
    };
    settings.connectors.iter().map(|(name, connector)| (name.clone(), site(connector))).collect()
}

fn holidays(settings: &Settings, problems: &mut Vec<Problem>) -> std::collections::BTreeSet<Date> {
    let read = |text: &String| {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]"));
        let sentence = date.map_err(|_| format!("{text:?} is no date; write one like \"2026-10-01\""));
        noted("silence.holidays", sentence, problems)
    };
    settings.silence.holidays.iter().filter_map(read).collect()
}

/// All that is wrong with the files that the configuration names. Blocks on them.
pub fn problems(settings: &Settings) -> Vec<Problem> {
    let wrong = [knowledge(settings).err(), rules(settings).err()];
    wrong.into_iter().flatten().flat_map(|Problems(found)| found).collect()
}

/// The mapping rules of the configuration's folder, which may name its connectors only; none if it names no folder. Blocks
/// on small files.
pub fn rules(settings: &Settings) -> Result<RuleSet, Problems> {
    let Some(folder) = named(&settings.mapping.rules) else { return Ok(RuleSet::default()) };
    let connectors: Vec<String> = settings.connectors.keys().cloned().collect();
    let told =
        |wrong: Vec<rules::Problem>| Problems(wrong.into_iter().map(|one| problem(MAPPING, one.to_string())).collect());
    let files = rule_files(folder).map_err(|sentence| Problems(vec![problem(MAPPING, sentence)]))?;
    RuleSet::parse(files, Some(&connectors)).map_err(told)
}

/// The rule files of a folder, `*.toml`; or why they cannot be read, in a sentence. Blocks on small files.
pub fn rule_files(folder: &Path) -> Result<Vec<File>, String> {
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}; check the path and its permissions", path.display()))?;
        Ok(File { name, text })
    };
    toml_files(folder)?.into_iter().map(read).collect()
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| {
        format!("cannot read {}: {error}; check the path and its permissions", folder.display())
    };
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
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
    let Some(files) = noted(PLANS, toml_files(folder), problems) else { return (BTreeMap::new(), false) };
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
