//! Tokens: what each may do, for how long, and what a refused one is told.

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_used_listed_and_revoked() {
    let house = House::open().await;
    let create = ["token", "create", "--name", "reports", "--scope", "integrator", "--days", "30"];
    let made = house.trunkctl(&create).await;
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(made.stdout.lines().count(), 1, "the secret alone is on stdout");
    assert!(made.stderr.contains("shown this once"), "{made:?}");
    let token = ["--token", made.stdout.trim()];
    assert_eq!(house.trunkctl_as(&token, &["customer", "find", "nobody"]).await.code, 1, "it may look");
    let refused = house.trunkctl_as(&token, &["connector", "list"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("it needs the scope admin"), "{refused:?}");

    let list = house.trunkctl(&["token", "list", "--json"]).await.json();
    let listed = list.as_array().expect("an array").iter().find(|token| token["name"] == "reports").expect("listed");
    assert!(listed["expires"].is_string() && !list.to_string().contains(made.stdout.trim()), "{list}");
    let id = listed["id"].as_str().expect("an id").to_owned();
    let other = house.trunkctl(&["token", "create", "--name", "other", "--scope", "desk", "--json"]).await.json();
    let other = other.pointer("/token/id").and_then(|id| id.as_str()).expect("an id").to_owned();
    let revoked = house.trunkctl(&["token", "revoke", &other, "--json"]).await.json();
    assert_eq!(revoked, serde_json::json!({"id": other, "revoked": true}));
    let revoked = house.trunkctl(&["token", "revoke", &id]).await;
    assert_eq!((revoked.code, revoked.stdout), (0, format!("token {id} is revoked.\n")));
    assert_eq!(house.trunkctl(&["token", "revoke", &id]).await.code, 1, "nothing is left to revoke");
    let late = house.trunkctl_as(&token, &["customer", "find", "nobody"]).await;
    assert_eq!(late.code, 2);
    assert!(late.stderr.contains("expired or revoked") && late.stderr.contains("trunkctl token create"), "{late:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_agents_are_bound_to_a_seat() {
    let house = House::open().await;
    let bare = house.trunkctl(&["token", "create", "--name", "a", "--scope", "agent"]).await;
    assert_eq!(bare.code, 2);
    assert!(bare.stderr.contains("bound to an agent or an extension"), "{bare:?}");
    let create =
        ["token", "create", "--name", "seat", "--scope", "agent", "--scope", "desk", "--extension", "4750", "--json"];
    let made = house.trunkctl(&create).await.json();
    assert_eq!(made.pointer("/token/scopes").expect("scopes"), &serde_json::json!(["agent", "desk"]));
    assert_eq!(made.pointer("/token/extension").expect("an extension"), "4750");
    assert!(
        made["secret"].is_string() && made.pointer("/token/expires").is_none_or(serde_json::Value::is_null),
        "{made}"
    );
    house.close().await;
}
