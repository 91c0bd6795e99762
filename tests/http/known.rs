//! What is known of customers and agents: the journey, agents, words of tags, segments.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::json;
use trunkline::http::parts::{Answer, PartError, Profiles};
use trunkline_mapping::engine::Edit;
use trunkline_mapping::profile::{AgentProfile, Login};
use trunkline_mapping::view::{
    AgentView, LoginView, Place, SegmentPage, SegmentRow, SegmentView, TagWordView, TimelineFilter, TimelinePage,
    TouchKind, TouchPoint,
};
use uuid::Uuid;

use crate::house::{House, id, read};
use crate::invented::{Invented, now};
use crate::people::{LI, WANG, move_in};

fn agent(name: &str, logins: Vec<LoginView>) -> AgentView {
    AgentView {
        agent: name.into(),
        name: None,
        group: None,
        extension: None,
        skills: Vec::new(),
        phones: Vec::new(),
        emails: Vec::new(),
        logins,
        changed: now(),
    }
}

#[async_trait]
impl Profiles for Invented {
    async fn journey(&self, customer: Uuid, filter: &TimelineFilter) -> Answer<Option<TimelinePage>> {
        self.asked().await?;
        let stored = self.stored();
        if !stored.customers.iter().any(|known| known.customer == customer) {
            return Ok(None);
        }
        let his = stored.timelines.iter().filter(|(owner, _)| *owner == customer);
        let mut items: Vec<TouchPoint> = his
            .map(|(_, entry)| TouchPoint {
                at: entry.at,
                id: entry.cdr.id,
                kind: TouchKind::Call,
                medium: "voice".into(),
                source: entry.cdr.source.clone(),
                agent: None,
                text: String::new(),
                conversation: None,
                cdr: Some(entry.cdr.clone()),
            })
            .filter(|point| filter.after.is_none_or(|after| Place::from((point.at, point.id)) < after))
            .filter(|point| filter.kinds.is_empty() || filter.kinds.contains(&point.kind))
            .collect();
        items.sort_by_key(|point| std::cmp::Reverse((point.at, point.id)));
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|last| Place::from((last.at, last.id)).to_string());
        Ok(Some(TimelinePage { items, next }))
    }

    async fn edit(&self, customer: Uuid, author: &str, edit: &Edit) -> Answer<()> {
        let told = format!("{author} {customer} {:?} {:?}", edit.fields, edit.tags);
        self.stored().decided.push((author.into(), told));
        Ok(())
    }

    async fn agents(&self) -> Answer<Vec<AgentView>> {
        Ok(self.stored().linked.iter().map(|(name, _)| agent(name, Vec::new())).collect())
    }

    async fn agent(&self, id: &str) -> Answer<Option<AgentView>> {
        Ok(self.agents().await?.into_iter().find(|agent| agent.agent == id))
    }

    async fn agent_of(&self, login: &Login) -> Answer<Option<String>> {
        Ok(self.stored().linked.iter().find(|(_, known)| known == login).map(|(agent, _)| agent.clone()))
    }

    async fn unlinked_logins(&self) -> Answer<Vec<LoginView>> {
        Ok(Vec::new())
    }

    async fn keep_agents(&self, list: &[AgentProfile]) -> Answer<()> {
        let of = |agent: &AgentProfile| {
            let name = agent.agent.clone();
            agent.logins.iter().map(move |login| (name.clone(), login.clone())).collect::<Vec<_>>()
        };
        self.stored().linked.extend(list.iter().flat_map(of));
        Ok(())
    }

    async fn link_agent(&self, agent: &str, login: &Login) -> Answer<Option<String>> {
        let before = self.agent_of(login).await?;
        let mut stored = self.stored();
        stored.linked.retain(|(_, known)| known != login);
        stored.linked.push((agent.into(), login.clone()));
        Ok(before)
    }

    async fn unlink_agent(&self, agent: &str, login: &Login) -> Answer<bool> {
        let mut stored = self.stored();
        let before = stored.linked.len();
        stored.linked.retain(|(known, his)| known != agent || his != login);
        Ok(stored.linked.len() < before)
    }

    async fn tag_words(&self) -> Answer<Vec<TagWordView>> {
        let word = |word: &str, tag: Option<&str>| TagWordView {
            source: "/connectors/crm".into(),
            word: word.into(),
            tag: tag.map(Into::into),
            first_seen: now(),
        };
        Ok(vec![word("VIP客户", Some("vip")), word("night owl", None)])
    }

    fn segments(&self) -> Vec<SegmentView> {
        vec![SegmentView { name: "everybody".into(), title: None, when: "true".into() }]
    }

    async fn segment_page(&self, when: &str, after: Option<Uuid>) -> Answer<SegmentPage> {
        if when != "true" {
            return Err(PartError::Conflict("profile.citty: no such field; did you mean city?".into()));
        }
        let row = |customer| SegmentRow {
            customer,
            name: None,
            phones: Vec::new(),
            emails: Vec::new(),
            tags: Vec::new(),
            fields: std::collections::BTreeMap::new(),
            last_contact: None,
        };
        let (customer, next) = if after.is_none() { (id(WANG), Some(id(WANG))) } else { (id(LI), None) };
        Ok(SegmentPage { items: vec![row(customer)], scanned: 1, unjudged: 0, next })
    }
}

