//! Arbitrary events, for properties.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use trunkline_events::agent::{self, WorkState};
use trunkline_events::call::{
    Absent, Answered, CallData, CallRef, Conferenced, DataAttached, Device, Direction, Diverted, Ended, Held, LegEnded,
    Offered, Party, Queued, Resumed, Ringing, Route, Transferred,
};
use trunkline_events::cdr::{
    Cdr, Leg, Medium, Outcome, Reconciled, Remark, Remarked, Report, SwitchFigures, SwitchRecord,
};
use trunkline_events::chat::{Assigned, Author, ChatRef, Closed, Content, Message, Opened, Visitor};
use trunkline_events::customer::{Decision, Directive, Evidence, Profile, RawHandle, Strength, Tag};
use trunkline_events::{Body, Event, EventId, Sequence, Timestamp};
use uuid::Uuid;

/// Any text without NUL: quotes, backslashes, control characters, all planes.
fn text() -> BoxedStrategy<String> {
    prop_oneof!["[0-9]{1,20}", "[\\PC\n\t\\\\\"]{0,12}", "[^\u{0}]{0,8}"].boxed()
}

fn maybe() -> BoxedStrategy<Option<String>> {
    option::of(text()).boxed()
}

fn pairs() -> BoxedStrategy<BTreeMap<String, String>> {
    btree_map(text(), text(), 0..3).boxed()
}

/// Any instant of the years 0–9999, in microseconds.
fn instant() -> BoxedStrategy<Timestamp> {
    (-62_167_219_200_i64..253_402_300_800, 0..1_000_000_i64)
        .prop_map(|(seconds, micros)| {
            let whole = Timestamp::from_unix_seconds(seconds).expect("in range");
            whole.plus(time::Duration::microseconds(micros))
        })
        .boxed()
}

fn uuid() -> BoxedStrategy<Uuid> {
    any::<u128>().prop_map(Uuid::from_u128).boxed()
}

fn call() -> BoxedStrategy<CallRef> {
    (text(), maybe(), maybe()).prop_map(|(id, switch_call_id, ucid)| CallRef { id, switch_call_id, ucid }).boxed()
}

fn device() -> BoxedStrategy<Device> {
    (text(), maybe()).prop_map(|(extension, agent)| Device { extension, agent }).boxed()
}

fn party() -> BoxedStrategy<Party> {
    let absent = option::of(select(vec![Absent::Restricted, Absent::NotKnown, Absent::NotSpecified]));
    (maybe(), absent, maybe()).prop_map(|(number, absent, name)| Party { number, absent, name }).boxed()
}

fn route() -> BoxedStrategy<Route> {
    let direction = select(vec![Direction::Inbound, Direction::Outbound, Direction::Internal]);
    (direction, party(), party(), maybe(), maybe(), maybe())
        .prop_map(|(direction, calling, called, vdn, queue, trunk)| Route {
            direction,
            calling,
            called,
            vdn,
            queue,
            trunk,
        })
        .boxed()
}

fn data() -> BoxedStrategy<CallData> {
    (maybe(), maybe(), maybe(), pairs())
        .prop_map(|(uui_hex, uui_text, digits, pairs)| CallData { uui_hex, uui_text, digits, pairs })
        .boxed()
}

fn call_beginning() -> BoxedStrategy<Body> {
    prop_oneof![
        (call(), route(), option::of(device()), data())
            .prop_map(|(call, route, device, data)| Body::CallOffered(Offered { call, route, device, data })),
        (call(), text(), route(), any::<Option<u32>>()).prop_map(|(call, queue, route, calls_in_front)| {
            Body::CallQueued(Queued { call, queue, route, calls_in_front })
        }),
        (call(), device(), route(), maybe(), data()).prop_map(|(call, device, route, redirected_from, data)| {
            Body::CallRinging(Ringing { call, device, route, redirected_from, data })
        }),
        (call(), device(), route(), data(), any::<bool>()).prop_map(|(call, device, route, data, voicemail)| {
            Body::CallAnswered(Answered { call, device, route, data, voicemail })
        }),
        (call(), data()).prop_map(|(call, data)| Body::CallDataAttached(DataAttached { call, data })),
    ]
    .boxed()
}

