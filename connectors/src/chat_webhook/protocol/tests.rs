use trunkline_events::{Body, Event, chat};

use super::super::ChatWebhook;
use super::*;
use crate::contract::{Built, Kind};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXM";
const CLOSED: &str = r#"{"type":"chat.closed","timestamp":"2026-03-01T10:00:00Z","data":{"chat_id":"c-1"}}"#;

fn now() -> Timestamp {
    "2026-03-01T10:00:01Z".parse().expect("an instant")
}

struct Chat(Box<dyn Protocol>);

/// What a webhook came to.
#[derive(Debug)]
struct Took {
    status: u16,
    body: String,
    events: Vec<Event>,
    archived: Vec<String>,
    skipped: bool,
}

impl Chat {
    fn new(toml: &str) -> Self {
        let toml = format!("[params]\n{toml}\n");
        let config = config::Config::builder()
            .add_source(config::File::from_str(&toml, config::FileFormat::Toml))
            .build()
            .expect("TOML");
        let id = SourceId::new("web-chat").expect("a name");
        let Built { protocol, .. } = ChatWebhook.build(&id, &config.get("params").expect("a table")).expect("builds");
        Self(protocol)
    }

    fn usual() -> Self {
        Self::new(&format!("secrets = ['{OLD}', '{NEW}']\nvisitor_scope = 'www'\ncrm_scope = 'sf'"))
    }

    fn post(&mut self, request: &WebhookRequest) -> Took {
        let mut out = Actions::new(now());
        let skipped = self.0.on(Input::Webhook(request), &mut out).is_err();
        let mut took = Took { status: 0, body: String::new(), events: Vec::new(), archived: Vec::new(), skipped };
        for action in out.into_list() {
            match action {
                Action::Reply(reply) => {
                    assert_eq!(took.status, 0, "one reply");
                    (took.status, took.body) = (reply.status, reply.body);
                }
                Action::Emit(event) => took.events.push(*event),
                Action::Archive { reference, .. } => took.archived.push(reference),
                other => panic!("{other:?}"),
            }
        }
        took
    }

    fn signed(&mut self, id: &str, body: &str) -> Took {
        self.post(&signed(id, body, OLD, 0))
    }
}

fn signed(id: &str, body: &str, secret: &str, age: i64) -> WebhookRequest {
    let seconds = now().unix_millis() / 1000 - age;
    let signature = Secret::parse(secret).expect("a secret").sign(id, seconds, body.as_bytes());
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    WebhookRequest {
        method: "POST".to_owned(),
        headers: vec![
            header("content-type", "application/json; charset=utf-8"),
            header("webhook-id", id),
            header("webhook-timestamp", &seconds.to_string()),
            header("webhook-signature", &signature),
        ],
        body: Bytes::copy_from_slice(body.as_bytes()),
        ..WebhookRequest::default()
    }
}

fn message(id: &str, timestamp: &str) -> String {
    format!(
        r#"{{"type":"chat.message","timestamp":"{timestamp}","data":{{"chat_id":"c-1","message_id":"{id}","author":"visitor","content":{{"type":"text","text":"hello"}}}}}}"#
    )
}

#[test]
fn rule_21_a_good_webhook_becomes_its_event_and_either_secret_will_do() {
    let mut chat = Chat::usual();
    let first = chat.signed("msg_1", CLOSED);
    assert_eq!((first.status, first.events.len()), (204, 1));
    let event = &first.events[0];
    assert_eq!(event.time.to_string(), "2026-03-01T10:00:00Z");
    assert_eq!(event.received, now());
    assert_eq!(event.subject.as_deref(), Some("c-1"));
    let rotated = chat.post(&signed("msg_2", &message("m", "2026-03-01T10:00:00Z"), NEW, 0));
    assert_eq!((rotated.status, rotated.events.len()), (204, 1));
}

#[test]
fn rule_1_what_is_not_verified_is_answered_401_and_publishes_nothing() {
    let mut chat = Chat::usual();
    let good = signed("msg_1", CLOSED, OLD, 0);
    let mut tampered = good.clone();
    tampered.body = Bytes::from(CLOSED.replace("c-1", "c-2"));
    let mut unsigned = good.clone();
    unsigned.headers.retain(|(name, _)| name != "webhook-signature");
    let other = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBvZiAzMiBieXQ=";
    let too_old = signed("msg_1", CLOSED, OLD, 301);
    let too_new = signed("msg_1", CLOSED, OLD, -301);
    for bad in [tampered, unsigned, signed("msg_1", CLOSED, other, 0), too_old, too_new] {
        let took = chat.post(&bad);
        assert_eq!((took.status, took.events.len(), took.skipped), (401, 0, false), "{took:?}");
    }
    assert_eq!(chat.post(&good).status, 204, "a forged one with the same id does not shadow the good one");
}