async fn furnished() -> House {
    let house = House::open().await;
    move_in(&house.records);
    house.token("reader", &["integrator"], None, None);
    house.token("root", &["admin"], None, None);
    house.token("seat", &["agent"], Some("2001"), None);
    house
}

#[tokio::test]
async fn a_journey_is_paged_by_its_cursor() {
    let house = furnished().await;
    let path = format!("/api/v1/customers/{}/touchpoints", id(WANG));
    let (status, first) = read(house.get(&format!("{path}?limit=2"), "reader").await).await;
    assert_eq!((status, first["items"].as_array().map(Vec::len)), (200, Some(2)), "{first}");
    let cursor = first["next"].as_str().expect("there is more");
    let (_, second) = read(house.get(&format!("{path}?limit=2&cursor={cursor}"), "reader").await).await;
    assert_eq!((second["items"].as_array().map(Vec::len), &second["next"]), (Some(1), &json!(null)), "{second}");
    assert!(second["items"][0]["at"].as_str() < first["items"][1]["at"].as_str());
    assert!(house.records.actions().contains(&"reader customer.timeline".to_owned()), "looks are on record");
}

#[tokio::test]
async fn a_journey_that_is_asked_for_wrongly_is_told_how() {
    let house = furnished().await;
    let path = format!("/api/v1/customers/{}/touchpoints", id(WANG));
    for (query, told) in [
        ("kind=calls", "none of call, chat, message"),
        ("medium=fax", "medium is one of voice, chat"),
        ("cursor=x", "cursor is no cursor; give back what stands in `next`"),
        ("since=yesterday", "RFC 3339"),
    ] {
        let (status, problem) = read(house.get(&format!("{path}?{query}"), "reader").await).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains(told), "{query}: {status} {detail}");
    }
    let (_, some) = read(house.get(&format!("{path}?kind=mail,page"), "reader").await).await;
    assert_eq!(some["items"], json!([]));
    let nobody = format!("/api/v1/customers/{}/touchpoints", id(0x999));
    assert_eq!(read(house.get(&nobody, "reader").await).await.0, 404);
    assert_eq!(read(house.get(&path, "seat").await).await.0, 404, "an agent sees the journeys of his own callers");
}

