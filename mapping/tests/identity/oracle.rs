//! The partition against the naive oracle, on random evidence over few handles so that rules collide all the time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trunkline_events::customer::Strength;
use trunkline_mapping::identity::{Evidence, Handle, Origin, Partition, Rules, Sighting, partition};
use uuid::Uuid;

use crate::naive::opinion;
use crate::world::{handle, minute};

/// Limits so low that a dozen handles break them.
const TIGHT: &str = "
max_handles_per_customer = 7
max_neighbours = 5
[schemes.account_no]
max_per_customer = 2
[schemes.phone]
max_per_customer = 2
max_customers = 2
recycled_after_days = 200
[schemes.email]
max_customers = 3
[schemes.web_visitor]
max_customers = 2
";

const NAMES: &[&str] = &[
    "crm:c1",
    "crm:c2",
    "crm:south/c1",
    "account:a1",
    "account:a2",
    "account:a3",
    "unionid:u1",
    "unionid:u2",
    "openid:app/o1",
    "easemob_id:e1",
    "easemob_id:webim-visitor-2",
    "visitor:v1",
    "visitor:v2",
    "phone:13800138001",
    "phone:13800138002",
    "phone:13800138003",
    "phone:14112345678",
    "email:a@example.com",
    "email:b@example.com",
    "zalo:z1",
];

pub(crate) fn tight() -> Rules {
    thread_local! { static RULES: Rules = Rules::from_toml(TIGHT).expect("rules"); }
    RULES.with(Rules::clone)
}

