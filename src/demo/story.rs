//! The story that must always work. In the afternoon Ms Wang phones the hotline about a refund. In the evening she writes in
//! the web chat, and the online agent sees who she is and what was noted. Next morning she phones again, and the voice agent
//! sees the chat before he says hello.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use trunkline_simulators::avaya_dmcc::Verb;
use trunkline_simulators::avaya_dmcc::switch::Arrive;
use trunkline_simulators::web_chat::story::{self, Visitor};

use super::desk::{self, Shown};
use super::house::House;
use super::tell;

const NUMBER: &str = "13800138000";
const ALTERNATE: &str = "010-8888 6600";
const ALTERNATE_KEY: &str = "+861088886600";
const REMARK: &str = "退款订单 20261107，已转财务，三天内回电";

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it goes.
    Quick,
    /// So that a person can follow it on the pages.
    Watched,
}

/// One playing of the story.
pub(super) struct Story<'a> {
    house: &'a House,
    pace: Pace,
    /// Tells one playing from the next: calls and chats have ids of their own.
    playing: String,
    pops: u64,
}

impl<'a> Story<'a> {
    pub(super) fn new(house: &'a House, pace: Pace) -> Result<Self> {
        let millis = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
        Ok(Self { house, pace, playing: format!("{millis:x}"), pops: 0 })
    }

    /// Pops that the voice agent's screen showed.
    pub(super) fn pops_seen(&self) -> u64 {
        self.pops
    }

    /// Plays it through; an error says what did not come to pass.
    pub(super) async fn play(&mut self) -> Result<()> {
        let mut screen = self.house.voice_agent().watch().await?;
        self.verb(Verb::LogOn { agent: "1001".into() }).await?;
        self.verb(Verb::Ready { agent: "1001".into() }).await?;
        self.afternoon(&mut screen).await?;
        self.evening().await?;
        self.next_morning(&mut screen).await?;
        self.verb(Verb::LogOff { agent: "1001".into(), reason: None }).await
    }

    async fn afternoon(&mut self, screen: &mut tokio::sync::mpsc::Receiver<Shown>) -> Result<()> {
        tell("Afternoon. Ms Wang phones the hotline; the phone at 4750 rings.");
        let call = format!("afternoon-{}", self.playing);
        let pop = self.ring(&call, screen).await?;
        ensure!(pop.pointer("/route/calling/number") == Some(&json!(NUMBER)), "the pop shows another number: {pop}");
        self.talk(&call).await?;
        let cdr = pop["cdr"].as_str().unwrap_or_default().to_owned();
        let record = format!("/cdrs/{cdr}");
        self.house
            .admin()
            .until("the call's record", &record, |cdr| cdr["outcome"] == "answered" && !cdr["ended"].is_null())
            .await?;
        self.house.voice_agent().post(&format!("/cdrs/{cdr}/remark"), &json!({ "text": REMARK })).await?;
        self.verb(Verb::Ready { agent: "1001".into() }).await?;
        self.house
            .admin()
            .until("the time he took to write it up", &record, |cdr| {
                cdr["wrap_up_ms"].as_u64().is_some_and(|wrap_up| wrap_up > 0)
            })
            .await?;
        tell("She wants her refund. The agent notes it; the call's record is written, with the time that took him.");
        Ok(())
    }

    async fn evening(&self) -> Result<()> {
        self.pause().await;
        tell("Evening. She logs in to the web site and writes: how is my refund going?");
        let chat = format!("chat-{}", self.playing);
        let visitor = visitor();
        self.post(story::opened(&chat, &visitor, Some("service"), Some("/orders/20261107"))).await?;
        self.post(story::profile(&visitor)).await?;
        self.post(story::profile(&Visitor { phone: Some(ALTERNATE.into()), ..visitor.clone() })).await?;
        self.post(story::tags(&visitor, &["VIP".to_owned(), "refund".to_owned()], &[])).await?;
        self.post(story::text(&chat, &format!("{chat}-1"), "visitor", Some("v-7f3a"), "我的退款怎么样了？")).await?;
        self.post(story::assigned(&chat, "online-7", Some("小李"))).await?;
        self.desk_page().await?;
        tell(&format!("The online agent sees her call of this afternoon, and its remark: {REMARK}"));
        self.pause().await;
        let answer = "王女士您好，财务已受理，明天到账。";
        self.post(story::text(&chat, &format!("{chat}-2"), "agent", Some("online-7"), answer)).await?;
        self.post(story::closed(&chat, Some("visitor left"), None)).await?;
        self.house
            .admin()
            .until("the chat's record", "/cdrs?medium=chat", |list| {
                list.pointer("/items/0/messages").and_then(Value::as_u64).is_some_and(|messages| messages >= 2)
                    && list.pointer("/items/0/ended").is_some_and(|ended| !ended.is_null())
            })
            .await?;
        Ok(())
    }

