//! What is known of people beside who they are: fields in groups, tags on their way, agents, owner, and the whole journey.

use std::collections::BTreeSet;

use trunkline_events::activity::{MailMessage, PresencePage, TicketChanged};
use trunkline_events::agent::Login as LoggedOn;
use trunkline_events::chat::Author;
use trunkline_events::customer::{RawHandle, TagWanted};
use trunkline_events::pop::Certainty;
use trunkline_events::{Body, Event};
use trunkline_mapping::engine::{Applied, Edit, Knowledge};
use trunkline_mapping::profile::{AgentProfile, Login, ProfileRules};
use trunkline_mapping::view::{CdrFilter, CustomerView, TimelineFilter, TouchKind, TouchPoint};
use uuid::Uuid;

use crate::house::House;
use crate::told::{
    Source, assigned, at, avaya, closed, handle, message, opened, profile, remarked, tag, verified, web, whole_call,
};

const WANG: &str = "013800138001";
const ACCOUNT: &str = "A-1009";

fn crm() -> Source {
    Source::new("/connectors/crm")
}

fn visitor() -> Vec<RawHandle> {
    vec![handle("web_visitor", "v-77"), verified("account_no", ACCOUNT), verified("phone", "+86 138 0013 8001")]
}

fn page(source: &Source, seconds: i64, name: &str) -> Event {
    let body = PresencePage {
        handles: vec![verified("account_no", ACCOUNT)],
        page: format!("/{name}"),
        title: Some(name.to_owned()),
        dwell_ms: Some(5_000),
        search: None,
    };
    source.tell(seconds, &format!("{name}-{seconds}"), Body::PresencePage(body))
}

fn mail(source: &Source, seconds: i64) -> Event {
    let body = MailMessage {
        thread: "t1".into(),
        message_id: "m1".into(),
        handles: vec![verified("account_no", ACCOUNT)],
        inbound: true,
        subject: "My refund".into(),
        text: "Where is it?".into(),
    };
    source.tell(seconds, "m1", Body::MailMessage(body))
}

fn ticket(source: &Source, seconds: i64) -> Event {
    let handles = vec![verified("account_no", ACCOUNT)];
    let body = TicketChanged { ticket: "T-5".into(), handles, status: "open".into(), title: "Refund".into() };
    source.tell(seconds, "T-5", Body::TicketChanged(body))
}

fn logs_on(source: &Source, seconds: i64, login: &str, extension: &str, skill: &str, logged_on: bool) -> Event {
    let body =
        LoggedOn { agent: login.into(), extension: Some(extension.into()), queue: Some(skill.into()), logged_on };
    source.tell(seconds, &format!("{login}-{skill}"), Body::AgentLogin(body))
}

async fn whose(house: &House, value: &str) -> CustomerView {
    let found = house.records().find_customers(value, 5).await.expect("reads");
    house.records().customer(found[0].customer).await.expect("reads").expect("is there")
}

async fn journey(house: &House, customer: Uuid, filter: &TimelineFilter) -> Vec<TouchPoint> {
    let page = house.records().journey(customer, filter).await.expect("reads").expect("is there");
    assert_eq!(page.next, None, "all of it fits one page");
    page.items
}

fn kinds(points: &[TouchPoint]) -> Vec<&'static str> {
    points.iter().map(|point| point.kind.word()).collect()
}

/// One of everything, and the chat's messages come before it is known whose they are.
async fn a_whole_day(house: &House) -> CustomerView {
    let (avaya, web, app) = (avaya(), web(), Source::new("/connectors/app"));
    house.apply(&whole_call(&avaya, 0, "c1", WANG)).await;
    house.apply(&[message(&web, 1_010, "chat-1", Author::Visitor, "how is my refund?")]).await;
    house.apply(&[opened(&web, 1_000, "chat-1", visitor(), Some("Ms Wang"))]).await;
    house
        .apply(&[
            assigned(&web, 1_020, "chat-1", "li.na"),
            message(&web, 1_030, "chat-1", Author::Agent, "on its way"),
            closed(&web, 1_100, "chat-1"),
            page(&app, 2_000, "cards"),
            mail(&web, 3_000),
            ticket(&web, 4_000),
            tag(&crm(), 5_000, verified("account_no", ACCOUNT), "refund", true),
        ])
        .await;
    let call = house.records().cdrs(&CdrFilter::default()).await.expect("reads");
    let call = call.iter().find(|cdr| cdr.channel == "phone").expect("the call").id;
    house.apply(&[remarked(&Source::new("/agents"), 6_000, call, "zhao.min", "promised the money")]).await;
    whose(house, ACCOUNT).await
}

