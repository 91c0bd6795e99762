//! The people of these tests and their conversations: Ms Wang, who phoned and chatted, and her neighbours.

use time::Duration;
use trunkline::http::parts::LivePop;
use trunkline_events::call::{CallData, CallRef, Device, Party, Route};
use trunkline_events::cdr::{Cdr, Leg, Medium, Outcome, Remark};
use trunkline_events::chat::Author;
use trunkline_events::pop::{Brief, Certainty, Pop, PopEnded};
use trunkline_events::{Body, Event, EventId, Timestamp};
use trunkline_mapping::view::{CustomerView, FieldView, HandleView, MessageView, TagView, TimelineEntry};
use uuid::Uuid;

use crate::house::id;
use crate::invented::{Invented, now};

pub(crate) const WANG: u128 = 0x100;
pub(crate) const LI: u128 = 0x200;

fn ago(minutes: i64) -> Timestamp {
    now().plus(-Duration::minutes(minutes))
}

fn handle(scheme: &str, value: &str) -> HandleView {
    let (first_seen, last_seen) = (ago(90_000), ago(30));
    HandleView {
        scheme: scheme.into(),
        scope: String::new(),
        value: value.into(),
        first_seen,
        last_seen,
        generic: false,
        shared: false,
    }
}

fn field(name: &str, value: &str, source: &str, minutes: i64) -> FieldView {
    let (group, rule) = ("identity".into(), "newest".into());
    FieldView {
        name: name.into(),
        value: value.into(),
        source: source.into(),
        at: ago(minutes),
        group,
        rule,
        age_s: None,
    }
}

fn tag(text: &str) -> TagView {
    TagView { tag: text.into(), source: "/connectors/web-chat".into(), at: ago(900), known: false }
}

pub(crate) fn wang() -> CustomerView {
    CustomerView {
        customer: id(WANG),
        name: Some("王芳".into()),
        handles: vec![
            handle("account_no", "6225880100"),
            handle("phone", "+8613800138001"),
            handle("phone", "+861065550101"),
            handle("web_visitor", "v-83a1"),
        ],
        fields: vec![
            field("name", "王芳", "/connectors/web-chat", 900),
            field("level", "Gold", "/connectors/crm", 40_000),
            field("owner", "li.na", "/connectors/crm", 40_000),
            field("email", "wang.fang@example.com", "/connectors/web-chat", 900),
        ],
        tags: vec![tag("VIP"), tag("退款"), tag("Prefers chat")],
        owner: None,
    }
}

pub(crate) fn li() -> CustomerView {
    CustomerView {
        customer: id(LI),
        name: Some("李雷".into()),
        handles: vec![handle("phone", "+8613800138002"), handle("phone", "+861065550101")],
        fields: vec![field("name", "李雷", "/connectors/crm", 40_000)],
        tags: vec![tag("Family account")],
        owner: None,
    }
}

fn leg(extension: &str, agent: &str, talk_ms: u64) -> Leg {
    let agent = Some(agent.into());
    Leg { extension: extension.into(), agent, ring_ms: 6_000, talk_ms, ..Leg::default() }
}

pub(crate) fn call(number: u128, customer: u128, minutes: i64, extension: &str, agent: &str, remark: &str) -> Cdr {
    let remark = Remark { author: agent.into(), at: ago(minutes - 5), text: remark.into() };
    Cdr {
        id: id(number),
        revision: 1,
        source: "/connectors/avaya-bj".into(),
        channel: "phone".into(),
        customer: Some(id(customer)),
        customer_handle: Some("13800138001".into()),
        dialled: Some("4008100100".into()),
        vdn: Some("5001".into()),
        queues: vec!["Refunds".into()],
        started: Some(ago(minutes)),
        answered: Some(ago(minutes)),
        ended: Some(ago(minutes - 4)),
        queue_ms: 21_000,
        ring_ms: 6_000,
        talk_ms: 228_000,
        wrap_up_ms: 30_000,
        outcome: Outcome::Answered,
        legs: vec![leg(extension, agent, 228_000)],
        remarks: if remark.text.is_empty() { Vec::new() } else { vec![remark] },
        ..Cdr::default()
    }
}

fn message(minutes: i64, author: Author, text: &str) -> MessageView {
    MessageView { at: ago(minutes), author, author_id: None, text: text.into() }
}

pub(crate) fn chat(number: u128, minutes: i64, agent: &str) -> TimelineEntry {
    let messages = vec![
        message(minutes, Author::Visitor, "你好，我下午打过电话，退款到哪一步了？"),
        message(minutes - 1, Author::Bot, "正在为您转接人工客服。"),
        message(minutes - 2, Author::Agent, "王女士您好，退款已经提交，预计三个工作日到账。"),
        message(minutes - 3, Author::Visitor, "好的，谢谢！如果没到账我明天再打电话。"),
    ];
    let cdr = Cdr {
        id: id(number),
        revision: 1,
        medium: Medium::Chat,
        source: "/connectors/web-chat".into(),
        channel: "wechat".into(),
        customer: Some(id(WANG)),
        customer_handle: Some("v-83a1".into()),
        started: Some(ago(minutes)),
        ended: Some(ago(minutes - 9)),
        outcome: Outcome::Answered,
        legs: vec![Leg { extension: "desk".into(), agent: Some(agent.into()), ..Leg::default() }],
        messages: 4,
        remarks: vec![Remark {
            author: agent.into(),
            at: ago(minutes - 9),
            text: "Promised: money within 3 working days.".into(),
        }],
        ..Cdr::default()
    };
    TimelineEntry { at: ago(minutes), cdr, messages }
}