#[tokio::test]
async fn logins_are_given_and_taken_by_administrators_and_read_by_others() {
    let house = furnished().await;
    let logins = "/api/v1/agents/zhao.min/logins";
    let login = json!({"system": "avaya-bj", "login": "2001"});
    assert_eq!(read(house.post(logins, "reader", &login).await).await.0, 403);
    let (status, linked) = read(house.post(logins, "root", &login).await).await;
    assert_eq!((status, linked), (200, json!({"agent": "zhao.min", "before": null})));
    let (_, whose) = read(house.get("/api/v1/logins/who?system=/connectors/avaya-bj&login=2001", "reader").await).await;
    assert_eq!(whose, json!({"agent": "zhao.min"}));
    let (_, moved) = read(house.post("/api/v1/agents/li.na/logins", "root", &login).await).await;
    assert_eq!(moved["before"], "zhao.min");
    assert_eq!(read(house.get("/api/v1/agents/li.na", "reader").await).await.0, 200);
    assert_eq!(read(house.get("/api/v1/agents/nobody", "reader").await).await.0, 404);
    assert_eq!(read(house.get("/api/v1/agents", "seat").await).await.0, 403);
    let take = async |agent: &str| {
        let path = format!("/api/v1/agents/{agent}/logins");
        read(house.request(Method::DELETE, &path, "root").json(&login).send().await.expect("an answer")).await.0
    };
    assert_eq!((take("li.na").await, take("li.na").await), (204, 404));
    assert!(house.records.actions().contains(&"root agent.link".to_owned()));

    let twice = json!({"agents": [{"agent": "a", "logins": [login]}, {"agent": "b", "logins": [login]}]});
    assert_eq!(read(house.post("/api/v1/agents", "root", &twice).await).await.0, 422);
    assert_eq!(read(house.post("/api/v1/agents", "root", &json!({"agents": [{"agent": "a/b"}]})).await).await.0, 422);
    let one = json!({"agents": [{"agent": "ma", "name": "Ma", "logins": [login]}]});
    assert_eq!(read(house.post("/api/v1/agents", "root", &one).await).await.0, 204);
    assert_eq!(read(house.post("/api/v1/agents", "reader", &one).await).await.0, 403);
}

#[tokio::test]
async fn an_agent_edits_the_profiles_of_his_own_callers() {
    let house = furnished().await;
    house.token("desk", &["desk"], None, Some("li.na"));
    let path = format!("/api/v1/customers/{}/profile", id(WANG));
    let edit = json!({"fields": {"level": "platinum"}, "tags": {"vip": true}});
    assert_eq!(read(house.post(&path, "reader", &edit).await).await.0, 403);
    assert_eq!(read(house.post(&path, "seat", &edit).await).await.0, 404, "she is no caller of his");
    assert_eq!(read(house.post(&path, "desk", &edit).await).await.0, 204);
    let written = house.records.stored().decided.clone();
    assert_eq!(written[0].0, "li.na");
    assert!(written[0].1.contains("platinum") && written[0].1.contains("\"vip\": true"), "{written:?}");
    let long = "x".repeat(2_001);
    for wrong in
        [json!({}), json!({"fields": {"": "x"}}), json!({"fields": {"a": "\u{7}"}}), json!({"fields": {"a": long}})]
    {
        assert_eq!(read(house.post(&path, "desk", &wrong).await).await.0, 422, "{wrong}");
    }
    assert!(house.records.actions().contains(&"desk customer.edit".to_owned()));
}

#[tokio::test]
async fn words_of_tags_and_segments_are_read_by_integrators() {
    let house = furnished().await;
    let (_, all) = read(house.get("/api/v1/tags", "reader").await).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2));
    let (_, unknown) = read(house.get("/api/v1/tags?unknown=true", "reader").await).await;
    assert_eq!(unknown["items"][0]["word"], "night owl");
    assert_eq!(unknown["items"].as_array().map(Vec::len), Some(1));

    let scan = async |asked| read(house.post("/api/v1/segments/scan", "reader", &asked).await).await;
    let (status, page) = scan(json!({"segment": "everybody"})).await;
    assert_eq!((status, &page["next"]), (200, &json!(id(WANG))));
    let (_, last) = scan(json!({"segment": "everybody", "after": page["next"]})).await;
    assert_eq!((&last["items"][0]["customer"], &last["next"]), (&json!(id(LI)), &json!(null)));
    assert_eq!(scan(json!({"segment": "nobody"})).await.0, 404);
    assert_eq!(scan(json!({})).await.0, 422);
    let (status, problem) = scan(json!({"when": "profile.citty == ''"})).await;
    assert!(status == 422 && problem["detail"].as_str().is_some_and(|told| told.contains("did you mean city?")));
    let looked = house.records.actions().iter().filter(|action| *action == "reader segment.scan").count();
    assert_eq!(looked, 2, "one for each way through, and one for the condition that was refused");
    assert_eq!(read(house.get("/api/v1/segments", "seat").await).await.0, 403);
}