async fn the_journey_holds_every_touch_point_in_order(house: &House) {
    let wang = a_whole_day(house).await;
    let all = journey(house, wang.customer, &TimelineFilter::default()).await;
    let expected = ["remark", "tag", "ticket", "mail", "page", "message", "message", "chat", "call"];
    assert_eq!(kinds(&all), expected, "{all:#?}");
    let texts: Vec<&str> = all.iter().map(|point| point.text.as_str()).collect();
    assert_eq!(
        texts[..7],
        [
            "promised the money",
            "+refund",
            "T-5 open: Refund",
            "from him: My refund",
            "cards (5 s)",
            "on its way",
            "how is my refund?"
        ]
    );
    assert_eq!(all[8].cdr.as_ref().map(|cdr| cdr.channel.as_str()), Some("phone"));
    assert_eq!(all[8].text, "promised the money", "a record shows its last remark");
    assert_eq!(all[7].cdr.as_ref().and_then(|cdr| cdr.customer), Some(wang.customer));
}

async fn a_journey_is_filtered_by_kind_medium_agent_and_time(house: &House) {
    let wang = a_whole_day(house).await.customer;
    let of = async |filter: TimelineFilter| kinds(&journey(house, wang, &filter).await);
    let none = TimelineFilter::default;
    let kinds = BTreeSet::from([TouchKind::Call, TouchKind::Mail]);
    assert_eq!(of(TimelineFilter { kinds, ..none() }).await, ["mail", "call"]);
    assert_eq!(of(TimelineFilter { kinds: BTreeSet::from([TouchKind::Chat]), ..none() }).await, ["chat"]);
    let medium = |medium: &str| TimelineFilter { medium: Some(medium.into()), ..none() };
    assert_eq!(of(medium("voice")).await, ["remark", "call"]);
    assert_eq!(of(medium("chat")).await, ["message", "message", "chat"]);
    let agent = |agent: &str| TimelineFilter { agent: Some(agent.into()), ..none() };
    assert_eq!(of(agent("2001")).await, ["call"]);
    assert_eq!(of(agent("li.na")).await, ["chat"]);
    assert_eq!(of(agent("nobody")).await, [""; 0]);
    let time = TimelineFilter { since: Some(at(1_030)), until: Some(at(3_000)), ..none() };
    assert_eq!(of(time).await, ["page", "message"]);

    // An agent's id here stands for all his logins.
    let logins = [("avaya-bj", "2001"), ("web", "li.na")];
    for (system, login) in logins {
        let login = Login { system: format!("/connectors/{system}"), login: login.into() };
        house.engine.link_agent("zhao", &login, at(0)).await.expect("writes");
    }
    assert_eq!(of(agent("zhao")).await, ["chat", "call"]);
}

async fn pages_follow_by_place_while_new_entries_come_in(house: &House) {
    let app = Source::new("/connectors/app");
    let pages: Vec<Event> = (0..25).map(|second| page(&app, second / 3, &format!("p{second:02}"))).collect();
    house.apply(&pages).await;
    let customer = whose(house, ACCOUNT).await.customer;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let filter = TimelineFilter { after, limit: 7, ..TimelineFilter::default() };
        let found = house.records().journey(customer, &filter).await.expect("reads").expect("is there");
        seen.extend(found.items.into_iter().map(|point| point.text));
        // Something happens now, before he turns the page.
        house.apply(&[page(&app, 1_000 + i64::try_from(seen.len()).expect("small"), "new")]).await;
        let Some(next) = found.next else { break };
        after = Some(next.parse().expect("a cursor"));
    }
    assert_eq!(seen.len(), 25, "{seen:?}");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25, "each once");
    assert!(house.records().journey(Uuid::nil(), &TimelineFilter::default()).await.expect("reads").is_none());
}