/// Ms Wang's call of yesterday and her chat of last night; Mr Li, who shares her landline.
pub(crate) fn move_in(records: &Invented) {
    let entry = |cdr: Cdr| TimelineEntry { at: cdr.started.unwrap_or(Timestamp::EPOCH), cdr, messages: Vec::new() };
    let mut stored = records.stored();
    stored.customers = vec![wang(), li()];
    stored.timelines = vec![
        (
            id(WANG),
            entry(call(0x11, WANG, 1_560, "2009", "zhao.min", "Wants the refund for order 7731; sent the form.")),
        ),
        (id(WANG), chat(0x12, 1_080, "li.na")),
        (
            id(WANG),
            entry(Cdr {
                outcome: Outcome::AbandonedInQueue,
                legs: Vec::new(),
                talk_ms: 0,
                ..call(0x13, WANG, 30_000, "", "", "")
            }),
        ),
        (id(LI), entry(call(0x21, LI, 50_000, "2009", "zhao.min", ""))),
    ];
}

pub(crate) fn short(customer: &CustomerView, records: &Invented) -> Brief {
    let stored = records.stored();
    let last =
        stored.timelines.iter().filter(|(owner, _)| *owner == customer.customer).max_by_key(|(_, entry)| entry.at);
    Brief {
        customer: customer.customer,
        name: customer.name.clone(),
        tags: customer.tags.iter().map(|tag| tag.tag.clone()).collect(),
        last_contact: last.map(|(_, entry)| trunkline_events::pop::LastContact {
            at: entry.at,
            channel: entry.cdr.channel.clone(),
            remark: entry.cdr.remarks.last().map(|remark| remark.text.clone()),
        }),
    }
}

/// A call that rings at an extension.
pub(crate) fn pop(number: u128, extension: &str, agent: &str, candidates: Vec<Brief>) -> Pop {
    let party = |number: &str| Party { number: Some(number.into()), ..Party::default() };
    Pop {
        pop: id(number),
        link: "/connectors/avaya-bj".into(),
        call: CallRef {
            id: format!("00001{number:015}"),
            switch_call_id: Some("4711".into()),
            ucid: Some(format!("00001{number:015}")),
        },
        cdr: id(number + 1),
        device: Device { extension: extension.into(), agent: Some(agent.into()) },
        route: Route {
            calling: party("13800138001"),
            called: party("4008100100"),
            vdn: Some("5001".into()),
            queue: Some("Refunds".into()),
            ..Route::default()
        },
        data: CallData { digits: Some("2".into()), ..CallData::default() },
        certainty: match candidates.len() {
            0 => Certainty::None,
            1 => Certainty::One,
            _ => Certainty::Many,
        },
        candidates,
        rang: now(),
    }
}

pub(crate) fn event(body: Body) -> Event {
    let now = now();
    Event {
        id: EventId::from_uuid(Uuid::now_v7()),
        source: "/mapping".into(),
        subject: None,
        time: now,
        received: now,
        partition_key: "test".into(),
        causation: None,
        sequence: None,
        body,
    }
}

/// Makes a phone ring: stored as alive, and told to the agents.
pub(crate) fn ring(house: &crate::house::House, pop: &Pop) {
    house.records.stored().live.push(LivePop { pop: pop.clone(), answered: false });
    house.hub.publish(&event(Body::PopRinging(pop.clone())));
}

pub(crate) fn answer(house: &crate::house::House, pop: &Pop) {
    let mut stored = house.records.stored();
    stored.live.iter_mut().filter(|live| live.pop.pop == pop.pop).for_each(|live| live.answered = true);
    let known = stored.timelines.iter().any(|(_, entry)| entry.cdr.id == pop.cdr);
    if let Some(customer) = pop.candidates.first().filter(|_| pop.candidates.len() == 1 && !known) {
        let agent = pop.device.agent.clone().unwrap_or_default();
        let cdr = Cdr {
            outcome: Outcome::Open,
            id: pop.cdr,
            ended: None,
            talk_ms: 0,
            ..call(0, 0, 0, &pop.device.extension, &agent, "")
        };
        let cdr = Cdr { customer: Some(customer.customer), ..cdr };
        stored.timelines.push((customer.customer, TimelineEntry { at: now(), cdr, messages: Vec::new() }));
    }
    drop(stored);
    house.hub.publish(&event(Body::PopAnswered(pop.clone())));
}

pub(crate) fn hang_up(house: &crate::house::House, pop: &Pop) {
    house.records.stored().live.retain(|live| live.pop.pop != pop.pop);
    let ended = PopEnded { pop: pop.pop, link: pop.link.clone(), device: pop.device.clone() };
    house.hub.publish(&event(Body::PopEnded(ended)));
}
