//! What is joined so far. Invariant: no two clusters are ever joined against a decision of a person, an exclusive scheme,
//! a limit, or the policy for the evidence; what a person included is bound by the first alone.

use super::Verdict;
use super::ground::{Ground, Known, Piece};
use super::policy::{Side, policy};
use crate::identity::{Origin, Role, Rules, Scheme};

pub(super) struct Clusters<'g> {
    handles: &'g [Known<'g>],
    rules: &'g Rules,
    /// Cluster of each handle.
    of: Vec<usize>,
    all: Vec<Cluster>,
    /// For each handle, those that a person holds apart from it.
    apart: Vec<Vec<usize>>,
}

#[derive(Default)]
pub(super) struct Cluster {
    pub(super) members: Vec<usize>,
    pub(super) identified: bool,
    contacts_only: bool,
    /// How many values there are of each kind that is limited; few, so a list.
    counts: Vec<(Kind, usize)>,
}

/// Values that are counted together, named by the first handle of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One scheme in one scope, of which a customer has one.
    Exclusive(usize),
    /// One scheme, of which a customer has several.
    Limited(usize),
}

impl<'g> Clusters<'g> {
    pub(super) fn new(ground: &'g Ground<'_>, rules: &'g Rules) -> Self {
        let handles = &ground.handles;
        let mut apart = vec![Vec::new(); handles.len()];
        for piece in ground.pieces.iter().filter(|piece| piece.origin == Origin::Exclude) {
            apart[piece.a].push(piece.b);
            apart[piece.b].push(piece.a);
        }
        // Handles are sorted by scheme and scope, so equal ones are neighbours.
        let (mut scheme_from, mut scope_from) = (0, 0);
        let mut all = Vec::with_capacity(handles.len());
        for (index, known) in handles.iter().enumerate() {
            if known.handle.scheme() != handles[scheme_from].handle.scheme() {
                (scheme_from, scope_from) = (index, index);
            } else if known.handle.scope() != handles[scope_from].handle.scope() {
                scope_from = index;
            }
            all.push(Cluster::of_one(index, known.role, rules.scheme(known.handle.scheme()), scheme_from, scope_from));
        }
        Self { handles, rules, of: (0..handles.len()).collect(), all, apart }
    }

    /// Joins the two sides of a piece of evidence, or says why not.
    pub(super) fn consider(&mut self, piece: &Piece) -> Verdict {
        let (x, y) = (self.of[piece.a], self.of[piece.b]);
        if x == y {
            return Verdict::Together;
        }
        if self.held_apart(x, y) {
            return Verdict::Excluded;
        }
        if piece.origin == Origin::Observed {
            let by_policy = || policy(piece.strength, &self.side(piece.a), &self.side(piece.b));
            if let Some(refusal) = self.breach(x, y).or_else(by_policy) {
                return refusal;
            }
        }
        self.join(x, y);
        Verdict::Joined
    }

    /// Joins two clusters that policy alone had kept apart, or says what else does.
    pub(super) fn join_if_allowed(&mut self, x: usize, y: usize) -> Result<(), Verdict> {
        if self.held_apart(x, y) {
            return Err(Verdict::Excluded);
        }
        if let Some(refusal) = self.breach(x, y) {
            return Err(refusal);
        }
        self.join(x, y);
        Ok(())
    }

    pub(super) fn of(&self, handle: usize) -> usize {
        self.of[handle]
    }

    pub(super) fn cluster(&self, of_handle: usize) -> &Cluster {
        &self.all[self.of[of_handle]]
    }

    /// Whether a person holds these two apart.
    pub(super) fn directly_apart(&self, a: usize, b: usize) -> bool {
        self.apart[a].contains(&b)
    }

    /// The clusters that were not joined into others.
    pub(super) fn left(&self) -> impl Iterator<Item = &Cluster> {
        self.all.iter().filter(|cluster| !cluster.members.is_empty())
    }

    fn side(&self, handle: usize) -> Side {
        let cluster = self.cluster(handle);
        let role = self.handles[handle].role;
        Side { role, identified: cluster.identified, contacts_only: cluster.contacts_only }
    }

    fn held_apart(&self, x: usize, y: usize) -> bool {
        let (few, many) = if self.all[x].members.len() < self.all[y].members.len() { (x, y) } else { (y, x) };
        let mut held = self.all[few].members.iter().flat_map(|member| &self.apart[*member]);
        held.any(|other| self.of[*other] == many)
    }

    /// The exclusive scheme or limit that a join would newly break.
    fn breach(&self, x: usize, y: usize) -> Option<Verdict> {
        let (x, y) = (&self.all[x], &self.all[y]);
        let both = x.counts.iter().filter_map(|(kind, ours)| Some((*kind, *ours, y.count(*kind)?)));
        let mut broken: Vec<(usize, Verdict)> =
            both.filter_map(|(kind, ours, theirs)| self.too_many(kind, ours + theirs)).collect();
        broken.sort_by_key(|(order, _)| *order);
        let max = self.rules.max_handles_per_customer;
        let crowd = (x.members.len() + y.members.len() > max).then_some(Verdict::TooManyHandles { max });
        broken.into_iter().map(|(_, verdict)| verdict).next().or(crowd)
    }

    fn too_many(&self, kind: Kind, count: usize) -> Option<(usize, Verdict)> {
        match kind {
            Kind::Exclusive(first) => {
                let handle = self.handles[first].handle;
                Some((
                    first,
                    Verdict::Conflict { scheme: handle.scheme().to_owned(), scope: handle.scope().to_owned() },
                ))
            }
            Kind::Limited(first) => {
                let scheme = self.handles[first].handle.scheme();
                let max = self.rules.scheme(scheme).max_per_customer?;
                // Behind all conflicts, which say more.
                let order = self.handles.len() + first;
                (count > max).then(|| (order, Verdict::Limit { scheme: scheme.to_owned(), max }))
            }
        }
    }

    fn join(&mut self, x: usize, y: usize) {
        let (kept, gone) = if self.all[x].members.len() < self.all[y].members.len() { (y, x) } else { (x, y) };
        let taken = std::mem::take(&mut self.all[gone]);
        for member in &taken.members {
            self.of[*member] = kept;
        }
        let cluster = &mut self.all[kept];
        cluster.identified |= taken.identified;
        cluster.contacts_only &= taken.contacts_only;
        for (kind, count) in taken.counts {
            match cluster.counts.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, known)) => *known += count,
                None => cluster.counts.push((kind, count)),
            }
        }
        cluster.members.extend(taken.members);
    }
}

impl Cluster {
    fn of_one(index: usize, role: Role, scheme: &Scheme, scheme_from: usize, scope_from: usize) -> Self {
        let mut counts = Vec::new();
        if scheme.exclusive {
            counts.push((Kind::Exclusive(scope_from), 1));
        }
        if scheme.max_per_customer.is_some() {
            counts.push((Kind::Limited(scheme_from), 1));
        }
        let (identified, contacts_only) = (role == Role::Identity, role == Role::Contact);
        Self { members: vec![index], identified, contacts_only, counts }
    }

    fn count(&self, kind: Kind) -> Option<usize> {
        self.counts.iter().find(|(known, _)| *known == kind).map(|(_, count)| *count)
    }
}
