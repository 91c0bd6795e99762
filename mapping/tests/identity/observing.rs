//! What events tell about handles.

use trunkline_events::activity::MailMessage;
use trunkline_events::call::{Absent, CallData, CallRef, Device, Direction, Party, Ringing, Route};
use trunkline_events::chat::{ChatRef, Closed, Opened, Visitor};
use trunkline_events::customer::{Decision, Directive, Evidence as Said, Profile, RawHandle, Strength, Tag};
use trunkline_events::{Body, Event, EventId};
use trunkline_mapping::identity::{Blocked, Handle, Observations, Origin, Rules, observe, partition, subject_handle};
use trunkline_mapping::numbers::{DialPlan, DialPlans};

use crate::world::minute;

fn event(source: &str, at: i64, body: Body) -> Event {
    Event {
        id: EventId::derive(source, &at.to_string(), "test", ""),
        source: source.to_owned(),
        subject: None,
        time: minute(at),
        received: minute(at),
        partition_key: String::new(),
        causation: None,
        sequence: None,
        body,
    }
}

fn raw(scheme: &str, value: &str) -> RawHandle {
    RawHandle { scheme: scheme.to_owned(), scope: String::new(), value: value.to_owned(), verified: false }
}

fn verified(scheme: &str, value: &str) -> RawHandle {
    RawHandle { verified: true, ..raw(scheme, value) }
}

fn chat(handles: Vec<RawHandle>) -> Event {
    let chat = ChatRef { id: "c1".to_owned(), channel: "web".to_owned() };
    let visitor = Visitor { handles, name: None };
    event("/connectors/chat", 0, Body::ChatOpened(Opened { chat, visitor, queue: None, page: None }))
}

fn ringing(direction: Direction, calling: Party, called: &str, trunk: Option<&str>) -> Event {
    let party = |number: &str| Party { number: Some(number.to_owned()), ..Party::default() };
    let trunk = trunk.map(str::to_owned);
    let route = Route { direction, calling, called: party(called), trunk, ..Route::default() };
    let call = CallRef { id: "1".to_owned(), switch_call_id: None, ucid: None };
    let device = Device { extension: "8001".to_owned(), agent: None };
    let ringing = Ringing { call, device, route, redirected_from: None, data: CallData::default() };
    event("/connectors/avaya-bj", 0, Body::CallRinging(ringing))
}

fn number(number: &str) -> Party {
    Party { number: Some(number.to_owned()), ..Party::default() }
}

fn plans() -> DialPlans {
    let site = "site = \"beijing\"\nsources = [\"/connectors/avaya-bj\"]\narea_code = \"10\"\n[trunks.t9]\noutside_prefixes = [\"9\"]";
    DialPlans::new(DialPlan::default(), vec![DialPlan::from_toml(site).expect("a plan")]).expect("plans")
}

fn told(event: &Event) -> Observations {
    observe(event, &Rules::default(), &plans())
}

fn keys(observations: &Observations) -> Vec<String> {
    observations.sightings.iter().map(|sighting| sighting.handle.key()).collect()
}

fn links(observations: &Observations) -> Vec<(String, String, Strength)> {
    let name = |id| observations.sightings.iter().find(|seen| seen.handle.id() == id).expect("sighted").handle.key();
    observations
        .evidence
        .iter()
        .map(|piece| {
            let (a, b) = (name(piece.a), name(piece.b));
            (a.clone().min(b.clone()), a.max(b), piece.strength)
        })
        .collect()
}

fn subject(event: &Event) -> Option<String> {
    subject_handle(event, &Rules::default(), &plans()).map(|handle| handle.key())
}

#[test]
fn an_inbound_call_tells_the_callers_number_by_the_plan_of_its_site_and_trunk() {
    for (written, key) in [("66028001", "phone::+861066028001"), ("013800138000", "phone::+8613800138000")] {
        let call = ringing(Direction::Inbound, number(written), "8001", None);
        assert_eq!(keys(&told(&call)), [key]);
        assert_eq!(subject(&call).as_deref(), Some(key));
        assert!(told(&call).evidence.is_empty());
    }
    let by_trunk = ringing(Direction::Inbound, number("913800138000"), "8001", Some("t9"));
    assert_eq!(keys(&told(&by_trunk)), ["phone::+8613800138000"]);
}

#[test]
fn an_outbound_call_tells_the_number_that_was_called() {
    let call = ringing(Direction::Outbound, number("8001"), "913800138000", Some("t9"));
    assert_eq!(keys(&told(&call)), ["phone::+8613800138000"]);
    assert_eq!(subject(&call).as_deref(), Some("phone::+8613800138000"));
}