async fn what_hangs_on_a_number_that_others_have_is_in_nobodys_journey(house: &House) {
    let wang = a_whole_day(house).await.customer;
    house.execute("UPDATE handle SET shared = true WHERE scheme = 'account_no'");
    let left = kinds(&journey(house, wang, &TimelineFilter::default()).await);
    assert_eq!(left, ["remark", "call"], "the account's chat, mails and pages are nobody's now");
}

async fn fields_stand_in_groups_with_rule_and_age_and_preferences_follow_from_records(house: &House) {
    let crm = crm();
    let whom = || verified("account_no", ACCOUNT);
    for (number, chat) in ["a", "b", "c"].into_iter().enumerate() {
        let start = 7 * 86_400 * i64::try_from(number).expect("small");
        house.apply(&[opened(&web(), start, chat, visitor(), None), closed(&web(), start + 60, chat)]).await;
    }
    let told = [("level", "gold"), ("interests", "tea"), ("shoe_size", "38"), ("usual_hour", "never")];
    house.apply(&[profile(&crm, 10, whom(), &told)]).await;
    let agents = Source::new("/agents");
    house.apply(&[profile(&agents, 5, whom(), &[("level", "platinum")])]).await;
    let view = whose(house, ACCOUNT).await.aged(at(20));
    let rows: Vec<[&str; 4]> =
        view.fields.iter().map(|field| [field.group.as_str(), &field.name, &field.value, &field.rule]).collect();
    assert_eq!(
        rows,
        [
            ["character", "interests", "tea", "union"],
            ["channel_preference", "usual_channel", "web", "computed"],
            ["contact_time_preference", "usual_hour", "Sat 16:00", "computed"],
            ["value", "level", "platinum", "newest"],
            ["other", "shoe_size", "38", "newest"],
        ]
    );
    let level = &view.fields[3];
    assert_eq!((level.source.as_str(), level.age_s), ("/agents", Some(15)));
}

async fn what_an_agent_writes_stays_and_is_told(house: &House) {
    let crm = crm();
    let whom = || verified("account_no", ACCOUNT);
    house.apply(&[profile(&crm, 0, whom(), &[("level", "gold"), ("city", "Beijing")])]).await;
    let customer = whose(house, ACCOUNT).await.customer;
    let fields = [("level".to_owned(), "platinum".to_owned())].into_iter().collect();
    let edit = Edit { fields, tags: [("night owl".to_owned(), true)].into_iter().collect() };
    let told = house.engine.edit(customer, "zhao.min", &edit, at(10)).await.expect("is kept");
    assert!(told.derived.iter().any(|derivation| derivation.event.event_type() == "trunkline.customer.changed.v1"));
    house.apply(&[profile(&crm, 20, whom(), &[("level", "silver"), ("city", "Shanghai")])]).await;
    let view = whose(house, ACCOUNT).await;
    let values: Vec<(&str, &str)> =
        view.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    assert_eq!(values, [("city", "Shanghai"), ("level", "platinum")]);
    assert_eq!(view.fields[1].source, "/agents/zhao.min");
    assert_eq!(view.tags[0].tag, "night owl");
    // Emptied by another agent, it is empty until a system says something new.
    let edit = Edit { fields: [("level".to_owned(), String::new())].into_iter().collect(), ..Edit::default() };
    house.engine.edit(customer, "li.na", &edit, at(30)).await.expect("is kept");
    assert_eq!(whose(house, ACCOUNT).await.fields.len(), 1);
    house.apply(&[profile(&crm, 40, whom(), &[("level", "bronze")])]).await;
    assert_eq!(whose(house, ACCOUNT).await.fields[1].value, "bronze");
    assert!(house.engine.edit(Uuid::nil(), "li.na", &edit, at(30)).await.is_err());
}

