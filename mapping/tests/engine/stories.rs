//! What happens to people, from their first call on.

use trunkline_events::Body;
use trunkline_events::agent::WorkState;
use trunkline_events::cdr::{Medium, Outcome};
use trunkline_events::chat::Author;
use trunkline_events::pop::{Certainty, Pop};
use trunkline_mapping::engine::Applied;
use trunkline_mapping::view::CdrFilter;

use crate::house::House;
use crate::told::{
    answered, at, avaya, closed, ended, evidence, handle, leg_ended, message, offered, opened, profile, ringing, tag,
    transferred, verified, web, whole_call, wraps_up,
};

const WANG: &str = "013800138001";

fn rang(applied: &Applied) -> Vec<&Pop> {
    applied
        .derived
        .iter()
        .filter_map(|derivation| match &derivation.event.body {
            Body::PopRinging(pop) => Some(pop),
            _ => None,
        })
        .collect()
}

fn told(applied: &Applied) -> Vec<&'static str> {
    applied.derived.iter().map(|derivation| derivation.event.event_type()).collect()
}

/// C00: she phones, she writes, she phones again, and nobody asks her twice.
async fn rule_50_a_call_a_chat_and_a_call_are_one_customer(house: &House) {
    let (avaya, web) = (avaya(), web());
    let first = house.apply(&whole_call(&avaya, 0, "c1", WANG)[..4]).await;
    assert!(rang(&first).is_empty(), "a call that is over by now rings nowhere");
    let over = house.apply(&[ended(&avaya, 60, "c1")]).await;
    assert_eq!(told(&over), ["trunkline.cdr.completed.v1"]);
    let Body::CdrCompleted(call) = &over.derived[0].event.body else { panic!("a record") };
    let caller = call.customer.expect("the caller is somebody");
    house.engine.remark(call.id, "Li", "refund promised", at(70)).await.expect("is kept");

    let visitor =
        vec![handle("web_visitor", "v-77"), verified("account_no", "A-1009"), verified("phone", "+86 138 0013 8001")];
    let evening = [
        opened(&web, 30_000, "chat-1", visitor, Some("Ms Wang")),
        message(&web, 30_010, "chat-1", Author::Visitor, "how is my refund going?"),
        message(&web, 30_060, "chat-1", Author::Agent, "it is on its way"),
        closed(&web, 30_100, "chat-1"),
    ];
    let chat = house.apply(&evening).await;
    assert_eq!(told(&chat), ["trunkline.customer.changed.v1", "trunkline.cdr.completed.v1"], "nobody new");

    let morning = house.apply(&[offered(&avaya, 80_000, "c2", WANG)]).await;
    assert!(rang(&morning).is_empty());
    let morning = house.apply(&[ringing(&avaya, 80_001, "c2", WANG, "1001")]).await;
    let pop = rang(&morning)[0];
    assert_eq!(pop.certainty, Certainty::One);
    assert_eq!(pop.candidates[0].customer, caller, "the customer keeps the id of the handle seen first");
    assert_eq!(pop.candidates[0].name.as_deref(), Some("Ms Wang"));
    assert_eq!(pop.candidates[0].last_contact.as_ref().map(|contact| contact.channel.as_str()), Some("web"));

    let view = house.records().customer(caller).await.expect("reads").expect("is there");
    let schemes: Vec<&str> = view.handles.iter().map(|handle| handle.scheme.as_str()).collect();
    assert_eq!(schemes, ["account_no", "phone", "web_visitor"]);
    let timeline = house.records().timeline(caller, None, 10).await.expect("reads");
    let media: Vec<Medium> = timeline.iter().map(|entry| entry.cdr.medium).collect();
    assert_eq!(media, [Medium::Voice, Medium::Chat, Medium::Voice]);
    assert_eq!(timeline[1].messages[0].text, "how is my refund going?");
    assert_eq!(timeline[2].cdr.remarks[0].text, "refund promised");
}

async fn a_pop_rings_is_answered_and_ends_once(house: &House) {
    let source = avaya();
    let call = whole_call(&source, 0, "c1", WANG);
    house.apply(&call[..1]).await;
    let rings = house.apply(&call[1..2]).await;
    assert_eq!(told(&rings), ["trunkline.pop.ringing.v1"]);
    assert_eq!(rang(&rings)[0].certainty, Certainty::None, "nobody knows this number");
    assert_eq!(house.records().live_pops(Some("1001"), None).await.expect("reads").len(), 1);
    assert!(house.records().live_pops(Some("1002"), Some("2002")).await.expect("reads").is_empty());
    assert_eq!(told(&house.apply(&call[2..3]).await), ["trunkline.pop.answered.v1"]);
    assert!(house.records().live_pops(None, Some("2001")).await.expect("reads")[0].answered);
    assert_eq!(told(&house.apply(&call[3..4]).await), ["trunkline.pop.ended.v1"]);
    assert!(house.records().live_pops(None, None).await.expect("reads").is_empty());
    // All of it once more tells nothing.
    let again = house.apply(&call[..4]).await;
    assert_eq!((again.new, again.redelivered, again.derived.len()), (0, 4, 0));
}

