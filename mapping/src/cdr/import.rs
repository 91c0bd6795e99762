//! From a switch's own record files to [`SwitchRecord`]: which column means what, in which zone, in whose words.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::format_description::{self, OwnedFormatItem};
use time::{Duration, PrimitiveDateTime};
use trunkline_events::Timestamp;
use trunkline_events::cdr::SwitchRecord;
use uuid::Uuid;

use crate::zone::{NoZone, Zone};

/// Namespace of the ids of switch records, drawn once; never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b1e_0f92_c8d3_5a40_9e75_4d27_b3a8_1c66);

/// The mapping file, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The connector of the switch.
    connector: String,
    #[serde(default = "utc")]
    zone: String,
    #[serde(default = "iso")]
    time: String,
    columns: Columns,
    /// The switch's words for how a call went, in ours.
    #[serde(default)]
    dispositions: BTreeMap<String, String>,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn iso() -> String {
    "%Y-%m-%d %H:%M:%S".to_owned()
}

/// Where each field stands; of a list of columns the texts are joined by a space (a date and a time).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Columns {
    ucid: Option<String>,
    calling: Option<String>,
    called: Option<String>,
    extension: Option<String>,
    agent: Option<String>,
    started: Option<Place>,
    answered: Option<Place>,
    ended: Option<Place>,
    duration: Option<String>,
    ring: Option<String>,
    disposition: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Place {
    One(String),
    Several(Vec<String>),
}

/// How to read a switch's record files.
#[derive(Debug, Clone)]
pub struct ImportMapping {
    source: String,
    zone: Zone,
    time: OwnedFormatItem,
    written: String,
    columns: Columns,
    dispositions: BTreeMap<String, String>,
}

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is no such file.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// The zone.
    #[error("zone: {0}")]
    Zone(#[from] NoZone),
    /// The form of times.
    #[error("time: {0:?} is no form of a time; write it like %Y-%m-%d %H:%M:%S")]
    Time(String),
    /// Without an end no record can be found again.
    #[error("columns: name `ended`, or `started` and `duration`: without its end a record cannot be matched")]
    End,
}

/// Why a row makes no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The file has no such column.
    #[error("there is no column {0:?}; mend `columns` in the mapping file")]
    Column(String),
    /// A time of another form.
    #[error("column {column:?} holds {text:?}, which is no time of the form {form:?}")]
    Time {
        /// The column.
        column: String,
        /// What stands there.
        text: String,
        /// What the mapping file says.
        form: String,
    },
    /// A duration of another form.
    #[error("column {column:?} holds {text:?}, which is no duration: seconds, or hours:minutes:seconds")]
    Duration {
        /// The column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// Neither an end nor a start.
    #[error("it says neither when the call ended nor when it began")]
    NoTime,
}

impl ImportMapping {
    /// Reads a mapping file's text.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let file: File = toml::from_str(text)?;
        let zone = file.zone.parse()?;
        let time =
            format_description::parse_strftime_owned(&file.time).map_err(|_| MappingError::Time(file.time.clone()))?;
        let columns = &file.columns;
        if columns.ended.is_none() && (columns.started.is_none() || columns.duration.is_none()) {
            return Err(MappingError::End);
        }
        Ok(Self {
            source: format!("/connectors/{}", file.connector),
            zone,
            time,
            written: file.time,
            columns: file.columns,
            dispositions: file.dispositions,
        })
    }

    /// One row as a record; `cell` gives the text of a column, `None` if the file has no such column.
    pub fn record<'r>(&self, cell: impl Fn(&str) -> Option<&'r str>) -> Result<SwitchRecord, RowError> {
        let row = Row { mapping: self, cell: &cell };
        let columns = &self.columns;
        let (mut started, mut answered) = (row.time(columns.started.as_ref())?, row.time(columns.answered.as_ref())?);
        let mut ended = row.time(columns.ended.as_ref())?;
        let (lasted, rang) = (row.duration(columns.duration.as_ref())?, row.duration(columns.ring.as_ref())?);
        let talk = lasted.filter(|lasted| !lasted.is_zero());
        // What follows from the rest. A call that nobody answered lasted nothing.
        if answered.is_none() {
            answered = match (ended, started, talk) {
                (Some(ended), _, Some(talk)) => Some(ended.plus(-talk)),
                (None, Some(started), Some(_)) => Some(started.plus(rang.unwrap_or_default())),
                _ => None,
            };
        }
        if ended.is_none() {
            let from = answered.or_else(|| Some(started?.plus(rang.unwrap_or_default())));
            ended = from.map(|from| from.plus(lasted.unwrap_or_default()));
        }
        if started.is_none() {
            started = answered.zip(rang).map(|(answered, rang)| answered.plus(-rang));
        }
        if ended.is_none() {
            return Err(RowError::NoTime);
        }
        let disposition = row.text(columns.disposition.as_ref())?;
        Ok(SwitchRecord {
            source: self.source.clone(),
            ucid: row.text(columns.ucid.as_ref())?,
            calling: row.text(columns.calling.as_ref())?,
            called: row.text(columns.called.as_ref())?,
            extension: row.text(columns.extension.as_ref())?,
            agent: row.text(columns.agent.as_ref())?,
            started,
            answered,
            ended,
            duration_ms: lasted.and_then(|lasted| u64::try_from(lasted.whole_milliseconds()).ok()),
            disposition: disposition.map(|word| self.dispositions.get(&word).cloned().unwrap_or(word)),
        })
    }
}

struct Row<'m, C> {
    mapping: &'m ImportMapping,
    cell: &'m C,
}

impl<'r, C: Fn(&str) -> Option<&'r str>> Row<'_, C> {
    /// `None` where the column is not mapped, or empty.
    fn text(&self, column: Option<&String>) -> Result<Option<String>, RowError> {
        let Some(column) = column else { return Ok(None) };
        let text = (self.cell)(column).ok_or_else(|| RowError::Column(column.clone()))?.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn time(&self, place: Option<&Place>) -> Result<Option<Timestamp>, RowError> {
        let columns = match place {
            None => return Ok(None),
            Some(Place::One(column)) => std::slice::from_ref(column),
            Some(Place::Several(columns)) => columns.as_slice(),
        };
        let mut parts = Vec::with_capacity(columns.len());
        for column in columns {
            parts.extend(self.text(Some(column))?);
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let text = parts.join(" ");
        match PrimitiveDateTime::parse(&text, &self.mapping.time) {
            Ok(shown) => Ok(Some(self.mapping.zone.instant(shown))),
            Err(_) => Err(RowError::Time { column: columns.join(" "), text, form: self.mapping.written.clone() }),
        }
    }

    fn duration(&self, column: Option<&String>) -> Result<Option<Duration>, RowError> {
        let Some(text) = self.text(column)? else { return Ok(None) };
        let fail = || RowError::Duration { column: column.cloned().unwrap_or_default(), text: text.clone() };
        let mut seconds = 0.0;
        for part in text.split(':') {
            let number: f64 = part.parse().map_err(|_| fail())?;
            seconds = seconds * 60.0 + number;
        }
        if !(0.0..=31_536_000.0).contains(&seconds) {
            return Err(fail());
        }
        Ok(Some(Duration::seconds_f64(seconds)))
    }
}

/// The id of a switch's record: the same content has the same id, so that a file may be imported again.
pub fn switch_record_id(record: &SwitchRecord) -> Uuid {
    // A record is made of texts and numbers alone, so that it can always be written.
    let json = serde_json::to_vec(record).unwrap_or_default();
    Uuid::new_v5(&NAMESPACE, &json)
}
