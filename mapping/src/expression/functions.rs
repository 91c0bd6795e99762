//! What an expression may call.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::{Context, Env, ExecutionError, Value};
use regex::Regex;

use super::vocabulary::ITEMS;

/// Bytes that one of our own functions gives back, at most.
pub(super) const RESULT: usize = 65_536;

/// How a function is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `f(a, b)`
    Plain,
    /// `a.f(b)`
    Member,
    /// Both.
    Either,
    /// It is gone once it was read; one that is left was not written as it must be.
    Macro,
}

/// A function that an expression may call.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it gives, in a sentence.
    pub gives: &'static str,
    /// Arguments, what stands before the dot included.
    pub(super) arguments: usize,
    pub(super) style: Style,
}

macro_rules! functions {
    ($($style:ident $arguments:literal $name:literal $usage:literal $gives:literal;)*) => {
        /// All functions. `has`, `all`, `exists`, `exists_one`, `map` and `filter` are the macros of CEL.
        pub const FUNCTIONS: &[Function] = &[
            $(Function { name: $name, usage: $usage, gives: $gives, arguments: $arguments, style: Style::$style },)*
        ];
    };
}

functions! {
    Macro 1 "has" "has(fields.name)" "Whether it is there.";
    Either 1 "size" "size(x)" "Characters of a text, items of a list or map.";
    Member 2 "contains" "text.contains(part)" "Whether the text holds the part.";
    Member 2 "startsWith" "text.startsWith(part)" "Whether the text begins with the part.";
    Member 2 "endsWith" "text.endsWith(part)" "Whether the text ends with the part.";
    Either 2 "matches" "text.matches(\"^1[3-9]\")" "Whether the pattern, a regular expression that stands there in quotes, is found in the text.";
    Either 1 "lower" "lower(text)" "The text in lower case.";
    Either 1 "upper" "upper(text)" "The text in upper case.";
    Either 1 "trim" "trim(text)" "The text without white space at its ends.";
    Either 1 "digits" "digits(text)" "The digits 0 to 9 of the text, all else left out.";
    Either 3 "replace" "text.replace(old, new)" "The text with every old replaced by new.";
    Either 2 "split" "text.split(separator)" "The parts of the text, a list.";
    Either 2 "join" "list.join(separator)" "The texts of a list as one.";
    Plain 1 "string" "string(x)" "As text.";
    Plain 1 "int" "int(x)" "As a whole number; it fails where the text is none.";
    Plain 1 "double" "double(x)" "As a number with decimals; it fails where the text is none.";
    Plain 1 "bool" "bool(x)" "As true or false; it fails where the text is neither.";
    Either 1 "days" "days(n)" "n days in seconds, to compare instants with.";
    Macro 3 "all" "list.all(x, condition)" "Whether the condition holds for every item x.";
    Macro 3 "exists" "list.exists(x, condition)" "Whether it holds for at least one.";
    Macro 3 "exists_one" "list.exists_one(x, condition)" "Whether it holds for exactly one.";
    Macro 3 "map" "list.map(x, value)" "The value for every item.";
    Macro 3 "filter" "list.filter(x, condition)" "The items for which it holds.";
}

/// The function of this name.
pub(super) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Compiled patterns by their text.
pub(super) type Patterns = Arc<BTreeMap<String, Regex>>;

/// A function that CEL does not have.
pub(super) struct Own {
    pub(super) name: &'static str,
    add: fn(&mut Context<'_, '_>, &Patterns),
}

impl Own {
    /// The function of this name, if it is one of ours.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        OWN.iter().find(|own| own.name == name)
    }

    pub(super) fn add_to(&self, context: &mut Context<'_, '_>, patterns: &Patterns) {
        (self.add)(context, patterns);
    }
}

macro_rules! own {
    ($name:literal, $function:expr) => {
        // Fails only where CEL has a function of this name, and a test calls every one.
        Own { name: $name, add: |context, _| drop(context.add_function($name, $function)) }
    };
}

type Text = Arc<String>;
type Given<T> = Result<T, ExecutionError>;

static OWN: [Own; 9] = [
    own!("lower", |This(text): This<Text>| text.to_lowercase()),
    own!("upper", |This(text): This<Text>| text.to_uppercase()),
    own!("trim", |This(text): This<Text>| text.trim().to_owned()),
    own!("digits", |This(text): This<Text>| text.chars().filter(char::is_ascii_digit).collect::<String>()),
    own!("replace", |This(text): This<Text>, old: Text, new: Text| replace(&text, &old, &new)),
    own!("split", |This(text): This<Text>, separator: Text| split(&text, &separator)),
    own!("join", |This(list): This<Arc<Vec<Value>>>, separator: Text| join(&list, &separator)),
    own!("days", |This(days): This<i64>| days.saturating_mul(86_400)),
    Own {
        name: "matches",
        add: |context, patterns| {
            let patterns = Arc::clone(patterns);
            let found = move |This(text): This<Text>, pattern: Text| -> Given<bool> {
                let compiled = patterns.get(pattern.as_str());
                compiled.map(|pattern| pattern.is_match(&text)).ok_or_else(|| wrong("matches", "no such pattern"))
            };
            drop(context.add_function("matches", found));
        },
    },
];

fn wrong(function: &str, what: &str) -> ExecutionError {
    ExecutionError::function_error(function, what)
}

fn replace(text: &str, old: &str, new: &str) -> Given<Value> {
    if old.is_empty() {
        return Err(wrong("replace", "there is no end of empty texts to replace"));
    }
    let grown = text.matches(old).count().saturating_mul(new.len());
    if grown.saturating_add(text.len()) > RESULT {
        return Err(wrong("replace", "the result is too long"));
    }
    Ok(Value::from(text.replace(old, new)))
}

fn split(text: &str, separator: &str) -> Given<Value> {
    if separator.is_empty() {
        return Err(wrong("split", "an empty text separates nothing"));
    }
    let parts: Vec<Value> = text.split(separator).take(ITEMS + 1).map(Value::from).collect();
    if parts.len() > ITEMS { Err(wrong("split", "there are too many parts")) } else { Ok(Value::List(Arc::new(parts))) }
}

fn join(list: &[Value], separator: &str) -> Given<Value> {
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        let Value::String(text) = item else { return Err(wrong("join", "an item is no text")) };
        if at > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text);
        if joined.len() > RESULT {
            return Err(wrong("join", "the result is too long"));
        }
    }
    Ok(Value::from(joined))
}

/// The standard functions of CEL, made once.
pub(super) fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
    Arc::clone(&ENVIRONMENT)
}
