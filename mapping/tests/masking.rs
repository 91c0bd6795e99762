//! Masks: other people of the same house. All people and numbers here are invented.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use trunkline_events::call::{self, CallData, CallRef, Direction, Party, Route};
use trunkline_events::chat::{self, Author, ChatRef, Content, Visitor};
use trunkline_events::customer::{self, RawHandle, Strength};
use trunkline_events::{Body, Event, EventId, Timestamp};
use trunkline_mapping::identity::{Evidence, Handle, Rules, Sighting, observe, partition};
use trunkline_mapping::masking::Masker;
use trunkline_mapping::numbers::{DialPlan, DialPlans, Kind, Number};
use uuid::Uuid;

const SOURCE: &str = "/connectors/test";

fn masker() -> Masker {
    Masker::new(&[42; 32], Rules::default(), plans()).expect("a key")
}

/// A site in Beijing that dials 9 for an outside line on one trunk.
fn plans() -> DialPlans {
    let plan = "area_code = \"10\"\n[trunks.t9]\noutside_prefixes = [\"9\"]\n";
    DialPlans::new(DialPlan::from_toml(plan).expect("a plan"), Vec::new()).expect("plans")
}

fn event(minutes: i64, body: Body) -> Event {
    let at = Timestamp::from_unix_seconds(1_795_248_000 + minutes * 60).expect("an instant");
    Event {
        id: EventId::derive(SOURCE, &minutes.to_string(), body.event_type(), ""),
        source: SOURCE.into(),
        subject: Some("visitor-wang".into()),
        time: at,
        received: at,
        partition_key: "chat:visitor-wang".into(),
        causation: None,
        sequence: None,
        body,
    }
}

fn handle(scheme: &str, value: &str) -> RawHandle {
    RawHandle { scheme: scheme.into(), scope: String::new(), value: value.into(), verified: false }
}

fn profile(handles: Vec<RawHandle>) -> Body {
    let fields = BTreeMap::from([("name".to_owned(), "王梅".to_owned())]);
    Body::CustomerProfile(customer::Profile { handles, fields })
}

/// What a value of a scheme becomes.
fn masked(scheme: &str, value: &str) -> String {
    let told = masker().event(&event(0, profile(vec![handle(scheme, value)]))).expect("told by a connector");
    let Body::CustomerProfile(profile) = told.body else { panic!("a profile") };
    profile.handles[0].value.clone()
}

fn inbound(number: &str, trunk: Option<&str>) -> Event {
    let party =
        |number: &str, name: &str| Party { number: Some(number.into()), name: Some(name.into()), ..Party::default() };
    let route = Route {
        direction: Direction::Inbound,
        calling: party(number, "Wang Mei"),
        called: party("4008001234", "Hotline"),
        vdn: Some("3001".into()),
        trunk: trunk.map(str::to_owned),
        ..Route::default()
    };
    let data =
        CallData { uui_text: Some("ACC-778".into()), uui_hex: Some("4143432D373738".into()), ..CallData::default() };
    let call =
        CallRef { id: "c-1".into(), switch_call_id: Some("17".into()), ucid: Some("00001000171795248000".into()) };
    event(0, Body::CallOffered(call::Offered { call, route, device: None, data }))
}

fn caller(event: &Event) -> String {
    let Body::CallOffered(offered) = &event.body else { panic!("a call") };
    offered.route.calling.number.clone().expect("a number")
}