#[test]
fn the_same_webhook_again_is_answered_well_and_emits_nothing() {
    let mut chat = Chat::usual();
    assert_eq!(chat.signed("msg_1", CLOSED).events.len(), 1);
    let again = chat.post(&signed("msg_1", CLOSED, OLD, -20));
    assert_eq!((again.status, again.events.len()), (200, 0), "a retry has another timestamp");
}

#[test]
fn rule_4_the_same_message_under_another_webhook_id_is_one_message() {
    let mut chat = Chat::usual();
    let first = chat.signed("msg_1", &message("m1", "2026-03-01T10:00:00Z"));
    let again = chat.signed("msg_2", &message("m1", "2026-03-01T10:00:00Z"));
    assert_eq!((again.status, again.events.len()), (204, 0));
    let mut forgetful = Chat::usual();
    let later = forgetful.signed("msg_3", &message("m1", "2026-03-01T10:00:00Z"));
    assert_eq!(later.events[0].id, first.events[0].id, "the id is stable without any memory");
}

#[test]
fn a_webhook_id_that_was_taken_stands_for_its_first_body() {
    let mut chat = Chat::usual();
    assert_eq!(chat.signed("msg_1", CLOSED).status, 204);
    let other = CLOSED.replace("c-1", "c-2");
    let mut forged = signed("msg_1", CLOSED, OLD, 0);
    forged.body = Bytes::from(other.clone());
    assert_eq!(chat.post(&forged).status, 401, "the signature is another body's");
    let again = chat.signed("msg_1", &other);
    assert_eq!((again.status, again.events.len()), (200, 0), "signed, but the id names one delivery");
    assert_eq!(chat.signed("msg_2", &other).status, 204);
}

#[test]
fn a_body_that_was_refused_is_taken_once_it_is_mended() {
    let mut chat = Chat::usual();
    assert_eq!(chat.signed("msg_1", "{}").status, 400);
    assert_eq!(chat.signed("msg_1", CLOSED).status, 204);
}

#[test]
fn bytes_that_are_no_utf_8_are_kept_raw_and_refused() {
    let body = b"{\"type\":\"chat.closed\",\"data\":{\"chat_id\":\"\xcd\xf5\"}}";
    let mut request = signed("msg_1", CLOSED, OLD, 0);
    let seconds = now().unix_millis() / 1000;
    let signature = Secret::parse(OLD).expect("a secret").sign("msg_1", seconds, body);
    request.body = Bytes::from_static(body);
    for (name, value) in &mut request.headers {
        if name == "webhook-signature" {
            value.clone_from(&signature);
        }
    }
    let took = Chat::usual().post(&request);
    assert_eq!((took.status, took.skipped, took.events.len()), (400, true, 0));
    assert!(took.body.contains("UTF-8"), "{}", took.body);
}

#[test]
fn rule_21_an_old_secret_that_was_taken_out_opens_nothing() {
    let mut rotated = Chat::new(&format!("secrets = ['{NEW}']"));
    assert_eq!(rotated.post(&signed("msg_1", CLOSED, OLD, 0)).status, 401);
    assert_eq!(rotated.post(&signed("msg_1", CLOSED, NEW, 0)).status, 204);
}

#[test]
fn the_memory_outlives_a_restart_and_rubbish_in_its_place_does_no_harm() {
    let mut before = Chat::usual();
    before.signed("msg_1", CLOSED);
    let mut out = Actions::new(now());
    before.0.on(Input::Tick { timer: KEEP }, &mut out).expect("no error");
    let kept = out.into_list().into_iter().find_map(|action| match action {
        Action::Checkpoint(state) => Some(state),
        _ => None,
    });
    let mut after = Chat::usual();
    let kept = kept.expect("a checkpoint");
    after.0.on(Input::Restored(Some(&kept)), &mut Actions::new(now())).expect("no error");
    assert_eq!(after.signed("msg_1", CLOSED).status, 200);
    let mut broken = Chat::usual();
    broken.0.on(Input::Restored(Some(b"\xffrubbish")), &mut Actions::new(now())).expect("no error");
    assert_eq!(broken.signed("msg_1", CLOSED).status, 204);
}

