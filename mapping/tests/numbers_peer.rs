//! The `phonenumbers` library as an outside oracle: texts by the ten thousand, what it makes of each, and the list of
//! where we mean otherwise, and why.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use trunkline_mapping::numbers::{DialPlan, Number, canonical};

/// What the library makes of a text, read as written in China.
#[derive(Debug, Deserialize)]
struct Told {
    text: String,
    /// E.164, where it is valid.
    number: Option<String>,
    extension: Option<String>,
    /// What line it is, where it is valid.
    kind: Option<String>,
}

/// A valid number, whether it is a service's, and what is dialled behind it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    number: String,
    service: bool,
    extension: Option<String>,
}

fn theirs(told: &Told) -> Option<Read> {
    let services = ["TOLL_FREE", "SHARED_COST", "PREMIUM_RATE", "UAN", "VOICEMAIL"];
    let service = told.kind.as_deref().is_some_and(|kind| services.contains(&kind));
    // Nobody is called behind a service's number.
    let extension = told.extension.clone().filter(|_| !service);
    told.number.clone().map(|number| Read { number, service, extension })
}

fn ours(text: &str, plan: &DialPlan) -> Option<Read> {
    match canonical(text, plan, None) {
        Number::E164 { value, extension, .. } => Some(Read { number: value, service: false, extension }),
        Number::Service { value, .. } => Some(Read { number: value, service: true, extension: None }),
        _ => None,
    }
}

/// Where we mean otherwise, the first that fits counts: its name, why, and whether a text with theirs and ours is a case.
type Difference = (&'static str, fn(&str, Option<&Read>, Option<&Read>) -> bool);

const WANTED: &[Difference] = &[
    (
        "`00` before a Chinese mobile is a switch's outside 0 before 0138…, not a call to North America",
        |text, theirs, ours| {
            narrow(text).starts_with("001")
                && theirs.is_some_and(|read| read.number.starts_with("+1"))
                && ours.is_some_and(|read| read.number.starts_with("+861"))
        },
    ),
    ("an extension has narrow digits, however it was written", |_, theirs, ours| match (theirs, ours) {
        (Some(theirs), Some(ours)) => {
            let behind = theirs.extension.as_deref().map(narrow);
            theirs.number == ours.number && theirs.extension != behind && ours.extension == behind
        }
        _ => false,
    }),
    ("转 and a hyphen behind a whole number begin an extension", |text, theirs, ours| {
        let behind = |read: &Read| read.service || read.extension.is_some();
        theirs.is_none() && ours.is_some_and(behind) && (text.contains('转') || behind_hyphen(text))
    }),
    ("086 is how some people write +86", |text, theirs, ours| {
        theirs.is_none() && ours.is_some() && narrow(text).starts_with("086")
    }),
    ("a reseller's prefix stands before landlines too, and 12593 is one", |text, theirs, ours| {
        let digits = narrow(text);
        theirs.is_none() && ours.is_some() && (digits.starts_with("17951") || digits.starts_with("12593"))
    }),
    ("SMS gateways (106…) and 9510… are services, though no international number", |_, theirs, ours| {
        let gateway = |read: &Read| read.service && (read.number.starts_with("106") || read.number.starts_with("9510"));
        theirs.is_none() && ours.is_some_and(gateway)
    }),
    ("fewer than seven digits are nobody's, wherever", |_, theirs, ours| {
        ours.is_none() && theirs.is_some_and(|read| read.number.len() <= 7)
    }),
    (
        "our tables (9.0.33) are some months older than theirs (9.0.43): these ranges changed in between",
        |_, theirs, ours| {
            const CHANGED: &[&str] = &["861610", "86852", "86378", "86483", "2909"];
            let number = theirs.or(ours).map(|read| narrow(&read.number));
            // Of two readings of one text neither may be another range.
            let alone = theirs.is_none() || ours.is_none();
            alone && number.is_some_and(|number| CHANGED.iter().any(|range| number.starts_with(range)))
        },
    ),
];

/// Digits alone, as ASCII.
fn narrow(text: &str) -> String {
    let ascii = |one: char| match one {
        '０'..='９' => char::from_u32(u32::from(one) - 0xfee0),
        one => one.is_ascii_digit().then_some(one),
    };
    text.chars().filter_map(ascii).collect()
}

fn behind_hyphen(text: &str) -> bool {
    let hyphen = |one: char| one == '-' || one == '－';
    text.rsplit_once(hyphen).is_some_and(|(_, behind)| (1..=6).contains(&narrow(behind).len()))
}

/// Runs where `TRUNKLINE_PEERS` names the directory whose `venv/` holds `tests/peers/phonenumbers/requirements.txt`.
#[test]
fn the_python_phonenumbers_library_reads_numbers_as_we_do_but_for_the_wanted_differences() {
    let Some(peers) = env::var_os("TRUNKLINE_PEERS").map(PathBuf::from) else {
        return; // The peer is not installed; `./test` installs it.
    };
    let asked = Command::new(peers.join("venv/bin/python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/phonenumbers/ask.py"))
        .output()
        .expect("python runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let text = String::from_utf8(asked.stdout).expect("UTF-8");
    let told: Vec<Told> = text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert!(told.len() > 20_000, "{} texts", told.len());
    let plan = DialPlan::default();
    let mut seen = vec![0; WANTED.len()];
    let mut unwanted = Vec::new();
    for one in &told {
        let (theirs, ours) = (theirs(one), ours(&one.text, &plan));
        if theirs == ours {
            continue;
        }
        // Abroad some plans give a number digits that nobody wrote; ours does not.
        let digits = narrow(&one.text);
        let national = ours.as_ref().and_then(|read| read.number.strip_prefix("+86"));
        let invented = national.is_some_and(|national| !digits.contains(national));
        assert!(!invented, "{:?} has no such digits: {ours:?}", one.text);
        match WANTED.iter().position(|(_, fits)| fits(&one.text, theirs.as_ref(), ours.as_ref())) {
            Some(at) => seen[at] += 1,
            None => unwanted.push(format!("{:?}: they {theirs:?}, we {ours:?}", one.text)),
        }
    }
    assert!(unwanted.is_empty(), "{} unwanted\n{}", unwanted.len(), unwanted.join("\n"));
    let never: Vec<&str> =
        WANTED.iter().zip(&seen).filter(|(_, count)| **count == 0).map(|((why, _), _)| *why).collect();
    assert!(never.is_empty(), "never seen: {never:?}");
}
