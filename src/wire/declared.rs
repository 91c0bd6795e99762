//! What is declared in files: dial plans by site, scheme rules.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use trunkline_config::Settings;
use trunkline_mapping::engine::Knowledge;
use trunkline_mapping::identity::Rules;
use trunkline_mapping::numbers::{DialPlan, DialPlans};

/// Reads the files that the configuration names; blocks on them.
pub(crate) fn knowledge(settings: &Settings) -> Result<Knowledge> {
    let rules = match named(&settings.mapping.identity_rules) {
        None => Rules::default(),
        Some(file) => Rules::from_toml(&text(file)?).with_context(|| format!("{} is no good", file.display()))?,
    };
    Ok(Knowledge { rules, plans: plans(settings)?, ..Knowledge::default() })
}

/// The fallback plan is the one of `daemon.site`; a connector's `site` says whose numbers it brings.
fn plans(settings: &Settings) -> Result<DialPlans> {
    let mut sites = match named(&settings.mapping.dial_plans) {
        None => BTreeMap::new(),
        Some(folder) => read_plans(folder)?,
    };
    for (name, connector) in &settings.connectors {
        let Some(site) = connector.site.as_ref().filter(|site| **site != settings.daemon.site) else { continue };
        let Some(plan) = sites.get_mut(site) else {
            bail!("connectors.{name}.site: there is no dial plan {site}.toml in mapping.dial_plans");
        };
        let source = format!("/connectors/{name}");
        if !plan.sources.contains(&source) {
            plan.sources.push(source);
        }
    }
    let fallback = sites.remove(&settings.daemon.site).unwrap_or_default();
    Ok(DialPlans::new(fallback, sites.into_values().collect())?)
}

fn read_plans(folder: &Path) -> Result<BTreeMap<String, DialPlan>> {
    let mut plans = BTreeMap::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("mapping.dial_plans: cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("mapping.dial_plans: cannot read {}", folder.display()))?.path();
        let site = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        if let (Some(site), Some("toml")) = (site, path.extension().and_then(|extension| extension.to_str())) {
            let plan = DialPlan::from_toml(&text(&path)?).with_context(|| format!("{} is no good", path.display()))?;
            plans.insert(site, plan);
        }
    }
    Ok(plans)
}

fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}

fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
