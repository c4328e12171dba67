//! Arbitrary JSON texts over few names, so that paths meet values.

use arbitrary::{Result, Unstructured};

/// The keys of generated objects and paths.
pub const KEYS: [&str; 8] = ["a", "b", "c", "list", "n", "s", "größe", "x y"];

/// Numbers that differ in notation, size and sign.
const NUMBERS: [&str; 18] = [
    "0",
    "-0",
    "1",
    "2",
    "3",
    "-1",
    "0.0",
    "1.10",
    "1e3",
    "1E-2",
    "1e400",
    "-1e400",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "12345678901234567890",
    "0.5",
    "99",
];

/// Strings with what makes strings hard.
const STRINGS: [&str; 16] = [
    r#""""#,
    r#""a""#,
    r#""b""#,
    r#""1""#,
    r#""true""#,
    r#""2024-02-29T23:59:59Z""#,
    r#""9999-12-31T23:59:59.999999999Z""#,
    r#""0000-01-01T00:00:00+18:00""#,
    r#""\ud800""#,
    r#""\u0000""#,
    r#""\n\t\"\\\/""#,
    r#""ä𝄞""#,
    r#""$.a""#,
    r#""{}{}""#,
    r#""a,b,c""#,
    r#""{\"a\":[1]}""#,
];

/// Writes an arbitrary value.
pub fn value(u: &mut Unstructured<'_>, depth: u32) -> Result<String> {
    let mut out = String::new();
    write(u, depth, &mut out)?;
    Ok(out)
}

/// Writes an answer of a task: as an input, sometimes behind a lot of blanks.
pub fn answer(u: &mut Unstructured<'_>) -> Result<String> {
    let answer = input(u)?;
    Ok(match u.ratio(1, 16)? {
        true => " ".repeat(100_000) + &answer,
        false => answer,
    })
}

/// Writes an object that has most of the names which generated paths ask for.
pub fn input(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 8)? {
        return value(u, 3);
    }
    let mut out = String::from("{");
    for key in KEYS {
        if u.ratio(1, 8)? {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        blank(u, &mut out)?;
        out.push_str(&format!("\"{key}\":"));
        match key {
            "list" => list(u, &mut out)?,
            "n" => out.push_str(u.choose(&NUMBERS)?),
            "s" => out.push_str(u.choose(&STRINGS)?),
            _ => write(u, 3, &mut out)?,
        }
    }
    out.push('}');
    Ok(out)
}

fn list(u: &mut Unstructured<'_>, out: &mut String) -> Result<()> {
    out.push('[');
    for at in 0..u.int_in_range(0..=6)? {
        if at > 0 {
            out.push(',');
        }
        write(u, 2, out)?;
    }
    out.push(']');
    Ok(())
}

fn write(u: &mut Unstructured<'_>, depth: u32, out: &mut String) -> Result<()> {
    let kinds = if depth == 0 { 5 } else { 8 };
    match u.int_in_range(0..=kinds - 1)? {
        0 => out.push_str("null"),
        1 => out.push_str(if u.arbitrary()? { "true" } else { "false" }),
        2 | 3 => out.push_str(u.choose(&NUMBERS)?),
        4 => out.push_str(u.choose(&STRINGS)?),
        5 => {
            out.push('[');
            for at in 0..u.int_in_range(0..=3)? {
                if at > 0 {
                    out.push(',');
                }
                blank(u, out)?;
                write(u, depth - 1, out)?;
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for at in 0..u.int_in_range(0..=3)? {
                if at > 0 {
                    out.push(',');
                }
                blank(u, out)?;
                out.push_str(&format!("\"{}\":", u.choose(&KEYS)?));
                write(u, depth - 1, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn blank(u: &mut Unstructured<'_>, out: &mut String) -> Result<()> {
    if u.ratio(1, 16)? {
        out.push_str(u.choose(&[" ", "\n", "\t \r"])?);
    }
    Ok(())
}