#[test]
fn rule_20_bodies_that_are_too_large_nested_or_of_another_kind_are_refused_by_their_status() {
    let mut chat = Chat::new(&format!("secrets = ['{OLD}']\nmax_body_bytes = 1024"));
    let large = message(&"m".repeat(2000), "2026-03-01T10:00:00Z");
    assert_eq!(chat.signed("a", &large).status, 413);
    for (name, value) in
        [("content-type", "text/xml"), ("content-encoding", "gzip"), ("content-type", "application/json; charset=gbk")]
    {
        let mut request = signed("b", CLOSED, OLD, 0);
        request.headers.retain(|(known, _)| known != name);
        request.headers.push((name.to_owned(), value.to_owned()));
        assert_eq!(chat.post(&request).status, 415, "{value}");
    }
    let mut get = signed("c", CLOSED, OLD, 0);
    get.method = "GET".to_owned();
    assert_eq!(chat.post(&get).status, 405);
    for body in [
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{",
        "nothing",
        "",
        r#"{"type":"chat.closed","data":{"chat_id":"\u0000"}}"#,
    ] {
        let took = chat.signed("d", body);
        assert_eq!((took.status, took.skipped), (400, true), "signed rubbish is kept: {body}");
    }
}

#[test]
fn rule_26_a_refusal_says_what_to_mend_and_nothing_personal() {
    let body = r#"{"type":"chat.message","data":{"chat_id":"c","author":"13800138000","content":"x"}}"#;
    let took = Chat::usual().signed("a", body);
    assert_eq!(took.status, 400);
    let problem: serde_json::Value = serde_json::from_str(&took.body).expect("JSON");
    assert!(problem["detail"].as_str().expect("a sentence").starts_with("event 1:"));
    assert!(!took.body.contains("138"));
}

#[test]
fn rule_9_unknown_types_and_contents_are_kept_raw_and_never_an_error() {
    let mut chat = Chat::usual();
    let rated = chat.signed("a", r#"{"type":"chat.rated","data":{"stars":5}}"#);
    assert_eq!(rated.status, 202);
    let Body::Opaque(opaque) = &rated.events[0].body else { panic!("{rated:?}") };
    assert_eq!((opaque.native_kind.as_str(), opaque.raw.as_ref()), ("chat.rated", rated.archived.first()));
    let sticker = message("m", "2026-03-01T10:00:00Z").replace(r#""type":"text""#, r#""type":"sticker""#);
    let took = chat.signed("b", &sticker);
    let Body::ChatMessage(message) = &took.events[0].body else { panic!("{took:?}") };
    assert_eq!(message.content, chat::Content::Unsupported { native_kind: "sticker".to_owned() });
    assert_eq!(took.archived, [took.events[0].id.to_string()], "found by the event's id");
}

#[test]
fn rule_8_a_time_a_day_off_is_flagged_and_nonsense_counts_for_nothing() {
    let mut chat = Chat::usual();
    let mut time_of = |id: &str, written: &str| {
        let took = chat.signed(id, &message(id, written));
        let Body::ChatMessage(message) = &took.events[0].body else { panic!("{took:?}") };
        (took.events[0].time.to_string(), message.written_at.map(|at| at.to_string()))
    };
    let late = "2026-02-26T10:00:00Z";
    assert_eq!(time_of("late", late), (late.to_owned(), None), "a retry after an outage is late by right");
    let future = "2026-03-03T10:00:00Z";
    assert_eq!(time_of("future", future), (now().to_string(), Some(future.to_owned())));
    let nonsense = "1970-01-21T10:00:00Z";
    assert_eq!(time_of("nonsense", nonsense), (now().to_string(), Some(nonsense.to_owned())));
    assert_eq!(super::super::translate::Skew::Past, skew_of(late).expect("flagged"));
    assert_eq!(skew_of("2026-02-28T10:00:02Z"), None);
}

fn skew_of(written: &str) -> Option<Skew> {
    let body = message("m", written);
    let item = wire::parse(body.as_bytes()).expect("fits").remove(0);
    let terms = Terms::default();
    Translator { source: "s", terms: &terms, now: now(), webhook_id: "w" }.translate(0, item).skew
}

#[test]
fn a_visitor_is_known_by_all_handles_that_the_chat_names_its_own_first() {
    let body = r#"{"type":"chat.opened","data":{"chat_id":"c","visitor":{"id":77,"account":"A-1","phone":"138 0013 8000",
        "phone_verified":true,"email":"wang@example.com","crm_id":"C-42","crm_ids":[{"scope":"legacy","id":17}],
        "name":"Ms Wang","fields":{"orders":3,"vip":true,"none":null}}}}"#;
    let took = Chat::usual().signed("a", body);
    let [Body::ChatOpened(opened), Body::CustomerProfile(profile)] = [&took.events[0].body, &took.events[1].body]
    else {
        panic!("{took:?}")
    };
    let seen: Vec<_> = opened
        .visitor
        .handles
        .iter()
        .map(|handle| (handle.scheme.as_str(), handle.scope.as_str(), handle.value.as_str(), handle.verified))
        .collect();
    assert_eq!(
        seen,
        [
            ("web_visitor", "www", "77", false),
            ("crm_id", "sf", "C-42", true),
            ("crm_id", "legacy", "17", true),
            ("account_no", "", "A-1", true),
            ("phone", "", "138 0013 8000", true),
            ("email", "", "wang@example.com", false),
        ]
    );
    let fields: Vec<_> = profile.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, [("name", "Ms Wang"), ("orders", "3"), ("vip", "true")], "null is unknown");
}

