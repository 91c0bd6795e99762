//! A second opinion, written from the rules as prose and as obviously as possible: sets of handles, everything looked up
//! anew each time, no cleverness. Quadratic and worse.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_events::Timestamp;
use trunkline_events::customer::Strength::{self, Medium, Strong, Weak};
use trunkline_mapping::identity::{Evidence, Handle, Origin, Role, Rules, Sighting, Tenure};
use uuid::Uuid;

type Cluster = BTreeSet<Handle>;

/// One thing known about two handles.
type Fact = (Handle, Handle, Origin, Strength, Timestamp, Uuid);

/// Whose a contact was until when.
type Former = BTreeMap<Uuid, Vec<Tenure>>;

pub(crate) struct Opinion {
    pub(crate) customers: BTreeMap<Uuid, Cluster>,
    pub(crate) generic: Cluster,
    pub(crate) shared: Cluster,
    pub(crate) former: Former,
    /// Evidence that speaks for what came to be one customer.
    pub(crate) together: BTreeSet<Uuid>,
    /// Two customers each that evidence points to without proving it.
    pub(crate) candidates: BTreeSet<BTreeSet<Uuid>>,
}

pub(crate) fn opinion(sightings: &[Sighting], evidence: &[Evidence], rules: &Rules) -> Opinion {
    let everything = facts(sightings, evidence, rules);
    let handles: Cluster = sightings.iter().map(|sighting| sighting.handle.clone()).collect();
    let generic: Cluster = handles.iter().filter(|handle| is_generic(handle, &everything, rules)).cloned().collect();
    let mut former = former(sightings, evidence, &everything, rules);
    former.retain(|id, _| !generic.iter().any(|handle| handle.id() == *id));
    let given = |id: &Uuid| former.get(id).and_then(|tenures| tenures.last()).map(|last| last.until);
    let is_over = |piece: &&Evidence| {
        piece.origin == Origin::Observed
            && [&piece.a, &piece.b].iter().any(|id| given(id).is_some_and(|at| piece.at < at))
    };
    let counting: Vec<Evidence> = evidence.iter().filter(|piece| !is_over(piece)).copied().collect();
    let facts = facts(sightings, &counting, rules);
    let mut clusters: Vec<Cluster> = handles.into_iter().map(|handle| Cluster::from([handle])).collect();
    let raw = |handle: &Handle| handle.value().starts_with("raw:");
    let counts = |fact: &&Fact| {
        fact.2 == Origin::Include || ![&fact.0, &fact.1].iter().any(|handle| generic.contains(handle) || raw(handle))
    };
    let judged: Vec<&Fact> = facts.iter().filter(|fact| fact.2 != Origin::Exclude).filter(counts).collect();
    let (mut only_policy, mut devices, mut hints): (Vec<&Fact>, Vec<&Fact>, Vec<&Fact>) = Default::default();
    for fact in &judged {
        let (x, y) = (find(&clusters, &fact.0), find(&clusters, &fact.1));
        if x == y || excluded(&x, &y, &facts) {
            continue;
        }
        match if fact.2 == Origin::Include { Policy::Join } else { policy(fact, &x, &y, rules) } {
            Policy::Join => join(&mut clusters, &x, &y),
            Policy::Unproved => only_policy.push(*fact),
            Policy::Device => devices.push(*fact),
            Policy::Breach | Policy::TooWeak => hints.push(*fact),
        }
    }
    while let Some((x, y)) = second_proof(&only_policy, &devices, &clusters, &facts, rules) {
        join(&mut clusters, &x, &y);
    }
    let shared = shared(&judged, &facts, &clusters, &generic, rules);
    let from = |seen: &Sighting| given(&seen.handle.id()).unwrap_or(seen.seen.first);
    let root = |cluster: &Cluster| root(cluster, sightings, from);
    let sides = |fact: &Fact| BTreeSet::from([&fact.0, &fact.1].map(|one| root(&find(&clusters, one))));
    let together = judged.iter().filter(|fact| sides(fact).len() == 1).map(|fact| fact.5).collect();
    let candidates = only_policy.iter().chain(&hints).map(|fact| sides(fact)).filter(|pair| pair.len() == 2).collect();
    let customers = clusters.iter().map(|cluster| (root(cluster), cluster.clone())).collect();
    Opinion { customers, generic, shared, former, together, candidates }
}

