//! What JavaScript answers: all matches of a pattern in a text, groups in brackets.

use super::*;
use crate::jsonata::Bound;
use crate::jsonata::function::text::written;

const STEPS: u64 = 1_000_000;

fn flags(letters: &str) -> Flags {
    Flags {
        ignore_case: letters.contains('i'),
        multiline: letters.contains('m'),
    }
}

/// Says what the first match and its groups are: `ab[a][-]`.
fn first(pattern: &str, letters: &str, text: &str) -> String {
    let regex = match Regex::new(pattern, flags(letters)) {
        Ok(regex) => regex,
        Err(error) => return format!("! {}", error.reason),
    };
    let mut scratch = Scratch::new(STEPS);
    match regex.find(text, 0, &mut scratch) {
        Err(error) => format!("!! {error}"),
        Ok(false) => "none".to_owned(),
        Ok(true) => {
            let group = |index| scratch.group(index).map_or("-", |range| &text[range]);
            let groups = (1..=regex.groups()).map(|index| format!("[{}]", group(index)));
            format!("{}{}", group(0), groups.collect::<String>())
        }
    }
}

#[test]
fn javascript_s_dialect() {
    let cases = [
        ("a|ab", "", "ab", "a"),
        ("(a*)*", "", "b", "[-]"),
        ("(a*)?", "", "b", "[-]"),
        (
            "(z)((a+)?(b+)?(c))*",
            "",
            "zaacbbbcac",
            "zaacbbbcac[z][ac][a][-][c]",
        ),
        ("(?=(a+))a*b\\1", "", "baaabac", "aba[a]"),
        (
            "(.*?)a(?!(a+)b\\2c)\\2(.*)",
            "",
            "baaabaac",
            "baaabaac[ba][-][abaac]",
        ),
        ("(?<=(\\d+)(\\d+))$", "", "1053", "[1][053]"),
        ("(?<=\\1(\\w))d", "i", "abcCd", "d[C]"),
        ("(?<!abc)\\w\\w\\w", "", "abcdef", "abc"),
        ("(?<year>\\d{4})-\\k<year>", "", "2018-2018", "2018-2018[2018]"),
        ("\\k<a>", "", "k<a>", "k<a>"),
        ("[^]", "", "\n", "\n"),
        ("[]", "", "a", "none"),
        ("[a-\\d]+", "", "a-1b", "a-1"),
        ("[\\b]", "", "\u{8}", "\u{8}"),
        ("\\bb", "", "éb", "b"),
        ("\\u0041\\x42\\cA", "", "AB\u{1}", "AB\u{1}"),
        ("\\1(a)", "", "a", "a[a]"),
        ("\\101\\8", "", "A8", "A8"),
        ("\\p{L}", "", "p{L}", "p{L}"),
        ("a{,2}", "", "a{,2}", "a{,2}"),
        ("x{2,3}?", "", "xxxx", "xx"),
        ("^b$", "m", "a\nb\r", "b"),
        (".+", "", "a\u{2028}b", "a"),
        ("[^x]+", "i", "aXx", "a"),
        ("ſ", "i", "S", "none"),
        ("[µ]", "i", "Μ", "Μ"),
        ("STRASSE", "i", "straße", "none"),
        ("\\w", "i", "ſ", "none"),
        ("\\ud83d\\ude00+", "", "😀😀", "😀😀"),
        ("(?:a|b)+?c", "", "abac", "abac"),
        ("(a{2}){2}", "", "aaaaa", "aaaa[aa]"),
        ("(?:)*", "", "a", ""),
        ("(?:a?){3}b", "", "aab", "aab"),
        ("(?=a)*b", "", "b", "b"),
        ("(?:(?<=a)){1,2}b", "", "ab", "b"),
        ("(a|e)+?[^x]x", "", "aaex", "aaex[a]"),
        ("[a-c]+c", "", "abcbcd", "abcbc"),
        ("\\w+?\\b\\s", "", "ab c", "ab "),
        ("(\\w+)\\s(\\d*)(\\w)", "", "ab 12", "ab 12[ab][1][2]"),
        ("Ä+ä", "i", "äÄä", "äÄä"),
        ("(?<=a)*", "", "", "! Invalid quantifier"),
        ("]}", "", "]}", "]}"),
        ("(", "", "", "! Unterminated group"),
        (")", "", "", "! Unmatched ')'"),
        ("*", "", "", "! Nothing to repeat"),
        ("a**", "", "", "! Nothing to repeat"),
        ("{1}", "", "", "! Nothing to repeat"),
        ("a{2,1}", "", "", "! numbers out of order in {} quantifier"),
        ("[b-a]", "", "", "! Range out of order in character class"),
        ("[a", "", "", "! Unterminated character class"),
        ("(?<a>x)(?<a>y)", "", "", "! Duplicate capture group name"),
        ("(?<a>x)\\k<b>", "", "", "! Invalid named capture referenced"),
        ("(?a)", "", "", "! Invalid group"),
        ("\\", "", "", "! \\ at end of pattern"),
    ];
    for (pattern, letters, text, expected) in cases {
        assert_eq!(
            first(pattern, letters, text),
            expected,
            "/{pattern}/{letters} {text:?}"
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn a_pattern_without_end_ends() {
    for (pattern, text) in [
        ("(a+)+b", "a".repeat(60)),
        ("(.*)*x", "a".repeat(60)),
        ("(?:a|aa)*b", "a".repeat(60)),
        ("(?=(a+)+b)c?", "a".repeat(60)),
        ("((((a*)*)*)*)*b", "a".repeat(60)),
        ("(a?){4000000000}b", "a".repeat(60)),
        ("(?:){4000000000}b", "b".to_owned()),
    ] {
        let regex = Regex::new(pattern, Flags::default()).unwrap();
        let mut scratch = Scratch::new(STEPS);
        let error = regex.find(&text, 0, &mut scratch).unwrap_err();
        assert!(error.is_bound().is_some(), "{pattern}");
    }
    // Each round leaves a place to go back to.
    let regex = Regex::new("(?:ab|c)*", Flags::default()).unwrap();
    let mut scratch = Scratch::new(u64::MAX);
    let error = regex
        .find(&"c".repeat(2 * FRAMES_MAX), 0, &mut scratch)
        .unwrap_err();
    assert_eq!(error.is_bound(), Some(Bound::Memory));
    assert!(scratch.frames_capacity() < FRAMES_MAX / 8);
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn patterns_are_bounded() {
    let nested = |depth| "(?:".repeat(depth) + &")".repeat(depth);
    assert!(Regex::new(&nested(NESTING_MAX), Flags::default()).is_ok());
    assert!(Regex::new(&nested(NESTING_MAX + 1), Flags::default()).is_err());
    assert!(Regex::new(&"()".repeat(GROUPS_MAX as usize + 1), Flags::default()).is_err());
    assert!(Regex::new(&"a".repeat(PATTERN_BYTES_MAX + 1), Flags::default()).is_err());
}

#[test]
fn functions_of_patterns() {
    let regex = |pattern| Regex::new(pattern, Flags::default()).unwrap();
    let replace = |text, pattern, replacement, limit| {
        let mut scratch = Scratch::new(STEPS);
        written(|out| replace_regex(text, &regex(pattern), replacement, limit, &mut scratch, out))
    };
    assert_eq!(
        replace("abracadabra", "a(.)", "a$1$1", None).as_deref(),
        Ok("abbraccaddabbra")
    );
    assert_eq!(
        replace("John Smith", "(\\w+)\\s(\\w+)", "$2, $1", None).as_deref(),
        Ok("Smith, John")
    );
    assert_eq!(
        replace("ababbxabbcc", "b+", "yy", Some(2.0)).as_deref(),
        Ok("ayyayyxabbcc")
    );
    assert_eq!(replace("abc", "x*", "-", None).unwrap_err().code(), "D1004");
    assert_eq!(replace("abc", "b", "-", Some(-1.0)).unwrap_err().code(), "D3011");
    let split = |text, pattern, limit| {
        let (regex, mut scratch) = (regex(pattern), Scratch::new(STEPS));
        let mut parts = split_regex(text, &regex, limit, &mut scratch)?;
        let mut found = Vec::new();
        while let Some(part) = parts.next(&mut scratch)? {
            found.push(part.to_owned());
        }
        Ok::<String, crate::jsonata::Error>(found.join("|"))
    };
    assert_eq!(split("ababbxabbcc", "b+", None).as_deref(), Ok("a|a|xa|cc"));
    assert_eq!(split("ababbxabbcc", "b+", Some(2.0)).as_deref(), Ok("a|a"));
    assert_eq!(split("abc", "x", Some(0.0)).as_deref(), Ok("abc"));
    assert_eq!(split("abc", "c", None).as_deref(), Ok("ab|"));
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn no_pattern_panics() {
    let mut state = 7u64;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % bound
    };
    let pieces = [
        "a", "b", "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?<n>", "\\k<n>", "\\1", "\\2", "*", "+",
        "?", "{2}", "{1,3}", "{0}", "|", "[", "]", "^", "$", "-", ".", "\\b", "\\B", "\\w", "\\d", "\\u00e4",
        "ä", "😀", "\\", "\\c",
    ];
    for _ in 0..20_000 {
        let pattern: String = (0..next(12)).map(|_| pieces[next(pieces.len())]).collect();
        let text: String = (0..next(8))
            .map(|_| ["a", "b", "ä", "😀", "\n", "A"][next(6)])
            .collect();
        let letters = ["", "i", "m", "im"][next(4)];
        if let Ok(regex) = Regex::new(&pattern, flags(letters)) {
            let mut scratch = Scratch::new(5_000);
            let _ = regex.find(&text, 0, &mut scratch);
        }
    }
}