async fn a_whole_call_that_comes_late_rings_nowhere(house: &House) {
    let applied = house.apply(&whole_call(&avaya(), 0, "c1", WANG)).await;
    assert_eq!(told(&applied), ["trunkline.customer.created.v1", "trunkline.cdr.completed.v1"]);
}

async fn a_late_event_revises_a_complete_record(house: &House) {
    let source = avaya();
    let call = whole_call(&source, 0, "c1", WANG);
    let without_answer = [call[0].clone(), call[1].clone(), call[4].clone()];
    let applied = house.apply(&without_answer).await;
    let Some(Body::CdrCompleted(cdr)) = applied.derived.last().map(|last| &last.event.body) else {
        panic!("completed")
    };
    assert_eq!(cdr.outcome, Outcome::AbandonedRinging);
    let applied = house.apply(&call[2..4]).await;
    let Some(Body::CdrRevised(cdr)) = applied.derived.last().map(|last| &last.event.body) else { panic!("revised") };
    assert_eq!((cdr.outcome, cdr.revision), (Outcome::Answered, 2));
    assert_eq!(house.records().cdr(cdr.id).await.expect("reads").as_ref(), Some(cdr));
}

/// States come on another key of the bus than calls do: later, or first.
async fn a_wrap_up_told_later_revises_the_record_and_one_told_first_waits_for_its_call(house: &House) {
    let source = avaya();
    let states = |start: i64, id: &str| {
        [(60, WorkState::AfterCall), (85, WorkState::NotReady)]
            .map(|(seconds, state)| wraps_up(&source, start + seconds, id, state))
    };
    house.apply(&whole_call(&source, 0, "c1", WANG)).await;
    let [begins, ends] = states(0, "c1");
    assert!(house.apply(&[begins]).await.derived.is_empty(), "while it lasts it counts nothing");
    let revised = house.apply(&[ends]).await;
    let [Body::CdrRevised(cdr)] = [&revised.derived[0].event.body] else { panic!("revised") };
    assert_eq!((cdr.wrap_up_ms, cdr.revision, cdr.started), (25_000, 2, Some(at(0))));
    assert_eq!(house.records().cdr(cdr.id).await.expect("reads").as_ref(), Some(cdr));

    let call = whole_call(&source, 1_000, "c2", WANG);
    let alone = house.apply(&states(1_000, "c2")).await;
    assert!(alone.derived.is_empty(), "states alone make no record");
    assert_eq!(house.records().cdrs(&CdrFilter::default()).await.expect("reads").len(), 1);
    let applied = house.apply(&call).await;
    let Some(Body::CdrCompleted(cdr)) = applied.derived.last().map(|last| &last.event.body) else {
        panic!("completed")
    };
    assert_eq!((cdr.wrap_up_ms, cdr.revision, cdr.started), (25_000, 1, Some(at(1_000))));

    // A clock that ran back: what the agent did bears an earlier time than any word of the calls.
    let [begins, ends] = states(0, "c4");
    house.apply(&[begins, ends]).await;
    house.apply(&[offered(&source, 2_000, "c3", WANG), transferred(&source, 2_040, "c4", "c3", WANG)]).await;
    house.apply(&[ended(&source, 2_090, "c4")]).await;
    let records = house.records().cdrs(&CdrFilter::default()).await.expect("reads");
    let first = trunkline_mapping::cdr::ConversationKey::new(source.name, "c3").id();
    assert_eq!(records[0].id, first, "a state does not make its call the first of the conversation");
    assert_eq!(records[0].started, Some(at(2_000)));
}

