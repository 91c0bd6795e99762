//! From defaults, files, environment and flags to [`Settings`], or to all that is wrong.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use config::builder::DefaultState;
use config::{Config, ConfigBuilder, Environment, File, FileFormat, Map, Value, ValueKind};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::problem::nearest;
use crate::{Connector, Problem, Problems, Settings, secret};

/// The embedded defaults, also the reference of all keys.
pub const DEFAULT: &str = include_str!("../default.toml");

const SECTIONS: [&str; 10] =
    ["daemon", "log", "http", "bus", "store", "mapping", "cdr", "silence", "hotspots", "connectors"];

/// Where a configuration comes from besides the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file named by `--config`; must exist when given.
    pub file: Option<PathBuf>,
    /// `key=value` pairs of `--set`.
    pub overrides: Vec<(String, String)>,
    /// Variables; the process's own when `None`. Only names that begin with `TRUNKLINE_` count.
    pub environment: Option<HashMap<String, String>>,
}

/// Variables that steer our programs and tests, and are no configuration of the daemon.
const NO_SETTINGS: [&str; 4] =
    ["TRUNKLINE_SERVER", "TRUNKLINE_TOKEN", "TRUNKLINE_TOKEN_FILE", "TRUNKLINE_SIMULATE_SECRET"];
/// The same by prefix: variables of the test harness.
const NO_SETTINGS_BEGIN: [&str; 7] = [
    "TRUNKLINE_PEERS",
    "TRUNKLINE_BROWSER",
    "TRUNKLINE_SHOTS",
    "TRUNKLINE_BENCH_",
    "TRUNKLINE_FUZZ_",
    "TRUNKLINE_FAULTS_",
    "TRUNKLINE_TEST_",
];

/// Reads and checks everything but connectors' parameters. Blocks on small files.
pub fn load(sources: &Sources) -> Result<Settings, Problems> {
    load_with(sources, |_, _| Vec::new(), |_| Vec::new())
}

/// Like [`load`], with checks of others. Both are asked also when other keys are wrong, so that all problems come at once:
/// `of_connector` about every connector that could be read, `of_whole` about everything, where a value that could not be
/// read is the default's.
pub fn load_with(
    sources: &Sources,
    of_connector: impl Fn(&str, &Connector) -> Vec<Problem>,
    of_whole: impl FnOnce(&Settings) -> Vec<Problem>,
) -> Result<Settings, Problems> {
    let one = |problem| Problems(vec![problem]);
    let merged = merge(sources).map_err(one)?;
    let defaults = defaults().build().map_err(|error| one(unreadable(&error.to_string())))?;
    let mut problems = Vec::new();
    let mut settings = read(merged.cache, &defaults.cache, &mut problems)
        .ok_or_else(|| one(unreadable("the configuration is no table of sections")))?;
    for (name, connector) in &settings.connectors {
        problems.extend(of_connector(name, connector));
    }
    fill_secrets(&mut settings, &mut problems);
    check(&settings, &mut problems);
    problems.extend(of_whole(&settings));
    if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
}

fn defaults() -> ConfigBuilder<DefaultState> {
    Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml))
}

