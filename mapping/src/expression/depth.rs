//! How deep an expression is nested, told without descending into it: parser and evaluation descend, on a thread's stack.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// The most brackets that are open at once, those in quotes and comments not counted.
pub(super) fn of_brackets(text: &str) -> usize {
    let (mut open, mut most, mut rest) = (0_usize, 0, text);
    let mut raw = false;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        if let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote)) {
            rest = after_quoted(&rest[quote.len()..], quote, raw);
            continue;
        }
        match first {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
        // r'…' and br'…' know no escapes.
        raw = matches!(first, 'r' | 'R') || (raw && matches!(first, 'b' | 'B'));
        rest = &rest[first.len_utf8()..];
    }
    most
}

/// What follows a quoted text that ends with `quote`. A text that does not end is none, for the parser too.
fn after_quoted<'t>(text: &'t str, quote: &str, raw: bool) -> &'t str {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(quote) {
            return after;
        }
        rest = &rest[first.len_utf8()..];
        if first == '\\' && !raw {
            rest = rest.chars().next().map_or("", |escaped| &rest[escaped.len_utf8()..]);
        }
    }
    rest
}

/// How many nodes stand in one another at most.
pub(super) fn of_nodes(code: &IdedExpr) -> usize {
    let (mut most, mut waiting) = (0, vec![(code, 1)]);
    while let Some((node, depth)) = waiting.pop() {
        most = most.max(depth);
        waiting.extend(parts(node).into_iter().map(|part| (part, depth + 1)));
    }
    most
}

fn parts(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => Vec::new(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Struct(made) => made.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Comprehension(every) => {
            vec![&every.iter_range, &every.accu_init, &every.loop_cond, &every.loop_step, &every.result]
        }
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}

#[cfg(test)]
mod tests {
    use super::of_brackets;

    #[test]
    fn brackets_in_quotes_and_comments_do_not_count_and_hide_none() {
        let cases = [
            ("f(a[0])", 2),
            ("'((('", 0),
            ("(')' + (')' + ('x')))", 3),
            ("\"\\\"((\" + (1)", 1),
            ("r'\\' + (1)", 1),
            ("'''it's ((''' + [1]", 1),
            ("// ((\n(1)", 1),
            ("'open ((", 0),
            ("{'a': [({})]}", 4),
        ];
        for (text, expected) in cases {
            assert_eq!(of_brackets(text), expected, "{text}");
        }
    }
}
