use trunkline_events::cdr::{Leg, Remark, SwitchFigures, SwitchRecord};
use uuid::Uuid;

use super::*;

fn record() -> Cdr {
    let at = |text: &str| Some(text.parse().expect("an instant"));
    Cdr {
        id: Uuid::from_u128(7),
        revision: 2,
        source: "/connectors/avaya-bj".to_owned(),
        channel: "phone".to_owned(),
        customer_handle: Some("+8613800138000".to_owned()),
        queues: vec!["601".to_owned(), "602".to_owned()],
        started: at("2026-11-20T06:20:00.1Z"),
        ended: at("2026-11-20T06:25:02Z"),
        talk_ms: 282_490,
        legs: vec![Leg { extension: "4750".to_owned(), agent: Some("1001".to_owned()), ..Leg::default() }; 2],
        remarks: vec![Remark {
            author: "=HYPERLINK(\"http://x\")".to_owned(),
            at: "2026-11-20T06:30:00Z".parse().expect("an instant"),
            text: "two\r\nlines, \"quoted\"".to_owned(),
        }],
        ..Cdr::default()
    }
}

fn exported(format: ExportFormat, records: &[Cdr]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut export = Export::begin(format, &mut bytes).expect("begins");
    for cdr in records {
        export.row(cdr).expect("a row");
    }
    export.finish().expect("ends");
    bytes
}

#[test]
fn a_table_is_rfc_4180_and_no_cell_is_a_formula() {
    let bytes = exported(ExportFormat::Csv, &[record()]);
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    assert!(text.starts_with("id,revision,medium,channel,direction,source,outcome,customer,"), "{text}");
    assert!(
        text.contains(",\"'=HYPERLINK(\"\"http://x\"\"): two\r\nlines, \"\"quoted\"\"\",") && text.ends_with("\r\n")
    );
    let mut rows = csv::Reader::from_reader(bytes.as_slice());
    let names = rows.headers().expect("names").clone();
    let row = rows.records().next().expect("a row").expect("whole");
    let cell = |name| names.iter().position(|known| known == name).and_then(|at| row.get(at)).expect("a column");
    assert_eq!((cell("customer_handle"), cell("customer"), cell("queues")), ("'+8613800138000", "", "601|602"));
    assert_eq!((cell("started"), cell("agents"), cell("legs")), ("2026-11-20T06:20:00.1Z", "1001", "2"));
    assert_eq!((cell("talk_ms"), cell("reconstructed"), cell("switch_ended")), ("282490", "false", ""));
}

#[test]
fn lines_hold_the_whole_record() {
    let figures = SwitchFigures {
        id: Uuid::from_u128(9),
        record: SwitchRecord::default(),
        confidence: 100,
        reason: "the same UCID".to_owned(),
    };
    let records = [record(), Cdr { switch: Some(figures), ..record() }];
    let text = String::from_utf8(exported(ExportFormat::Jsonl, &records)).expect("UTF-8");
    let read: Vec<Cdr> = text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    assert_eq!(read, records);
}

#[test]
fn columns_of_many_row_groups_are_read_back() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let records: Vec<Cdr> = (0..10_500).map(|at| Cdr { talk_ms: at, ..record() }).collect();
    let bytes = bytes::Bytes::from(exported(ExportFormat::Parquet, &records));
    let file = SerializedFileReader::new(bytes).expect("a Parquet file");
    assert_eq!((file.metadata().num_row_groups(), file.metadata().file_metadata().num_rows()), (2, 10_500));
    let last = file.get_row_iter(None).expect("rows").last().expect("a row").expect("whole");
    let cell = |wanted: &str| {
        let found = last.get_column_iter().find(|(name, _)| name.as_str() == wanted);
        found.map(|(_, field)| field.to_string()).expect("a column")
    };
    assert_eq!((cell("talk_ms").as_str(), cell("customer_handle").as_str()), ("10499", "\"+8613800138000\""));
    assert_eq!(cell("answered"), "null");
}

#[test]
fn an_export_of_nothing_is_a_file_of_its_kind() {
    assert_eq!(exported(ExportFormat::Jsonl, &[]), b"");
    assert!(exported(ExportFormat::Csv, &[]).ends_with(b"switch_confidence\r\n"));
    assert!(exported(ExportFormat::Parquet, &[]).starts_with(b"PAR1"));
}
