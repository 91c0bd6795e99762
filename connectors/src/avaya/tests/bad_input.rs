//! Input that is no good (S1): a clear error, nothing else disturbed, never a panic.

use trunkline_events::Body;

use super::calls::{wang_answered, wang_rings};
use super::compose::event_frame;
use super::line::Line;
use crate::avaya::wire::xml::{Document, XmlError};
use crate::contract::{Disposition, Input};

fn refused(bytes: &[u8]) -> XmlError {
    Document::parse(bytes).expect_err("refused")
}

#[test]
fn rule_7_a_dtd_and_its_entities_are_refused() {
    let laughs =
        b"<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY l2 \"&lol;&lol;\">]><a>&l2;</a>";
    assert_eq!(refused(laughs), XmlError::Dtd);
    let outside = b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
    assert_eq!(refused(outside), XmlError::Dtd);
    assert_eq!(refused(b"<a>&unheard;</a>"), XmlError::Entity);
}

#[test]
fn s1_depth_and_number_of_elements_are_limited() {
    let deep = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
    assert_eq!(refused(deep.as_bytes()), XmlError::TooLarge);
    let many = format!("<r>{}</r>", "<a/>".repeat(16_384));
    assert_eq!(refused(many.as_bytes()), XmlError::TooLarge);
}

#[test]
fn s1_as_many_attributes_as_a_frame_holds_are_passed_over() {
    // A frame is 65,535 bytes at most: a hundred thousand do not fit, not even of one letter each.
    let mut many = String::from("<a");
    for number in 0_u32.. {
        let attribute = format!(" a{number:x}=\"\"");
        if many.len() + attribute.len() + ">x</a>".len() > 65_535 {
            break;
        }
        many.push_str(&attribute);
    }
    many.push_str(">x</a>");
    assert!(many.matches('=').count() > 7_000);
    assert!(Document::parse(many.as_bytes()).is_ok());
}