fn merge(sources: &Sources) -> Result<Config, Problem> {
    let mut builder = defaults();
    for path in files(sources.file.as_deref())? {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let environment = Environment::with_prefix("TRUNKLINE").prefix_separator("_").separator("__");
    builder = builder.add_source(environment.source(Some(variables(sources))));
    for (key, value) in &sources.overrides {
        builder = builder.set_override(key, value.as_str()).map_err(|error| unreadable(&error.to_string()))?;
    }
    builder.build().map_err(|error| unreadable(&error.to_string()))
}

/// What the environment says about the configuration.
fn variables(sources: &Sources) -> HashMap<String, String> {
    let given = sources.environment.clone();
    let mut variables = given.unwrap_or_else(|| {
        // Others' variables may be no text; ours have to be.
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    });
    variables.retain(|name, _| {
        !NO_SETTINGS.contains(&name.as_str()) && !NO_SETTINGS_BEGIN.iter().any(|prefix| name.starts_with(prefix))
    });
    variables
}

/// The file, then `conf.d/*.toml` beside it in order of name.
fn files(main: Option<&Path>) -> Result<Vec<PathBuf>, Problem> {
    let Some(main) = main else { return Ok(Vec::new()) };
    if !main.is_file() {
        return Err(unreadable(&format!("{} is no file; check the path given by --config", main.display())));
    }
    let folder = main.parent().unwrap_or(Path::new(".")).join("conf.d");
    let mut parts: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    parts.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    parts.sort();
    Ok(std::iter::once(main.to_owned()).chain(parts).collect())
}

fn unreadable(sentence: &str) -> Problem {
    Problem { key: String::new(), sentence: sentence.replace('\n', " "), origin: None }
}

/// Every key that is wrong is in `problems`, and has its default's value; `None` only when nothing can be read at all.
fn read(root: Value, defaults: &Value, problems: &mut Vec<Problem>) -> Option<Settings> {
    let ValueKind::Table(mut sections) = root.kind else { return None };
    for (name, value) in &sections {
        if !SECTIONS.contains(&name.as_str()) {
            problems.push(unknown(name, &SECTIONS, value.origin()));
        }
    }
    let connectors = sections.remove("connectors").map(|value| connectors(value, problems)).unwrap_or_default();
    Some(Settings {
        daemon: section(&mut sections, "daemon", defaults, problems)?,
        log: section(&mut sections, "log", defaults, problems)?,
        http: section(&mut sections, "http", defaults, problems)?,
        bus: section(&mut sections, "bus", defaults, problems)?,
        store: section(&mut sections, "store", defaults, problems)?,
        mapping: section(&mut sections, "mapping", defaults, problems)?,
        cdr: section(&mut sections, "cdr", defaults, problems)?,
        silence: section(&mut sections, "silence", defaults, problems)?,
        hotspots: section(&mut sections, "hotspots", defaults, problems)?,
        connectors,
    })
}

fn section<T: DeserializeOwned>(
    sections: &mut Map<String, Value>,
    name: &str,
    defaults: &Value,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let default = find(defaults, &[name.to_owned()]).cloned().unwrap_or_else(empty_table);
    let value = sections.remove(name).unwrap_or_else(|| default.clone());
    // What cannot be read even so (a section that is no table) is the default's as a whole.
    tolerant(value, &default, name, problems).or_else(|| default.try_deserialize().ok())
}

fn connectors(value: Value, problems: &mut Vec<Problem>) -> BTreeMap<String, Connector> {
    let origin = value.origin().map(str::to_owned);
    let ValueKind::Table(table) = value.kind else {
        let sentence = "is a table of connectors by name; write [connectors.<name>]".to_owned();
        problems.push(Problem { key: "connectors".into(), sentence, origin });
        return BTreeMap::new();
    };
    table
        .into_iter()
        .filter_map(|(name, value)| {
            let connector = tolerant(value, &empty_table(), &format!("connectors.{name}"), problems)?;
            Some((name, connector))
        })
        .collect()
}

/// Reads a `T`, noting each wrong key and trying again with the default's value in its place or without it, so that one slip
/// does not hide the next.
///
/// `None` once a key that must be there and has no default has been taken out; what was wrong is in `problems` then.
fn tolerant<T: DeserializeOwned>(
    mut value: Value,
    default: &Value,
    prefix: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    // Bounded by the number of keys: each round takes one out.
    for _ in 0..64 {
        let error = match serde_path_to_error::deserialize::<_, T>(value.clone()) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let mut path: Vec<String> = error.path().iter().map(ToString::to_string).filter(|part| part != "?").collect();
        let text = error.inner().to_string();
        let missing = quoted_after(&text, "missing field ").or_else(|| missing_configuration(&text));
        let unknown_field = quoted_after(&text, "unknown field ");
        for name in [&unknown_field, &missing].into_iter().flatten() {
            if path.last() != Some(name) {
                path.push(name.clone());
            }
        }
        let key = std::iter::once(prefix.to_owned()).chain(path.iter().cloned()).collect::<Vec<_>>().join(".");
        let taken = take(&mut value, &path);
        let origin = taken.as_ref().and_then(|taken| taken.origin()).map(str::to_owned);
        if problems.iter().any(|known| known.key == key) {
            return None;
        }
        problems.push(match (unknown_field, missing) {
            (Some(_), _) => {
                let known = backquoted(&text);
                unknown(&key, &known.iter().skip(1).map(String::as_str).collect::<Vec<_>>(), origin.as_deref())
            }
            (None, Some(_)) => Problem { key, sentence: "is missing; write it".into(), origin },
            (None, None) => Problem { key, sentence: mend(&text), origin },
        });
        taken?;
        if let Some(default) = find(default, &path) {
            put(&mut value, &path, default.clone());
        }
    }
    None
}

/// `invalid type: string "x", expected u16 for key ...` without the parts that we say ourselves.
fn mend(text: &str) -> String {
    let text = text.split(" for key `").next().unwrap_or(text);
    text.replace('\n', " ")
}

fn unknown(key: &str, known: &[&str], origin: Option<&str>) -> Problem {
    let name = key.rsplit('.').next().unwrap_or(key);
    let sentence = match nearest(name, known) {
        Some(near) => format!("is no key; did you mean {near}?"),
        None => format!("is no key; keys here are {}", known.join(", ")),
    };
    Problem { key: key.to_owned(), sentence, origin: origin.map(str::to_owned) }
}

fn quoted_after(text: &str, marker: &str) -> Option<String> {
    let rest = &text[text.find(marker)? + marker.len()..];
    backquoted(rest).into_iter().next()
}

/// config's own wording for an absent key: `missing configuration field "a.b"`.
fn missing_configuration(text: &str) -> Option<String> {
    let rest = text.strip_prefix("missing configuration field \"")?;
    rest.split('"').next()?.rsplit('.').next().map(str::to_owned)
}

fn backquoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The value at `path` in a tree of tables.
fn find<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |at, part| match &at.kind {
        ValueKind::Table(table) => table.get(part),
        _ => None,
    })
}