async fn the_owner_follows_the_rules_and_is_named(house: &House) {
    let (avaya, web) = (avaya(), web());
    house.apply(&whole_call(&avaya, 0, "c1", WANG)).await;
    house.apply(&[opened(&web, 100, "chat-1", visitor(), Some("Ms Wang"))]).await;
    let owner = whose(house, ACCOUNT).await.owner.expect("an owner");
    assert_eq!((owner.login.as_str(), owner.rule.as_str(), owner.agent), ("2001", "last_call", None));
    assert_eq!(owner.reason, "answered the last call at /connectors/avaya-bj");

    let csv = "agent,name,logins\nzhao.min,Zhao Min,avaya-bj/2001\nli.na,Li Na,crm/77\n";
    house.engine.keep_agents(&AgentProfile::list(csv).expect("a list"), at(0)).await.expect("writes");
    let owner = whose(house, ACCOUNT).await.owner.expect("an owner");
    assert_eq!((owner.agent.as_deref(), owner.name.as_deref()), (Some("zhao.min"), Some("Zhao Min")));

    house.apply(&[profile(&crm(), 200, verified("account_no", ACCOUNT), &[("owner", "77")])]).await;
    let owner = whose(house, ACCOUNT).await.owner.expect("an owner");
    assert_eq!((owner.agent.as_deref(), owner.rule.as_str()), (Some("li.na"), "field:owner"));
    assert_eq!(owner.reason, "field owner of /connectors/crm");
}

fn tag_rules() -> Knowledge {
    let text = "[tags.vip]\n[tags.vip.systems]\n\"/connectors/crm\" = { name = \"VIP客户\" }\n\
                \"/connectors/web\" = { name = \"vip\" }\n\"/connectors/app\" = { name = \"V\", direction = \"in\" }\n";
    Knowledge { profile: ProfileRules::from_toml(text).expect("good"), ..Knowledge::default() }
}

fn wanted(applied: &Applied) -> Vec<&TagWanted> {
    let body = |event: &'_ Body| matches!(event, Body::CustomerTagWanted(_));
    applied
        .derived
        .iter()
        .filter(|derivation| body(&derivation.event.body))
        .map(|derivation| match &derivation.event.body {
            Body::CustomerTagWanted(wanted) => wanted,
            other => panic!("{}", other.event_type()),
        })
        .collect()
}

async fn a_tag_is_one_in_all_systems_and_is_written_to_each_once(house: &House) {
    let house = house.with(tag_rules()).await;
    let (crm, web, app) = (crm(), web(), Source::new("/connectors/app"));
    let whom = || verified("account_no", ACCOUNT);
    house.apply(&[opened(&web, 0, "chat-1", visitor(), None)]).await;
    let told = house.apply(&[tag(&crm, 10, whom(), "VIP客户", true)]).await;
    let write = wanted(&told);
    assert_eq!(write.len(), 1, "the app is never written to");
    assert_eq!((write[0].system.as_str(), write[0].word.as_str(), write[0].set), ("/connectors/web", "vip", true));
    assert!(write[0].handles.iter().any(|handle| handle.value == "v-77"), "the web chat knows her by its visitor");
    assert_eq!(whose(&house, ACCOUNT).await.tags.iter().map(|set| set.tag.as_str()).collect::<Vec<_>>(), ["vip"]);

    // The web chat tells it back, of the handle that it knows.
    let echo = house.apply(&[tag(&web, 15, handle("web_visitor", "v-77"), "vip", true)]).await;
    assert!(wanted(&echo).is_empty(), "A→B→A stays at one write");
    // A person takes it away there: news, for the CRM and nobody else.
    let away = house.apply(&[tag(&web, 30, handle("web_visitor", "v-77"), "vip", false)]).await;
    let write = wanted(&away);
    assert_eq!(write.len(), 1);
    assert_eq!((write[0].system.as_str(), write[0].word.as_str(), write[0].set), ("/connectors/crm", "VIP客户", false));
    assert!(whose(&house, ACCOUNT).await.tags.is_empty());
    let echo = house.apply(&[tag(&crm, 40, whom(), "VIP客户", false)]).await;
    assert!(wanted(&echo).is_empty());
    // The app is heard.
    let set = house.apply(&[tag(&app, 50, whom(), "V", true)]).await;
    assert_eq!(wanted(&set).len(), 2);
    // All of it once more, as after a crash.
    let again = house.apply(&[tag(&Source::new("/connectors/app"), 50, whom(), "V", true)]).await;
    assert_eq!((again.redelivered + again.duplicate, again.derived.len()), (1, 0));
}