#[test]
fn s1_wrong_charsets_are_refused_and_a_byte_order_mark_is_not() {
    assert_eq!(refused(b"<?xml version=\"1.0\" encoding=\"GBK\"?><a>\xcd\xf5</a>"), XmlError::Encoding);
    assert_eq!(refused(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>x</a>"), XmlError::Encoding);
    assert_eq!(refused(b"\xff\xfe<\0a\0/\0>\0"), XmlError::Encoding);
    assert!(Document::parse(b"\xef\xbb\xbf<a/>").is_ok());
}

#[test]
fn s1_control_characters_are_refused_however_they_are_written() {
    for bad in ["<a>\0</a>", "<a>x\u{1}</a>", "<a>&#0;</a>", "<a>&#1;</a>", "<a><![CDATA[\u{8}]]></a>"] {
        assert_eq!(refused(bad.as_bytes()), XmlError::Control, "{bad:?}");
    }
    assert!(Document::parse("<a>\t\r\n x</a>".as_bytes()).is_ok());
}

#[test]
fn s1_what_is_cut_off_or_too_much_is_no_document() {
    assert_eq!(refused(b"<a><b>"), XmlError::CutOff);
    assert_eq!(refused(b""), XmlError::Root);
    assert_eq!(refused(b"<a/><b/>"), XmlError::Root);
    assert_eq!(refused(b"<a/>junk"), XmlError::Root);
    assert!(matches!(refused(b"<a></b>"), XmlError::Malformed { .. }));
    assert!(matches!(refused(b"<a"), XmlError::Malformed { .. } | XmlError::CutOff));
}

#[test]
fn a_bad_message_is_skipped_with_its_bytes_and_those_behind_it_are_taken() {
    let mut line = Line::ready();
    let monitor = line.aes.monitors["device 4750"].clone();
    let bad = event_frame("<DeliveredEvent>\u{1}</DeliveredEvent>");
    let incomplete = event_frame(&format!("<HeldEvent><monitorCrossRefID>{monitor}</monitorCrossRefID></HeldEvent>"));
    let bytes =
        [wang_rings("4750").by(&monitor).frame(), bad, incomplete, wang_answered("4750").by(&monitor).frame()].concat();
    line.frame(&bytes);
    assert_eq!(line.errors.len(), 1);
    assert_eq!(line.errors[0].disposition, Disposition::Skip);
    assert!(line.errors[0].raw.as_ref().is_some_and(|raw| raw.starts_with(b"<DeliveredEvent>")));
    // The driver comes again with nothing while that ends in a skip.
    line.give(Input::Bytes(&[]));
    assert_eq!(line.errors.len(), 2);
    assert!(line.errors[1].reason.contains("HeldEvent has no heldConnection"), "{}", line.errors[1].reason);
    line.give(Input::Bytes(&[]));
    assert_eq!(line.story()[2..], ["answered 4750"]);
}

#[test]
fn errors_hold_no_numbers_and_no_text_of_the_message() {
    let mut line = Line::ready();
    line.frame(&event_frame("<X>13800138000 \u{1}</X>"));
    assert!(!line.errors[0].reason.contains("138001"));
}

#[test]
fn a_response_nobody_expects_a_command_and_http_disturb_nothing() {
    let mut line = Line::ready();
    line.give(Input::Tick { timer: "unheard-of" });
    line.give(Input::Webhook(&crate::contract::WebhookRequest::default()));
    line.give(Input::Response { tag: 1, result: Err("no".to_owned()) });
    assert!(line.errors.iter().all(|error| error.disposition == Disposition::Skip));
    line.hear("device 4750", wang_rings("4750"));
    assert_eq!(line.story().len(), 2);
}

#[test]
fn a_checkpoint_of_another_form_or_of_noise_is_no_reason_not_to_start() {
    for bytes in [b"{\"form\":99}".as_slice(), b"\0\xff", b"{}"] {
        let mut line = Line::restored("stations = [\"4750\"]", Some(bytes), super::line::START);
        line.open();
        assert_eq!(line.story(), ["resynced vanished 0"]);
    }
}

/// A frame of an event of monitor 4750 whose length field says something else.
fn with_length(line: &Line, told: super::compose::Told, length: u16) -> Vec<u8> {
    let mut frame = told.by(&line.aes.monitors["device 4750"]).frame();
    frame[2..4].copy_from_slice(&length.to_be_bytes());
    frame
}

fn gap_from(line: &Line) -> i64 {
    let gaps = line.told("trunkline.link.gap.v1");
    let Body::LinkGap(gap) = &gaps.first().expect("a gap").body else { panic!("a gap") };
    gap.from.unix_millis()
}

#[test]
fn s1_a_length_that_is_too_long_swallows_events_into_a_gap_and_not_for_long() {
    let mut line = Line::ready();
    line.pass(5_000);
    let sound = line.now;
    line.hear("device 4750", wang_rings("4750"));
    line.pass(1_000);
    let endless = with_length(&line, wang_answered("4750"), 65_535);
    line.frame(&endless);
    for _ in 0..9 {
        line.pass(1_000);
        line.hear("device 4750", super::compose::told("HeldEvent").at("4750"));
    }
    assert_eq!((line.errors.len(), line.story().len()), (0, 2), "swallowed: the link looks alive");
    line.pass(1_500);
    assert_eq!(line.errors.last().map(|error| error.disposition), Some(Disposition::Reset));
    line.close();
    line.open();
    assert!(line.story().ends_with(&["gap".to_owned(), "resynced vanished 1".to_owned()]));
    assert_eq!(gap_from(&line), sound, "from the last sound message on, though bytes were heard since");
}

#[test]
fn s1_a_swallowed_stream_that_turns_out_broken_is_a_gap_from_the_last_sound_message() {
    for length in [65_535_u16, 300, 20] {
        let mut line = Line::ready();
        line.pass(2_000);
        let sound = line.now;
        line.hear("device 4750", wang_rings("4750"));
        line.pass(1_000);
        let wrong = with_length(&line, wang_answered("4750"), length);
        line.frame(&wrong);
        let mut fed = wrong.len();
        while line.errors.iter().all(|error| error.disposition != Disposition::Reset) && fed < 80_000 {
            line.pass(50);
            let more = wang_answered("4750").by(&line.aes.monitors["device 4750"].clone()).frame();
            fed += more.len();
            line.frame(&more);
            line.give(Input::Bytes(&[]));
        }
        assert!(line.errors.iter().any(|error| error.disposition == Disposition::Reset), "{length}");
        line.close();
        line.open();
        assert_eq!(gap_from(&line), sound, "{length}");
    }
}

#[test]
fn s1_the_largest_frame_byte_by_byte_on_a_slow_line_is_whole_at_last() {
    let mut line = Line::ready();
    let largest = super::compose::event_frame(&format!("<X><!--{}--></X>", "x".repeat(65_000)));
    for piece in largest.chunks(500) {
        line.frame(piece);
        line.pass(150);
    }
    assert_eq!((line.errors.len(), line.story()), (0, vec!["opaque X".to_owned()]), "after twenty seconds");
}

#[test]
fn s1_a_frame_in_many_pieces_is_not_endless_and_one_that_breaks_off_is_a_gap_from_its_beginning() {
    let mut line = Line::ready();
    for event in [wang_rings("4750"), wang_answered("4750")] {
        let frame = event.by(&line.aes.monitors["device 4750"].clone()).frame();
        for piece in frame.chunks(200) {
            line.frame(piece);
            line.pass(1_000);
        }
        line.pass(5_000);
    }
    assert_eq!((line.errors.len(), line.story().len()), (0, 3));
    let half = wang_answered("4750").frame();
    line.frame(&half[..100]);
    let begun = line.now;
    line.pass(5_000);
    line.close();
    line.open();
    assert_eq!(gap_from(&line), begun);
}
