//! Plays a scenario.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::scenario::{self, Load, Scenario, Step};
use super::sender::{Misbehaviour, Patience, Sender, WebChatError};
use super::story::{self, Visitor};

/// Plays a scenario against `target` and gives the ledger with what was sent added to it. Message ids count up within a
/// chat, so the same scenario played twice is the same chat.
pub async fn run(scenario: &str, target: &str, secret: &str, ledger: Ledger) -> Result<Ledger, WebChatError> {
    let scenario = scenario::parse(scenario)?;
    let sender = Arc::new(Sender::new(target, secret, Patience::quick())?.with_ledger(ledger));
    let mut play = Play { scenario: &scenario, sender: &sender, visitors: HashMap::new(), messages: HashMap::new() };
    play.steps().await;
    if let Some(load) = scenario.load {
        flood(&sender, load).await;
    }
    Ok(sender.ledger())
}

struct Play<'a> {
    scenario: &'a Scenario,
    sender: &'a Sender,
    /// Who opened which chat.
    visitors: HashMap<String, String>,
    /// Messages of each chat so far.
    messages: HashMap<String, u32>,
}

impl Play<'_> {
    async fn steps(&mut self) {
        let mut held = None::<Value>;
        for step in &self.scenario.steps {
            tokio::time::sleep(step.wait()).await;
            let Some(event) = self.event(step) else { continue };
            match step.misbehave {
                Some(Misbehaviour::Reordered) if held.is_none() => {
                    held = Some(event);
                    continue;
                }
                Some(misbehaviour) => drop(self.sender.misbehave(&event, misbehaviour).await),
                None => drop(self.sender.send(&event).await),
            }
            self.release(held.take()).await;
        }
        self.release(held).await;
    }

    async fn release(&self, held: Option<Value>) {
        if let Some(event) = held {
            self.sender.misbehave(&event, Misbehaviour::Reordered).await;
        }
    }

    fn event(&mut self, step: &Step) -> Option<Value> {
        if let Some(open) = &step.open {
            let visitor = self.scenario.visitors.get(&open.visitor)?;
            self.visitors.insert(open.chat.clone(), visitor.id.clone());
            return Some(story::opened(&open.chat, visitor, open.queue.as_deref(), open.page.as_deref()));
        }
        if let Some(write) = &step.write {
            let message = self.next_message(&write.chat);
            let visitor = self.visitors.get(&write.chat).map(String::as_str);
            return Some(story::text(&write.chat, &message, "visitor", visitor, &write.text));
        }
        if let Some(answer) = &step.answer {
            let message = self.next_message(&answer.chat);
            return Some(story::text(&answer.chat, &message, "agent", Some(&answer.agent), &answer.text));
        }
        if let Some(assign) = &step.assign {
            return Some(story::assigned(&assign.chat, &assign.agent, assign.name.as_deref()));
        }
        if let Some(about) = &step.profile {
            return Some(story::profile(self.scenario.visitors.get(&about.visitor)?));
        }
        if let Some(tag) = &step.tag {
            return Some(story::tags(self.scenario.visitors.get(&tag.visitor)?, &tag.set, &tag.removed));
        }
        let close = step.close.as_ref()?;
        Some(story::closed(&close.chat, close.reason.as_deref(), close.summary.as_deref()))
    }

    fn next_message(&mut self, chat: &str) -> String {
        let count = self.messages.entry(chat.to_owned()).or_default();
        *count += 1;
        format!("{chat}-m{count}")
    }
}

/// Many chats, some at a time; within a chat everything in order.
async fn flood(sender: &Arc<Sender>, load: Load) {
    let mut chats = JoinSet::new();
    for number in 0..load.chats {
        if chats.len() >= load.at_once.max(1) as usize {
            chats.join_next().await;
        }
        chats.spawn(one_chat(Arc::clone(sender), number, load.messages));
    }
    chats.join_all().await;
}

async fn one_chat(sender: Arc<Sender>, number: u32, messages: u32) {
    let chat = format!("load-{number}");
    let phone = format!("138 0013 {:04}", number % 10_000);
    let visitor = Visitor { id: format!("visitor-{number}"), phone: Some(phone), ..Visitor::default() };
    sender.send(&story::opened(&chat, &visitor, None, None)).await;
    for message in 1..=messages {
        let text = format!("message {message}");
        sender.send(&story::text(&chat, &format!("{chat}-m{message}"), "visitor", Some(&visitor.id), &text)).await;
    }
    sender.send(&story::closed(&chat, None, None)).await;
}