/// One fact per pair and origin, in the order of judgement; none with a value that identifies nobody.
fn facts(sightings: &[Sighting], evidence: &[Evidence], rules: &Rules) -> Vec<Fact> {
    let by_id: BTreeMap<Uuid, &Handle> = sightings.iter().map(|seen| (seen.handle.id(), &seen.handle)).collect();
    let all = evidence
        .iter()
        .filter(|one| one.a != one.b)
        .map(|one| (by_id[&one.a].clone(), by_id[&one.b].clone(), one.origin, one.strength, one.at, one.id));
    let blocked = |handle: &Handle| rules.blocks(handle.scheme(), handle.value());
    let all: Vec<Fact> = all.filter(|one| !blocked(&one.0) && !blocked(&one.1)).collect();
    let beaten = |one: &Fact| {
        all.iter().any(|other| {
            let same_pair = (&other.0, &other.1) == (&one.0, &one.1);
            match (one.2, other.2) {
                (Origin::Observed, Origin::Observed) => {
                    same_pair && (other.3 > one.3 || other.3 == one.3 && (other.4, other.5) < (one.4, one.5))
                }
                (Origin::Observed, _) | (_, Origin::Observed) => false,
                _ => {
                    let careful = other.2 == Origin::Exclude && one.2 != Origin::Exclude;
                    let same = other.2 == one.2;
                    same_pair && (other.4 > one.4 || other.4 == one.4 && (careful || same && other.5 < one.5))
                }
            }
        })
    };
    let mut kept: Vec<Fact> = all.iter().filter(|one| !beaten(one)).cloned().collect();
    kept.dedup_by(|a, b| a == b);
    kept.sort_by_key(|one| {
        let identity = rules.role(&one.0) == Role::Identity || rules.role(&one.1) == Role::Identity;
        let strength = if one.2 == Origin::Observed { one.3 } else { Strength::Authoritative };
        (one.2 != Origin::Include, std::cmp::Reverse(strength), !identity, one.4, one.5)
    });
    kept.dedup();
    kept
}

fn personal(handle: &Handle, rules: &Rules) -> bool {
    matches!(rules.role(handle), Role::Identity | Role::Channel)
}

/// People: whose handles are proved to be one person's.
fn groups(facts: &[Fact], rules: &Rules) -> Vec<Cluster> {
    let mut groups: Vec<Cluster> = vec![];
    for (a, b, origin, strength, ..) in facts {
        let strong = *origin == Origin::Include || *origin == Origin::Observed && *strength >= Strong;
        if strong && personal(a, rules) && personal(b, rules) {
            let (touching, mut others): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|g| g.contains(a) || g.contains(b));
            let mut merged: Cluster = touching.into_iter().flatten().collect();
            merged.extend([a.clone(), b.clone()]);
            others.push(merged);
            groups = others;
        }
    }
    groups
}

fn is_generic(handle: &Handle, facts: &[Fact], rules: &Rules) -> bool {
    let groups = groups(facts, rules);
    let mut neighbours = Cluster::new();
    for (a, b, origin, ..) in facts {
        if *origin == Origin::Observed && (a == handle || b == handle) {
            neighbours.insert(if a == handle { b.clone() } else { a.clone() });
        }
    }
    let group_of =
        |one: &Handle| groups.iter().find(|group| group.contains(one)).cloned().unwrap_or_else(|| [one.clone()].into());
    let people: BTreeSet<Cluster> = neighbours.iter().filter(|one| personal(one, rules)).map(group_of).collect();
    let max = rules.scheme(handle.scheme()).max_customers.unwrap_or(usize::MAX);
    !personal(handle, rules) && (neighbours.len() > rules.max_neighbours || people.len() > max)
}

fn find(clusters: &[Cluster], handle: &Handle) -> Cluster {
    clusters.iter().find(|cluster| cluster.contains(handle)).expect("everybody has one").clone()
}

fn join(clusters: &mut Vec<Cluster>, x: &Cluster, y: &Cluster) {
    clusters.retain(|cluster| cluster != x && cluster != y);
    clusters.push(x.union(y).cloned().collect());
}