/// The table that holds the last part of `path`, and that part.
fn place<'v, 'p>(value: &'v mut Value, path: &'p [String]) -> Option<(&'v mut Map<String, Value>, &'p String)> {
    let (last, parents) = path.split_last()?;
    let mut at = value;
    for part in parents {
        let ValueKind::Table(table) = &mut at.kind else { return None };
        at = table.get_mut(part)?;
    }
    let ValueKind::Table(table) = &mut at.kind else { return None };
    Some((table, last))
}

fn take(value: &mut Value, path: &[String]) -> Option<Value> {
    let (table, last) = place(value, path)?;
    table.remove(last)
}

fn put(value: &mut Value, path: &[String], new: Value) {
    if let Some((table, last)) = place(value, path) {
        table.insert(last.clone(), new);
    }
}

fn empty_table() -> Value {
    Value::new(None, ValueKind::Table(Map::new()))
}

fn fill_secrets(settings: &mut Settings, problems: &mut Vec<Problem>) {
    let mut fill = |key: &str, value: &mut Option<SecretString>, file: &Option<PathBuf>| match secret(
        value.as_ref(),
        file.as_deref(),
    ) {
        Ok(found) => *value = found,
        Err(sentence) => problems.push(Problem { key: key.into(), sentence, origin: None }),
    };
    let (amqp, postgres) = (&mut settings.bus.amqp, &mut settings.store.postgres);
    fill("bus.amqp.password_file", &mut amqp.password, &amqp.password_file);
    fill("store.postgres.password_file", &mut postgres.password, &postgres.password_file);
}

fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    let told: Vec<String> = problems.iter().map(|problem| problem.key.clone()).collect();
    let mut problem = |key: &str, sentence: &str| {
        problems.push(Problem { key: key.into(), sentence: sentence.into(), origin: None });
    };
    if settings.daemon.roles.is_empty() {
        problem("daemon.roles", "is empty; name at least one of connectors, mapping, agent");
    }
    if !(1..=64).contains(&settings.bus.amqp.shards) {
        problem("bus.amqp.shards", "lies outside 1 to 64");
    }
    if settings.bus.spool.max_mib == 0 {
        problem("bus.spool.max_mib", "is 0; the spool needs room for the time the broker is away");
    }
    if !(1..=2000).contains(&settings.mapping.batch) {
        problem("mapping.batch", "lies outside 1 to 2000");
    }
    check_cdr(&settings.cdr, &mut problem);
    check_counters(settings, &mut problem);
    if settings.http.max_connections == 0 {
        problem("http.max_connections", "is 0; nobody could connect");
    }
    if settings.http.max_connections_per_address == 0 {
        problem("http.max_connections_per_address", "is 0; nobody but proxies could connect");
    }
    let (amqp, postgres) = (&settings.bus.amqp, &settings.store.postgres);
    // A password (or its file) that cannot be read is a problem of its own already.
    let unsaid = |key: &str, password: &Option<SecretString>, file: &Option<PathBuf>| {
        password.is_none() && file.is_none() && !told.iter().any(|told| told.starts_with(key))
    };
    if settings.bus.transport == crate::Transport::Amqp
        && unsaid("bus.amqp.password", &amqp.password, &amqp.password_file)
    {
        problem("bus.amqp.password", "is missing; write password_file (or password) of the AMQP user");
    }
    if settings.store.backend == crate::StoreBackend::Postgres
        && unsaid("store.postgres.password", &postgres.password, &postgres.password_file)
    {
        problem("store.postgres.password", "is missing; write password_file (or password) of the database user");
    }
    for (key, host) in [("bus.amqp.host", &amqp.host), ("store.postgres.host", &postgres.host)] {
        if !is_host(host) {
            problem(
                key,
                "is no host; write the host's name or address alone, with port, user and TLS in their own keys",
            );
        }
    }
    if settings.bus.amqp.port == 0 || settings.store.postgres.port == 0 {
        let key = if settings.bus.amqp.port == 0 { "bus.amqp.port" } else { "store.postgres.port" };
        problem(key, "is 0; write the server's TCP port");
    }
    let ca_files = [("bus.amqp.ca_file", &amqp.ca_file), ("store.postgres.ca_file", &postgres.ca_file)];
    for (key, file) in ca_files.into_iter().filter_map(|(key, file)| Some((key, file.as_ref()?))) {
        if !file.is_file() {
            problem(key, &format!("{} is no file; check the path and its permissions", file.display()));
        }
    }
}

fn check_counters(settings: &Settings, problem: &mut impl FnMut(&str, &str)) {
    if !(1..=52).contains(&settings.silence.weeks) {
        problem("silence.weeks", "lies outside 1 to 52");
    }
    if settings.silence.threshold == 0 {
        problem("silence.threshold", "is 0; every link would be silent at once");
    }
    if settings.silence.every_seconds == 0 {
        problem("silence.every_seconds", "is 0; write how often links are looked at");
    }
    if settings.hotspots.factor.is_nan() || settings.hotspots.factor < 1.0 {
        problem("hotspots.factor", "is below 1; a spike is more than the day before");
    }
}

fn check_cdr(cdr: &crate::Cdr, problem: &mut impl FnMut(&str, &str)) {
    if cdr.hour > 23 {
        problem("cdr.hour", "lies outside 0 to 23");
    }
    let kept = cdr.retention;
    if kept.records_days > 0 && (kept.events_days == 0 || kept.events_days > kept.records_days) {
        problem(
            "cdr.retention.records_days",
            "is shorter than events_days; a record stays as long as the events that it is made from",
        );
    }
}

/// A name or address without scheme, user, port or path. IPv6 addresses may stand in brackets.
fn is_host(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let named = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    named || bare.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests;
