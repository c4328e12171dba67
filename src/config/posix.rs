//! Regular expressions as librdkafka reads them.

/// Returns a part of a regular expression that POSIX's extended ones do not have: there it is an error, or matches
/// something else.
pub(super) fn beyond_posix(pattern: &str) -> Option<&str> {
    let pairs = pattern.as_bytes().windows(2).enumerate();
    let mut escaped = false;
    for (at, pair) in pairs {
        let is_escaped = escaped;
        escaped = !is_escaped && pair[0] == b'\\';
        let is_beyond = match pair {
            [b'\\', next] => next.is_ascii_alphanumeric(),
            [b'(' | b'*' | b'+' | b'?' | b'}', b'?'] => true,
            _ => false,
        };
        if is_beyond && !is_escaped {
            return pattern.get(at..at + 2);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::beyond_posix;

    #[test]
    fn what_posix_has_not() {
        for (pattern, expected) in [
            (r"^orders-[0-9]+$", None),
            (r"^orders\.(a|b){1,3}$", None),
            (r"^orders-\d+$", Some(r"\d")),
            (r"^(?:orders)$", Some("(?")),
            (r"^.*?-orders", Some("*?")),
            (r"^a\(?", None),
            (r"^a\\d", None),
        ] {
            assert_eq!(beyond_posix(pattern), expected, "{pattern}");
        }
    }
}