fn excluded(x: &Cluster, y: &Cluster, facts: &[Fact]) -> bool {
    let across = |a: &Handle, b: &Handle| x.contains(a) && y.contains(b) || x.contains(b) && y.contains(a);
    facts.iter().any(|fact| fact.2 == Origin::Exclude && across(&fact.0, &fact.1))
}

/// Whether no exclusive scheme, limit or cap is newly broken.
fn fits(x: &Cluster, y: &Cluster, rules: &Rules) -> bool {
    let clash = x.iter().any(|a| {
        y.iter().any(|b| rules.scheme(a.scheme()).exclusive && (a.scheme(), a.scope()) == (b.scheme(), b.scope()))
    });
    let of = |cluster: &Cluster, scheme: &str| cluster.iter().filter(|one| one.scheme() == scheme).count();
    let crowded = x.iter().any(|a| {
        let (ours, theirs) = (of(x, a.scheme()), of(y, a.scheme()));
        theirs > 0 && rules.scheme(a.scheme()).max_per_customer.is_some_and(|max| ours + theirs > max)
    });
    !clash && !crowded && x.len() + y.len() <= rules.max_handles_per_customer
}

enum Policy {
    Join,
    Breach,
    Unproved,
    Device,
    TooWeak,
}

fn identified(cluster: &Cluster, rules: &Rules) -> bool {
    cluster.iter().any(|one| rules.role(one) == Role::Identity)
}

fn policy(fact: &Fact, x: &Cluster, y: &Cluster, rules: &Rules) -> Policy {
    let (known_x, known_y) = (identified(x, rules), identified(y, rules));
    let device = [&fact.0, &fact.1].iter().any(|one| rules.role(one) == Role::Device);
    let contacts_only = |cluster: &Cluster| cluster.iter().all(|one| rules.role(one) == Role::Contact);
    let typed = |contact: &Handle, known: bool, other: &Cluster, other_known: bool| {
        rules.role(contact) == Role::Contact && known && !other_known && !contacts_only(other)
    };
    match fact.3 {
        _ if !fits(x, y, rules) => Policy::Breach,
        _ if device && known_x && known_y => Policy::Device,
        Weak if known_x || known_y => Policy::TooWeak,
        Medium if known_x && known_y => Policy::Unproved,
        Medium if typed(&fact.0, known_x, y, known_y) || typed(&fact.1, known_y, x, known_x) => Policy::Unproved,
        _ => Policy::Join,
    }
}

/// The first two clusters, in the order of evidence, that two distinct contacts link.
fn second_proof(
    unproved: &[&Fact],
    devices: &[&Fact],
    clusters: &[Cluster],
    facts: &[Fact],
    rules: &Rules,
) -> Option<(Cluster, Cluster)> {
    let contact = |fact: &Fact| match (rules.role(&fact.0) == Role::Contact, rules.role(&fact.1) == Role::Contact) {
        (true, false) => Some(fact.0.clone()),
        (false, true) => Some(fact.1.clone()),
        _ => None,
    };
    let sides = |fact: &Fact| BTreeSet::from([find(clusters, &fact.0), find(clusters, &fact.1)]);
    for (place, last) in unproved.iter().enumerate() {
        let pair = sides(last);
        let links: Cluster =
            unproved[..=place].iter().filter(|fact| sides(fact) == pair).filter_map(|fact| contact(fact)).collect();
        let [x, y] = pair.iter().collect::<Vec<_>>()[..] else { continue };
        let tablet = devices.iter().any(|fact| sides(fact) == pair);
        if links.len() >= 2 && !tablet && !excluded(x, y, facts) && fits(x, y, rules) {
            return Some((x.clone(), y.clone()));
        }
    }
    None
}