#[test]
fn internal_and_withheld_and_agents_calls_tell_nobody() {
    let internal = ringing(Direction::Internal, number("13800138000"), "8001", None);
    let absent = Party { absent: Some(Absent::Restricted), ..number("13800138000") };
    let withheld = ringing(Direction::Inbound, absent, "8001", None);
    for call in [&internal, &withheld] {
        assert_eq!(told(call), Observations::default());
        assert_eq!(subject(call), None);
    }
    let extension = told(&ringing(Direction::Inbound, number("8002"), "8001", None));
    assert!(extension.sightings.is_empty());
    assert_eq!(extension.blocked[0].reason, Blocked::Extension);
}

#[test]
fn a_chat_links_everything_to_the_strongest_handle() {
    let opened = chat(vec![raw("web_visitor", "v1"), raw("phone", "13800138000"), verified("account", "7")]);
    let observations = told(&opened);
    assert_eq!(
        links(&observations),
        [
            ("account_no::7".to_owned(), "web_visitor::v1".to_owned(), Strength::Strong),
            ("account_no::7".to_owned(), "phone::+8613800138000".to_owned(), Strength::Medium),
        ]
    );
    assert_eq!(subject(&opened).as_deref(), Some("account_no::7"));
}

#[test]
fn a_contact_counts_as_strong_only_once_it_was_verified() {
    let typed = told(&chat(vec![raw("web_visitor", "v1"), raw("email", "a@example.com")]));
    let checked = told(&chat(vec![raw("web_visitor", "v1"), verified("email", "a@example.com")]));
    assert_eq!(typed.evidence[0].strength, Strength::Medium);
    assert_eq!(checked.evidence[0].strength, Strength::Strong);
}

#[test]
fn a_crm_proves_its_ids_and_only_says_its_phones() {
    let handles = vec![raw("crm_id", "17"), raw("phone", "13800138000"), raw("crm_id", "17")];
    let profile = event(
        "/connectors/crm",
        0,
        Body::CustomerProfile(Profile { handles, fields: std::collections::BTreeMap::new() }),
    );
    let observations = told(&profile);
    assert_eq!(links(&observations), [("crm_id::17".to_owned(), "phone::+8613800138000".to_owned(), Strength::Medium)]);
    let session = told(&chat(vec![raw("web_visitor", "v1"), raw("crm_id", "17")]));
    assert_eq!(session.evidence[0].strength, Strength::Authoritative);
}

#[test]
fn a_senders_address_proves_nothing_of_an_account() {
    let mail = MailMessage {
        thread: "t".to_owned(),
        message_id: "m".to_owned(),
        handles: vec![raw("email", "a@example.com"), verified("account_no", "7")],
        inbound: true,
        subject: String::new(),
        text: String::new(),
    };
    let observations = told(&event("/connectors/mail", 0, Body::MailMessage(mail)));
    assert_eq!(observations.evidence[0].strength, Strength::Medium);
}

#[test]
fn a_visitor_who_is_not_logged_in_hardly_proves_anything_but_his_own_session() {
    let other = told(&chat(vec![raw("web_visitor", "v1"), raw("easemob_id", "webim-visitor-1")]));
    assert_eq!(other.evidence[0].strength, Strength::Weak);
    let own = told(&chat(vec![raw("easemob_id", "webim-visitor-1"), verified("account_no", "7")]));
    assert_eq!(own.evidence[0].strength, Strength::Strong);
}

#[test]
fn what_a_second_person_types_at_a_shared_tablet_is_his_own() {
    let first = chat(vec![raw("web_visitor", "v1"), verified("account_no", "1"), raw("phone", "13800138001")]);
    let second = Event {
        time: minute(60),
        ..chat(vec![raw("web_visitor", "v1"), verified("account_no", "2"), raw("phone", "13800138002")])
    };
    let (first, second) = (told(&first), told(&second));
    let sightings = [first.sightings, second.sightings].concat();
    let outcome = partition(&sightings, &[first.evidence, second.evidence].concat(), &Rules::default());
    let customer = |key: &str| outcome.standings[&Handle::from_key(key).expect("a key").id()].customer;
    assert_eq!(customer("account_no::2"), customer("phone::+8613800138002"));
    assert_ne!(customer("account_no::2"), customer("account_no::1"));
    assert_eq!(customer("account_no::1"), customer("web_visitor::v1"));
}

