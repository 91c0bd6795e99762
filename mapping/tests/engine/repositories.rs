//! Tokens, the audit log, the outbox.

use trunkline_events::Timestamp;
use trunkline_mapping::store::{AuditEntry, NewToken};
use uuid::Uuid;

use crate::house::House;
use crate::told::{at, avaya, whole_call};

async fn a_token_opens_until_it_expires_or_is_revoked(house: &House) {
    let store = house.store();
    let new = NewToken {
        name: "desk of Li".into(),
        scopes: vec!["agent".into(), "desk".into()],
        agent: Some("2001".into()),
        extension: Some("1001".into()),
        expires: Some(at(1_000)),
    };
    let (token, secret) = store.create_token(&new, at(0)).await.expect("is made");
    let grant = store.verify_token(&secret, at(10)).await.expect("reads").expect("opens");
    assert_eq!(grant, token);
    assert_eq!((grant.scopes.len(), grant.agent.as_deref()), (2, Some("2001")));
    assert!(store.verify_token(&secret[..secret.len() - 1], at(10)).await.expect("reads").is_none());
    assert!(store.verify_token(&secret, at(1_000)).await.expect("reads").is_none(), "expired");
    assert!(store.revoke_token(token.id, at(20)).await.expect("writes"));
    assert!(!store.revoke_token(token.id, at(21)).await.expect("writes"), "it is revoked already");
    assert!(!store.revoke_token(Uuid::nil(), at(21)).await.expect("writes"));
    assert!(store.verify_token(&secret, at(30)).await.expect("reads").is_none());
    assert_eq!(store.tokens().await.expect("reads")[0].revoked, Some(at(20)));
    let kept = house.execute("SELECT hash FROM token");
    assert!(!kept.contains(&secret) && kept.trim().len() == 64, "only the hash is kept");
}

async fn a_token_without_end_has_none(house: &House) {
    let new = NewToken { name: "crm".into(), scopes: vec!["integrator".into()], ..NewToken::default() };
    let (token, secret) = house.store().create_token(&new, at(0)).await.expect("is made");
    assert_eq!((token.expires, token.agent.clone()), (None, None));
    let far = at(3_000_000_000);
    assert_eq!(house.store().verify_token(&secret, far).await.expect("reads"), Some(token));
}

async fn the_audit_log_lists_the_newest_first(house: &House) {
    let entry = |second: i64, action: &str| AuditEntry {
        at: at(second),
        actor: "admin".into(),
        action: action.into(),
        target: "x".into(),
        detail: String::new(),
    };
    for (second, action) in [(0, "customer.view"), (1, "customer.merge"), (2, "token.create")] {
        house.store().log_action(&entry(second, action)).await.expect("writes");
    }
    let actions = async |before: Option<Timestamp>, limit| {
        let found = house.store().actions(before, limit).await.expect("reads");
        found.into_iter().map(|entry| entry.action).collect::<Vec<_>>()
    };
    assert_eq!(actions(None, 2).await, ["token.create", "customer.merge"]);
    assert_eq!(actions(Some(at(1)), 2).await, ["customer.view"]);
}

async fn the_outbox_keeps_events_in_order_until_they_are_published(house: &House) {
    let relay = house.engine.relay();
    let applied = house.apply(&whole_call(&avaya(), 0, "c1", "13800138001")).await;
    relay.woken().await;
    let pending = relay.pending(100).await.expect("reads");
    let waiting: Vec<_> = pending.iter().map(|pending| (pending.seq, &pending.event)).collect();
    let derived: Vec<_> = applied.derived.iter().map(|derived| (derived.seq, &derived.event)).collect();
    assert_eq!(waiting, derived);
    assert_eq!(pending[1].routing, "cdr.completed.v1");
    relay.published(&[pending[0].seq]).await.expect("writes");
    relay.published(&[pending[0].seq]).await.expect("twice is harmless");
    assert_eq!(relay.pending(100).await.expect("reads"), pending[1..]);
    assert_eq!(house.store().waiting().await.expect("reads"), 1);
}

crate::on_both! {
    a_token_opens_until_it_expires_or_is_revoked,
    a_token_without_end_has_none,
    the_audit_log_lists_the_newest_first,
    the_outbox_keeps_events_in_order_until_they_are_published,
}
