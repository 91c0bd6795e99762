//! What is monitored, and how far each monitor is (rules 14–16): one of each device and type.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

use super::super::numbers::folded;
use super::super::params::Settings;

/// What kind of device a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PointKind {
    /// Its calls are followed through all their parties (monitor type `call`).
    Vdn,
    /// Its agents' log-ons are told.
    Skill,
    /// Its calls are told.
    Station,
}

/// How far a monitor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not asked for yet, or to be asked for again.
    Waiting,
    /// The AES's limit of monitors is reached: it is tried again in minutes, and nothing waits for it.
    Limited,
    /// Set, with its cross reference.
    Set(String),
    /// Refused for good, until the next session.
    Parked,
}

/// One device to be monitored.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) kind: PointKind,
    pub(crate) extension: String,
    /// As the AES gave it, where it had to be asked; else composed.
    given_id: Option<String>,
    pub(crate) progress: Progress,
    /// Since when its monitor does not stand, if that is in no gap of the whole link.
    unheard: Option<Timestamp>,
}

/// All devices to be monitored, in the order in which that is done: VDNs, skills, stations.
#[derive(Debug)]
pub(crate) struct Monitors {
    points: Vec<Point>,
    stations: HashMap<String, usize>,
    by_cross_ref: HashMap<String, usize>,
    /// `:switch:address:instance`
    suffix: String,
}

/// A monitor as a checkpoint keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedMonitor {
    cross_ref: String,
    kind: PointKind,
    extension: String,
}

impl Monitors {
    /// From the configuration.
    pub(crate) fn new(settings: &Settings) -> Self {
        let kinds = [
            (PointKind::Vdn, &settings.vdns),
            (PointKind::Skill, &settings.skills),
            (PointKind::Station, &settings.stations),
        ];
        let point = |kind, extension: &String| Point {
            kind,
            extension: extension.clone(),
            given_id: None,
            progress: Progress::Waiting,
            unheard: None,
        };
        let points: Vec<Point> =
            kinds.iter().flat_map(|(kind, list)| list.iter().map(move |extension| point(*kind, extension))).collect();
        let stations = points
            .iter()
            .enumerate()
            .filter(|(_, point)| point.kind == PointKind::Station)
            .map(|(number, point)| (folded(&point.extension).into_owned(), number))
            .collect();
        let suffix = format!(":{}:{}:0", settings.switch_name, settings.switch_ip);
        Self { points, stations, by_cross_ref: HashMap::new(), suffix }
    }

    /// The point of a number.
    pub(crate) fn get(&self, number: usize) -> Option<&Point> {
        self.points.get(number)
    }

    /// All numbers.
    pub(crate) fn numbers(&self) -> std::ops::Range<usize> {
        0..self.points.len()
    }

    /// Numbers of stations.
    pub(crate) fn stations(&self) -> impl Iterator<Item = usize> {
        self.numbers().filter(|number| self.points[*number].kind == PointKind::Station)
    }

    /// The number of a station.
    pub(crate) fn station(&self, extension: &str) -> Option<usize> {
        self.stations.get(&*folded(extension)).copied()
    }

    /// The device id to be used in requests: `extension:switch:address:instance`, unless the AES gave another.
    pub(crate) fn device_id(&self, number: usize) -> Option<String> {
        let point = self.points.get(number)?;
        Some(point.given_id.clone().unwrap_or_else(|| self.compose(&point.extension)))
    }

    /// The same of any extension.
    pub(crate) fn compose(&self, extension: &str) -> String {
        self.station(extension)
            .and_then(|number| self.points[number].given_id.clone())
            .unwrap_or_else(|| format!("{extension}{}", self.suffix))
    }

    /// Whether the AES gave the point's id itself.
    pub(crate) fn has_given_id(&self, number: usize) -> bool {
        self.points.get(number).is_some_and(|point| point.given_id.is_some())
    }

    /// The AES gave a device id.
    pub(crate) fn give_id(&mut self, number: usize, id: &str) {
        if let Some(point) = self.points.get_mut(number) {
            point.given_id = Some(id.chars().take(256).collect());
        }
    }