fn e164(text: &str, trunk: Option<&str>) -> (String, Kind) {
    match plans().of(SOURCE).number(text, trunk) {
        Number::E164 { value, kind, .. } => (value, kind),
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn every_spelling_of_a_number_gets_the_same_mask_in_its_own_spelling() {
    let spellings = [
        "13800138000",
        "013800138000",
        "0 138-0013-8000",
        "+86 138 0013 8000",
        "0086 13800138000",
        "１３８ ００１３ ８０００",
        "tel:+86-138-0013-8000",
    ];
    let mut masks: Vec<(String, Kind)> = spellings.iter().map(|text| e164(&masked("phone", text), None)).collect();
    masks.dedup();
    assert_eq!(masks.len(), 1, "{masks:?}");
    let (value, kind) = &masks[0];
    assert!(*kind == Kind::Mobile && value.starts_with("+861380") && value.len() == 14, "{value}");
    assert_ne!(value, "+8613800138000");
    let look =
        |text: &str| text.chars().map(|letter| if letter.is_numeric() { '0' } else { letter }).collect::<String>();
    for spelling in spellings {
        assert_eq!(look(&masked("phone", spelling)).len(), look(spelling).len(), "{spelling}");
    }
    // As a switch writes it, on a trunk that keeps the outside 9, and where people write the local number alone.
    let call = masker().event(&inbound("913800138000", Some("t9"))).expect("told");
    assert_eq!(e164(&caller(&call), Some("t9")), masks[0]);
    let (local, whole) = (masked("phone", "66668888"), masked("phone", "(010) 6666 8888"));
    assert_eq!(e164(&local, None), e164(&whole, None));
    assert_eq!(local.len(), 8);
}

#[test]
fn a_number_stays_one_of_its_country_and_kind() {
    for (text, kind) in
        [("+86 10 8888 8888", Kind::Landline), ("+852 9123 4567", Kind::Mobile), ("+1 650 253 0000", Kind::Other)]
    {
        let (before, after) = (e164(text, None), e164(&masked("phone", text), None));
        assert_eq!((after.1, after.0.len()), (kind, before.0.len()), "{text}");
        assert_eq!(before.0[..4], after.0[..4]);
        assert_ne!(before.0, after.0);
    }
}

#[test]
fn what_is_nobodys_stays() {
    for (scheme, value) in [
        ("phone", "95588"),
        ("phone", "4008001234"),
        ("phone", "1001"),
        ("phone", "anonymous"),
        ("phone", ""),
        ("crm_id", "null"),
        ("email", "test@test.com"),
    ] {
        assert_eq!(masked(scheme, value), value, "{scheme}");
    }
    for cut in ["138****8000", "1380013800x"] {
        let mask = masked("phone", cut);
        assert!(mask != cut && mask.len() == cut.len(), "{mask}: it may have been somebody's");
    }
}

#[test]
fn nothing_of_a_person_is_left_in_a_chat() {
    let visitor = Visitor {
        handles: vec![
            handle("web_visitor", "v-wang-77"),
            handle("email", "Wang.Mei@bank-mail.com"),
            handle("account_no", "6222021234"),
            handle("easemob_id", "webim-visitor-K7QX"),
        ],
        name: Some("王梅".into()),
    };
    let chat = || ChatRef { id: "chat-wang-1".into(), channel: "web".into() };
    let opened = chat::Opened {
        chat: chat(),
        visitor,
        queue: Some("refunds".into()),
        page: Some("https://shop.example.com/orders/wang?mail=wang.mei".into()),
    };
    let said = chat::Message {
        chat: chat(),
        message_id: "m-1".into(),
        author: Author::Visitor,
        author_id: Some("v-wang-77".into()),
        content: Content::Text { text: "I am Wang Mei, 13800138000, 退款!".into() },
        written_at: None,
    };
    let (opened, said) = (event(0, Body::ChatOpened(opened)), event(1, Body::ChatMessage(said)));
    let masks = [&opened, &said].map(|event| masker().event(event).expect("told"));
    let texts = masks.each_ref().map(|mask| String::from_utf8(mask.to_json().expect("JSON")).expect("UTF-8"));
    for text in &texts {
        for personal in ["wang", "Wang", "王", "梅", "bank-mail", "6222021234", "138", "K7QX", "退款", "mail="] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
    let (Body::ChatOpened(one), Body::ChatMessage(two)) = (&masks[0].body, &masks[1].body) else { panic!("a chat") };
    assert_eq!(one.chat, two.chat, "one chat is one chat");
    assert_eq!(Some(&one.visitor.handles[0].value), two.author_id.as_ref(), "the writer is the visitor");
    assert_eq!(one.queue.as_deref(), Some("refunds"));
    assert!(
        one.visitor.handles[3].value.starts_with("webim-visitor-"),
        "what the rules know by its beginning keeps it"
    );
    assert!(one.visitor.handles[1].value.ends_with(".example"), "no mail reaches anybody");
    assert!(one.page.as_ref().is_some_and(|page| page.starts_with("https://shop.example.com/")));
    assert_eq!(masks[0].partition_key, masks[1].partition_key);
    assert_ne!(masks[0].id, opened.id);
}

#[test]
fn a_call_keeps_its_ids_and_loses_what_was_attached() {
    let told = masker().event(&inbound("13800138000", None)).expect("told");
    let Body::CallOffered(offered) = &told.body else { panic!("a call") };
    assert_eq!((offered.call.id.as_str(), offered.route.vdn.as_deref()), ("c-1", Some("3001")));
    assert_eq!(offered.route.called.number.as_deref(), Some("4008001234"));
    assert_ne!(offered.route.calling.name.as_deref(), Some("Wang Mei"));
    let (text, hex) = (offered.data.uui_text.as_deref(), offered.data.uui_hex.as_deref());
    assert!(text != Some("ACC-778") && text.is_some_and(|text| text.len() == 7));
    assert!(hex != Some("4143432D373738") && hex.is_some_and(|hex| hex.len() == 14));
}

#[test]
fn what_mapping_derived_is_not_recorded() {
    let created = event(0, Body::CustomerCreated(customer::Created { customer: Uuid::nil() }));
    assert_eq!(masker().event(&created), None);
}

#[test]
fn another_key_makes_other_people() {
    let other = Masker::new(&[43; 32], Rules::default(), plans()).expect("a key");
    let call = inbound("13800138000", None);
    let (one, two) = (masker().event(&call).expect("told"), other.event(&call).expect("told"));
    assert_ne!(caller(&one), caller(&two));
    assert_eq!(masker().event(&call), Some(one), "and the same key the same");
}

/// One of few people by one of their handles, in some spelling.
fn somebody() -> BoxedStrategy<RawHandle> {
    let spelling = select(vec![
        "1380013XXXX",
        "0 138-0013-XXXX",
        "+86 1380013XXXX",
        "01380013XXXX",
        "+86 10 8888 XXXX",
        "138****XXXX",
    ]);
    let phone = (0..12_u32, spelling)
        .prop_map(|(who, spelling)| handle("phone", &spelling.replace("XXXX", &format!("{:04}", 8000 + who))));
    let mail = (0..8_u32, select(vec!["p{}@example.com", "P{}@Example.COM", "Somebody <p{}@example.com>"]))
        .prop_map(|(who, written)| handle("email", &written.replace("{}", &who.to_string())));
    let id = |scheme: &'static str, of: u32| (0..of).prop_map(move |who| handle(scheme, &format!("A-{who}")));
    let scoped = (0..6_u32, select(vec!["north", "south"]))
        .prop_map(|(who, scope)| RawHandle { scope: scope.into(), ..handle("crm_id", &format!("{who}")) });
    let easemob = (0..6_u32, any::<bool>()).prop_map(|(who, known)| {
        handle("easemob_id", &format!("{}{who}", if known { "user" } else { "webim-visitor-k" }))
    });
    let blocked = select(vec![("crm_id", "null"), ("phone", "anonymous"), ("phone", "95588")])
        .prop_map(|(scheme, value)| handle(scheme, value));
    let any_of = prop_oneof![4 => phone, 3 => mail, 2 => id("account_no", 8), 2 => id("web_visitor", 8),
        1 => id("strange_scheme", 8), 3 => scoped, 2 => easemob, 1 => blocked];
    (any_of, any::<bool>()).prop_map(|(raw, verified)| RawHandle { verified, ..raw }).boxed()
}

fn told() -> BoxedStrategy<Body> {
    let strength = select(vec![Strength::Weak, Strength::Medium, Strength::Strong, Strength::Authoritative]);
    prop_oneof![
        3 => vec(somebody(), 1..3).prop_map(profile),
        2 => (somebody(), somebody(), strength)
            .prop_map(|(a, b, strength)| Body::CustomerEvidence(customer::Evidence { a, b, strength })),
        1 => (0..12_u32).prop_map(|who| inbound(&format!("01380013{}", 8000 + who), None).body),
    ]
    .boxed()
}

/// Whether a handle is generic, and shared.
type Flags = BTreeMap<Uuid, (bool, bool)>;

/// The customers of events as sets of handles, and what the rules think of each handle.
fn customers(events: &[Event]) -> (BTreeSet<BTreeSet<Uuid>>, Flags) {
    let (rules, plans) = (Rules::default(), plans());
    let seen: Vec<_> = events.iter().map(|event| observe(event, &rules, &plans)).collect();
    let sightings: Vec<Sighting> = seen.iter().flat_map(|told| told.sightings.clone()).collect();
    let evidence: Vec<Evidence> = seen.iter().flat_map(|told| told.evidence.clone()).collect();
    let outcome = partition(&sightings, &evidence, &rules);
    let sets = outcome.customers.iter().map(|customer| customer.handles.iter().map(Handle::id).collect()).collect();
    let flags = outcome.standings.iter().map(|(id, standing)| (*id, (standing.generic, standing.shared))).collect();
    (sets, flags)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Masked, the same people are the same people, and are shared and generic alike. Two handles an event, since the order
    /// of evidence at one instant is that of ids.
    #[test]
    fn the_customers_of_masked_events_are_those_of_the_events(bodies in vec(told(), 1..60)) {
        let events: Vec<Event> = (0..).zip(bodies).map(|(minutes, body)| event(minutes, body)).collect();
        let masker = masker();
        let masks: Vec<Event> = events.iter().map(|event| masker.event(event).expect("told")).collect();
        let (rules, plans) = (Rules::default(), plans());
        let mut becomes: BTreeMap<Uuid, Uuid> = BTreeMap::new();
        for (event, mask) in events.iter().zip(&masks) {
            let (before, after) = (observe(event, &rules, &plans), observe(mask, &rules, &plans));
            prop_assert_eq!(before.blocked, after.blocked);
            prop_assert_eq!(before.sightings.len(), after.sightings.len());
            for (one, two) in before.sightings.iter().zip(&after.sightings) {
                let known = becomes.insert(one.handle.id(), two.handle.id());
                prop_assert!(known.is_none_or(|known| known == two.handle.id()), "{} has two masks", one.handle);
                prop_assert_ne!(&one.handle, &two.handle);
            }
        }
        let masks_of: BTreeSet<Uuid> = becomes.values().copied().collect();
        prop_assert_eq!(masks_of.len(), becomes.len(), "no two handles have one mask");
        let (before, after) = (customers(&events), customers(&masks));
        let renamed: BTreeSet<BTreeSet<Uuid>> =
            before.0.iter().map(|set| set.iter().map(|id| becomes[id]).collect()).collect();
        prop_assert_eq!(renamed, after.0);
        let flags: Flags = before.1.iter().map(|(id, flags)| (becomes[id], *flags)).collect();
        prop_assert_eq!(flags, after.1);
    }
}
