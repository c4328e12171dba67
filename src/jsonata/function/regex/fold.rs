//! Which characters are alike but for their case, as JavaScript's `i` has it without `u`.

use std::sync::OnceLock;

/// Returns what stands for a character in a comparison: its upper case, if that is one character, and no
/// ASCII one for another.
pub(super) fn canonical(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) if !single.is_ascii() && is_basic(single) && is_basic(character) => single,
        _ => character,
    }
}

/// JavaScript sees characters beyond the basic plane as two halves, which have no case.
fn is_basic(character: char) -> bool {
    character as u32 <= 0xFFFF
}

/// Returns all sets of two characters or more that are alike.
pub(super) fn classes() -> &'static [Vec<char>] {
    static CLASSES: OnceLock<Vec<Vec<char>>> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let mut pairs: Vec<(char, char)> = ('\0'..='\u{FFFF}')
            .map(|character| (canonical(character), character))
            .filter(|(canonical, character)| canonical != character)
            .collect();
        pairs.sort_unstable();
        let same = |a: &(char, char), b: &(char, char)| a.0 == b.0;
        let class = |pairs: &[(char, char)]| {
            let members = pairs.iter().map(|(_, character)| *character);
            pairs
                .first()
                .map(|(canonical, _)| *canonical)
                .into_iter()
                .chain(members)
                .collect()
        };
        pairs.chunk_by(same).map(class).collect()
    })
}
