//! `/pop`: the address a desktop opens when the phone rings, in whatever words its vendor has for number and call.
//!
//! It answers with a redirect to the panel in our own words; the browser carries the fragment with the token along. The
//! panel then asks `/api/v1/agent/pops/find`, so this address itself shows nothing to anybody.

use axum::extract::RawQuery;
use axum::response::Redirect;
use trunkline_events::pop::Pop;

use super::access::Seat;
use super::parts::LivePop;

/// Longest value taken over; a UUI is 128 bytes at most, in hex 256.
const MAX_VALUE: usize = 256;

/// Our word, and the words of vendors in lower case (one-X Agent and Workplace: m, n, p, u, v; Genesys: ConnID, ANI;
/// Huawei and others: callid, caller).
const WORDS: [(&str, &[&str]); 6] = [
    (
        "call",
        &["call", "callid", "call_id", "ucid", "connid", "conn_id", "calluuid", "call_uuid", "uniqueid", "sessionid"],
    ),
    ("uui", &["uui", "u", "userdata", "uuidata", "useruserinfo"]),
    (
        "ani",
        &[
            "ani",
            "m",
            "number",
            "caller",
            "callerid",
            "caller_id",
            "callernumber",
            "callingnumber",
            "calling",
            "phone",
            "phonenumber",
            "from",
            "cli",
            "clid",
            "otherdn",
        ],
    ),
    ("vdn", &["vdn", "v", "vdnname", "dnis", "called", "callednumber"]),
    ("digits", &["digits", "p", "prompteddigits", "ced", "collecteddigits"]),
    ("lang", &["lang", "language"]),
];

/// What a screen-pop URL says, in our words.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize, utoipa::IntoParams)]
pub(super) struct ScreenPop {
    /// Call id, UCID or connection id.
    #[serde(default)]
    pub(super) call: String,
    /// User-to-user information, as text or hex.
    #[serde(default)]
    pub(super) uui: String,
    /// Calling number, in any spelling.
    #[serde(default)]
    pub(super) ani: String,
    /// Vector directory number; decides between two calls of one number, and finds the newest that came by it where nothing
    /// else is said.
    #[serde(default)]
    pub(super) vdn: String,
}

impl ScreenPop {
    /// Old desktops write `anonymous` for a number that was withheld.
    fn names_vdn_alone(&self) -> bool {
        self.call.is_empty() && self.uui.is_empty() && !self.ani.bytes().any(|byte| byte.is_ascii_digit())
    }
}

/// Redirects to the panel.
pub(super) async fn open(RawQuery(query): RawQuery) -> Redirect {
    let known = in_our_words(query.as_deref().unwrap_or_default());
    if known.is_empty() {
        return Redirect::to("panel");
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(known).finish();
    Redirect::to(&format!("panel?{query}"))
}

/// The pairs of a query string in our words; the first value of each word counts, empty ones do not.
fn in_our_words(query: &str) -> Vec<(&'static str, String)> {
    let mut known: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let name = name.to_ascii_lowercase();
        let word = WORDS.iter().find(|(_, words)| words.contains(&name.as_str())).map(|(word, _)| *word);
        let value: String = value.trim().chars().filter(|character| !character.is_control()).take(MAX_VALUE).collect();
        if let Some(word) = word.filter(|word| !value.is_empty() && known.iter().all(|(held, _)| held != word)) {
            known.push((word, value));
        }
    }
    known
}

/// The live pop that a screen-pop URL means: by call first, then by what travels with it, then by number; where it names
/// none of these, the newest that came by the VDN.
pub(super) fn find<'a>(seat: &Seat, asked: &ScreenPop, live: &'a [LivePop]) -> Option<&'a LivePop> {
    let mine: Vec<&LivePop> = live.iter().filter(|live| seat.sees(&live.pop.link, &live.pop.device)).collect();
    let newest = |fits: &dyn Fn(&Pop) -> bool| {
        let found = mine.iter().copied().filter(|live| fits(&live.pop));
        found.max_by_key(|live| (same_entry(&live.pop, &asked.vdn), live.pop.rang))
    };
    newest(&|pop| names_call(pop, &asked.call))
        .or_else(|| newest(&|pop| carries(pop, &asked.uui)))
        .or_else(|| newest(&|pop| calls_from(pop, &asked.ani)))
        .or_else(|| newest(&|pop| asked.names_vdn_alone() && same_entry(pop, &asked.vdn)))
}

fn names_call(pop: &Pop, call: &str) -> bool {
    let ids = [Some(&pop.call.id), pop.call.ucid.as_ref(), pop.call.switch_call_id.as_ref()];
    !call.is_empty() && ids.into_iter().flatten().any(|id| id == call)
}

fn carries(pop: &Pop, uui: &str) -> bool {
    let hex = pop.data.uui_hex.as_deref().is_some_and(|hex| hex.eq_ignore_ascii_case(uui));
    !uui.is_empty() && (hex || pop.data.uui_text.as_deref() == Some(uui) || names_call(pop, uui))
}

