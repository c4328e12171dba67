//! The built-in functions: by number, with their signatures, and what each does.

use std::sync::LazyLock;

use super::function::signature::{AWS, BUILTINS, Builtin, Signature};

/// The signatures, in the order of the numbers.
static SIGNATURES: LazyLock<Vec<Option<Signature>>> = LazyLock::new(|| {
    let all = BUILTINS.iter().chain(AWS);
    all.map(|builtin| Signature::parse(builtin.signature).ok())
        .collect()
});

/// Returns the number of a function.
pub(super) fn find(name: &str, aws: bool) -> Option<u16> {
    let own = AWS.iter().position(|known| known.name == name).filter(|_| aws);
    let number = own.map(|own| own + BUILTINS.len());
    number
        .or_else(|| BUILTINS.iter().position(|known| known.name == name))
        .map(|number| number as u16)
}

/// Returns the number of a function of the language, found when this program is compiled.
pub(super) const fn number_of(name: &str) -> u16 {
    let mut number = 0;
    while !is_same(BUILTINS[number].name.as_bytes(), name.as_bytes()) {
        number += 1;
    }
    number as u16
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// Returns a function's name and arity.
pub(super) fn of(id: u16) -> &'static Builtin {
    let id = usize::from(id);
    BUILTINS.get(id).unwrap_or_else(|| &AWS[id - BUILTINS.len()])
}

/// Says whether a function is one of AWS's own.
pub(super) fn is_aws(id: u16) -> bool {
    usize::from(id) >= BUILTINS.len()
}

/// Returns a function's signature.
pub(super) fn signature(id: u16) -> Option<&'static Signature> {
    SIGNATURES[usize::from(id)].as_ref()
}

/// Says whether two calls with the same arguments may differ.
pub(super) fn is_impure(id: u16) -> bool {
    matches!(of(id).name, "now" | "millis" | "random" | "shuffle" | "uuid")
}

/// Returns how many functions there are.
pub(super) fn count() -> usize {
    BUILTINS.len() + AWS.len()
}

/// Returns how many parameters a function has.
pub(super) fn parameters(id: u16) -> usize {
    signature(id).map_or(0, Signature::parameters)
}

/// Returns the signature of a transformer.
pub(super) fn transformer() -> &'static Signature {
    static SIGNATURE: LazyLock<Signature> = LazyLock::new(|| {
        Signature::parse("<(oa):o>").unwrap_or_else(|_| unreachable!("the signature is well formed"))
    });
    &SIGNATURE
}
