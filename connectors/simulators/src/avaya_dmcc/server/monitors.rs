//! Monitors, and which of them see a fact.
//!
//! A device monitor sees what its station's own connections go through, or its skill's agents. A call monitor
//! (VDN) takes hold of every call that comes to its device and follows it through all parties until it ends.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::avaya_dmcc::csta::Element;
use crate::avaya_dmcc::switch::{CallKey, CallOccurrence, LocalState, What};

/// What a monitor watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watched {
    /// A device's own connections.
    Device(String),
    /// Every call that comes to a device.
    CallsVia(String),
    /// One call.
    Call(CallKey),
    /// Nothing but the session itself.
    Session,
}

/// Which events a monitor wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    given: bool,
    inverted: bool,
    flags: HashSet<String>,
}

/// One monitor.
#[derive(Debug, Clone)]
pub(crate) struct Monitor {
    pub(crate) cross_reference: Arc<str>,
    pub(crate) session: Arc<str>,
    pub(crate) watched: Watched,
    pub(crate) filter: Filter,
    /// Wants `LinkDownEvent` and `LinkUpEvent`.
    pub(crate) link_events: bool,
    /// May move monitors from another session.
    pub(crate) device_services: bool,
}

/// All monitors, by the order they were set.
#[derive(Debug, Default)]
pub(crate) struct Monitors {
    all: BTreeMap<u64, Monitor>,
    on_device: HashMap<String, BTreeSet<u64>>,
    via_device: HashMap<String, BTreeSet<u64>>,
    following: HashMap<CallKey, BTreeSet<u64>>,
    last: u64,
}

impl Filter {
    /// Reads `requestedMonitorFilter` and Avaya's `invertFilter` (avaya.md 1.5).
    pub(crate) fn from_request(request: &Element) -> Self {
        let mut flags = HashSet::new();
        let filter = request.child("requestedMonitorFilter");
        if let Some(filter) = filter {
            collect(filter, &mut flags);
        }
        // Avaya's own events have their flags in the private data.
        if let Some(private) = request.find("callControlPrivate") {
            collect(private, &mut flags);
        }
        let inverted = request.find("AvayaEvents").and_then(|events| events.child("invertFilter"));
        Self { given: filter.is_some(), inverted: inverted.is_some_and(Element::is_true), flags }
    }

    /// Whether an event with this root passes.
    pub(crate) fn passes(&self, root: &str) -> bool {
        let flagged = || flag(root).is_some_and(|flag| self.flags.contains(flag));
        match (self.given, self.inverted) {
            (false, _) => true,
            (true, true) => flagged(),
            (true, false) => !flagged(),
        }
    }
}

fn collect(element: &Element, flags: &mut HashSet<String>) {
    for child in &element.children {
        if child.children.is_empty() && child.is_true() {
            flags.insert(child.name.clone());
        }
        collect(child, flags);
    }
}

/// The filter's name of an event. `TransferedEvent` has one r, its flag has two.
fn flag(root: &str) -> Option<&'static str> {
    const FLAGS: [(&str, &str); 22] = [
        ("ServiceInitiatedEvent", "serviceInitiated"),
        ("OriginatedEvent", "originated"),
        ("NetworkReachedEvent", "networkReached"),
        ("DeliveredEvent", "delivered"),
        ("EstablishedEvent", "established"),
        ("QueuedEvent", "queued"),
        ("DivertedEvent", "diverted"),
        ("FailedEvent", "failed"),
        ("HeldEvent", "held"),
        ("RetrievedEvent", "retrieved"),
        ("ConnectionClearedEvent", "connectionCleared"),
        ("CallClearedEvent", "callCleared"),
        ("TransferedEvent", "transferred"),
        ("ConferencedEvent", "conferenced"),
        ("CallInformationEvent", "callInformation"),
        ("AgentLoggedOnEvent", "agentLoggedOn"),
        ("AgentLoggedOffEvent", "agentLoggedOff"),
        ("AgentReadyEvent", "agentReady"),
        ("AgentNotReadyEvent", "agentNotReady"),
        ("AgentWorkingAfterCallEvent", "agentWorkingAfterCall"),
        ("AgentBusyEvent", "agentBusy"),
        ("EnteredDigitsEvent", "enteredDigits"),
    ];
    FLAGS.iter().find(|(event, _)| *event == root).map(|(_, flag)| *flag)
}