async fn a_transfer_makes_two_calls_one_record(house: &House) {
    let source = avaya();
    let consult = [
        offered(&source, 20, "c2", WANG),
        ringing(&source, 21, "c2", WANG, "1002"),
        answered(&source, 22, "c2", WANG, "1002"),
    ];
    // The consultation is told first, as a reordering bus may do.
    house.apply(&consult).await;
    house.apply(&whole_call(&source, 0, "c1", WANG)[..3]).await;
    assert_eq!(house.records().cdrs(&CdrFilter::default()).await.expect("reads").len(), 2);
    house.apply(&[transferred(&source, 40, "c2", "c1", WANG)]).await;
    house.apply(&[leg_ended(&source, 90, "c2", "1002"), ended(&source, 90, "c2")]).await;
    let records = house.records().cdrs(&CdrFilter::default()).await.expect("reads");
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].transfers, records[0].calls.len()), (1, 2));
    assert!(records[0].absorbed.is_empty(), "the other record was never told");
    let by_other_call = trunkline_mapping::cdr::ConversationKey::new(source.name, "c2").id();
    let found = house.records().cdr(by_other_call).await.expect("reads").expect("the joined call leads to the record");
    assert_eq!(found.id, records[0].id);
}

/// An integrator holds two records of what turns out to be one conversation: he is told which of them to drop.
async fn a_told_record_that_becomes_part_of_another_is_named_by_it(house: &House) {
    let source = avaya();
    let [first, second] = ["c1", "c2"].map(|call| trunkline_mapping::cdr::ConversationKey::new(source.name, call).id());
    house.apply(&whole_call(&source, 0, "c1", WANG)).await;
    let apart = house.apply(&whole_call(&source, 30, "c2", WANG)).await;
    assert_eq!(told(&apart), ["trunkline.cdr.completed.v1"]);
    let joined = house.apply(&[transferred(&source, 40, "c2", "c1", WANG)]).await;
    let [Body::CdrRevised(cdr)] = [&joined.derived[0].event.body] else { panic!("revised") };
    assert_eq!((cdr.id, cdr.revision, &cdr.absorbed), (first, 2, &vec![second]));
    house.engine.remark(first, "Li", "refund promised", at(200)).await.expect("is kept");
    let kept = house.records().cdr(first).await.expect("reads").expect("is there");
    assert_eq!((kept.revision, kept.absorbed), (3, vec![second]), "who missed a revision learns it from the next");

    // The other call turns out to have begun first: its record is the conversation's again.
    let turned = house.apply(&[offered(&source, -5, "c2", WANG)]).await;
    let [Body::CdrRevised(cdr)] = [&turned.derived[0].event.body] else { panic!("revised") };
    assert_eq!((cdr.id, cdr.revision, &cdr.absorbed), (second, 4, &vec![first]));
    assert_eq!(house.records().cdrs(&CdrFilter::default()).await.expect("reads").len(), 1);
}

async fn rule_55_profile_and_tags_are_settled_by_the_sources_time(house: &House) {
    let crm = web();
    let wang = || handle("crm_id", "77");
    let told_first = profile(&crm, 100, wang(), &[("name", "Wang Fang"), ("level", "gold")]);
    let applied = house.apply(&[told_first, tag(&crm, 100, wang(), "vip", true)]).await;
    assert!(told(&applied).contains(&"trunkline.customer.changed.v1"));
    let customer = applied.derived.iter().find_map(|derivation| match &derivation.event.body {
        Body::CustomerCreated(created) => Some(created.customer),
        _ => None,
    });
    let customer = customer.expect("somebody new");
    let late = house.apply(&[profile(&crm, 50, wang(), &[("level", "silver")])]).await;
    assert!(late.derived.is_empty(), "what comes late and is older changes nothing");
    house.apply(&[tag(&crm, 200, wang(), "vip", false), tag(&crm, 150, wang(), "refund", true)]).await;
    let view = house.records().customer(customer).await.expect("reads").expect("is there");
    assert_eq!(view.name.as_deref(), Some("Wang Fang"));
    let level = view.fields.iter().find(|field| field.name == "level").map(|field| field.value.as_str());
    assert_eq!(level, Some("gold"));
    let tags: Vec<&str> = view.tags.iter().map(|tag| tag.tag.as_str()).collect();
    assert_eq!(tags, ["refund"]);
}