async fn an_echo_that_comes_late_decides_nothing(house: &House) {
    let house = house.with(tag_rules()).await;
    let (crm, web) = (crm(), web());
    let whom = || verified("account_no", ACCOUNT);
    house.apply(&[opened(&web, 0, "chat-1", visitor(), None)]).await;
    house.apply(&[tag(&crm, 10, whom(), "VIP客户", true)]).await;
    assert_eq!(wanted(&house.apply(&[tag(&crm, 20, whom(), "VIP客户", false)]).await).len(), 1);
    // The web chat tells of the first write only now, with a later time than the CRM's second thought.
    let echo = house.apply(&[tag(&web, 25, handle("web_visitor", "v-77"), "vip", true)]).await;
    assert!(wanted(&echo).is_empty() && whose(&house, ACCOUNT).await.tags.is_empty(), "{:?}", echo.derived);
    let echo = house.apply(&[tag(&web, 26, handle("web_visitor", "v-77"), "vip", false)]).await;
    assert!(wanted(&echo).is_empty());
    // And only now is it news.
    assert_eq!(wanted(&house.apply(&[tag(&web, 40, whom(), "vip", true)]).await).len(), 1);
}

async fn words_that_no_rule_names_are_kept_and_listed(house: &House) {
    let house = house.with(tag_rules()).await;
    let whom = || verified("account_no", ACCOUNT);
    house
        .apply(&[
            tag(&crm(), 10, whom(), "VIP客户", true),
            tag(&crm(), 11, whom(), "night owl", true),
            tag(&web(), 12, whom(), "VIP客户", true),
        ])
        .await;
    let words = house.records().tag_words().await.expect("reads");
    let words: Vec<(&str, &str, Option<&str>)> =
        words.iter().map(|word| (word.source.as_str(), word.word.as_str(), word.tag.as_deref())).collect();
    assert_eq!(
        words,
        [
            ("/connectors/crm", "VIP客户", Some("vip")),
            ("/connectors/crm", "night owl", None),
            ("/connectors/web", "VIP客户", None),
        ]
    );
    let tags = whose(&house, ACCOUNT).await.tags;
    let tags: Vec<(&str, bool)> = tags.iter().map(|set| (set.tag.as_str(), set.known)).collect();
    assert_eq!(tags, [("VIP客户", false), ("night owl", false), ("vip", true)]);
}

