//! What an expression is evaluated on, and what comes of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::objects::Key;
use cel::{ExecutionError, Value};

use super::vocabulary::{ITEMS, TEXT};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with decimals.
    Decimal(f64),
    /// True or false.
    Flag(bool),
    /// Items.
    List(Vec<Datum>),
    /// Values by name.
    Map(BTreeMap<String, Datum>),
    /// Nothing.
    Nothing,
}

/// Why an expression has no value on some facts. Names no values: they may be personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It asks for something that these facts do not have.
    #[error("{0} is not there")]
    Absent(String),
    /// It does what cannot be done with these facts.
    #[error("{0}")]
    Wrong(String),
}

impl Datum {
    /// Texts by name.
    pub fn texts<'t>(texts: impl IntoIterator<Item = (&'t String, &'t String)>) -> Self {
        Self::Map(texts.into_iter().map(|(name, text)| (name.clone(), Self::Text(text.clone()))).collect())
    }

    /// In words: `text`, `a list`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) | Self::Decimal(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Nothing => "null",
        }
    }

    /// As a condition.
    pub fn into_flag(self) -> Result<bool, Failure> {
        match self {
            Self::Flag(flag) => Ok(flag),
            other => {
                Err(Failure::Wrong(format!("a condition must be true or false, and this one is {}", other.kind())))
            }
        }
    }

    /// As a field keeps it: numbers and flags as they are written, lists and maps not at all.
    pub fn into_text(self) -> Result<String, Failure> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Number(number) => Ok(number.to_string()),
            Self::Decimal(number) if number.is_finite() => Ok(number.to_string()),
            Self::Flag(flag) => Ok(flag.to_string()),
            other => Err(Failure::Wrong(format!("the value must be text, and this one is {}", other.kind()))),
        }
    }

    pub(super) fn of(value: Value) -> Result<Self, Failure> {
        Ok(match value {
            Value::String(text) => Self::Text(text.as_str().to_owned()),
            Value::Int(number) => Self::Number(number),
            Value::UInt(number) => {
                Self::Number(i64::try_from(number).map_err(|_| Failure::Wrong("the number is too large".to_owned()))?)
            }
            Value::Float(number) => Self::Decimal(number),
            Value::Bool(flag) => Self::Flag(flag),
            Value::List(items) => {
                Self::List(items.iter().map(|item| Self::of(item.clone())).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let entry = |(key, value): (&Key, &Value)| match key {
                    Key::String(name) => Ok((name.as_str().to_owned(), Self::of(value.clone())?)),
                    _ => Err(Failure::Wrong("the keys of a map must be texts".to_owned())),
                };
                Self::Map(map.map.iter().map(entry).collect::<Result<_, _>>()?)
            }
            Value::Null => Self::Nothing,
            _ => return Err(Failure::Wrong("the value is of a kind that nothing can be done with".to_owned())),
        })
    }

    fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::from(text),
            Self::Number(number) => Value::Int(number),
            Self::Decimal(number) => Value::Float(number),
            Self::Flag(flag) => Value::Bool(flag),
            Self::List(items) => Value::from(items.into_iter().map(Self::into_value).collect::<Vec<_>>()),
            Self::Map(map) => {
                Value::from(map.into_iter().map(|(name, value)| (name, value.into_value())).collect::<HashMap<_, _>>())
            }
            Self::Nothing => Value::Null,
        }
    }

    /// Whether it keeps the limits that costs are bounded by.
    fn is_within_limits(&self) -> bool {
        match self {
            Self::Text(text) => text.len() <= TEXT,
            Self::List(items) => items.len() <= ITEMS && items.iter().all(Self::is_within_limits),
            Self::Map(map) => {
                map.len() <= ITEMS && map.iter().all(|(name, value)| name.len() <= TEXT && value.is_within_limits())
            }
            _ => true,
        }
    }
}

/// Values of variables.
#[derive(Debug, Default)]
pub struct Facts {
    values: BTreeMap<&'static str, Box<dyn Val>>,
    beyond_limits: BTreeSet<&'static str>,
}

impl Facts {
    /// Knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a variable its value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Datum) -> Self {
        self.set(name, value);
        self
    }

    /// Gives a variable its value, in place of an earlier one. What is larger than [`TEXT`] and [`ITEMS`] allow no
    /// expression can read.
    pub fn set(&mut self, name: &'static str, value: Datum) {
        self.values.remove(name);
        self.beyond_limits.remove(name);
        if !value.is_within_limits() {
            self.beyond_limits.insert(name);
        } else if let Ok(value) = value.into_value().try_into() {
            self.values.insert(name, value);
        }
    }

    /// Takes a variable's value away: expressions that ask for it fail with [`Failure::Absent`].
    pub fn unset(&mut self, name: &'static str) {
        self.values.remove(name);
        self.beyond_limits.remove(name);
    }

    pub(super) fn is_beyond_limits(&self, name: &str) -> bool {
        self.beyond_limits.contains(name)
    }
}

impl VariableResolver for Facts {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        self.values.get(variable).map(|value| CowVal::Borrowed(value.as_ref()))
    }
}

impl Failure {
    pub(super) fn of(error: &ExecutionError) -> Self {
        let wrong = |sentence: &str| Self::Wrong(sentence.to_owned());
        match error {
            ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name) => {
                Self::Absent(name.as_str().to_owned())
            }
            ExecutionError::NoSuchOverload(told) => {
                let types = told.argument_types().join(" and ");
                Self::Wrong(format!("{} does not work on {types}", written(told.function())))
            }
            ExecutionError::UnsupportedBinaryOperator(operator, left, right) => Self::Wrong(format!(
                "{} does not work on {} and {}",
                written(operator),
                left.type_of(),
                right.type_of()
            )),
            ExecutionError::FunctionError { function, message } => Self::Wrong(format!("{function}: {message}")),
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => wrong("a division by zero"),
            ExecutionError::Overflow(..) => wrong("a number grows too large"),
            ExecutionError::IndexOutOfBounds(_) => wrong("a list has fewer items"),
            ExecutionError::ValuesNotComparable(..) => wrong("values of different kinds are compared"),
            ExecutionError::DuplicateKey(_) => wrong("a map has a key twice"),
            // Other errors show the values.
            _ => wrong("a value is of another kind than what is done with it"),
        }
    }
}

/// An operator as people write it.
fn written(function: &str) -> &str {
    match function {
        "_?_:_" => "? :",
        "_[_]" => "[ ]",
        "@in" => "in",
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        operator => operator.trim_matches('_'),
    }
}
