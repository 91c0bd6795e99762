//! A request as a small tree of local names. Namespaces and prefixes do not matter, nor does the order of children.
//!
//! Documents with a DTD, too deep, cut off, or with control characters are refused.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deeper than any CSTA request.
const DEEPEST: usize = 64;

/// One element: local name, text, children. Attributes are left out: no request needs them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Name without prefix.
    pub name: String,
    /// All text directly inside, trimmed.
    pub text: String,
    /// In document order.
    pub children: Vec<Element>,
}

/// Why a body is no request.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not text.
    #[error("the body is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
    /// Not XML.
    #[error("the body is not well-formed XML")]
    Xml(#[from] quick_xml::Error),
    /// Cut off, more than one root, or no root.
    #[error("the body is not one whole document")]
    NotOne,
    /// Document type declarations and entities are never accepted.
    #[error("the body has a document type or an unknown entity")]
    Dtd,
    /// Nested without end.
    #[error("the body nests deeper than {DEEPEST} elements")]
    TooDeep,
    /// A character that XML does not allow.
    #[error("the body has a control character")]
    Control,
}

impl Element {
    /// The first child of this name. `callId` is found as `callID` too.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// Goes down a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Text at the end of a path; empty text counts as none.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The first element of this name at any depth, itself included.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name.eq_ignore_ascii_case(name) {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// Whether the text says yes.
    pub fn is_true(&self) -> bool {
        matches!(self.text.as_str(), "true" | "1")
    }
}

/// Reads a body.
pub fn parse(body: &[u8]) -> Result<Element, DocumentError> {
    let text = std::str::from_utf8(body)?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(DocumentError::Control);
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err(DocumentError::TooDeep);
                }
                open.push(named(start.local_name().as_ref()));
            }
            Event::Empty(start) => close(named(start.local_name().as_ref()), &mut open, &mut root)?,
            Event::End(_) => {
                let element = open.pop().ok_or(DocumentError::NotOne)?;
                close(element, &mut open, &mut root)?;
            }
            Event::Text(text) => write(&mut open, &text),
            Event::CData(text) => write(&mut open, &text),
            Event::GeneralRef(reference) => write(&mut open, &character(&reference)?),
            Event::DocType(_) => return Err(DocumentError::Dtd),
            Event::Eof if open.is_empty() => return root.ok_or(DocumentError::NotOne),
            Event::Eof => return Err(DocumentError::NotOne),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn named(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}

fn write(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(mut element: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), DocumentError> {
    let trimmed = element.text.trim();
    if trimmed.len() != element.text.len() {
        let trimmed = trimmed.to_owned();
        element.text = trimmed;
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err(DocumentError::NotOne),
    }
    Ok(())
}

fn character(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, DocumentError> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    match &**reference {
        "amp" => Ok("&".to_owned()),
        "lt" => Ok("<".to_owned()),
        "gt" => Ok(">".to_owned()),
        "quot" => Ok("\"".to_owned()),
        "apos" => Ok("'".to_owned()),
        _ => Err(DocumentError::Dtd),
    }
}
