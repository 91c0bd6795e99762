//! Agents' remarks: the latest of each author, in order of time; an empty one takes his earlier remark away.

use trunkline_events::Body;
use trunkline_events::cdr::Remark;

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
