//! XML out: what is written is well-formed and escaped, whatever the values hold.

use quick_xml::escape::escape;

/// A document being built, one element after another.
pub(crate) struct Writer {
    out: String,
}

impl Writer {
    /// Begins a document with its root; `namespaces` are the root's `xmlns` attributes as they stand.
    pub(crate) fn root(name: &str, namespaces: &str) -> Self {
        let mut out = String::with_capacity(1024);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?><");
        out.push_str(name);
        out.push(' ');
        out.push_str(namespaces);
        out.push('>');
        Self { out }
    }

    /// `<name>text</name>`
    pub(crate) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        self.out.push_str(&escape(text));
        self.close(name)
    }

    /// `<name>`, with attributes after the name if it has a space: they are written as they stand.
    pub(crate) fn open(&mut self, name: &str) -> &mut Self {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        self
    }

    /// `</name>`; attributes given to [`Writer::open`] may follow the name again.
    pub(crate) fn close(&mut self, name: &str) -> &mut Self {
        self.out.push_str("</");
        self.out.push_str(name.split(' ').next().unwrap_or(name));
        self.out.push('>');
        self
    }

    /// Everything that `inside` writes stands within `name`.
    pub(crate) fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name);
        inside(self);
        self.close(name)
    }

    /// Closes the root.
    pub(crate) fn finish(mut self, root: &str) -> String {
        self.close(root);
        self.out
    }
}
