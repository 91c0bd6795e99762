//! Whether every name and function of an expression exists, and is used as it is declared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SourceInfo, operators};
use regex::{Regex, RegexBuilder};
use trunkline_config::nearest;

use super::compile::Fault;
use super::functions::{self, FUNCTIONS, Own, Patterns, Style};
use super::vocabulary::{Shape, Vocabulary};

/// Bytes that a compiled pattern may take.
const PATTERN: usize = 1 << 20;

/// Loops within loops, at most: what they cost is found by walking through each of them twice.
const LOOPS: usize = 3;
/// Operators, and what macros are made of; no function that anybody can write is called so.
const OPERATORS: &[&str] = &[
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// What an expression was found to use.
pub(super) struct Checked {
    pub(super) variables: BTreeSet<String>,
    pub(super) own: Vec<&'static Own>,
    pub(super) patterns: Patterns,
}

/// Walks through an expression and gathers what it uses and what is wrong with it.
pub(super) struct Checker<'a> {
    text: &'a str,
    vocabulary: &'a Vocabulary,
    places: &'a SourceInfo,
    /// Variables of the loops around, the innermost last; the shape where it is known.
    bound: Vec<(&'a str, Option<Shape>)>,
    variables: BTreeSet<String>,
    own: BTreeSet<&'static str>,
    patterns: BTreeMap<String, Regex>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, vocabulary: &'a Vocabulary, places: &'a SourceInfo) -> Self {
        Self {
            text,
            vocabulary,
            places,
            bound: Vec::new(),
            variables: BTreeSet::new(),
            own: BTreeSet::new(),
            patterns: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Result<Checked, Vec<Fault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let own = self.own.into_iter().filter_map(Own::named).collect();
        Ok(Checked { variables: self.variables, own, patterns: Arc::new(self.patterns) })
    }

    /// Looks at an expression and all in it; gives its shape where that is known.
    pub(super) fn check(&mut self, code: &'a IdedExpr) -> Option<Shape> {
        match &code.expr {
            Expr::Unspecified | Expr::Literal(_) => None,
            Expr::Ident(name) => self.name(code.id, name),
            Expr::Select(select) => {
                let shape = self.check(&select.operand);
                self.field(code.id, (&select.operand, shape?), &select.field)
            }
            Expr::Call(call) => self.call(code.id, call),
            Expr::Comprehension(every) => self.comprehension(every),
            Expr::List(list) => {
                for element in &list.elements {
                    self.check(element);
                }
                None
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.check(&entry.key);
                        self.check(&entry.value);
                    }
                }
                None
            }
            Expr::Struct(made) => {
                self.fault(code.id, format!("there is no type {:?}; write a map, {{\"name\": value}}", made.type_name));
                None
            }
        }
    }

    fn fault(&mut self, id: u64, sentence: String) {
        let start = self.places.offset_for(id).map_or(0, |(start, _)| start as usize);
        let line = self.text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        let fault = Fault { line, sentence };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn name(&mut self, id: u64, name: &'a str) -> Option<Shape> {
        if let Some((_, shape)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return shape.clone();
        }
        if let Some(shape) = self.vocabulary.shape(name) {
            self.variables.insert(name.to_owned());
            return Some(shape.clone());
        }
        let known: Vec<&str> = self.vocabulary.names().chain(self.bound.iter().map(|(bound, _)| *bound)).collect();
        let sentence = unknown("variable", "", name, &known);
        self.fault(id, sentence);
        None
    }

    /// A field of something whose shape is known.
    fn field(&mut self, id: u64, (owner, of): (&IdedExpr, Shape), field: &str) -> Option<Shape> {
        match of {
            Shape::Map(each) => Some(*each),
            Shape::Record(mut fields) => {
                let found = fields.remove(field);
                if found.is_none() {
                    let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                    let sentence = unknown("field", &written(owner), field, &known);
                    self.fault(id, sentence);
                }
                found
            }
            Shape::List(_) | Shape::Text | Shape::Number | Shape::Flag => {
                self.fault(id, format!("{field:?} is asked of something that has no fields"));
                None
            }
        }
    }

    fn call(&mut self, id: u64, call: &'a CallExpr) -> Option<Shape> {
        if let Some(target) = &call.target {
            self.check(target);
        }
        let arguments: Vec<Option<Shape>> = call.args.iter().map(|argument| self.check(argument)).collect();
        match call.func_name.as_str() {
            operators::INDEX => {
                let of = arguments.into_iter().next().flatten()?;
                let owner = call.args.first()?;
                match (of, &call.args.get(1)?.expr) {
                    (Shape::List(each) | Shape::Map(each), _) => Some(*each),
                    (record @ Shape::Record(_), Expr::Literal(LiteralValue::String(name))) => {
                        self.field(id, (owner, record), name.inner())
                    }
                    _ => None,
                }
            }
            operators::CONDITIONAL => arguments.into_iter().nth(1).flatten(),
            name if OPERATORS.contains(&name) => None,
            name => {
                self.function(id, name, call);
                None
            }
        }
    }

    fn function(&mut self, id: u64, name: &str, call: &CallExpr) {
        let Some(function) = functions::named(name) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
            return self.fault(id, unknown("function", "", name, &known));
        };
        let member = call.target.is_some();
        let fits = match function.style {
            Style::Plain => !member,
            Style::Member => member,
            Style::Either => true,
            Style::Macro => false,
        };
        if !fits || call.args.len() + usize::from(member) != function.arguments {
            return self.fault(id, format!("write {name} like {}", function.usage));
        }
        if let Some(own) = Own::named(name) {
            self.own.insert(own.name);
        }
        if name == "matches" {
            self.pattern(id, call);
        }
    }

    /// Patterns are compiled here, so they must stand in the expression.
    fn pattern(&mut self, id: u64, call: &CallExpr) {
        let Some(Expr::Literal(LiteralValue::String(pattern))) = call.args.last().map(|last| &last.expr) else {
            return self.fault(id, "the pattern of matches must stand there in quotes".to_owned());
        };
        match RegexBuilder::new(pattern.inner()).size_limit(PATTERN).dfa_size_limit(PATTERN).build() {
            Ok(compiled) => drop(self.patterns.insert(pattern.inner().to_owned(), compiled)),
            Err(error) => {
                let words = error.to_string();
                let last = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.fault(id, format!("the pattern {:?} is no good: {last}", pattern.inner()));
            }
        }
    }

    fn comprehension(&mut self, every: &'a ComprehensionExpr) -> Option<Shape> {
        let item = match self.check(&every.iter_range) {
            Some(Shape::List(each)) => Some(*each),
            Some(Shape::Map(_) | Shape::Record(_)) => Some(Shape::Text),
            _ => None,
        };
        if self.bound.len() >= 2 * LOOPS {
            self.fault(every.iter_range.id, format!("at most {LOOPS} loops may stand in one another"));
        }
        self.check(&every.accu_init);
        self.bound.push((&every.iter_var, item));
        self.bound.push((&every.accu_var, None));
        for part in [&every.loop_cond, &every.loop_step, &every.result] {
            self.check(part);
        }
        self.bound.truncate(self.bound.len() - 2);
        None
    }
}

/// What a field is asked of, with its dot, where it is written as a name.
fn written(owner: &IdedExpr) -> String {
    match &owner.expr {
        Expr::Ident(name) => format!("{name}."),
        Expr::Select(select) => format!("{}{}.", written(&select.operand), select.field),
        _ => String::new(),
    }
}

/// `there is no field event.tipe; did you mean event.type?`
fn unknown(what: &str, owner: &str, name: &str, known: &[&str]) -> String {
    let told = format!("there is no {what} {owner}{name}");
    if let Some(near) = nearest(name, known) {
        return format!("{told}; did you mean {owner}{near}?");
    }
    let mut known = known.to_vec();
    known.sort_unstable();
    match known.as_slice() {
        [] => told,
        few => format!("{told}; there are {}", few.join(", ")),
    }
}
