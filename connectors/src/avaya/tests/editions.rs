//! The wire: rules 1–3, 6, 7.

use super::calls::{dropped, wang_answered, wang_rings};
use super::compose::{Told, UCID, told};
use super::line::Line;
use super::recordings::decode;
use super::story::lines;
use crate::avaya::wire::frame::{FrameError, Frames, frame};
use crate::avaya::wire::xml::Document;
use crate::contract::Disposition;

#[test]
fn rule_1_header_is_exact_and_a_broken_one_ends_the_link() {
    assert_eq!(frame(7, "<a/>").expect("fits").as_ref(), b"\0\0\0\x0c0007<a/>");
    assert_eq!(frame(10_000, "<a/>"), Err(FrameError::Invoke));
    let broken = |bytes: &[u8]| {
        let mut frames = Frames::default();
        frames.push(bytes);
        frames.next()
    };
    assert_eq!(broken(b"\0\x01"), Err(FrameError::Indicator { found: 1 }));
    assert_eq!(broken(b"HTTP/1.1"), Err(FrameError::Indicator { found: 0x4854 }));
    for found in [0_u16, 7] {
        assert_eq!(broken(&[0, 0, 0, u8::try_from(found).expect("small")]), Err(FrameError::Length { found }));
    }
    assert_eq!(broken(b"\0\0\0\x0c00a7<a/>"), Err(FrameError::Invoke));
    let mut line = Line::ready();
    let mut bytes = wang_rings("4750").by(&line.aes.monitors["device 4750"].clone()).frame();
    bytes.extend_from_slice(b"\x16\x03\x01 this is not CSTA");
    bytes.extend(wang_answered("4750").frame());
    line.frame(&bytes);
    assert_eq!(line.errors.last().map(|error| error.disposition), Some(Disposition::Reset));
    assert_eq!(line.story().len(), 2, "what came before counts, nothing after is scanned for");
}

#[test]
fn rule_2_any_segmentation_gives_the_same_events() {
    let stream: Vec<u8> =
        [wang_rings("4750"), wang_answered("4750"), dropped("4750")].iter().flat_map(Told::frame).collect();
    let whole = decode(&stream);
    assert_eq!(whole.len(), 5);
    for size in [1, 2, 7, 8, 9, 100, 1000] {
        let mut frames = Vec::new();
        let events = super::recordings::decode_in(stream.chunks(size), &mut frames);
        assert_eq!(events, whole, "in pieces of {size}");
    }
}

proptest::proptest! {
    #[test]
    fn rule_2_any_random_cut_gives_the_same_events(cuts in proptest::collection::vec(0_usize..4000, 0..12)) {
        let stream: Vec<u8> = [wang_rings("4750"), dropped("4750")].iter().flat_map(Told::frame).collect();
        let mut places: Vec<usize> = cuts.into_iter().filter(|cut| *cut < stream.len()).collect();
        places.sort_unstable();
        let mut rest = stream.as_slice();
        let mut pieces = Vec::new();
        let mut before = 0;
        for place in places {
            let (piece, after) = rest.split_at(place - before);
            pieces.push(piece);
            rest = after;
            before = place;
        }
        pieces.push(rest);
        proptest::prop_assert_eq!(super::recordings::decode_in(pieces.into_iter(), &mut Vec::new()), decode(&stream));
    }
}

#[test]
fn rule_3_lengths_are_utf8_bytes_and_chinese_names_survive() {
    let body = "<a>王女士</a>";
    let framed = frame(1, body).expect("fits");
    assert_eq!(usize::from(u16::from_be_bytes([framed[2], framed[3]])), body.len() + 8);
    let named = wang_rings("4750").from("N<13800138000>王女士", "65067");
    let events = decode(&[named.frame(), dropped("4750").frame()].concat());
    let told =
        serde_json::to_string(&events[0].to_json().map(|json| String::from_utf8(json).expect("UTF-8")).expect("JSON"));
    assert!(told.expect("JSON").contains("王女士"));
    assert_eq!(lines(&events)[0], "offered in 13800138000>65067");
    let mut line = Line::new("stations = [\"4750\"]\n");
    line.dmcc = crate::avaya::protocol::Dmcc::new(
        &crate::contract::SourceId::new("a").expect("name"),
        super::line::params("stations = [\"4750\"]\nswitch_ip = \"交换机\"").settings,
    );
    line.open();
    let request = line.requests("MonitorStart")[0];
    assert!(request.body.contains("4750:CM1:交换机:0"), "out and in again");
    assert_eq!(request.length, request.body.len() + 8, "bytes, not characters");
}

#[test]
fn rule_3_what_no_length_field_can_tell_is_refused_and_the_largest_is_taken() {
    let body = |size: usize| format!("<a>{}</a>", "x".repeat(size - 7));
    assert!(frame(1, &body(65_527)).is_ok());
    assert_eq!(frame(1, &body(65_528)), Err(FrameError::TooLong { found: 65_528 }));
    let mut frames = Frames::default();
    frames.push(&frame(1, &body(65_527)).expect("fits"));
    assert_eq!(frames.next().expect("framed").map(|frame| frame.body.len()), Some(65_527));
}

#[test]
fn rule_6_any_edition_and_prefix_is_the_same_event() {
    let plain = decode(&wang_rings("4750").frame());
    assert_eq!(plain.len(), 2);
    for (namespace, prefix) in [
        ("http://www.ecma-international.org/standards/ecma-323/csta/ed2", ""),
        ("http://www.ecma.ch/standards/ecma-323/csta/ed2", "csta"),
        ("http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6", "ns0"),
        ("http://www.avaya.com/csta", "x"),
    ] {
        let told = wang_rings("4750").edition(namespace, prefix);
        assert_eq!(decode(&told.frame()), plain, "{}", told.xml());
    }
}

#[test]
fn rule_7_spelling_order_comments_and_strangers_do_not_matter() {
    let plain = decode(&wang_rings("4750").frame());
    let reversed = told("DeliveredEvent").reversed();
    let reversed = reversed.at("4750").from("13800138000", "65067").state("alerting").cause("newCall").ucid(UCID);
    let reversed = reversed.uui("4F523432").trunk("12").skill("601").digits("4711").vdn("65067");
    assert_eq!(decode(&reversed.frame()), plain);
    let respelled = wang_rings("4750")
        .xml()
        .replace("callID>", "callId>")
        .replace("<cause>", "<!-- why --><?pi?><cause a=\"b\" c='d'>\n\t")
        .replace("<connection>", "<newcomer><deep/></newcomer>\n<connection>")
        .replace("13800138000:", "<![CDATA[13800]]>&#49;38000:");
    assert_eq!(decode(&super::compose::event_frame(&respelled)), plain, "{respelled}");
}

#[test]
fn rule_7_text_around_entities_is_one_text() {
    let document =
        Document::parse(b"<a> x &amp; <![CDATA[<y>]]> &#x738B; </a>").map(|document| document.root().text().to_owned());
    assert_eq!(document.as_deref(), Ok("x & <y> 王"));
}
