//! A small tree of an XML document, read by local name: prefixes and namespaces differ by release and are ignored.
//!
//! Refused: a DTD, any entity but the five of XML and character references, control characters, more than
//! [`DEEPEST`] levels or [`MOST`] elements, an encoding other than UTF-8, a document that is cut off, text or a second
//! element outside the root. Attributes, comments and processing instructions are passed over.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, Event};

/// Levels of elements; a CSTA event has about nine.
pub(crate) const DEEPEST: usize = 48;
/// Elements of one document; the largest snapshot that fits in a frame stays far below.
pub(crate) const MOST: usize = 16_384;
/// No further node.
const NONE: u32 = u32::MAX;

/// Why bytes are no document of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    /// Not UTF-8, or it says it is something else.
    #[error("the document is not in UTF-8")]
    Encoding,
    /// Not well-formed.
    #[error("not well-formed XML at byte {at}")]
    Malformed {
        /// Where the reader stopped.
        at: u64,
    },
    /// A document type definition.
    #[error("a DTD is not accepted")]
    Dtd,
    /// An entity that only a DTD could define.
    #[error("an entity is not defined")]
    Entity,
    /// NUL or another control character.
    #[error("a control character in the text")]
    Control,
    /// Too many levels or elements.
    #[error("more than {DEEPEST} levels or {MOST} elements")]
    TooLarge,
    /// It ends before its root does.
    #[error("the document is cut off")]
    CutOff,
    /// No root, or something beside it.
    #[error("not exactly one root element")]
    Root,
}

/// A parsed document; it borrows from the bytes it was read from.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
struct Node<'a> {
    name: &'a str,
    text: Cow<'a, str>,
    first: u32,
    last: u32,
    next: u32,
}

/// One element of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'d> {
    nodes: &'d [Node<'d>],
    at: u32,
}

impl<'a> Document<'a> {
    /// Reads a whole document.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, XmlError> {
        let source = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let mut tree = Tree { nodes: Vec::with_capacity(96), open: Vec::with_capacity(16) };
        let mut reader = Reader::from_str(source);
        loop {
            let begin = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event().map_err(|_| XmlError::Malformed { at: reader.error_position() })?;
            match event {
                Event::Start(start) => tree.start(name_at(source, begin, start.name().0)?)?,
                Event::Empty(start) => {
                    tree.start(name_at(source, begin, start.name().0)?)?;
                    tree.open.pop();
                }
                Event::End(_) => drop(tree.open.pop()),
                Event::Text(text) => tree.text(text.into_inner())?,
                Event::CData(text) => tree.text(text.into_inner())?,
                Event::GeneralRef(reference) => tree.text(resolve(&reference)?)?,
                Event::Decl(declaration) => check_encoding(&declaration)?,
                Event::DocType(_) => return Err(XmlError::Dtd),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return tree.finish(),
            }
        }
    }

    /// The outermost element.
    pub(crate) fn root(&self) -> Element<'_> {
        Element { nodes: &self.nodes, at: 0 }
    }
}

/// The element's local name as a slice of the source, which outlives the reader's event.
fn name_at<'a>(source: &'a str, begin: usize, name: &str) -> Result<&'a str, XmlError> {
    let at = begin + 1;
    let qualified = source
        .get(at..at + name.len())
        .filter(|found| *found == name)
        .ok_or(XmlError::Malformed { at: begin as u64 })?;
    Ok(qualified.rsplit_once(':').map_or(qualified, |(_, local)| local))
}

fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
        Some(_) => Err(XmlError::Encoding),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, XmlError> {
    if reference.is_char_ref() {
        let resolved = reference.resolve_char_ref().map_err(|_| XmlError::Control)?;
        return resolved.map(|one| Cow::Owned(one.to_string())).ok_or(XmlError::Entity);
    }
    Ok(Cow::Borrowed(match &**reference {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err(XmlError::Entity),
    }))
}

/// A document being built.
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    open: Vec<u32>,
}

impl<'a> Tree<'a> {
    fn start(&mut self, name: &'a str) -> Result<(), XmlError> {
        if self.open.len() >= DEEPEST || self.nodes.len() >= MOST {
            return Err(XmlError::TooLarge);
        }
        let at = u32::try_from(self.nodes.len()).map_err(|_| XmlError::TooLarge)?;
        match self.open.last() {
            None if at > 0 => return Err(XmlError::Root),
            None => {}
            Some(&parent) => self.adopt(parent, at),
        }
        self.nodes.push(Node { name, text: Cow::Borrowed(""), first: NONE, last: NONE, next: NONE });
        self.open.push(at);
        Ok(())
    }

    fn adopt(&mut self, parent: u32, child: u32) {
        let parent = &mut self.nodes[parent as usize];
        let former = std::mem::replace(&mut parent.last, child);
        if former == NONE {
            parent.first = child;
        } else {
            self.nodes[former as usize].next = child;
        }
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), XmlError> {
        if text.bytes().any(|byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f) {
            return Err(XmlError::Control);
        }
        let blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        let Some(&at) = self.open.last() else {
            return if blank { Ok(()) } else { Err(XmlError::Root) };
        };
        let kept = &mut self.nodes[at as usize].text;
        if kept.is_empty() {
            if !blank {
                *kept = text;
            }
        } else {
            kept.to_mut().push_str(&text);
        }
        Ok(())
    }

    fn finish(self) -> Result<Document<'a>, XmlError> {
        match (self.open.is_empty(), self.nodes.is_empty()) {
            (false, _) => Err(XmlError::CutOff),
            (true, true) => Err(XmlError::Root),
            (true, false) => Ok(Document { nodes: self.nodes }),
        }
    }
}

impl<'d> Element<'d> {
    fn node(self) -> &'d Node<'d> {
        &self.nodes[self.at as usize]
    }

    /// Local name.
    pub(crate) fn name(self) -> &'d str {
        self.node().name
    }

    /// All text directly inside, trimmed; empty if there is none.
    pub(crate) fn text(self) -> &'d str {
        self.node().text.trim()
    }

    /// The text, unless it is empty.
    pub(crate) fn filled(self) -> Option<&'d str> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    /// Child elements in order.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        let next = move |at: u32| (at != NONE).then_some(Self { nodes: self.nodes, at });
        std::iter::successors(next(self.node().first), move |child| next(child.node().next))
    }

    /// The first child called so; spelling like `callID` and `callId` is the same name.
    pub(crate) fn child(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.name().eq_ignore_ascii_case(name))
    }

    /// Child of child of child.
    pub(crate) fn path(self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text of a child, unless it is missing or empty.
    pub(crate) fn text_of(self, name: &str) -> Option<&'d str> {
        self.child(name).and_then(Self::filled)
    }

    /// The first element called so anywhere inside, in document order.
    pub(crate) fn find(self, name: &str) -> Option<Self> {
        self.children().find_map(
            |child| {
                if child.name().eq_ignore_ascii_case(name) { Some(child) } else { child.find(name) }
            },
        )
    }
}
