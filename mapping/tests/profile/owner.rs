//! Whose customer one is.

use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Leg, Medium, Outcome};
use trunkline_mapping::profile::{Chosen, Owner, OwnerRule, ProfileRules, owner};
use uuid::Uuid;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000 + second).expect("in range")
}

fn record(medium: Medium, second: i64, agent: &str, outcome: Outcome) -> Cdr {
    let agent = Some(agent.to_owned()).filter(|agent| !agent.is_empty());
    let answered = Some(at(second + 5)).filter(|_| outcome == Outcome::Answered);
    Cdr {
        id: Uuid::from_u128(second.unsigned_abs().into()),
        medium,
        source: if medium == Medium::Voice { "/connectors/avaya-bj" } else { "/connectors/web" }.into(),
        started: Some(at(second)),
        outcome,
        legs: vec![Leg { extension: "1001".into(), agent, answered, ..Leg::default() }],
        ..Cdr::default()
    }
}

fn field(value: &str) -> Chosen {
    Chosen { field: "owner".into(), value: value.into(), source: "/connectors/crm".into(), at: at(1) }
}

fn found(rules: &ProfileRules, fields: &[Chosen], records: &[Cdr]) -> Option<Owner> {
    owner(&rules.owner, fields, records)
}

#[test]
fn the_first_rule_that_names_somebody_decides_and_says_so() {
    let rules = ProfileRules::default();
    let records = [
        record(Medium::Voice, 10, "2001", Outcome::Answered),
        record(Medium::Voice, 30, "2002", Outcome::Answered),
        record(Medium::Chat, 50, "li.na", Outcome::Answered),
    ];
    let by_crm = found(&rules, &[field(" wang ")], &records).expect("an owner");
    assert_eq!((by_crm.login.as_str(), by_crm.system.as_str()), ("wang", "/connectors/crm"));
    assert_eq!(by_crm.rule, OwnerRule::Field("owner".into()));
    let by_call = found(&rules, &[], &records).expect("an owner");
    assert_eq!((by_call.login.as_str(), by_call.rule, by_call.at), ("2002", OwnerRule::LastCall, at(30)));
    let by_chat = found(&rules, &[], &records[2..]).expect("an owner");
    assert_eq!((by_chat.login.as_str(), by_chat.rule.to_string().as_str()), ("li.na", "last_chat"));
    assert!(found(&rules, &[], &[]).is_none());
}

#[test]
fn the_order_is_declared() {
    let rules = ProfileRules::from_toml("[owner]\norder = [\"last_chat\", \"field:owner\"]\n").expect("good");
    let records =
        [record(Medium::Voice, 90, "2001", Outcome::Answered), record(Medium::Chat, 50, "li.na", Outcome::Answered)];
    assert_eq!(found(&rules, &[field("wang")], &records).expect("an owner").login, "li.na");
    assert_eq!(found(&rules, &[field("wang")], &records[..1]).expect("an owner").login, "wang");
    assert!(found(&rules, &[], &records[..1]).is_none(), "calls are no rule here");
}

#[test]
fn a_call_that_nobody_answered_makes_nobody_the_owner() {
    let rules = ProfileRules::default();
    let records = [
        record(Medium::Voice, 10, "2001", Outcome::Answered),
        record(Medium::Voice, 30, "2002", Outcome::AbandonedRinging),
        record(Medium::Voice, 40, "", Outcome::Answered),
    ];
    assert_eq!(found(&rules, &[], &records).expect("an owner").login, "2001");
    assert!(found(&rules, &[], &records[1..]).is_none());
    let nobody_wrote = [record(Medium::Chat, 60, "li.na", Outcome::AbandonedInQueue)];
    assert!(found(&rules, &[], &nobody_wrote).is_none(), "a chat that she was given and never answered");
}