fn call_course() -> BoxedStrategy<Body> {
    let joined = (call(), vec(call(), 0..3), device(), device(), route());
    let joined_too = (call(), vec(call(), 0..3), device(), device(), route());
    prop_oneof![
        (call(), device()).prop_map(|(call, device)| Body::CallHeld(Held { call, device })),
        (call(), device()).prop_map(|(call, device)| Body::CallResumed(Resumed { call, device })),
        joined.prop_map(|(call, from, transferring, transferred_to, route)| {
            Body::CallTransferred(Transferred { call, from, transferring, transferred_to, route })
        }),
        joined_too.prop_map(|(call, from, conferencing, added, route)| {
            Body::CallConferenced(Conferenced { call, from, conferencing, added, route })
        }),
        (call(), device(), maybe(), maybe()).prop_map(|(call, from, to, cause)| Body::CallDiverted(Diverted {
            call,
            from,
            to,
            cause
        })),
        (call(), device(), maybe(), any::<bool>()).prop_map(|(call, device, cause, reconstructed)| {
            Body::CallLegEnded(LegEnded { call, device, cause, reconstructed })
        }),
        (call(), maybe(), maybe(), any::<bool>()).prop_map(|(call, cause, failure, reconstructed)| {
            Body::CallEnded(Ended { call, cause, failure, reconstructed })
        }),
    ]
    .boxed()
}

fn handle() -> BoxedStrategy<RawHandle> {
    (text(), text(), text(), any::<bool>())
        .prop_map(|(scheme, scope, value, verified)| RawHandle { scheme, scope, value, verified })
        .boxed()
}

fn content() -> BoxedStrategy<Content> {
    prop_oneof![
        text().prop_map(|text| Content::Text { text }),
        (text(), text(), maybe(), any::<Option<u64>>()).prop_map(|(media_type, url, name, size)| Content::Media {
            media_type,
            url,
            name,
            size
        }),
        (text(), text(), maybe()).prop_map(|(latitude, longitude, label)| Content::Location {
            latitude,
            longitude,
            label
        }),
        text().prop_map(|native_kind| Content::Unsupported { native_kind }),
    ]
    .boxed()
}

fn chat() -> BoxedStrategy<Body> {
    let chat = || (text(), text()).prop_map(|(id, channel)| ChatRef { id, channel });
    let visitor = (vec(handle(), 0..3), maybe()).prop_map(|(handles, name)| Visitor { handles, name });
    let author = select(vec![Author::Visitor, Author::Agent, Author::Bot, Author::System]);
    prop_oneof![
        (chat(), visitor, maybe(), maybe()).prop_map(|(chat, visitor, queue, page)| Body::ChatOpened(Opened {
            chat,
            visitor,
            queue,
            page
        })),
        (chat(), text(), maybe()).prop_map(|(chat, agent, agent_name)| Body::ChatAssigned(Assigned {
            chat,
            agent,
            agent_name
        })),
        (chat(), text(), author, maybe(), content(), option::of(instant())).prop_map(
            |(chat, message_id, author, author_id, content, written_at)| {
                Body::ChatMessage(Message { chat, message_id, author, author_id, content, written_at })
            }
        ),
        (chat(), maybe(), maybe()).prop_map(|(chat, reason, summary)| Body::ChatClosed(Closed {
            chat,
            reason,
            summary
        })),
    ]
    .boxed()
}

fn customer() -> BoxedStrategy<Body> {
    let strength = select(vec![Strength::Weak, Strength::Medium, Strength::Strong, Strength::Authoritative]);
    let decision = prop_oneof![
        (handle(), handle()).prop_map(|(a, b)| Decision::Include { a, b }),
        (handle(), handle()).prop_map(|(a, b)| Decision::Exclude { a, b }),
        uuid().prop_map(|directive| Decision::Undo { directive: EventId::from_uuid(directive) }),
    ];
    prop_oneof![
        (handle(), handle(), strength).prop_map(|(a, b, strength)| Body::CustomerEvidence(Evidence { a, b, strength })),
        (vec(handle(), 0..3), pairs()).prop_map(|(handles, fields)| Body::CustomerProfile(Profile { handles, fields })),
        (handle(), text(), any::<bool>()).prop_map(|(handle, tag, set)| Body::CustomerTag(Tag { handle, tag, set })),
        (decision, text(), text())
            .prop_map(|(decision, actor, reason)| { Body::CustomerDirective(Directive { decision, actor, reason }) }),
    ]
    .boxed()
}

