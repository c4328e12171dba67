//! "Did you mean": the known name nearest to a misspelt one.

/// Returns the candidate that was probably meant: the same but for letter case, or within a third of the
/// word's length in edits, or half of it if both begin alike.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > WORD_CHARS_MAX {
        return None;
    }
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= length.div_ceil(2))
        .take(CANDIDATES_MAX)
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let begins_alike = word.chars().take(2).eq(lower.chars().take(2));
            let edits_max = if begins_alike {
                length / 2
            } else {
                (length / 3).max(1)
            };
            let edits = strsim::damerau_levenshtein(&word, &lower);
            (edits <= edits_max).then_some((edits, candidate))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Returns the help text for a misspelt name.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|name| format!("did you mean \"{name}\"?"))
}

/// Returns the help text for a misspelt `States.` name: only what follows the prefix is compared.
pub(crate) fn did_you_mean_reserved<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let own = |name: &'a str| name.strip_prefix(RESERVED_PREFIX);
    let prefix = word
        .get(..RESERVED_PREFIX.len())
        .filter(|prefix| prefix.eq_ignore_ascii_case(RESERVED_PREFIX));
    let rest = &word[prefix.map_or(0, str::len)..];
    let name = match candidates.into_iter().filter_map(own).collect::<Vec<_>>() {
        names if names.contains(&rest) => rest,
        names => closest(rest, names)?,
    };
    Some(format!("did you mean \"{RESERVED_PREFIX}{name}\"?"))
}

/// What the names of the language begin with.
const RESERVED_PREFIX: &str = "States.";
/// The longest word worth comparing: state names end at 80 characters.
const WORD_CHARS_MAX: usize = 100;
/// The most candidates compared: edit distance is quadratic, and a definition can have 50,000 states.
const CANDIDATES_MAX: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name() {
        assert_eq!(
            closest("startAt", ["States", "StartAt", "Comment"]),
            Some("StartAt")
        );
        assert_eq!(closest("Sucess", ["Success", "Fail"]), Some("Success"));
        assert_eq!(closest("Success", ["Succeed", "Pass"]), Some("Succeed"));
        assert_eq!(closest("Sucess", ["Succeed", "Pass"]), Some("Succeed"));
        assert_eq!(closest("Zebra", ["Succeed", "Pass"]), None);
    }
}
