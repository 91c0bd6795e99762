//! What comes after a conversation. Agents' remarks: the latest of each author, in order of time; an empty one takes his
//! earlier remark away. The switch's records: the surest one.

use std::cmp::Reverse;

use trunkline_events::Body;
use trunkline_events::cdr::{Remark, SwitchFigures};

use super::order::Told;

pub(super) fn remarks(told: &[Told<'_>]) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    for told in told {
        let Body::CdrRemarked(body) = &told.event.body else { continue };
        remarks.retain(|earlier| earlier.author != body.author);
        if !body.text.trim().is_empty() {
            remarks.push(Remark { author: body.author.clone(), at: told.at, text: body.text.clone() });
        }
    }
    remarks
}

/// Of several records of the switch that were taken for this conversation's, the surest.
pub(super) fn figures(told: &[Told<'_>]) -> Option<SwitchFigures> {
    let found = told.iter().filter_map(|told| match &told.event.body {
        Body::CdrReconciled(body) => Some(&body.figures),
        _ => None,
    });
    found.min_by_key(|figures| (Reverse(figures.confidence), figures.id)).cloned()
}