    /// What the online agent's page asks: who is this account, what numbers has she, what calls were there.
    async fn desk_page(&self) -> Result<()> {
        let desk = self.house.online_agent();
        let who = desk
            .until("the online agent's page knows her", "/who?scheme=account_no&value=wang.mei", |who| {
                who["certainty"] == "one"
            })
            .await?;
        let customer =
            format!("/customers/{}", who.pointer("/candidates/0/customer").and_then(Value::as_str).unwrap_or("-"));
        let other = |handle: &Value| handle["scheme"] == "phone" && handle["value"] == ALTERNATE_KEY;
        desk.until("the page shows her alternate number", &customer, |view| {
            view["handles"].as_array().is_some_and(|handles| handles.iter().any(other))
        })
        .await?;
        let remarked = |entry: &Value| entry.pointer("/cdr/remarks/0/text") == Some(&json!(REMARK));
        desk.until("the page shows her call and its remark", &format!("{customer}/timeline?limit=50"), |timeline| {
            timeline["items"].as_array().is_some_and(|entries| entries.iter().any(remarked))
        })
        .await?;
        Ok(())
    }

    async fn next_morning(&mut self, screen: &mut tokio::sync::mpsc::Receiver<Shown>) -> Result<()> {
        self.pause().await;
        tell("Next morning. She phones again.");
        let call = format!("morning-{}", self.playing);
        let pop = self.ring(&call, screen).await?;
        ensure!(pop["certainty"] == "one", "the voice agent is not told who it is: {pop}");
        let brief = &pop["candidates"][0];
        ensure!(brief["name"] == "王梅", "the pop has another name: {brief}");
        ensure!(
            brief.pointer("/last_contact/channel") == Some(&json!("web")),
            "the chat is not the last contact: {brief}"
        );
        let customer = brief["customer"].as_str().unwrap_or_default().to_owned();
        let path = format!("/customers/{customer}/timeline");
        self.house
            .voice_agent()
            .until("the voice agent sees the chat", &path, |timeline| {
                timeline["items"].as_array().is_some_and(|entries| {
                    entries.iter().any(|entry| entry.pointer("/messages/0/text") == Some(&json!("我的退款怎么样了？")))
                })
            })
            .await?;
        tell("Before he says hello the voice agent sees her name, her tags, and last night's chat.");
        self.talk(&call).await?;
        tell("Nobody asked her twice.");
        Ok(())
    }

    /// A call comes in, waits, and rings at 4750; gives the pop that the agent's screen shows.
    async fn ring(&mut self, call: &str, screen: &mut tokio::sync::mpsc::Receiver<Shown>) -> Result<Value> {
        let arrive = Arrive { call: call.to_owned(), ani: NUMBER.into(), to: "65067".into(), ..Arrive::default() };
        self.verb(Verb::Arrive(arrive)).await?;
        self.verb(Verb::Queue { call: call.to_owned(), skill: "601".into() }).await?;
        self.pause().await;
        self.verb(Verb::Ring { call: call.to_owned(), station: "4750".into() }).await?;
        let pop = desk::next(screen, "pop.ringing").await?;
        self.pops += 1;
        Ok(pop.get("pop").filter(|inner| inner.is_object()).cloned().unwrap_or(pop))
    }

    async fn talk(&self, call: &str) -> Result<()> {
        self.pause().await;
        self.verb(Verb::Answer { call: call.to_owned(), station: None }).await?;
        self.pause().await;
        self.pause().await;
        self.verb(Verb::Drop { call: call.to_owned(), party: "caller".into() }).await
    }

    async fn verb(&self, verb: Verb) -> Result<()> {
        self.house.avaya.step(verb).await?;
        Ok(())
    }

    async fn post(&self, event: Value) -> Result<()> {
        let entry = self.house.chat.send(&event).await;
        ensure!(entry.accepted, "the web chat's webhook was not accepted: {entry:?}");
        Ok(())
    }

    async fn pause(&self) {
        let wait = match self.pace {
            Pace::Quick => Duration::from_millis(30),
            Pace::Watched => Duration::from_secs(4),
        };
        tokio::time::sleep(wait).await;
    }
}

fn visitor() -> Visitor {
    Visitor {
        id: "v-7f3a".into(),
        name: Some("王梅".into()),
        account: Some("wang.mei".into()),
        phone: Some(NUMBER.into()),
        phone_verified: Some(true),
        fields: [("level".to_owned(), json!("gold"))].into_iter().collect(),
        ..Visitor::default()
    }
}
