use super::super::shape::Content;
use super::*;
use crate::webhook::json::JsonRefusal;

fn refused(body: &str) -> String {
    parse(body.as_bytes()).expect_err("refused").to_string()
}

fn message(data: &str) -> Message {
    let body = format!(r#"{{"type":"chat.message","data":{data}}}"#);
    match parse(body.as_bytes()).expect("fits").remove(0).told {
        Told::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_keep_every_digit_as_text_or_number() {
    let numbers = message(
        r#"{"chat_id":900719925474099312345678,"message_id":-7,"author":"bot","content":{"type":"text","text":"x"}}"#,
    );
    assert_eq!(numbers.chat_id.0, "900719925474099312345678");
    assert_eq!(numbers.message_id.0, "-7");
    let texts =
        message(r#"{"chat_id":"007","message_id":"\u4e00","author":"bot","content":{"type":"text","text":"x"}}"#);
    assert_eq!((texts.chat_id.0.as_str(), texts.message_id.0.as_str()), ("007", "一"));
    for id in ["1.5", "1e3", "true", "{}", "\"\"", "\" \"", &format!("\"{}\"", "x".repeat(257))] {
        let body = format!(r#"{{"type":"chat.closed","data":{{"chat_id":{id}}}}}"#);
        assert!(refused(&body).contains("an id"), "{id}");
    }
}

#[test]
fn timestamps_are_seconds_milliseconds_or_rfc_3339() {
    let noon: Timestamp = "2026-03-01T12:00:00Z".parse().expect("an instant");
    for written in ["1772366400", "\"1772366400\"", "1772366400000", "\"2026-03-01T20:00:00+08:00\""] {
        let body = format!(r#"{{"type":"chat.closed","timestamp":{written},"data":{{"chat_id":"c"}}}}"#);
        assert_eq!(parse(body.as_bytes()).expect("fits")[0].at, Some(noon), "{written}");
    }
    for written in [
        "\"yesterday\"",
        "1.5",
        "1e9",
        "[]",
        "true",
        "9223372036854775807",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "\"１７７２３６６４００\"",
    ] {
        let body = format!(r#"{{"type":"chat.closed","timestamp":{written},"data":{{"chat_id":"c"}}}}"#);
        assert!(refused(&body).contains("timestamp"), "{written}");
    }
    assert_eq!(parse(br#"{"type":"chat.closed","timestamp":null,"data":{"chat_id":"c"}}"#).expect("fits")[0].at, None);
}

#[test]
fn content_of_any_other_kind_is_unsupported_and_never_an_error() {
    for content in [r#"{"type":"sticker","text":{"deep":[1]}}"#, r#"{"type":"image","url":"javascript:alert(1)"}"#] {
        let data = format!(r#"{{"chat_id":"c","message_id":"m","author":"visitor","content":{content}}}"#);
        assert!(matches!(message(&data).content, Content::Unsupported(_)), "{content}");
    }
}

#[test]
fn what_is_wrong_is_said_without_quoting_the_body() {
    let missing = refused(
        r#"{"type":"chat.message","data":{"chat_id":"c","author":"visitor","content":{"type":"text","text":"hi"}}}"#,
    );
    assert!(missing.contains("missing field `message_id`"), "{missing}");
    let nobody = refused(r#"{"type":"visitor.profile","data":{"visitor":{"name":"Ms Wang"}}}"#);
    assert!(nobody.contains("missing field `visitor.id`") && !nobody.contains("Wang"), "{nobody}");
    for secretive in [
        r#"{"type":"chat.closed","data":{"chat_id":"c","reason":{"phone":"13800138000"}}}"#,
        r#"{"type":"chat.message","data":{"chat_id":"c","message_id":"m","author":"misfit: 13800138000","content":{"type":"text","text":"x"}}}"#,
        r#"{"type":"chat.message","data":"13800138000"}"#,
        r#"["13800138000"]"#,
    ] {
        let sentence = refused(secretive);
        assert!(!sentence.contains("138"), "{sentence}");
    }
}

#[test]
fn a_known_member_that_stands_twice_is_refused() {
    assert!(
        refused(r#"{"type":"chat.closed","data":{"chat_id":"a","chat_id":"b"}}"#).contains("duplicate field `chat_id`")
    );
}

#[test]
fn members_that_stand_twice_are_refused_on_every_level_and_fields_keep_every_digit() {
    let event = r#"{"type":"chat.closed","data":{"chat_id":"a"}}"#;
    for (body, member) in [
        (format!(r#"{{"events":[{event}],"events":[{event}]}}"#), "events"),
        (r#"{"type":"chat.closed","type":"chat.opened","data":{"chat_id":"a"}}"#.to_owned(), "type"),
        (r#"{"type":"visitor.profile","data":{"visitor":{"id":"a","id":"b"}}}"#.to_owned(), "id"),
        (
            r#"{"type":"chat.message","data":{"chat_id":"c","message_id":1,"author":"bot","content":{"type":"text","type":"image"}}}"#
                .to_owned(),
            "type",
        ),
    ] {
        assert!(refused(&body).contains(&format!("duplicate field `{member}`")), "{}", refused(&body));
    }
    let body = r#"{"type":"visitor.profile","data":{"visitor":{"id":9007199254740993,"fields":{"balance":12345678901234567890.10}}}}"#;
    let Told::Profile(about) = parse(body.as_bytes()).expect("fits").remove(0).told else { panic!("a profile") };
    assert_eq!(about.visitor.id.expect("an id").0, "9007199254740993");
    let balance = about.visitor.fields.expect("fields").remove("balance").flatten();
    assert_eq!(balance.expect("a value").0, "12345678901234567890.10");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for body in [
        &b"\xef\xbb\xbf{\"type\":\"chat.closed\",\"data\":{\"chat_id\":\"a\"}}"[..],
        b"{\"type\":\"chat.closed\",\"data\":{\"chat_id\":\"\xcd\xf5\"}}",
        br#"{"type":"chat.closed","data":{"chat_id":"\ud800"}}"#,
        b"{\"type\":\"chat.closed\",\"data\":{\"chat_id\":\"a\nb\"}}",
    ] {
        let refusal = parse(body).expect_err("refused").to_string();
        assert!(!refusal.is_empty());
    }
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    let good = r#"{"type":"chat.closed","data":{"chat_id":"a"}}"#;
    let batch = format!(r#"{{"events":[{good},{good},{{"type":"chat.closed","data":{{}}}}]}}"#);
    assert!(refused(&batch).starts_with("event 3: missing field `chat_id`"), "{}", refused(&batch));
    assert_eq!(refused(r#"{"events":[]}"#), WireError::Count.to_string());
    let flood = format!(r#"{{"events":[{}]}}"#, vec![good; 1001].join(","));
    assert_eq!(refused(&flood), WireError::Count.to_string());
}

#[test]
fn one_event_names_no_more_than_two_hundred_of_a_kind() {
    let many = |entry: &str, count: usize| vec![entry; count].join(",");
    let tags = |member: &str, count| {
        format!(r#"{{"type":"visitor.tag","data":{{"visitor":{{"id":"v"}},"{member}":[{}]}}}}"#, many("\"t\"", count))
    };
    let crm_ids = |count| {
        let ids = many(r#"{"scope":"s","id":1}"#, count);
        format!(r#"{{"type":"visitor.profile","data":{{"visitor":{{"id":"v","crm_ids":[{ids}]}}}}}}"#)
    };
    let fields = |count| {
        let fields: Vec<String> = (0..count).map(|number| format!(r#""f{number}":1"#)).collect();
        format!(r#"{{"type":"visitor.profile","data":{{"visitor":{{"id":"v","fields":{{{}}}}}}}}}"#, fields.join(","))
    };
    for body in [tags("set", 200), tags("removed", 200), crm_ids(200), fields(200)] {
        assert_eq!(parse(body.as_bytes()).expect("fits").len(), 1);
    }
    for (member, body) in [
        ("set", tags("set", 201)),
        ("removed", tags("removed", 201)),
        ("crm_ids", crm_ids(201)),
        ("fields", fields(201)),
    ] {
        assert_eq!(refused(&body), format!("event 1: `{member}` has at most 200 entries"));
    }
}

#[test]
fn nul_and_deep_nesting_are_refused_before_parsing() {
    assert_eq!(refused(r#"{"type":"chat.closed","data":{"chat_id":"a\u0000"}}"#), JsonRefusal::Nul.to_string());
    assert_eq!(refused(&"[".repeat(100_000)), JsonRefusal::Depth.to_string());
}

proptest::proptest! {
    #[test]
    fn any_bytes_give_a_value_or_an_error(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        // Neither outcome is wrong; a panic would be.
        let _ = parse(&bytes);
    }
}