fn agents() -> BoxedStrategy<Body> {
    let state = select(vec![WorkState::Ready, WorkState::Busy, WorkState::AfterCall, WorkState::LoggedOff]);
    prop_oneof![
        (text(), maybe(), state, maybe(), maybe(), option::of(call())).prop_map(
            |(agent, extension, state, reason, queue, call)| {
                Body::AgentState(agent::State { agent, extension, state, reason, queue, call })
            }
        ),
        (text(), maybe(), maybe(), any::<bool>()).prop_map(|(agent, extension, queue, logged_on)| {
            Body::AgentLogin(agent::Login { agent, extension, queue, logged_on })
        }),
    ]
    .boxed()
}

fn leg() -> BoxedStrategy<Leg> {
    let instants = (option::of(instant()), option::of(instant()), option::of(instant()));
    (text(), maybe(), instants, any::<[u64; 3]>(), maybe())
        .prop_map(|(extension, agent, (ringing, answered, ended), [ring_ms, talk_ms, hold_ms], end)| Leg {
            extension,
            agent,
            ringing,
            answered,
            ended,
            ring_ms,
            talk_ms,
            hold_ms,
            end,
        })
        .boxed()
}

fn record() -> BoxedStrategy<Cdr> {
    let remark = (text(), instant(), text()).prop_map(|(author, at, text)| Remark { author, at, text });
    let outcome = select(vec![Outcome::Open, Outcome::Answered, Outcome::AbandonedInQueue, Outcome::Failed]);
    let who = (uuid(), option::of(uuid()), maybe(), maybe(), vec(text(), 0..3));
    let when = (option::of(instant()), option::of(instant()), any::<[u64; 5]>());
    (who, when, outcome, vec(leg(), 0..3), vec(remark, 0..3), any::<(u32, u32, bool)>())
        .prop_map(|(who, when, outcome, legs, remarks, (revision, messages, reconstructed))| {
            let (id, customer, customer_handle, dialled, calls) = who;
            let (started, ended, [queue_ms, ring_ms, talk_ms, hold_ms, wrap_up_ms]) = when;
            let medium = if messages > 0 { Medium::Chat } else { Medium::Voice };
            Cdr {
                id,
                revision,
                medium,
                customer,
                customer_handle,
                dialled,
                calls,
                started,
                ended,
                queue_ms,
                ring_ms,
                talk_ms,
                hold_ms,
                wrap_up_ms,
                outcome,
                legs,
                messages,
                remarks,
                reconstructed,
                absorbed: customer.into_iter().collect(),
                ..Cdr::default()
            }
        })
        .boxed()
}

fn records() -> BoxedStrategy<Body> {
    prop_oneof![
        record().prop_map(Body::CdrCompleted),
        record().prop_map(Body::CdrRevised),
        (uuid(), text(), text()).prop_map(|(cdr, author, text)| Body::CdrRemarked(Remarked { cdr, author, text })),
        (uuid(), figures()).prop_map(|(cdr, figures)| Body::CdrReconciled(Reconciled { cdr, figures })),
        (text(), text(), any::<[u64; 4]>()).prop_map(|(day, zone, counts)| {
            let [matched, differing, only_in_events, only_at_switch] = counts;
            Body::CdrReport(Report { day, zone, matched, differing, only_in_events, only_at_switch })
        }),
    ]
    .boxed()
}

fn figures() -> BoxedStrategy<SwitchFigures> {
    let record = (text(), maybe(), maybe(), maybe(), option::of(any::<u64>()));
    (uuid(), record, any::<u8>(), text())
        .prop_map(|(id, (source, ucid, calling, disposition, duration_ms), confidence, reason)| {
            let record = SwitchRecord { source, ucid, calling, disposition, duration_ms, ..SwitchRecord::default() };
            SwitchFigures { id, record, confidence, reason }
        })
        .boxed()
}

pub(crate) fn event() -> BoxedStrategy<Event> {
    let body = prop_oneof![
        3 => call_beginning(),
        3 => call_course(),
        2 => chat(),
        2 => customer(),
        1 => agents(),
        1 => records(),
    ];
    let sequence = option::of((text(), any::<u64>()).prop_map(|(epoch, number)| Sequence { epoch, number }));
    let envelope = (uuid(), text(), maybe(), instant(), instant(), text(), option::of(uuid()), sequence);
    (envelope, body)
        .prop_map(|((id, source, subject, time, received, partition_key, causation, sequence), body)| Event {
            id: EventId::from_uuid(id),
            source,
            subject,
            time,
            received,
            partition_key,
            causation: causation.map(EventId::from_uuid),
            sequence,
            body,
        })
        .boxed()
}
