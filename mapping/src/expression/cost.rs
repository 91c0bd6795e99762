//! What an expression can cost at most, and how large its values can become, told before it runs.
//!
//! A step is about one node evaluated once. Facts are as large as their limits allow; a loop's body costs its cost for
//! every item of the largest list there can be.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};

use super::functions::RESULT;
use super::vocabulary::{ITEMS, Shape, TEXT, Vocabulary};

/// Steps, at most: some milliseconds.
const STEPS: u64 = 200_000;
/// Bytes of any value, at most.
const BYTES: u64 = 4 << 20;
/// A step copies or compares so many bytes of text,
const BYTES_A_STEP: u64 = 4096;
/// or looks at so many one by one.
const LETTERS_A_STEP: u64 = 64;

/// The most that a value can be.
#[derive(Debug, Clone)]
struct Bound {
    /// Steps to make it.
    steps: u64,
    /// Bytes, items included.
    bytes: u64,
    items: Option<Items>,
}

/// Of a list or map.
#[derive(Debug, Clone)]
struct Items {
    count: u64,
    each: Box<Bound>,
}

/// Why the expression may cost too much, in a sentence; `None` if it cannot.
pub(super) fn excess(code: &IdedExpr, vocabulary: &Vocabulary) -> Option<String> {
    let mut bounds = Bounds { vocabulary, scope: Vec::new(), largest: 0 };
    let whole = bounds.of(code);
    if whole.steps > STEPS {
        return Some(format!(
            "the expression could take too long ({} steps; at most {STEPS}): put fewer loops into one another",
            rounded(whole.steps)
        ));
    }
    (bounds.largest > BYTES).then(|| {
        "the expression could make a value of several megabytes: put fewer loops into one another, and fewer long texts \
         together"
            .to_owned()
    })
}

/// No more digits than mean something.
fn rounded(steps: u64) -> String {
    if steps > 1_000_000_000 { "more than 1,000,000,000".to_owned() } else { steps.to_string() }
}

impl Bound {
    fn scalar(steps: u64, bytes: u64) -> Self {
        Self { steps, bytes, items: None }
    }

    fn of_items(steps: u64, count: u64, each: Self) -> Self {
        let bytes = count.saturating_mul(each.bytes.saturating_add(16));
        Self { steps, bytes, items: Some(Items { count, each: Box::new(each.free()) }) }
    }

    fn of_shape(shape: &Shape) -> Self {
        match shape {
            Shape::Text => Self::scalar(0, TEXT as u64),
            Shape::Number | Shape::Flag => Self::scalar(0, 8),
            Shape::List(each) | Shape::Map(each) => Self::of_items(0, ITEMS as u64, Self::of_shape(each)),
            Shape::Record(fields) => {
                let each = fields.values().map(Self::of_shape).reduce(Self::or).unwrap_or(Self::scalar(0, 0));
                Self::of_items(0, fields.len() as u64, each)
            }
        }
    }

    /// The same value when it is there already.
    fn free(mut self) -> Self {
        self.steps = 0;
        self
    }

    fn at(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// One or the other, whichever is more; the steps of both.
    fn or(self, other: Self) -> Self {
        let items = match (self.items, other.items) {
            (Some(a), Some(b)) => Some(Items { count: a.count.max(b.count), each: Box::new(a.each.or(*b.each)) }),
            (one, None) | (None, one) => one,
        };
        Self { steps: self.steps.saturating_add(other.steps), bytes: self.bytes.max(other.bytes), items }
    }

    /// One after the other: a sum of numbers, texts or lists.
    fn and(self, other: Self) -> Self {
        let bytes = self.bytes.saturating_add(other.bytes);
        let count = |items: &Option<Items>| items.as_ref().map_or(0, |items| items.count);
        let count = count(&self.items).saturating_add(count(&other.items));
        let mut sum = self.or(other);
        sum.bytes = bytes;
        if let Some(items) = &mut sum.items {
            items.count = count;
        }
        sum
    }

    /// What a loop over it, or a field of it, gives: a key or a value.
    fn each(&self) -> Self {
        match &self.items {
            Some(items) => items.each.as_ref().clone().or(Self::scalar(0, TEXT as u64)),
            // Of what has no items nothing can be taken; what is not known to have some may be as large as it is.
            None => Self::scalar(0, self.bytes),
        }
    }

    fn count(&self) -> u64 {
        self.items.as_ref().map_or(self.bytes, |items| items.count)
    }
}

struct Bounds<'a> {
    vocabulary: &'a Vocabulary,
    scope: Vec<(&'a str, Bound)>,
    /// The most bytes that any value on the way can have.
    largest: u64,
}

impl<'a> Bounds<'a> {
    fn of(&mut self, code: &'a IdedExpr) -> Bound {
        let bound = match &code.expr {
            Expr::Unspecified | Expr::Struct(_) => Bound::scalar(1, 0),
            Expr::Literal(LiteralValue::String(text)) => Bound::scalar(1, text.inner().len() as u64),
            Expr::Literal(LiteralValue::Bytes(bytes)) => Bound::scalar(1, bytes.inner().len() as u64),
            Expr::Literal(_) => Bound::scalar(1, 8),
            Expr::Ident(name) => self.variable(name).at(1),
            Expr::Select(select) => {
                let of = self.of(&select.operand);
                of.each().at(of.steps.saturating_add(1))
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.items(list.elements.iter().map(|element| (None, element))),
            Expr::Map(map) => self.items(map.entries.iter().filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some((Some(&entry.key), &entry.value)),
                EntryExpr::StructField(_) => None,
            })),
            Expr::Comprehension(every) => self.comprehension(every),
        };
        self.largest = self.largest.max(bound.bytes);
        bound
    }

