//! Writes XML. Invariant: what comes out is well formed, since elements close themselves and text is escaped.

use std::fmt::Write;

/// A document being written.
#[derive(Debug)]
pub struct Markup {
    text: String,
}

impl Markup {
    /// Writes a whole document with this root in this namespace.
    pub fn document(root: &str, namespace: &str, inside: impl FnOnce(&mut Self)) -> String {
        let mut markup = Self { text: String::with_capacity(1_600) };
        markup.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        markup.within_namespace(root, namespace, inside);
        markup.text
    }

    /// An element with children.
    pub fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.open(name, "", inside);
    }

    /// An element that begins another default namespace.
    pub fn within_namespace(&mut self, name: &str, namespace: &str, inside: impl FnOnce(&mut Self)) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str(" xmlns=\"");
        escape(&mut self.text, namespace);
        self.text.push_str("\">");
        inside(self);
        self.end(name);
    }

    /// An element with text and ready-made attributes.
    pub fn leaf_with(&mut self, name: &str, attributes: &str, text: &str) {
        self.open(name, attributes, |markup| escape(&mut markup.text, text));
    }

    /// An element with text.
    pub fn leaf(&mut self, name: &str, text: &str) {
        self.leaf_with(name, "", text);
    }

    /// An element with a number.
    pub fn number(&mut self, name: &str, number: u64) {
        self.open(name, "", |markup| {
            // Writing to a String cannot fail.
            let _ = write!(markup.text, "{number}");
        });
    }

    /// An element with bytes as hex digits.
    pub fn hex(&mut self, name: &str, bytes: &[u8]) {
        self.open(name, "", |markup| {
            for byte in bytes {
                // Writing to a String cannot fail.
                let _ = write!(markup.text, "{byte:02X}");
            }
        });
    }

    /// An element with `true` or `false`.
    pub fn truth(&mut self, name: &str, truth: bool) {
        self.leaf(name, if truth { "true" } else { "false" });
    }

    /// An empty element.
    pub fn empty(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str("/>");
    }

    fn open(&mut self, name: &str, attributes: &str, inside: impl FnOnce(&mut Self)) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str(attributes);
        self.text.push('>');
        inside(self);
        self.end(name);
    }

    fn end(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }
}

fn escape(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            // Not allowed in XML 1.0 at all, however written.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => into.push('\u{fffd}'),
            c => into.push(c),
        }
    }
}
