//! `$replace` with a text, and what `$1` in a replacement means for a match of any kind.

use crate::jsonata::Error;
use crate::jsonata::function::Text;

/// Writes a text with a pattern that is a text replaced, at most `limit` times.
///
/// # Errors
///
/// D3010 for an empty pattern, D3011 for a negative limit, the memory bound.
pub fn replace_text(
    text: &str,
    pattern: &str,
    replacement: &str,
    limit: Option<f64>,
    out: &mut Text<'_>,
) -> Result<(), Error> {
    if pattern.is_empty() {
        return Err(Error::new("D3010").with_value(""));
    }
    if limit.is_some_and(|limit| limit < 0.0) {
        return Err(Error::new("D3011"));
    }
    let (mut rest, mut count) = (text, 0.0);
    while limit.is_none_or(|limit| count < limit) {
        let Some(index) = rest.find(pattern) else {
            break;
        };
        out.push_str(&rest[..index])?;
        out.push_str(replacement)?;
        rest = &rest[index + pattern.len()..];
        count += 1.0;
    }
    out.push_str(rest)
}

/// What a pattern's groups matched; the caller may keep them as it likes.
pub trait Groups {
    /// Returns how many groups there are.
    fn count(&self) -> usize;
    /// Returns what one matched, counted from zero; `None` if it had no part in the match.
    fn get(&self, group: usize) -> Option<&str>;
}

/// Writes a replacement: `$0` is the match, `$1` a group, `$$` a dollar sign.
///
/// As many digits belong to a group's number as the count of groups has, one less if there is no such group.
///
/// # Errors
///
/// The memory bound.
pub fn substitute(
    replacement: &str,
    matched: &str,
    groups: &impl Groups,
    out: &mut Text<'_>,
) -> Result<(), Error> {
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before)?;
        rest = match after.chars().next() {
            Some('$') => {
                out.push('$')?;
                &after[1..]
            }
            Some('0') => {
                out.push_str(matched)?;
                &after[1..]
            }
            _ => match group_number(after, groups.count()) {
                Some((number, length)) => {
                    let group = number.checked_sub(1).filter(|group| *group < groups.count());
                    out.push_str(group.and_then(|group| groups.get(group)).unwrap_or_default())?;
                    after.get(length..).unwrap_or_default()
                }
                None => {
                    out.push('$')?;
                    after
                }
            },
        };
    }
    out.push_str(rest)
}

/// Reads a group's number, and how many bytes of the replacement it takes.
fn group_number(text: &str, groups: usize) -> Option<(usize, usize)> {
    let digits = groups.checked_ilog10().map_or(1, |digits| digits as usize + 1);
    let number = leading_number(text, digits)?;
    if digits > 1 && number.0 > groups {
        return leading_number(text, digits - 1);
    }
    Some(number)
}

/// Reads the number that at most `length` characters begin with.
fn leading_number(text: &str, length: usize) -> Option<(usize, usize)> {
    let digits = text.bytes().take(length).take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonata::function::text::written;

    impl Groups for &[Option<&str>] {
        fn count(&self) -> usize {
            self.len()
        }

        fn get(&self, group: usize) -> Option<&str> {
            self[group]
        }
    }

    #[test]
    fn dollars_in_a_replacement() {
        let one: &[Option<&str>] = &[Some("265")];
        let two: &[Option<&str>] = &[Some("ab"), None];
        let many: &[Option<&str>] = &[Some("a"); 12];
        let cases: &[(&str, &[Option<&str>], &str)] = &[
            ("$w", one, "$w"),
            ("$0$1$2", one, "M265"),
            ("[1=$1][2=$2]", two, "[1=ab][2=]"),
            ("$8$12$18$123", many, "aaa8a3"),
            ("$x$", one, "$x$"),
            ("$$1", one, "$1"),
            ("$12", one, "2652"),
            ("$5x", &[], "x"),
            ("$ä", one, "$ä"),
        ];
        for (replacement, groups, expected) in cases {
            let text = written(|out| substitute(replacement, "M", groups, out));
            assert_eq!(text.as_deref(), Ok(*expected), "{replacement}");
        }
    }

    #[test]
    fn replaces_texts() {
        let replace = |limit| written(|out| replace_text("the cat sat", "at", "$0", limit, out));
        assert_eq!(replace(None).as_deref(), Ok("the c$0 s$0"));
        assert_eq!(replace(Some(1.0)).as_deref(), Ok("the c$0 sat"));
        assert_eq!(replace(Some(0.5)).as_deref(), Ok("the c$0 sat"));
        assert_eq!(replace(Some(0.0)).as_deref(), Ok("the cat sat"));
        assert_eq!(replace(Some(-1.0)), Err(Error::new("D3011")));
    }
}