impl Monitors {
    /// Sets a monitor and answers its cross reference.
    pub(crate) fn set(&mut self, session: &Arc<str>, watched: Watched, request: &Element) -> Arc<str> {
        self.last += 1;
        let cross_reference: Arc<str> = self.last.to_string().into();
        match &watched {
            Watched::Device(device) => drop(self.on_device.entry(device.clone()).or_default().insert(self.last)),
            Watched::CallsVia(device) => drop(self.via_device.entry(device.clone()).or_default().insert(self.last)),
            Watched::Call(key) => drop(self.following.entry(*key).or_default().insert(self.last)),
            Watched::Session => {}
        }
        let said = |group: &str, name: &str| {
            let events = request.find("AvayaEvents").and_then(|events| events.child(group));
            events.and_then(|group| group.child(name)).is_some_and(Element::is_true)
        };
        let monitor = Monitor {
            cross_reference: cross_reference.clone(),
            session: session.clone(),
            watched,
            filter: Filter::from_request(request),
            link_events: said("callInformation", "linkDown") || said("callInformation", "linkUp"),
            device_services: said("deviceServices", "transferMonitorObjects"),
        };
        self.all.insert(self.last, monitor);
        cross_reference
    }

    /// Takes a monitor away. Whether there was one.
    pub(crate) fn stop(&mut self, session: &str, cross_reference: &str) -> bool {
        let wanted = |monitor: &Monitor| *monitor.session == *session && *monitor.cross_reference == *cross_reference;
        let found = self.all.iter().find(|(_, monitor)| wanted(monitor)).map(|(serial, _)| *serial);
        found.is_some_and(|serial| {
            self.forget(serial);
            true
        })
    }

    fn forget(&mut self, serial: u64) {
        let Some(monitor) = self.all.remove(&serial) else { return };
        match monitor.watched {
            Watched::Device(device) => drop(self.on_device.get_mut(&device).map(|set| set.remove(&serial))),
            Watched::CallsVia(device) => drop(self.via_device.get_mut(&device).map(|set| set.remove(&serial))),
            Watched::Call(_) | Watched::Session => {}
        }
        self.following.retain(|_, set| {
            set.remove(&serial);
            !set.is_empty()
        });
    }

    /// Takes all of a session's monitors away.
    pub(crate) fn stop_all(&mut self, session: &str) {
        let serials: Vec<u64> = self.of(session).map(|(serial, _)| serial).collect();
        for serial in serials {
            self.forget(serial);
        }
    }

    /// Gives one session's monitors to another.
    pub(crate) fn transfer(&mut self, from: &str, to: &Arc<str>) {
        for monitor in self.all.values_mut().filter(|monitor| *monitor.session == *from) {
            monitor.session = to.clone();
        }
    }

    /// A session's monitors.
    pub(crate) fn of(&self, session: &str) -> impl Iterator<Item = (u64, &Monitor)> {
        let of_session = move |(_, monitor): &(&u64, &Monitor)| *monitor.session == *session;
        self.all.iter().filter(of_session).map(|(serial, monitor)| (*serial, monitor))
    }

    /// Whether a session watches just this already.
    pub(crate) fn has(&self, session: &str, watched: &Watched) -> bool {
        let set = match watched {
            Watched::Device(device) => self.on_device.get(device),
            Watched::CallsVia(device) => self.via_device.get(device),
            Watched::Call(key) => self.following.get(key),
            Watched::Session => return self.of(session).any(|(_, monitor)| monitor.watched == Watched::Session),
        };
        let own = |serial: &u64| {
            self.all.get(serial).is_some_and(|monitor| *monitor.session == *session && monitor.watched == *watched)
        };
        set.is_some_and(|set| set.iter().any(own))
    }

    /// Every monitor, in the order they were set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Monitor> {
        self.all.values()
    }

    /// One monitor.
    pub(crate) fn get(&self, serial: u64) -> Option<&Monitor> {
        self.all.get(&serial)
    }

    /// Monitors on a device itself.
    pub(crate) fn on(&self, device: &str) -> impl Iterator<Item = u64> {
        self.on_device.get(device).into_iter().flatten().copied()
    }

    /// Who sees a call's fact, in the order the monitors were set. Follows calls, and lets ended ones go.
    pub(crate) fn seeing(&mut self, occurrence: &CallOccurrence) -> Vec<(u64, Option<LocalState>)> {
        let key = occurrence.call.key;
        if let Some(device) = touched(&occurrence.what)
            && let Some(via) = self.via_device.get(device).filter(|via| !via.is_empty())
        {
            self.following.entry(key).or_default().extend(via);
        }
        if let Some(followers) = occurrence.absorbed.and_then(|absorbed| self.following.remove(&absorbed)) {
            self.following.entry(key).or_default().extend(followers);
        }
        let mut seeing: BTreeMap<u64, Option<LocalState>> = BTreeMap::new();
        for (device, local) in &occurrence.audience {
            for serial in self.on(device) {
                seeing.insert(serial, *local);
            }
        }
        for serial in self.following.get(&key).into_iter().flatten() {
            seeing.entry(*serial).or_insert(None);
        }
        if occurrence.what == What::CallCleared {
            self.following.remove(&key);
        }
        seeing.into_iter().collect()
    }
}

/// The device that a call comes to by this fact.
fn touched(what: &What) -> Option<&str> {
    match what {
        What::Delivered { device } | What::Originated { device } | What::Established { device } => Some(device),
        What::Queued { skill, .. } => Some(skill),
        _ => None,
    }
}
