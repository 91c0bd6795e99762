//! Webhooks in: answered when durable and not before, bounded, safe to repeat. With the real `chat-webhook` protocol.

use std::time::Duration;

use bytes::Bytes;
use trunkline_connectors::contract::{WebhookReply, WebhookRequest};
use trunkline_connectors::drive::{LinkState, system_clock};
use trunkline_connectors::webhook::standard::Secret;

use crate::inlet::{SECRET, chat};
use crate::store::{Store, in_state, texts};

fn message(number: u32) -> WebhookRequest {
    let body = format!(
        r#"{{"type":"chat.message","data":{{"chat_id":"c","message_id":{number},"author":"visitor","content":{{"type":"text","text":"hello"}}}}}}"#
    );
    let id = format!("msg_{number}");
    let seconds = system_clock().unix_millis() / 1000;
    let signature = Secret::parse(SECRET).expect("a secret").sign(&id, seconds, body.as_bytes());
    let headers = [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)];
    WebhookRequest {
        method: "POST".to_owned(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: Bytes::from(body),
        ..WebhookRequest::default()
    }
}

fn retry_after(reply: &WebhookReply) -> Option<&str> {
    reply.headers.iter().find(|(name, _)| *name == "retry-after").map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn rule_2_the_good_answer_comes_after_the_event_is_durable() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = chat(&store, data.path(), |_| {}).await;
    store.shut();
    let asking = link.webhook(message(1));
    tokio::pin!(asking);
    // Whoever can answer has answered once another question has been refused in full.
    let refused = tokio::select! {
        reply = &mut asking => panic!("answered {reply:?} while nothing was durable"),
        refused = async { link.webhook(WebhookRequest { body: vec![b'x'; 5000].into(), ..message(2) }).await } => refused,
    };
    assert_eq!(refused.status, 413);
    assert!(texts(&store.events()).is_empty());
    store.open();
    assert_eq!(asking.await.status, 204);
    assert_eq!(texts(&store.events()), ["1"]);
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_answered_503_and_its_repeat_is_taken_once() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = chat(&store, data.path(), |pace| pace.reply_within = Duration::from_millis(100)).await;
    store.shut();
    let reply = link.webhook(message(1)).await;
    assert_eq!((reply.status, retry_after(&reply)), (503, Some("5")));
    let repeat = link.webhook(message(1)).await;
    assert_eq!(repeat.status, 503, "a repeat is no better than the first while that is not durable");
    store.open();
    store.messages(1).await;
    link.stop().await;
    let link = chat(&store, data.path(), |_| {}).await;
    assert_eq!(link.webhook(message(1)).await.status, 200);
    assert_eq!(texts(&store.events()), ["1"]);
}

#[tokio::test]
async fn what_was_answered_well_survives_a_crash_and_what_was_not_is_taken_afterwards() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = chat(&store, data.path(), |_| {}).await;
    assert_eq!(link.webhook(message(1)).await.status, 204);
    link.stop().await;
    // Impatient only while nothing becomes durable: a good answer may take its time on a busy machine.
    let link = chat(&store, data.path(), |pace| pace.reply_within = Duration::from_millis(100)).await;
    store.shut();
    assert_eq!(link.webhook(message(2)).await.status, 503);
    drop(link);
    store.open();
    let link = chat(&store, data.path(), |_| {}).await;
    assert_eq!(link.webhook(message(2)).await.status, 204, "it was not remembered as taken");
    assert_eq!(texts(&store.events()), ["1", "2"]);
    assert!(crate::store::gaps(&store.events()).is_empty(), "who sends webhooks sends them again");
}

#[tokio::test]
async fn too_much_at_once_is_told_to_come_again() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = chat(&store, data.path(), |pace| {
        (pace.queue, pace.webhooks) = (1, 1);
        pace.reply_within = Duration::from_millis(200);
    })
    .await;
    store.shut();
    let replies = futures_util::future::join_all((0..50).map(|number| link.webhook(message(number)))).await;
    let count = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert!(count(429) > 40, "{replies:?}");
    assert_eq!(count(429) + count(503), 50, "{replies:?}");
    assert!(replies.iter().all(|reply| retry_after(reply).is_some()));
}

#[tokio::test]
async fn a_paused_connector_asks_to_come_again() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = chat(&store, data.path(), |_| {}).await;
    link.pause();
    in_state(&link, |state| *state == LinkState::Paused).await;
    assert_eq!(link.webhook(message(1)).await.status, 503);
    link.resume();
    in_state(&link, |state| *state == LinkState::Up).await;
    assert_eq!(link.webhook(message(1)).await.status, 204);
}

#[tokio::test]
async fn rule_4_the_memory_of_webhooks_outlives_a_stop() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let link = chat(&store, data.path(), |_| {}).await;
    assert_eq!(link.webhook(message(1)).await.status, 204);
    link.stop().await;
    let link = chat(&store, data.path(), |_| {}).await;
    assert_eq!(link.webhook(message(1)).await.status, 200);
    assert_eq!(texts(&store.events()), ["1"]);
}
