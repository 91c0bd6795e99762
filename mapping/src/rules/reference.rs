//! The reference of the rule files, as Markdown, made from the tables that the code reads.

use std::fmt::Write as _;

use super::content::{ATTRIBUTES, EVENT_TYPES, VARIABLES};
use super::{file, rule};
use crate::expression::{FUNCTIONS, ITEMS, LONGEST, TEXT};

/// The part of `docs/mapping-rules.md` that is generated; a test keeps it current.
pub fn reference() -> String {
    let mut page = String::new();
    keys(&mut page, "A file", file::KEYS);
    keys(&mut page, "`[profile]`", file::PROFILE);
    keys(&mut page, "`[source]`", file::SOURCE);
    let known: Vec<String> = file::KNOWN_FIELDS.iter().map(|field| format!("`{field}`")).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(page, "Every profile has the fields {} without being told.\n", known.join(", "));
    keys(&mut page, "`[[rule]]`", rule::KEYS);
    let _ = writeln!(
        page,
        "A rule names one of `field`, `tag`, `attribute`, `data`, and does one of `rename`, `translate`, `compute`, `drop`, \
         `route`.\n"
    );
    keys(&mut page, "`[[test]]`", file::TEST);
    let types: Vec<String> = EVENT_TYPES.iter().map(|name| format!("`{name}`")).collect();
    let _ = writeln!(page, "Types of event: {}.\n", types.join(", "));
    table(&mut page, "Attributes", ("attribute", "what it is"), ATTRIBUTES.iter().map(|one| (one.name, one.is)));
    table(
        &mut page,
        "Variables of expressions",
        ("variable", "holds"),
        VARIABLES.iter().map(|one| (one.name, one.holds)),
    );
    table(
        &mut page,
        "Functions of expressions",
        ("written", "gives"),
        FUNCTIONS.iter().map(|one| (one.usage, one.gives)),
    );
    let _ = writeln!(
        page,
        "Operators are those of CEL: `+ - * / %`, `== != < <= > >=`, `&& || !`, `in`, `condition ? yes : no`, `list[0]`. An \
         expression has at most {LONGEST} bytes; it reads texts of up to {TEXT} bytes and lists of up to {ITEMS} items, and \
         is not compiled if it could take long even then."
    );
    page
}

fn keys(page: &mut String, title: &str, keys: &[(&str, &str)]) {
    table(page, title, ("key", "means"), keys.iter().copied());
}

fn table<'r>(page: &mut String, title: &str, head: (&str, &str), rows: impl Iterator<Item = (&'r str, &'r str)>) {
    let _ = write!(page, "### {title}\n\n| {} | {} |\n|---|---|\n", head.0, head.1);
    for (name, means) in rows {
        let _ = writeln!(page, "| `{}` | {} |", name.replace('|', "\\|"), means.replace('|', "\\|"));
    }
    page.push('\n');
}