fn calls_from(pop: &Pop, ani: &str) -> bool {
    pop.route.calling.number.as_deref().is_some_and(|number| same_number(number, ani))
}

fn same_entry(pop: &Pop, vdn: &str) -> bool {
    !vdn.is_empty() && (pop.route.vdn.as_deref() == Some(vdn) || pop.route.called.number.as_deref() == Some(vdn))
}

/// Whether two spellings may be one number: equal digits, or one ends in the other's seven digits or more.
fn same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (one, other) = (digits(one), digits(other));
    let (short, long) = if one.len() < other.len() { (&one, &other) } else { (&other, &one) };
    !short.is_empty() && (short == long || (short.len() >= 7 && long.ends_with(short.as_str())))
}

#[cfg(test)]
mod tests {
    use trunkline_events::call::{CallData, CallRef, Device, Party, Route};
    use trunkline_events::pop::Certainty;
    use trunkline_events::{Timestamp, TimestampError};
    use uuid::Uuid;

    use super::*;

    fn pop(number: u128, call: &str, ani: &str, vdn: &str) -> Result<LivePop, TimestampError> {
        let pop = Pop {
            pop: Uuid::from_u128(number),
            link: "/connectors/avaya-bj".into(),
            call: CallRef { id: format!("id-{call}"), switch_call_id: None, ucid: Some(call.into()) },
            cdr: Uuid::from_u128(number),
            device: Device { extension: "2001".into(), agent: None },
            route: Route {
                calling: Party { number: Some(ani.into()), ..Party::default() },
                vdn: Some(vdn.into()),
                ..Route::default()
            },
            data: CallData { uui_hex: Some("4B4559".into()), uui_text: Some("KEY".into()), ..CallData::default() },
            certainty: Certainty::None,
            candidates: Vec::new(),
            rang: Timestamp::from_unix_seconds(i64::try_from(number).unwrap_or(0))?,
        };
        Ok(LivePop { pop, answered: false })
    }

    fn asked(query: &str) -> ScreenPop {
        let mut asked = ScreenPop::default();
        for (word, value) in in_our_words(query) {
            match word {
                "call" => asked.call = value,
                "uui" => asked.uui = value,
                "ani" => asked.ani = value,
                "vdn" => asked.vdn = value,
                _ => {}
            }
        }
        asked
    }

    #[test]
    fn every_vendors_words_are_understood() {
        for query in ["m=13800138001&v=5001", "ANI=13800138001&DNIS=5001", "callerId=13800138001&vdn=5001&x=1"] {
            let expected = ScreenPop { ani: "13800138001".into(), vdn: "5001".into(), ..ScreenPop::default() };
            assert_eq!(asked(query), expected, "{query}");
        }
        assert_eq!(asked("ConnID=0123&u=KEY").call, "0123");
        assert_eq!(asked("number=&phone=%2B86+138").ani, "+86 138", "an empty value does not hide a full one");
        assert!(in_our_words("m=%0d%0aSet-Cookie:x").iter().all(|(_, value)| !value.contains(['\r', '\n'])));
    }

    #[test]
    fn a_vdn_alone_finds_the_newest_call_that_came_by_it() -> Result<(), TimestampError> {
        let seat = Seat::new(Some("2001"), None).expect("bound");
        let live = [pop(1, "0001", "1", "5001")?, pop(2, "0002", "2", "5001")?, pop(3, "0003", "3", "5002")?];
        let found = |query: &str| find(&seat, &asked(query), &live).map(|live| live.pop.pop.as_u128());
        assert_eq!(found("v=5001"), Some(2));
        assert_eq!(found("v=5002&m=anonymous"), Some(3), "a withheld number says nothing");
        assert_eq!(found("v=5001&m=13900139999"), None, "another's number is not answered with this call");
        assert_eq!(found("v=5009"), None);
        assert_eq!(found("v=&m="), None);
        let other = Seat::new(Some("2002"), None).expect("bound");
        assert_eq!(find(&other, &asked("v=5001"), &live), None, "another seat's call");
        Ok(())
    }

    #[test]
    fn the_call_counts_before_the_number_and_the_vdn_decides_between_two() -> Result<(), TimestampError> {
        let seat = Seat::new(Some("2001"), None).expect("bound");
        let live = [pop(1, "0001", "013800138001", "5001")?, pop(2, "0002", "013800138001", "5002")?];
        let found = |query: &str| find(&seat, &asked(query), &live).map(|live| live.pop.pop.as_u128());
        assert_eq!(found("ucid=0001&m=13800138001"), Some(1));
        assert_eq!(found("m=13800138001"), Some(2), "the newest");
        assert_eq!(found("m=13800138001&v=5001"), Some(1));
        assert_eq!(found("u=4b4559&v=5001"), Some(1));
        assert_eq!(found("m=8001"), None, "a short number fits too many");
        assert_eq!(found("m=%27%20OR%201=1"), None);
        let other = Seat::new(Some("2002"), None).expect("bound");
        assert_eq!(find(&other, &asked("ucid=0001"), &live), None, "another seat's call");
        Ok(())
    }
}
