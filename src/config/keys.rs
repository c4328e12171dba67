//! Keys that may be secrets, pasted where a key is expected.
//!
//! Owns how a key looks: words of letters, as all of ours and librdkafka's are. Must not know where it is shown.
//! Invariant: a key that is known, or a slip of one, is shown.

/// Fewest characters of a key that is hidden: less is no secret.
const CHARACTERS_MIN: usize = 5;
/// Most characters of a key that is shown.
const CHARACTERS_MAX: usize = 64;
/// Most letters of one of its words.
const WORD_LETTERS_MAX: usize = 20;
/// Most times that a word may go on with a capital letter, as `maxPollRecords` does.
const CAPITALS_MAX: usize = 4;
/// Most consonants in a row: "lengths" has six letters that are no vowels, with what is left of a slip.
const CONSONANTS_MAX: usize = 5;
/// Most edits between a key and the known one that was meant.
const SLIP_EDITS: usize = 2;

/// Says whether a key may be a secret: it is none of those that are known, nor a slip of one, and no words.
pub(super) fn may_be_secret(key: &str, known: &[&str]) -> bool {
    let characters = key.chars().count();
    if characters < CHARACTERS_MIN {
        return false;
    }
    if characters > CHARACTERS_MAX {
        return true;
    }
    let is_slip = |known: &&str| strsim::damerau_levenshtein(key, known) <= SLIP_EDITS;
    !known.iter().any(is_slip) && !key.split(['_', '.', '-']).all(is_word)
}

fn is_word(word: &str) -> bool {
    let letters = word.as_bytes();
    let capitals = letters.windows(2);
    let capitals = capitals.filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let is_vowel = |letter: u8| b"aeiouy".contains(&letter.to_ascii_lowercase());
    let mut consonants = letters.split(|letter| is_vowel(*letter));
    letters.iter().all(u8::is_ascii_alphabetic)
        && letters.len() <= WORD_LETTERS_MAX
        && capitals.count() <= CAPITALS_MAX
        && consonants.all(|row| row.len() <= CONSONANTS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_like_words() {
        for key in [
            "max_inflight",
            "deadletter",
            "sasl.mechanisms",
            "maxPollRecords",
            "MAX_POLL_RECORDS",
            "ssl.ca.certificate.stores",
            "a1",
            "shards2",
        ] {
            assert!(!may_be_secret(key, &["shards"]), "{key}");
        }
        for key in [
            "s3cr3t",
            "hunter7",
            "wJalrXUtnFEMI/K7MDENG",
            "AKIAIOSFODNN7EXAMPLE",
            "correct horse battery",
            "dGhpcyBpcyBh==",
            "xkcdqwrtzp",
            "p@ssword",
            "u:pass",
            "eyJhbGciOiJIUzIEiIsInREcCIEIkpXVCJ",
        ] {
            assert!(may_be_secret(key, &["shards"]), "{key}");
        }
    }
}