async fn agents_are_who_lists_events_and_people_say(house: &House) {
    let avaya = avaya();
    let csv = "agent,name,group,skills,logins\nzhao.min,Zhao Min,Refunds,refund,avaya-bj/2001;web/zhao\n";
    let list = AgentProfile::list(csv).expect("a list");
    house.engine.keep_agents(&list, at(0)).await.expect("writes");
    house
        .apply(&[
            logs_on(&avaya, 10, "2001", "1001", "500", true),
            logs_on(&avaya, 10, "2001", "1001", "501", true),
            logs_on(&avaya, 90, "2001", "1001", "501", false),
            logs_on(&avaya, 20, "2002", "1002", "500", true),
        ])
        .await;
    let zhao = house.records().agent("zhao.min").await.expect("reads").expect("is there");
    assert_eq!((zhao.name.as_deref(), zhao.group.as_deref()), (Some("Zhao Min"), Some("Refunds")));
    assert_eq!(
        (zhao.extension.as_deref(), zhao.skills.as_slice()),
        (Some("1001"), &["500".to_owned(), "refund".into()][..])
    );
    assert_eq!(zhao.logins.len(), 2);
    assert_eq!((zhao.logins[0].last_seen, zhao.logins[0].logged_on), (Some(at(90)), Some(false)));

    let login = |system: &str, login: &str| Login { system: system.into(), login: login.into() };
    let of = async |login: &Login| house.records().agent_of(login).await.expect("reads");
    assert_eq!(of(&login("/connectors/avaya-bj", "2001")).await.as_deref(), Some("zhao.min"));
    assert_eq!(of(&login("/connectors/avaya-bj", "2002")).await, None);
    let unlinked = house.records().unlinked_logins().await.expect("reads");
    assert_eq!(unlinked.iter().map(|one| one.login.as_str()).collect::<Vec<_>>(), ["2002"]);

    let before =
        house.engine.link_agent("li.na", &login("/connectors/avaya-bj", "2002"), at(30)).await.expect("writes");
    assert_eq!(before, None);
    assert!(house.records().unlinked_logins().await.expect("reads").is_empty());
    assert_eq!(house.records().agents().await.expect("reads").len(), 2);
    // The list again, without one login: what a person linked stays, what the list had goes.
    let list = AgentProfile::list("agent,logins\nzhao.min,avaya-bj/2001\nli.na,\n").expect("a list");
    house.engine.keep_agents(&list, at(40)).await.expect("writes");
    assert_eq!(of(&login("/connectors/web", "zhao")).await, None);
    assert_eq!(of(&login("/connectors/avaya-bj", "2002")).await.as_deref(), Some("li.na"));
    assert!(house.engine.unlink_agent("li.na", &login("/connectors/avaya-bj", "2002")).await.expect("writes"));
    assert!(!house.engine.unlink_agent("li.na", &login("/connectors/avaya-bj", "2002")).await.expect("writes"));
}

async fn an_agents_own_number_and_mail_are_no_customers(house: &House) {
    let csv = "agent,phones,emails\nzhao.min,138-0013-8009,Zhao.Min@Bank.example\n";
    house.engine.keep_agents(&AgentProfile::list(csv).expect("a list"), at(0)).await.expect("writes");
    let (web, avaya) = (web(), avaya());
    let with = |visitor: &str, own: RawHandle| vec![handle("web_visitor", visitor), own];
    house
        .apply(&[
            opened(&web, 10, "chat-1", with("v-1", verified("phone", "+86 13800138009")), Some("Ms Wang")),
            opened(&web, 20, "chat-2", with("v-2", verified("phone", "013800138009")), Some("Mr Li")),
            opened(&web, 30, "chat-3", with("v-3", verified("email", "zhao.min@bank.example")), Some("Mr Ma")),
        ])
        .await;
    house.apply(&whole_call(&avaya, 40, "c1", "013800138009")).await;
    let names = ["v-1", "v-2", "v-3"];
    let mut customers = BTreeSet::new();
    for visitor in names {
        let view = whose(house, visitor).await;
        assert_eq!(view.handles.len(), 1, "{visitor} is not joined by an agent's number: {view:#?}");
        customers.insert(view.customer);
    }
    assert_eq!(customers.len(), 3);
    let who = house.records().who(&handle("phone", "13800138009"), "", None).await.expect("reads");
    assert_eq!(who.certainty, Certainty::None);
    // Another process learns it from the store.
    let neighbour = house.stranger().await;
    neighbour.learn_agents().await.expect("reads");
    let opened = opened(&web, 50, "chat-4", with("v-4", verified("phone", "13800138009")), None);
    neighbour.apply(&[opened]).await.expect("applies");
    assert_eq!(whose(house, "v-4").await.handles.len(), 1);
}

crate::on_both!(
    the_journey_holds_every_touch_point_in_order,
    a_journey_is_filtered_by_kind_medium_agent_and_time,
    pages_follow_by_place_while_new_entries_come_in,
    what_hangs_on_a_number_that_others_have_is_in_nobodys_journey,
    fields_stand_in_groups_with_rule_and_age_and_preferences_follow_from_records,
    what_an_agent_writes_stays_and_is_told,
    the_owner_follows_the_rules_and_is_named,
    a_tag_is_one_in_all_systems_and_is_written_to_each_once,
    an_echo_that_comes_late_decides_nothing,
    words_that_no_rule_names_are_kept_and_listed,
    agents_are_who_lists_events_and_people_say,
    an_agents_own_number_and_mail_are_no_customers,
);