    /// Ids that the AES gave; it wants them back.
    pub(crate) fn given_ids(&self) -> impl Iterator<Item = &str> {
        self.points.iter().filter_map(|point| point.given_id.as_deref())
    }

    /// A monitor is set.
    pub(crate) fn set(&mut self, number: usize, cross_ref: &str) {
        if let Some(point) = self.points.get_mut(number) {
            point.progress = Progress::Set(cross_ref.to_owned());
            self.by_cross_ref.insert(cross_ref.to_owned(), number);
        }
    }

    /// Whether its monitor stands.
    pub(crate) fn is_set(&self, number: usize) -> bool {
        self.points.get(number).is_some_and(|point| matches!(point.progress, Progress::Set(_)))
    }

    /// The AES's limit is reached.
    pub(crate) fn limit(&mut self, number: usize) {
        if let Some(point) = self.points.get_mut(number) {
            point.progress = Progress::Limited;
        }
    }

    /// The link's gap, which began then, ends: it goes on for points that wait for the AES's limit.
    pub(crate) fn gap_closes(&mut self, from: Timestamp) {
        for point in self.points.iter_mut().filter(|point| point.progress == Progress::Limited) {
            point.unheard.get_or_insert(from);
        }
    }

    /// Since when nothing was heard of a point whose monitor stands again.
    pub(crate) fn heard_again(&mut self, number: usize) -> Option<Timestamp> {
        self.points.get_mut(number)?.unheard.take()
    }

    /// It was refused for good.
    pub(crate) fn park(&mut self, number: usize) {
        if let Some(point) = self.points.get_mut(number) {
            point.progress = Progress::Parked;
        }
    }

    /// The switch ended a monitor; the point's number, if it is ours.
    pub(crate) fn ended(&mut self, cross_ref: &str, now: Timestamp) -> Option<usize> {
        let number = self.by_cross_ref.remove(cross_ref)?;
        let point = &mut self.points[number];
        point.progress = Progress::Waiting;
        point.unheard.get_or_insert(now);
        Some(number)
    }

    /// All monitors are gone with their session.
    pub(crate) fn forget(&mut self) {
        self.by_cross_ref.clear();
        for point in &mut self.points {
            point.progress = Progress::Waiting;
        }
    }

    /// Monitors that are set: number and cross reference.
    pub(crate) fn set_ones(&self) -> impl Iterator<Item = (usize, &str)> {
        self.points.iter().enumerate().filter_map(|(number, point)| match &point.progress {
            Progress::Set(cross_ref) => Some((number, cross_ref.as_str())),
            _ => None,
        })
    }

    /// Points that are not monitored and not parked.
    pub(crate) fn missing(&self) -> impl Iterator<Item = usize> {
        let missing = |point: &Point| matches!(point.progress, Progress::Waiting | Progress::Limited);
        self.numbers().filter(move |number| missing(&self.points[*number]))
    }

    /// Extensions that are parked.
    pub(crate) fn parked(&self) -> impl Iterator<Item = &str> {
        self.points.iter().filter(|point| point.progress == Progress::Parked).map(|point| point.extension.as_str())
    }

    /// For the checkpoint.
    pub(crate) fn save(&self) -> Vec<SavedMonitor> {
        let saved = |(number, cross_ref): (usize, &str)| SavedMonitor {
            cross_ref: cross_ref.to_owned(),
            kind: self.points[number].kind,
            extension: self.points[number].extension.clone(),
        };
        self.set_ones().map(saved).collect()
    }

    /// From a checkpoint. Monitors of points that are no longer configured are given back: they are to be stopped.
    pub(crate) fn restore(&mut self, saved: Vec<SavedMonitor>) -> Vec<String> {
        let numbers: HashMap<(PointKind, String), usize> = self
            .points
            .iter()
            .enumerate()
            .map(|(number, point)| ((point.kind, point.extension.clone()), number))
            .collect();
        let mut strangers = Vec::new();
        for monitor in saved {
            match numbers.get(&(monitor.kind, monitor.extension)) {
                Some(number) => self.set(*number, &monitor.cross_ref),
                None => strangers.push(monitor.cross_ref),
            }
        }
        strangers
    }
}
