//! Arbitrary paths, calls and payload templates.

use crate::json::{self, KEYS};
use arbitrary::{Result, Unstructured};

/// Steps that are more than a key.
const STEPS: [&str; 22] = [
    "[0]",
    "[1]",
    "[-1]",
    "[*]",
    ".*",
    "..a",
    "..*",
    "[0:2]",
    "[-2:]",
    "[:1]",
    "[0,1]",
    "['a','b']",
    "[?(@.a)]",
    "[?(@.n > 1)]",
    "[?(@.a == 'b' || !(@.b))]",
    "[?(@.s =~ /a.*/i)]",
    "[?(@.a in ['a', 1])]",
    ".length()",
    ".sum()",
    ".max()",
    ".keys()",
    "['größe']",
];

const CONTEXT: [&str; 8] = [
    "$$",
    "$$.Execution.Id",
    "$$.Execution.Input",
    "$$.State.Name",
    "$$.State.RetryCount",
    "$$.Map.Item.Value",
    "$$.Map.Item.Index",
    "$$.StateMachine.Name",
];

/// The names of variables.
pub const VARIABLES: [&str; 3] = ["v", "w", "größe"];

const FUNCTIONS: [&str; 18] = [
    "Array",
    "ArrayPartition",
    "ArrayContains",
    "ArrayRange",
    "ArrayGetItem",
    "ArrayLength",
    "ArrayUnique",
    "Base64Encode",
    "Base64Decode",
    "Hash",
    "JsonMerge",
    "StringToJson",
    "JsonToString",
    "MathAdd",
    "MathRandom",
    "StringSplit",
    "Format",
    "UUID",
];

/// Quotes a text for JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Makes a path; a reference path where `reference` is set.
pub fn path(u: &mut Unstructured<'_>, reference: bool) -> Result<String> {
    let mut path = match u.int_in_range(0..=9)? {
        0 => String::from("$"),
        1 if !reference => return Ok((*u.choose(&CONTEXT)?).into()),
        2 if !reference => format!("${}", u.choose(&VARIABLES)?),
        _ => format!("$.{}", u.choose(&KEYS[..6])?),
    };
    for _ in 0..u.int_in_range(0..=2)? {
        if reference || u.ratio(2, 3)? {
            path.push_str(&format!(".{}", u.choose(&KEYS[..6])?));
        } else {
            path.push_str(u.choose(&STEPS)?);
        }
    }
    Ok(path)
}

/// Makes a call of an intrinsic function.
pub fn call(u: &mut Unstructured<'_>, depth: u32) -> Result<String> {
    let function = *u.choose(&FUNCTIONS)?;
    let mut arguments = Vec::new();
    let usual = match function {
        "UUID" => 0,
        "ArrayLength" | "ArrayUnique" | "Base64Encode" | "Base64Decode" | "StringToJson" | "JsonToString" => {
            1
        }
        "ArrayRange" | "JsonMerge" | "MathRandom" => 3,
        _ => 2,
    };
    let count = if u.ratio(1, 8)? {
        u.int_in_range(0..=4)?
    } else {
        usual
    };
    for at in 0..count {
        arguments.push(match u.int_in_range(0..=5)? {
            0 if depth > 0 => call(u, depth - 1)?,
            1 => (*u.choose(&["1", "-1", "0", "3.7", "2147483647", "true", "false", "null"])?).into(),
            2 => (*u.choose(&[
                "'a'",
                "','",
                "'{}'",
                "'{} \\\\{\\\\} {}'",
                "'SHA-256'",
                "'MD5'",
                "''",
                "'ä'",
            ])?)
            .into(),
            3 if function == "Format" && at == 0 => "'<{}>'".into(),
            _ => path(u, false)?,
        });
    }
    Ok(format!("States.{function}({})", arguments.join(", ")))
}

/// Makes a payload template as JSON text: an object.
pub fn template(u: &mut Unstructured<'_>, depth: u32) -> Result<String> {
    let mut members: Vec<String> = Vec::new();
    for at in 0..u.int_in_range(0..=3)? {
        // Keys must differ, with their `.$` too.
        let key = KEYS[2 * at + u.int_in_range(0..=1)?];
        let member = match u.int_in_range(0..=5)? {
            0 => format!("{}:{}", quoted(key), json::value(u, 2)?),
            1 if depth > 0 => format!("{}:{}", quoted(key), template(u, depth - 1)?),
            2 if depth > 0 => format!(
                "{}:[{},{}]",
                quoted(key),
                template(u, depth - 1)?,
                json::value(u, 1)?
            ),
            3 => format!("{}:{}", quoted(&format!("{key}.$")), quoted(&call(u, 2)?)),
            _ => format!("{}:{}", quoted(&format!("{key}.$")), quoted(&path(u, false)?)),
        };
        members.push(member);
    }
    Ok(format!("{{{}}}", members.join(",")))
}
