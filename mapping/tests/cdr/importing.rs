//! Rows of a switch's record files.

use std::collections::HashMap;

use trunkline_events::cdr::SwitchRecord;
use trunkline_mapping::cdr::{ImportMapping, RowError, switch_record_id};

const SHANGHAI: &str = r#"
connector = "avaya-bj"
zone = "Asia/Shanghai"
time = "%Y/%m/%d %H:%M:%S"
[columns]
ucid = "ucid"
calling = "from"
called = "to"
ended = ["date", "time"]
duration = "sec-dur"
disposition = "cond"
[dispositions]
"7" = "answered"
"#;

fn row(mapping: &str, cells: &[(&str, &'static str)]) -> Result<SwitchRecord, RowError> {
    let cells: HashMap<String, &str> = cells.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect();
    ImportMapping::parse(mapping).expect("a mapping").record(|column| cells.get(column).copied())
}

#[test]
fn a_row_is_read_in_the_switchs_zone_and_words() {
    let cells = [
        ("ucid", "00001001791428242051"),
        ("from", " 13800138001 "),
        ("to", "65067"),
        ("date", "2026/11/20"),
        ("time", "14:25:03"),
        ("sec-dur", "289"),
        ("cond", "7"),
    ];
    let record = row(SHANGHAI, &cells).expect("a record");
    let text = |at: Option<trunkline_events::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    assert_eq!(record.source, "/connectors/avaya-bj");
    assert_eq!(record.calling.as_deref(), Some("13800138001"));
    assert_eq!(text(record.ended), "2026-11-20T06:25:03Z");
    assert_eq!(text(record.answered), "2026-11-20T06:20:14Z", "it follows from the end and the duration");
    assert_eq!((record.duration_ms, record.disposition.as_deref()), (Some(289_000), Some("answered")));
    assert_eq!(switch_record_id(&record), switch_record_id(&record.clone()));
    assert_ne!(switch_record_id(&record), switch_record_id(&SwitchRecord { duration_ms: None, ..record }));
}

#[test]
fn the_end_follows_from_the_beginning_the_ring_and_the_talk() {
    let mapping = "connector = \"ipo\"\n[columns]\nstarted = \"start\"\nring = \"ring\"\nduration = \"connected\"\n";
    let record =
        row(mapping, &[("start", "2026-11-20 10:00:00"), ("ring", "5"), ("connected", "00:01:30")]).expect("it");
    assert_eq!(record.answered.map(|at| at.to_string()).as_deref(), Some("2026-11-20T10:00:05Z"));
    assert_eq!(record.ended.map(|at| at.to_string()).as_deref(), Some("2026-11-20T10:01:35Z"));
    let lost =
        row(mapping, &[("start", "2026-11-20 10:00:00"), ("ring", "20"), ("connected", "00:00:00")]).expect("it");
    assert_eq!((lost.answered, lost.duration_ms), (None, Some(0)), "nobody answered");
    assert_eq!(lost.ended.map(|at| at.to_string()).as_deref(), Some("2026-11-20T10:00:20Z"));
}

#[test]
fn what_is_wrong_is_said_with_its_column() {
    let good = [
        ("ucid", ""),
        ("from", ""),
        ("to", ""),
        ("date", "2026/11/20"),
        ("time", "14:25:03"),
        ("sec-dur", "1"),
        ("cond", ""),
    ];
    let with = |name: &str, text: &'static str| {
        let cells: Vec<_> = good.iter().map(|cell| if cell.0 == name { (cell.0, text) } else { *cell }).collect();
        row(SHANGHAI, &cells).expect_err("wrong").to_string()
    };
    assert!(with("time", "half past two").contains("\"date time\" holds \"2026/11/20 half past two\""));
    assert!(with("sec-dur", "long").contains("\"sec-dur\" holds \"long\", which is no duration"));
    assert!(row(SHANGHAI, &good[1..]).expect_err("wrong").to_string().contains("no column \"ucid\""));
    let parse = |text: &str| ImportMapping::parse(text).expect_err("wrong").to_string();
    assert!(parse("connector = \"x\"\n[columns]\nucid = \"u\"").contains("name `ended`"));
    assert!(parse("connector = \"x\"\nzone = \"Mars\"\n[columns]\nended = \"e\"").contains("\"Mars\" is no time zone"));
    assert!(parse("connector = \"x\"\n[columns]\nend = \"e\"").contains("unknown field `end`"));
}