#[test]
fn an_account_that_was_not_checked_says_so_and_stands_last() {
    let account = |verified: &str| {
        let body = format!(
            r#"{{"type":"visitor.profile","data":{{"visitor":{{"account":"A-1",{verified}"phone":"13800138000","name":"x"}}}}}}"#
        );
        let took = Chat::usual().signed("a", &body);
        let Body::CustomerProfile(profile) = &took.events[0].body else { panic!("{took:?}") };
        let seen = profile.handles.iter().map(|handle| (handle.scheme.clone(), handle.verified));
        seen.collect::<Vec<_>>()
    };
    let (known, typed) = (("account_no".to_owned(), true), ("account_no".to_owned(), false));
    let phone = ("phone".to_owned(), false);
    assert_eq!(account(""), [known.clone(), phone.clone()], "an account is known from a log-in");
    assert_eq!(account(r#""account_verified":true,"#), [known, phone.clone()]);
    assert_eq!(account(r#""account_verified":false,"#), [phone, typed]);
    let tag = r#"{"type":"visitor.tag","data":{"visitor":{"account":"A-1","account_verified":false,"phone":"13800138000"},"set":["vip"]}}"#;
    let took = Chat::usual().signed("a", tag);
    let Body::CustomerTag(tag) = &took.events[0].body else { panic!("{took:?}") };
    assert_eq!(tag.handle.scheme, "phone", "the tag is not the account's");
}

#[test]
fn tags_are_one_event_each_and_null_is_none() {
    let mut chat = Chat::usual();
    let body = r#"{"type":"visitor.tag","data":{"visitor":{"id":"v"},"set":["a","b"],"removed":["c"]}}"#;
    let told: Vec<_> = chat
        .signed("a", body)
        .events
        .into_iter()
        .map(|event| match event.body {
            Body::CustomerTag(tag) => (tag.tag, tag.set),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("a".to_owned(), true), ("b".to_owned(), true), ("c".to_owned(), false)]);
    let nothing = chat.signed("b", r#"{"type":"visitor.tag","data":{"visitor":{"id":"v"},"set":null}}"#);
    assert_eq!((nothing.status, nothing.events.len()), (204, 0));
}

#[test]
fn a_chat_that_is_opened_again_is_another_opening_but_a_repeat_is_none() {
    let mut chat = Chat::usual();
    let opened = |at: &str| {
        format!(r#"{{"type":"chat.opened","timestamp":"{at}","data":{{"chat_id":"c","visitor":{{"id":"v"}}}}}}"#)
    };
    let first = chat.signed("a", &opened("2026-03-01T09:00:00Z"));
    assert_eq!(chat.signed("b", &opened("2026-03-01T09:00:00Z")).events.len(), 0);
    let second = chat.signed("c", &opened("2026-03-01T09:30:00Z"));
    assert_ne!(first.events[0].id, second.events[0].id);
    assert_eq!(first.events[0].partition_key, second.events[0].partition_key);
}

/// Without a timestamp an event is told apart by its own id, or by the delivery and its place there.
#[test]
fn without_a_timestamp_what_happens_twice_is_told_twice() {
    let mut chat = Chat::usual();
    let opened = r#"{"type":"chat.opened","data":{"chat_id":"c","visitor":{"id":"v"}}}"#;
    let assigned = |agent: &str| format!(r#"{{"type":"chat.assigned","data":{{"chat_id":"c","agent_id":"{agent}"}}}}"#);
    let closed = r#"{"type":"chat.closed","data":{"chat_id":"c"}}"#;
    let mut count = |id: &str, body: &str| chat.signed(id, body).events.len();
    let course = [opened, &assigned("li"), &assigned("wang"), &assigned("li"), closed, opened, closed];
    for (number, body) in course.into_iter().enumerate() {
        assert_eq!(count(&format!("msg_{number}"), body), 1, "{number}: {body}");
    }
    assert_eq!(count("msg_3", &assigned("li")), 0, "the same delivery");
    let batch = format!(r#"{{"events":[{0},{1},{0}]}}"#, assigned("li"), assigned("wang"));
    assert_eq!(count("batch", &batch), 3);
    let named = closed.replace(r#""type""#, r#""id":"e-9","type""#);
    assert_eq!(count("msg_8", &named), 1);
    assert_eq!(count("msg_9", &named), 0, "the same event under another delivery");
}

#[test]
fn a_partition_key_shows_no_number_and_no_address() {
    let body = r#"{"type":"visitor.profile","data":{"visitor":{"phone":"13800138000","name":"x"}}}"#;
    let took = Chat::usual().signed("a", body);
    assert!(!took.events[0].partition_key.contains("138"));
    assert_eq!(took.events[0].subject, None);
}