    fn variable(&self, name: &str) -> Bound {
        let bound = self.scope.iter().rev().find(|(known, _)| *known == name).map(|(_, bound)| bound.clone());
        let declared = || self.vocabulary.shape(name).map(Bound::of_shape);
        bound.or_else(declared).unwrap_or(Bound::scalar(0, 0))
    }

    fn items(&mut self, items: impl Iterator<Item = (Option<&'a IdedExpr>, &'a IdedExpr)>) -> Bound {
        let (mut steps, mut count, mut each) = (1_u64, 0, Bound::scalar(0, 0));
        for (key, value) in items {
            for part in key.into_iter().chain([value]) {
                let part = self.of(part);
                steps = steps.saturating_add(part.steps);
                each = each.or(part.free());
            }
            count += 1;
        }
        Bound::of_items(steps, count, each)
    }

    fn call(&mut self, call: &'a CallExpr) -> Bound {
        let parts: Vec<Bound> =
            call.target.as_deref().into_iter().chain(&call.args).map(|part| self.of(part)).collect();
        let over = |part: &Bound| part.steps.saturating_add(part.bytes / BYTES_A_STEP);
        let steps = parts.iter().map(over).fold(1, u64::saturating_add);
        let mut free = parts.into_iter().map(Bound::free);
        let first = free.next().unwrap_or(Bound::scalar(0, 0));
        let made = match call.func_name.as_str() {
            operators::ADD => free.fold(first, Bound::and),
            operators::CONDITIONAL => free.reduce(Bound::or).unwrap_or(first),
            operators::INDEX => first.each(),
            operators::IN => Bound::scalar(free.next().map_or(0, |list| list.count()), 1),
            "lower" | "upper" => Bound::scalar(first.bytes / LETTERS_A_STEP, first.bytes.saturating_mul(3)),
            "trim" | "digits" => Bound::scalar(first.bytes / LETTERS_A_STEP, first.bytes),
            "contains" => Bound::scalar(first.bytes / LETTERS_A_STEP, 16),
            "string" => Bound::scalar(0, first.bytes.max(32)),
            "replace" | "join" => Bound::scalar(RESULT as u64 / LETTERS_A_STEP, RESULT as u64),
            "split" => {
                let bytes = first.bytes;
                Bound { bytes, ..Bound::of_items(ITEMS as u64, ITEMS as u64, Bound::scalar(0, bytes)) }
            }
            "matches" => Bound::scalar(first.bytes / 16, 1),
            _ => Bound::scalar(0, 16),
        };
        let steps = steps.saturating_add(made.steps);
        made.at(steps)
    }

    fn comprehension(&mut self, every: &'a ComprehensionExpr) -> Bound {
        let range = self.of(&every.iter_range);
        let init = self.of(&every.accu_init);
        let count = range.count();
        self.scope.push((&every.iter_var, range.each().free()));
        // What one turn adds to the result; after all turns it is as much for each of them.
        let added = self.turn(every, init.clone().free());
        let result = Bound {
            steps: 0,
            bytes: init.bytes.saturating_add(count.saturating_mul(added.bytes)),
            items: added.items.clone().map(|items| Items { count: items.count.saturating_mul(count), ..items }),
        };
        let turn = self.turn(every, result.clone());
        self.scope.push((&every.accu_var, result));
        let given = self.of(&every.result);
        self.scope.truncate(self.scope.len() - 2);
        let turns = count.saturating_mul(turn.steps);
        let steps = [range.steps, init.steps, turns, given.steps].into_iter().fold(1, u64::saturating_add);
        given.at(steps)
    }

    /// One turn of a loop whose result so far is bounded by `so_far`.
    fn turn(&mut self, every: &'a ComprehensionExpr, so_far: Bound) -> Bound {
        self.scope.push((&every.accu_var, so_far));
        let condition = self.of(&every.loop_cond);
        let step = self.of(&every.loop_step);
        self.scope.pop();
        let steps = condition.steps.saturating_add(step.steps);
        step.at(steps)
    }
}
