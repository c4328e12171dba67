//! "Did you mean": the known name nearest to a misspelt one.

/// Returns the candidate that was probably meant: the same but for letter case, or within a third of the
/// word's length in edits.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > WORD_CHARS_MAX {
        return None;
    }
    let edits_max = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word && candidate.chars().count().abs_diff(length) <= edits_max)
        .take(CANDIDATES_MAX)
        .map(|candidate| {
            let edits = strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
            (edits, candidate)
        })
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Returns the help text for a misspelt name.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|name| format!("did you mean \"{name}\"?"))
}

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
        assert_eq!(closest("Zebra", ["Succeed", "Pass"]), None);
    }
}