/// Senzing's Pat Smith: a phone of two known people is offered as both and joins neither.
async fn rule_47_a_phone_of_two_known_people_offers_both(house: &House) {
    let (crm, source) = (web(), avaya());
    let strong = trunkline_events::customer::Strength::Strong;
    house
        .apply(&[
            profile(&crm, 0, handle("crm_id", "1"), &[("name", "Pat")]),
            profile(&crm, 0, handle("crm_id", "2"), &[("name", "Patricia")]),
            evidence(&crm, 1, handle("crm_id", "1"), handle("phone", WANG), strong),
            evidence(&crm, 2, handle("crm_id", "2"), handle("phone", WANG), strong),
        ])
        .await;
    let applied = house.apply(&[ringing(&source, 100, "c1", WANG, "1001")]).await;
    let pop = rang(&applied)[0];
    assert_eq!(pop.certainty, Certainty::Many);
    let mut names: Vec<_> = pop.candidates.iter().filter_map(|brief| brief.name.as_deref()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Pat", "Patricia"]);
    house.apply(&[ended(&source, 160, "c1")]).await;
    let records = house.records().cdrs(&CdrFilter::default()).await.expect("reads");
    assert_eq!(records[0].customer, None, "the call is neither's");
}

async fn customers_are_found_by_any_spelling_and_by_name(house: &House) {
    let crm = web();
    let strong = trunkline_events::customer::Strength::Authoritative;
    house
        .apply(&[
            profile(&crm, 0, handle("crm_id", "77"), &[("name", "Wang Fang")]),
            evidence(&crm, 1, handle("crm_id", "77"), handle("phone", WANG), strong),
            evidence(&crm, 2, handle("crm_id", "77"), handle("email", "Wang@Example.com"), strong),
        ])
        .await;
    for text in ["0138 0013 8001", "+8613800138001", "wang@example.COM", "77", "wang f"] {
        let found = house.records().find_customers(text, 10).await.expect("reads");
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].name.as_deref(), Some("Wang Fang"));
    }
    for text in ["", "%", "_ang", "' OR 1=1 --"] {
        assert!(house.records().find_customers(text, 10).await.expect("reads").is_empty(), "{text}");
    }
    let who = house.records().who(&handle("phone", "86-138-0013-8001"), "/connectors/avaya-bj", None).await;
    assert_eq!(who.expect("reads").certainty, Certainty::One);
    let nobody = house.records().who(&handle("phone", "anonymous"), "/connectors/avaya-bj", None).await;
    assert_eq!(nobody.expect("reads").certainty, Certainty::None);
}

async fn records_are_listed_by_what_they_are(house: &House) {
    let (source, web) = (avaya(), web());
    for (number, start) in [(0, 0), (1, 1_000), (2, 2_000)] {
        house.apply(&whole_call(&source, start, &format!("c{number}"), &format!("1380013800{number}"))).await;
    }
    house.apply(&[opened(&web, 500, "chat", vec![handle("web_visitor", "v1")], None), closed(&web, 600, "chat")]).await;
    let count = async |filter: CdrFilter| house.records().cdrs(&filter).await.expect("reads").len();
    assert_eq!(count(CdrFilter::default()).await, 4);
    assert_eq!(count(CdrFilter { medium: Some(Medium::Chat), ..CdrFilter::default() }).await, 1);
    assert_eq!(count(CdrFilter { agent: Some("2001".into()), ..CdrFilter::default() }).await, 3);
    assert_eq!(count(CdrFilter { agent: Some("200_".into()), ..CdrFilter::default() }).await, 0);
    assert_eq!(count(CdrFilter { extension: Some("1001".into()), ..CdrFilter::default() }).await, 3);
    assert_eq!(count(CdrFilter { source: Some(web.name.into()), ..CdrFilter::default() }).await, 1);
    assert_eq!(count(CdrFilter { number: Some("0 138-0013-8001".into()), ..CdrFilter::default() }).await, 1);
    let between = CdrFilter { since: Some(at(500)), until: Some(at(2_000)), ..CdrFilter::default() };
    assert_eq!(count(between).await, 2);
    let first = house.records().cdrs(&CdrFilter { limit: 3, ..CdrFilter::default() }).await.expect("reads");
    let last = first.last().expect("three");
    let after = Some((last.started.expect("started"), last.id));
    assert_eq!(count(CdrFilter { after, ..CdrFilter::default() }).await, 1);
}

crate::on_both! {
    rule_50_a_call_a_chat_and_a_call_are_one_customer,
    a_pop_rings_is_answered_and_ends_once,
    a_whole_call_that_comes_late_rings_nowhere,
    a_late_event_revises_a_complete_record,
    a_wrap_up_told_later_revises_the_record_and_one_told_first_waits_for_its_call,
    a_transfer_makes_two_calls_one_record,
    a_told_record_that_becomes_part_of_another_is_named_by_it,
    rule_55_profile_and_tags_are_settled_by_the_sources_time,
    rule_47_a_phone_of_two_known_people_offers_both,
    customers_are_found_by_any_spelling_and_by_name,
    records_are_listed_by_what_they_are,
}
