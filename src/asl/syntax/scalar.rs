//! Which plain scalars are numbers: shared by both readers and by substitution.

/// Says whether a text is a number in JSON's grammar.
pub(crate) fn is_json_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match digits(at) {
        0 => return false,
        count if count > 1 && bytes[at] == b'0' => return false,
        count => at += count,
    }
    if bytes.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return false,
            count => at += 1 + count,
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        match digits(at) {
            0 => return false,
            count => at += count,
        }
    }
    at == bytes.len()
}

/// Returns a number of the YAML core schema in JSON's notation, if the scalar is one: what JSON cannot
/// write as it stands (`0x1F`, `0o17`, `+1`, `.5`, `1.`, `007`) is written anew, the rest keeps its text.
pub(crate) fn yaml_number(text: &str) -> Option<String> {
    if is_json_number(text) {
        return Some(text.to_owned());
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return digits_of(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return digits_of(octal, 8);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    let number = format!("{sign}{whole}{point}{fraction}{exponent}");
    is_json_number(&number).then_some(number)
}

fn digits_of(text: &str, radix: u32) -> Option<String> {
    let signed = text.starts_with(['+', '-']);
    u128::from_str_radix(text, radix)
        .ok()
        .filter(|_| !signed)
        .map(|number| number.to_string())
}
