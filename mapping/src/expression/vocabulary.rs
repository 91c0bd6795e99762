//! Which variables an expression may name, and what they hold.

use std::collections::BTreeMap;

/// Bytes of one text in the facts, at most.
pub const TEXT: usize = 4096;
/// Items of one list or map in the facts, at most.
pub const ITEMS: usize = 100;

/// What a variable, an item or a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A whole number; an instant or a span of time is one too, in seconds.
    Number,
    /// True or false.
    Flag,
    /// Any number of items, each of this shape.
    List(Box<Shape>),
    /// Values of this shape by names that nobody declares.
    Map(Box<Shape>),
    /// Values by declared names; a name that is not declared is a fault.
    Record(BTreeMap<String, Shape>),
}

impl Shape {
    /// A list of texts.
    pub fn texts() -> Self {
        Self::List(Box::new(Self::Text))
    }

    /// A record whose fields are texts.
    pub fn record_of_texts<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::Record(names.into_iter().map(|name| (name.into(), Self::Text)).collect())
    }
}

/// The declared variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    variables: BTreeMap<String, Shape>,
}

impl Vocabulary {
    /// Declares nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a variable, or replaces its shape.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, shape: Shape) -> Self {
        self.variables.insert(name.into(), shape);
        self
    }

    /// What a variable holds; `None` for one that is not declared.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.variables.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }
}