fn shared(judged: &[&Fact], facts: &[Fact], clusters: &[Cluster], generic: &Cluster, rules: &Rules) -> Cluster {
    let class = |fact: &Fact| match (fact.2, fact.3) {
        (Origin::Observed, Weak) => 0,
        (Origin::Observed, Medium) => 1,
        (Origin::Observed, _) => 2,
        _ => 3,
    };
    let mut found = Cluster::new();
    for fact in judged {
        for (contact, other) in [(&fact.0, &fact.1), (&fact.1, &fact.0)] {
            let home = find(clusters, contact);
            let elsewhere = find(clusters, other);
            let about = judged.iter().filter(|one| one.0 == *contact || one.1 == *contact);
            let inside = about.filter(|one| home.contains(&one.0) && home.contains(&one.1)).map(|one| class(one)).max();
            let held_apart = facts.iter().any(|one| one.2 == Origin::Exclude && (&one.0, &one.1) == (&fact.0, &fact.1));
            if rules.role(contact) == Role::Contact
                && !generic.contains(contact)
                && home != elsewhere
                && identified(&elsewhere, rules)
                && !held_apart
                && class(fact) >= inside.unwrap_or(0).max(1)
            {
                found.insert(contact.clone());
            }
        }
    }
    found
}

fn root(cluster: &Cluster, sightings: &[Sighting], from: impl Fn(&Sighting) -> Timestamp) -> Uuid {
    let members = sightings.iter().filter(|seen| cluster.contains(&seen.handle));
    members.map(|seen| (from(seen), &seen.handle)).min().expect("members").1.id()
}

/// Contacts that were given to somebody else: after a silence somebody is proved to have one, and nobody of before is seen
/// with it again.
fn former(sightings: &[Sighting], evidence: &[Evidence], facts: &[Fact], rules: &Rules) -> Former {
    let groups = groups(facts, rules);
    let group_of =
        |one: &Handle| groups.iter().find(|group| group.contains(one)).cloned().unwrap_or([one.clone()].into());
    let by_id: BTreeMap<Uuid, &Handle> = sightings.iter().map(|seen| (seen.handle.id(), &seen.handle)).collect();
    let blocked = |handle: &Handle| rules.blocks(handle.scheme(), handle.value());
    let mut former = Former::new();
    for contact in by_id.values().filter(|one| !blocked(one) && !one.value().starts_with("raw:")) {
        let Some(days) = rules.scheme(contact.scheme()).recycled_after_days else { continue };
        let mut seen: Vec<Timestamp> =
            sightings.iter().filter(|seen| seen.handle == **contact).map(|seen| seen.seen.first).collect();
        seen.sort();
        let apart = |two: &&[Timestamp]| two[1].since(two[0]) > time::Duration::days(days.into());
        let minute = |at: Timestamp| at.plus(-time::Duration::seconds(at.unix_millis() / 1000 % 60));
        let starts: Vec<Timestamp> = seen.windows(2).filter(apart).map(|two| minute(two[1])).collect();
        let with_people: Vec<(Timestamp, Strength, Handle)> = evidence
            .iter()
            .filter(|one| one.origin == Origin::Observed && one.strength >= Medium && one.a != one.b)
            .filter(|one| one.a == contact.id() || one.b == contact.id())
            .map(|one| (one.at, one.strength, by_id[if one.a == contact.id() { &one.b } else { &one.a }].clone()))
            .filter(|(_, _, other)| personal(other, rules) && !blocked(other))
            .collect();
        let people = |which: &dyn Fn(&(Timestamp, Strength, Handle)) -> bool| -> BTreeSet<Cluster> {
            with_people.iter().filter(|one| which(one)).map(|one| group_of(&one.2)).collect()
        };
        let mut tenures: Vec<Tenure> = Vec::new();
        for start in starts {
            let (before, after) = (people(&|one| one.0 < start), people(&|one| one.0 >= start));
            let proved = people(&|one| one.0 >= start && one.1 >= Strong);
            if before.is_empty() || proved.is_empty() || !before.is_disjoint(&after) {
                continue;
            }
            let from = tenures.last().map(|last| last.until);
            let his = |one: &(Timestamp, Strength, Handle)| from.is_none_or(|from| one.0 >= from) && one.0 < start;
            let alone = people(&his).len() == 1;
            let owner = with_people.iter().filter(|one| alone && his(one)).map(|one| &one.2).min().map(Handle::id);
            tenures.push(Tenure { until: start, owner });
        }
        if !tenures.is_empty() {
            former.insert(contact.id(), tenures);
        }
    }
    former
}
