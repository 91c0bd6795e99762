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
    for written in ["\"yesterday\"", "1.5", "[]", "9223372036854775807"] {
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
fn a_batch_is_taken_whole_or_not_at_all() {
    let good = r#"{"type":"chat.closed","data":{"chat_id":"a"}}"#;
    let batch = format!(r#"{{"events":[{good},{good},{{"type":"chat.closed","data":{{}}}}]}}"#);
    assert!(refused(&batch).starts_with("event 3: missing field `chat_id`"), "{}", refused(&batch));
    assert_eq!(refused(r#"{"events":[]}"#), WireError::Count.to_string());
    let flood = format!(r#"{{"events":[{}]}}"#, vec![good; 1001].join(","));
    assert_eq!(refused(&flood), WireError::Count.to_string());
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