/// Anybody can type somebody else's account number.
#[test]
fn an_account_that_was_typed_and_not_checked_holds_nothing_and_joins_nobody() {
    let owner = told(&chat(vec![raw("web_visitor", "v1"), verified("account_no", "7"), raw("phone", "13800138001")]));
    for handles in [
        vec![raw("web_visitor", "v2"), raw("account_no", "7"), raw("phone", "13800138002")],
        vec![raw("account_no", "7"), raw("web_visitor", "v2"), raw("phone", "13800138002")],
    ] {
        let stranger = chat(handles);
        assert_eq!(subject(&stranger).as_deref(), Some("web_visitor::v2"), "his record is his browser's");
        let stranger = told(&stranger);
        assert!(links(&stranger).contains(&("account_no::7".to_owned(), "web_visitor::v2".to_owned(), Strength::Weak)));
        let sightings = [owner.sightings.clone(), stranger.sightings].concat();
        let outcome = partition(&sightings, &[owner.evidence.clone(), stranger.evidence].concat(), &Rules::default());
        let customer = |key: &str| outcome.standings[&Handle::from_key(key).expect("a key").id()].customer;
        assert_eq!(customer("web_visitor::v2"), customer("phone::+8613800138002"), "the rest of it counts");
        assert_ne!(customer("web_visitor::v2"), customer("account_no::7"));
        let shown = outcome.customers.iter().find(|one| one.id == customer("web_visitor::v2")).expect("a customer");
        assert!(shown.candidates.contains(&customer("account_no::7")), "it is shown, not joined");
    }
    assert_eq!(subject(&chat(vec![raw("account_no", "7")])), None, "nothing hangs on hearsay alone");
    let login = chat(vec![raw("web_visitor", "v2"), verified("account_no", "7")]);
    assert_eq!(subject(&login).as_deref(), Some("account_no::7"));
    assert_eq!(told(&login).evidence[0].strength, Strength::Strong);
}

#[test]
fn said_evidence_has_the_strength_that_was_said() {
    let said = Said { a: raw("tel", "13800138000"), b: raw("openid", "o1"), strength: Strength::Weak };
    let said = event("/connectors/crm", 0, Body::CustomerEvidence(said));
    let observations = told(&said);
    assert_eq!(
        links(&observations),
        [("phone::+8613800138000".to_owned(), "wx_openid::o1".to_owned(), Strength::Weak)]
    );
    assert_eq!(subject(&said), None, "no record hangs on it");
    assert_eq!(told(&said), observations, "told again it is the same");
}

#[test]
fn directives_are_evidence_that_an_undo_can_name() {
    let decide = |decision| {
        let directive = Directive { decision, actor: "admin".to_owned(), reason: "phoned".to_owned() };
        event("/admin", 1, Body::CustomerDirective(directive))
    };
    let include = decide(Decision::Include { a: raw("crm", "1"), b: raw("crm", "2") });
    let observations = told(&include);
    assert_eq!(observations.evidence[0].origin, Origin::Include);
    assert_eq!(observations.evidence[0].id, include.id.uuid());
    let exclude = told(&decide(Decision::Exclude { a: raw("crm", "1"), b: raw("crm", "2") }));
    assert_eq!(exclude.evidence[0].origin, Origin::Exclude);
    let undo = told(&decide(Decision::Undo { directive: include.id }));
    assert_eq!((undo.undone, undo.sightings.len()), (Some(include.id), 0));
}

#[test]
fn rule_42_a_blocked_handle_is_told_and_the_rest_still_counts() {
    let observations = told(&chat(vec![raw("web_visitor", "v1"), raw("crm_id", "null"), raw("phone", "13800138000")]));
    assert_eq!(observations.blocked[0].reason, Blocked::Placeholder);
    assert_eq!(
        links(&observations),
        [("phone::+8613800138000".to_owned(), "web_visitor::v1".to_owned(), Strength::Medium)]
    );
}

#[test]
fn an_unknown_scheme_counts_and_is_flagged() {
    let observations = told(&chat(vec![raw("zalo", "u1"), raw("phone", "13800138000")]));
    assert_eq!(observations.unknown_schemes, ["zalo"]);
    assert_eq!(observations.evidence.len(), 1);
}

#[test]
fn a_tag_is_about_its_handle_and_a_closed_chat_about_nobody_new() {
    let tag = Tag { handle: raw("crm", "1"), tag: "vip".to_owned(), set: true };
    let tag = event("/connectors/crm", 0, Body::CustomerTag(tag));
    assert_eq!((keys(&told(&tag)), subject(&tag).as_deref()), (vec!["crm_id::1".to_owned()], Some("crm_id::1")));
    let chat = ChatRef { id: "c1".to_owned(), channel: "web".to_owned() };
    let closed = event("/connectors/chat", 0, Body::ChatClosed(Closed { chat, reason: None, summary: None }));
    assert_eq!((told(&closed), subject(&closed)), (Observations::default(), None));
}