/// What was learnt since: some values identify nobody, and a scheme that had no rule of its own is a system of record's.
fn later() -> Rules {
    const LEARNT: &str = "
[schemes.account_no]
blocked = [\"^a3$\"]
[schemes.email]
blocked = [\"^b@\"]
[schemes.zalo]
role = \"identity\"
form = \"exact\"
scoped = true
strength = \"strong\"
verified = \"strong\"
";
    // A table may stand once in TOML, so the two are read over each other.
    thread_local! { static RULES: Rules = {
        let mut together: toml::Table = TIGHT.parse().expect("TOML");
        for (scheme, learnt) in LEARNT.parse::<toml::Table>().expect("TOML")["schemes"].as_table().expect("schemes") {
            let schemes = together["schemes"].as_table_mut().expect("schemes");
            let known = schemes.entry(scheme).or_insert_with(|| toml::Table::new().into());
            known.as_table_mut().expect("a scheme").extend(learnt.as_table().expect("a scheme").clone());
        }
        Rules::from_toml(&together.to_string()).expect("rules")
    }; }
    RULES.with(Rules::clone)
}

/// What was seen: sightings of both ends come with each piece.
pub(crate) fn evidence(most: usize) -> impl Strategy<Value = Vec<(Handle, Handle, Evidence)>> {
    let strength = prop_oneof![
        1 => Just(Strength::Weak), 4 => Just(Strength::Medium), 3 => Just(Strength::Strong), 1 => Just(Strength::Authoritative)
    ];
    let origin = prop_oneof![12 => Just(Origin::Observed), 1 => Just(Origin::Include), 1 => Just(Origin::Exclude)];
    // A part of the names, so that small and dense graphs come up as well as wide ones.
    // Mostly within a few minutes; now and then half a year or more lies between.
    let at = (0..6_i64, prop_oneof![6 => Just(0), 1 => 1..6_i64]);
    let at = at.prop_map(|(minutes, rests)| minutes + rests * 150 * 24 * 60);
    let one = (0..NAMES.len(), 0..NAMES.len(), strength, origin, at);
    (prop::collection::vec(0..NAMES.len(), 3..NAMES.len()), prop::collection::vec(one, 0..most)).prop_map(
        |(part, pieces)| {
            let rules = tight();
            let name = |place: usize| handle(NAMES[part[place % part.len()]], &rules);
            let piece = |(a, b, strength, origin, at)| {
                let (a, b) = (name(a), name(b));
                let seen = Evidence::observed("/test", &a, &b, strength, minute(at));
                let id = if origin == Origin::Observed { seen.id } else { decision(&seen, origin, at) };
                (a, b, Evidence { id, origin, ..seen })
            };
            pieces.into_iter().map(piece).collect()
        },
    )
}

fn decision(seen: &Evidence, origin: Origin, at: i64) -> Uuid {
    Uuid::new_v5(&seen.id, format!("{origin:?}{at}").as_bytes())
}

/// Each handle, at the time of the piece that names it.
pub(crate) fn sightings(pieces: &[(Handle, Handle, Evidence)]) -> Vec<Sighting> {
    let both = pieces.iter().flat_map(|(a, b, piece)| [(a, piece.at), (b, piece.at)]);
    both.map(|(handle, at)| Sighting::new(handle.clone(), at)).collect()
}

pub(crate) fn judge(pieces: &[(Handle, Handle, Evidence)]) -> Partition {
    judge_by(pieces, &tight())
}

fn judge_by(pieces: &[(Handle, Handle, Evidence)], rules: &Rules) -> Partition {
    let evidence: Vec<Evidence> = pieces.iter().map(|(_, _, piece)| *piece).collect();
    partition(&sightings(pieces), &evidence, rules)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_oracle_agrees_on_customers_ids_flags_and_candidates(pieces in evidence(40), learnt: bool) {
        let rules = if learnt { later() } else { tight() };
        let only: Vec<Evidence> = pieces.iter().map(|(_, _, piece)| *piece).collect();
        let oracle = opinion(&sightings(&pieces), &only, &rules);
        let ours = judge_by(&pieces, &rules);
        let customers: BTreeMap<_, BTreeSet<_>> =
            ours.customers.iter().map(|customer| (customer.id, customer.handles.iter().cloned().collect())).collect();
        prop_assert_eq!(customers, oracle.customers);
        let flagged = |flag: fn(&trunkline_mapping::identity::Standing) -> bool| -> BTreeSet<Handle> {
            let all = ours.customers.iter().flat_map(|customer| &customer.handles);
            // A value that identifies nobody joins nobody, generic or not.
            let counts = |handle: &&Handle| !rules.blocks(handle.scheme(), handle.value());
            all.filter(counts).filter(|handle| flag(&ours.standings[&handle.id()])).cloned().collect()
        };
        prop_assert_eq!(flagged(|standing| standing.generic), oracle.generic);
        prop_assert_eq!(flagged(|standing| standing.shared), oracle.shared);
        let former = ours.standings.iter().filter(|(_, standing)| !standing.former.is_empty());
        let former: BTreeMap<_, _> = former.map(|(id, standing)| (*id, standing.former.clone())).collect();
        prop_assert_eq!(former, oracle.former);
        let together: BTreeSet<Uuid> =
            ours.verdicts.iter().filter(|(_, verdict)| verdict.is_together()).map(|(id, _)| *id).collect();
        prop_assert_eq!(together, oracle.together);
        let pairs = ours.customers.iter().flat_map(|one| one.candidates.iter().map(|other| BTreeSet::from([one.id, *other])));
        prop_assert_eq!(pairs.collect::<BTreeSet<_>>(), oracle.candidates);
    }

    #[test]
    fn rule_43_order_and_repetition_change_nothing(
        (pieces, shuffled) in evidence(30).prop_flat_map(|pieces| {
            let mut doubled = pieces.clone();
            doubled.extend(pieces.iter().step_by(2).cloned());
            (Just(pieces), Just(doubled).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(judge(&pieces), judge(&shuffled));
    }

    #[test]
    fn verdicts_and_customers_tell_the_same_story(pieces in evidence(30)) {
        let outcome = judge(&pieces);
        for (_, _, piece) in &pieces {
            let verdict = &outcome.verdicts[&piece.id];
            let together = outcome.standings[&piece.a].customer == outcome.standings[&piece.b].customer;
            prop_assert!(!verdict.is_together() || together, "{verdict} but apart");
            prop_assert!(!verdict.is_refused() || !together, "{verdict} but together");
        }
    }
}
