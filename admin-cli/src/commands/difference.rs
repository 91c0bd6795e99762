//! What differs between two sets of files, line by line.

use similar::{ChangeTag, TextDiff};
use trunkline_mapping::rules::File;

/// Lines around a change that are shown with it.
const AROUND: usize = 3;

/// A file that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) file: String,
    /// `added`, `removed`, `changed`.
    pub(super) change: &'static str,
    /// Lines as `diff -u` shows them: ` `, `+`, `-` before each.
    pub(super) lines: Vec<String>,
}

/// The files that differ, in the order of their names.
pub(super) fn compare(before: &[File], after: &[File]) -> Vec<Changed> {
    let mut names: Vec<&str> = before.iter().chain(after).map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let text =
        |files: &'_ [File], name: &str| files.iter().find(|file| file.name == name).map(|file| file.text.clone());
    let mut changed = Vec::new();
    for name in names {
        let (old, new) = (text(before, name), text(after, name));
        let change = match (&old, &new) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(old), Some(new)) if old == new => continue,
            _ => "changed",
        };
        let lines = lines(&old.unwrap_or_default(), &new.unwrap_or_default());
        changed.push(Changed { file: name.to_owned(), change, lines });
    }
    changed
}

fn lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let (old, new) = (first.old_range().start..last.old_range().end, first.new_range().start..last.new_range().end);
        lines.push(format!("@@ -{},{} +{},{} @@", old.start + 1, old.len(), new.start + 1, new.len()));
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(format!("{sign}{}", change.value().trim_end_matches(['\n', '\r'])));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), text: text.into() }
    }

    #[test]
    fn what_differs_is_told_file_by_file_and_line_by_line() {
        let before = [file("a.toml", "one\ntwo\n"), file("b.toml", "same\n"), file("c.toml", "gone\n")];
        let after = [file("a.toml", "one\n2\n"), file("b.toml", "same\n"), file("d.toml", "new\n")];
        let told: Vec<String> = compare(&before, &after)
            .into_iter()
            .map(|Changed { file, change, lines }| format!("{file} {change} {}", lines.join("|")))
            .collect();
        let expected = [
            "a.toml changed @@ -1,2 +1,2 @@| one|-two|+2",
            "c.toml removed @@ -1,1 +1,0 @@|-gone",
            "d.toml added @@ -1,0 +1,1 @@|+new",
        ];
        assert_eq!(told, expected);
    }
}
