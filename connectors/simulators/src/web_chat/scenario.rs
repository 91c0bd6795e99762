//! The scenario language; `README.md` in this folder is its manual.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::sender::{Misbehaviour, WebChatError};
use super::story::Visitor;

/// A scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// People by the name that steps call them.
    #[serde(default)]
    pub visitors: BTreeMap<String, Visitor>,
    /// What happens, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// Many chats of invented people, after the steps.
    #[serde(default)]
    pub load: Option<Load>,
}

/// One step: exactly one of the verbs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Milliseconds to wait before it.
    #[serde(default)]
    pub after_ms: u64,
    /// A visitor opens a chat.
    pub open: Option<Open>,
    /// The visitor of the chat writes.
    pub write: Option<Write>,
    /// An agent takes the chat.
    pub assign: Option<Assign>,
    /// An agent writes.
    pub answer: Option<Answer>,
    /// What is known of a visitor is told.
    pub profile: Option<About>,
    /// Tags are set or taken away.
    pub tag: Option<Tag>,
    /// The chat is closed.
    pub close: Option<Close>,
    /// What is done wrong on purpose.
    pub misbehave: Option<Misbehaviour>,
}

/// `open`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The chat's id.
    pub chat: String,
    /// Who, by name.
    pub visitor: String,
    /// Skill group.
    pub queue: Option<String>,
    /// The page.
    pub page: Option<String>,
}

/// `write`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The chat's id.
    pub chat: String,
    /// What.
    pub text: String,
}

/// `assign`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// The chat's id.
    pub chat: String,
    /// Login id.
    pub agent: String,
    /// Display name.
    pub name: Option<String>,
}

/// `answer`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The chat's id.
    pub chat: String,
    /// Login id.
    pub agent: String,
    /// What.
    pub text: String,
}

/// `profile`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Who, by name.
    pub visitor: String,
}

/// `tag`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Who, by name.
    pub visitor: String,
    /// Tags to set.
    #[serde(default)]
    pub set: Vec<String>,
    /// Tags to take away.
    #[serde(default)]
    pub removed: Vec<String>,
}

/// `close`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The chat's id.
    pub chat: String,
    /// Why.
    pub reason: Option<String>,
    /// The agent's summary.
    pub summary: Option<String>,
}

/// `[load]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// How many chats.
    pub chats: u32,
    /// Messages in each, besides opening and closing.
    pub messages: u32,
    /// Chats that go on at a time.
    #[serde(default = "Load::usual")]
    pub at_once: u32,
}

impl Load {
    fn usual() -> u32 {
        8
    }
}

impl Step {
    /// The wait before it.
    pub fn wait(&self) -> Duration {
        Duration::from_millis(self.after_ms)
    }

    fn verbs(&self) -> usize {
        [
            self.open.is_some(),
            self.write.is_some(),
            self.assign.is_some(),
            self.answer.is_some(),
            self.profile.is_some(),
            self.tag.is_some(),
            self.close.is_some(),
        ]
        .into_iter()
        .filter(|verb| *verb)
        .count()
    }
}

/// Reads a scenario; every step has one verb and every visitor is known.
pub fn parse(text: &str) -> Result<Scenario, WebChatError> {
    let scenario: Scenario = toml::from_str(text)?;
    for (number, step) in (1..).zip(&scenario.steps) {
        let wrong = |sentence: String| WebChatError::Step { step: number, sentence };
        if step.verbs() != 1 {
            return Err(wrong("it has to have one of open, write, assign, answer, profile, tag, close".to_owned()));
        }
        let named = step
            .open
            .as_ref()
            .map(|open| &open.visitor)
            .or(step.profile.as_ref().map(|about| &about.visitor))
            .or(step.tag.as_ref().map(|tag| &tag.visitor));
        if let Some(name) = named.filter(|name| !scenario.visitors.contains_key(*name)) {
            return Err(wrong(format!("there is no [visitors.{name}]")));
        }
    }
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_without_a_verb_or_with_a_stranger_is_named() {
        let two = "[[step]]\nwrite = { chat = 'c', text = 'x' }\n[[step]]\nafter_ms = 5\n";
        assert!(parse(two).expect_err("no verb").to_string().starts_with("step 2: it has to have one of open"));
        let stranger = "[[step]]\nprofile = { visitor = 'wang' }\n";
        assert_eq!(parse(stranger).expect_err("nobody").to_string(), "step 1: there is no [visitors.wang]");
        assert!(parse("[[step]]\nwrites = 1\n").is_err());
    }
}
