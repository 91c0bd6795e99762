//! A handle: what identifies a person somewhere.
