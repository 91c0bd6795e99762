//! From a text to something that can be evaluated, or to all that is wrong with it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cel::parser::Parser;
use cel::{Context, Env, IdedExpr, Value};

use super::check::Checker;
use super::cost;
use super::depth;
use super::facts::{Datum, Facts, Failure};
use super::functions::{self, Own, Patterns};
use super::vocabulary::Vocabulary;

/// Bytes of an expression, at most.
pub const LONGEST: usize = 2000;
/// Brackets open at once, at most. The parser descends some ten frames for each.
const BRACKETS: usize = 24;
/// Nodes in one another, at most: `a + b + c` is two deep.
const NODES: usize = 100;
/// After so many places that it could not read the parser gives up: one sentence is enough to begin with.
const RECOVERIES: u32 = 3;

/// One thing that is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line within the expression, from 0.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub sentence: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// A compiled expression. Cheap to evaluate and to clone; two are equal if their texts are.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    code: Arc<IdedExpr>,
    variables: Arc<BTreeSet<String>>,
    own: Arc<[&'static Own]>,
    patterns: Patterns,
    environment: Arc<Env>,
}

impl Expression {
    /// Compiles `text`, or tells everything that is wrong with it.
    pub fn compile(text: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<Fault>> {
        let fault = |line, sentence| Err(vec![Fault { line, sentence }]);
        if text.trim().is_empty() {
            return fault(0, "the expression is empty".to_owned());
        }
        if text.len() > LONGEST {
            return fault(0, format!("the expression has {} bytes; at most {LONGEST} are allowed", text.len()));
        }
        if depth::of_brackets(text) > BRACKETS {
            return fault(0, format!("more than {BRACKETS} brackets are open at once"));
        }
        let parser = Parser::new().error_recovery_limit(RECOVERIES);
        let (code, places) = parser.parse_with_source_info(text).map_err(|errors| unread(text, &errors))?;
        if depth::of_nodes(&code) > NODES {
            return fault(0, format!("more than {NODES} operations stand in one another; make several rules of it"));
        }
        let mut walk = Checker::new(text, vocabulary, &places);
        walk.check(&code);
        let checked = walk.finish()?;
        if let Some(sentence) = cost::excess(&code, vocabulary) {
            return fault(0, sentence);
        }
        Ok(Self {
            text: text.into(),
            code: Arc::new(code),
            variables: Arc::new(checked.variables),
            own: checked.own.into(),
            patterns: checked.patterns,
            environment: functions::environment(),
        })
    }

    /// The text that it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The declared variables that it names.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }

    /// Its value. Takes microseconds; does not block.
    pub fn value(&self, facts: &Facts) -> Result<Datum, Failure> {
        if let Some(name) = self.variables.iter().find(|name| facts.is_beyond_limits(name)) {
            return Err(Failure::Wrong(format!("{name} is larger than an expression may read")));
        }
        let mut context = Context::with_env(Arc::clone(&self.environment));
        context.set_variable_resolver(facts);
        for own in self.own.iter() {
            own.add_to(&mut context, &self.patterns);
        }
        Value::resolve(&self.code, &context).map_err(|error| Failure::of(&error)).and_then(Datum::of)
    }

    /// Whether it is true.
    pub fn holds(&self, facts: &Facts) -> Result<bool, Failure> {
        self.value(facts)?.into_flag()
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

/// The parser's own words, each once.
fn unread(text: &str, errors: &cel::ParseErrors) -> Vec<Fault> {
    let lines = text.lines().count().max(1);
    let mut faults: Vec<Fault> = Vec::new();
    for error in &errors.errors {
        let line = usize::try_from(error.pos.0).unwrap_or_default().clamp(1, lines) - 1;
        let column = error.pos.1;
        let words = error.msg.split(" expecting ").next().unwrap_or_default().replace('\n', " ");
        let sentence = format!("this is no expression (column {column}): {words}");
        if !faults.iter().any(|fault| fault.line == line) {
            faults.push(Fault { line, sentence });
        }
    }
    faults
}
