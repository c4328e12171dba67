//! Where the parts of HCL end: texts, heredocs, comments, `${…}`.
//!
//! Knows nothing of what they mean. Invariant: every step is at least one character, and ends at one.

/// Steps over blanks, line breaks and comments.
pub(super) fn skip_space(text: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let is_comment = ["#", "//", "/*"].iter().any(|sign| text[at..].starts_with(sign));
        if !is_comment {
            return at;
        }
        at = skip(text, at);
    }
}

/// Steps over blanks within a line.
pub(in crate::embedded) fn skip_blanks(text: &str, at: usize) -> usize {
    at + (text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len())
}

/// Steps over a text, a heredoc, a comment, or one character.
pub(in crate::embedded) fn skip(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let length = if rest.starts_with('"') {
        quoted_length(rest)
    } else if rest.starts_with("<<") {
        heredoc_length(rest)
    } else if rest.starts_with('#') || rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        rest.find("*/").map_or(rest.len(), |end| end + 2)
    } else {
        rest.chars().next().map_or(0, char::len_utf8)
    };
    at + length
}

fn quoted_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' => at += 2,
            b'$' if text[at..].starts_with("${") && !text[..at].ends_with('$') => {
                at += interpolation(&text[at..])
            }
            _ => at += 1,
        }
        while at < bytes.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    bytes.len()
}

/// Returns the length of a `${…}`, at most to the end of its line.
pub(super) fn interpolation(text: &str) -> usize {
    let (mut depth, mut is_quoted) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => return at,
            b'"' => is_quoted = !is_quoted,
            b'{' if !is_quoted => depth += 1,
            b'}' if !is_quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn heredoc_length(text: &str) -> usize {
    let rest = text.get(2..).unwrap_or_default();
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    // No further than the word: a line may have a million of these signs.
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
    let after = after.trim_start_matches([' ', '\t', '\r']);
    if word.is_empty() || !(after.is_empty() || after.starts_with('\n')) {
        return 2;
    }
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index > 0 && line.trim() == word {
            return at + line.trim_end().len();
        }
        at += line.len();
    }
    text.len()
}
