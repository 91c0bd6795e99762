//! What is installed on the simulated switch, as a scenario's `[switch]` and `[[agents]]` say.

use std::collections::BTreeSet;

use serde::Deserialize;

/// An agent who can log on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDefinition {
    /// Login id, for example `1001`.
    pub id: String,
    /// The station of the agent.
    pub station: String,
    /// Skills the agent serves.
    pub skills: Vec<String>,
    /// Logged on and ready when the simulator starts.
    #[serde(default = "yes")]
    pub logged_on: bool,
    /// Works in manual-in mode: after a call comes after-call work.
    #[serde(default)]
    pub manual_in: bool,
}

fn yes() -> bool {
    true
}

/// What is installed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one line of the switch's administration")]
pub struct SwitchDefinition {
    /// The switch's name on the AES, for example `CM1`.
    pub name: String,
    /// The switch's address in device ids; mostly empty.
    pub ip: String,
    /// Extensions, single or as ranges: `4750`, `4700-4799`.
    pub stations: Vec<String>,
    /// Extensions of recorders, which join calls silently.
    pub recorders: Vec<String>,
    /// Skill (split) extensions.
    pub skills: Vec<String>,
    /// Vector directory numbers.
    pub vdns: Vec<String>,
    /// Trunk group that outside calls use.
    pub trunk_group: u32,
    /// The first call id given out.
    pub first_call_id: u32,
    /// Call ids run from 1 to this one and then begin again.
    pub call_id_wrap: u32,
    /// Network node number in the UCIDs.
    pub ucid_node: u16,
    /// First sequence number in the UCIDs.
    pub first_ucid_sequence: u16,
    /// After a transfer or conference the consultation call's id and UCID live on (`true`), or the first call's.
    pub merge_keeps_consultation: bool,
    /// `DivertedEvent` when a call leaves a VDN or skill for a station.
    pub tells_diverted_from_queue: bool,
    /// `ConnectionClearedEvent` for the one who leaves by a transfer.
    pub clears_leaver: bool,
    /// `OriginatedEvent` carries the UCID. Real ones do not (avaya.md 5.8).
    pub ucid_in_originated: bool,
}

impl Default for SwitchDefinition {
    fn default() -> Self {
        Self {
            name: "CM1".to_owned(),
            ip: String::new(),
            stations: Vec::new(),
            recorders: Vec::new(),
            skills: Vec::new(),
            vdns: Vec::new(),
            trunk_group: 12,
            first_call_id: 179,
            call_id_wrap: 65_535,
            ucid_node: 1,
            first_ucid_sequence: 179,
            merge_keeps_consultation: true,
            tells_diverted_from_queue: false,
            clears_leaver: true,
            ucid_in_originated: false,
        }
    }
}

/// Widest range one entry may span, so that a slip of the finger does not install a million stations.
const WIDEST_RANGE: u64 = 20_000;

/// Turns `["4700-4702", "4750"]` into single extensions.
pub(super) fn spread(entries: &[String]) -> Result<Vec<String>, String> {
    let mut seen = BTreeSet::new();
    let mut extensions = Vec::new();
    for entry in entries {
        for extension in range(entry)? {
            if seen.insert(extension.clone()) {
                extensions.push(extension);
            }
        }
    }
    Ok(extensions)
}

fn range(entry: &str) -> Result<Vec<String>, String> {
    let Some((low, high)) = entry.split_once('-') else {
        return if entry.is_empty() { Err("an extension is empty".to_owned()) } else { Ok(vec![entry.to_owned()]) };
    };
    let (Ok(from), Ok(to)) = (low.parse::<u64>(), high.parse::<u64>()) else {
        return Err(format!("range {entry:?} must be two numbers with a dash between"));
    };
    if from > to || to - from >= WIDEST_RANGE {
        return Err(format!("range {entry:?} must rise, by fewer than {WIDEST_RANGE}"));
    }
    Ok((from..=to).map(|number| format!("{number:0width$}", width = low.len())).collect())
}
