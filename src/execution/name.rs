//! What executions and state machines may be called: AWS's rules.
//!
//! Must not know who is called so.

/// Longest name, in characters.
pub(crate) const NAME_CHARACTERS_MAX: usize = 80;

/// Says whether an execution or a state machine may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let length = name.chars().take(NAME_CHARACTERS_MAX + 1).count();
    (1..=NAME_CHARACTERS_MAX).contains(&length) && name.chars().all(may_stand_in_name)
}

/// Says whether a character may stand in a name.
pub(crate) fn may_stand_in_name(character: char) -> bool {
    let is_special = "<>{}[]?*\"#%\\^|~`$&,;:/".contains(character);
    // AWS names these one by one.
    let is_none = matches!(character, '\u{fffe}' | '\u{ffff}' | '\u{10ffff}');
    !(character.is_whitespace() || character.is_control() || is_special || is_none)
}

#[test]
fn names_are_those_of_aws() {
    let longest = "名".repeat(NAME_CHARACTERS_MAX);
    let too_long = format!("{longest}x");
    for name in ["a", "order-7.b_C+@=()!'", "注文", &longest] {
        assert!(is_name(name), "{name}");
    }
    let others = [
        "",
        " ",
        "a b",
        "a\u{a0}b",
        "a/b",
        "a:b",
        "a$",
        "a\n",
        "\u{85}",
        "a\u{ffff}",
    ];
    for name in others.into_iter().chain([&*too_long]) {
        assert!(!is_name(name), "{name:?}");
    }
}
