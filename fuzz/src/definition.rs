//! Arbitrary definitions, mostly valid: every state type, paths, templates, retries, catches, nesting.

use crate::json;
use crate::piece::{VARIABLES, call, path, quoted, template};
use arbitrary::{Result, Unstructured};

/// Error names that retriers, catchers and tasks use.
pub const ERRORS: [&str; 8] = [
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "Custom",
    "Lambda.ServiceException",
    "States.Runtime",
];

/// Makes a definition as JSON text.
pub fn definition(u: &mut Unstructured<'_>) -> Result<String> {
    let mut generator = Generator { named: 0 };
    let timeout = if u.ratio(1, 8)? {
        "\"TimeoutSeconds\":2,"
    } else {
        ""
    };
    let flow = generator.flow(u, 2, true)?;
    Ok(format!("{{{timeout}{flow}}}"))
}

struct Generator {
    /// How many states have a name: names are unique in the whole machine.
    named: usize,
}

impl Generator {
    /// Writes `StartAt` and `States`.
    fn flow(&mut self, u: &mut Unstructured<'_>, depth: u32, top: bool) -> Result<String> {
        let count = u.int_in_range(1..=if top { 8 } else { 4 })?;
        let names: Vec<String> = (0..count)
            .map(|_| {
                self.named += 1;
                format!("s{}", self.named)
            })
            .collect();
        let mut states = Vec::new();
        for at in 0..count {
            let body = self.state(u, &names, at, depth)?;
            states.push(format!("\"{}\":{{{body}}}", names[at]));
        }
        Ok(format!(
            "\"StartAt\":\"{}\",\"States\":{{{}}}",
            names[0],
            states.join(",")
        ))
    }

    fn state(&mut self, u: &mut Unstructured<'_>, names: &[String], at: usize, depth: u32) -> Result<String> {
        let last = at + 1 == names.len();
        let kinds = if depth > 0 { 10 } else { 7 };
        let mut fields: Vec<String> = Vec::new();
        match u.int_in_range(0..=kinds)? {
            0..=2 => self.pass(u, &mut fields)?,
            3 | 4 => self.task(u, names, &mut fields)?,
            5 if !last => return self.choice(u, names, at),
            6 => self.wait(u, &mut fields)?,
            7 if last => return end_state(u),
            8 => {
                let mut branches = Vec::new();
                for _ in 0..u.int_in_range(1..=3)? {
                    branches.push(format!("{{{}}}", self.flow(u, depth - 1, false)?));
                }
                fields.push(format!(
                    "\"Type\":\"Parallel\",\"Branches\":[{}]",
                    branches.join(",")
                ));
                optional(u, &mut fields, "Parameters", |u| template(u, 2))?;
                self.result(u, names, &mut fields)?;
            }
            9 | 10 => {
                let field = if u.arbitrary()? {
                    "ItemProcessor"
                } else {
                    "Iterator"
                };
                let flow = self.flow(u, depth - 1, false)?;
                fields.push(format!("\"Type\":\"Map\",\"{field}\":{{{flow}}}"));
                let items = if u.ratio(3, 4)? {
                    "$.list".into()
                } else {
                    path(u, true)?
                };
                fields.push(format!("\"ItemsPath\":{}", quoted(&items)));
                optional(u, &mut fields, "ItemSelector", |u| template(u, 2))?;
                optional(u, &mut fields, "MaxConcurrency", |u| {
                    Ok(u.int_in_range(0..=3)?.to_string())
                })?;
                optional(u, &mut fields, "ToleratedFailureCount", |u| {
                    Ok(u.int_in_range(0..=2)?.to_string())
                })?;
                self.result(u, names, &mut fields)?;
            }
            _ => self.pass(u, &mut fields)?,
        }
        common(u, &mut fields)?;
        fields.push(match last {
            true => "\"End\":true".into(),
            false => format!("\"Next\":\"{}\"", names[at + 1]),
        });
        Ok(fields.join(","))
    }

    /// Half of the Pass states are such as the compiler makes chains of.
    fn pass(&mut self, u: &mut Unstructured<'_>, fields: &mut Vec<String>) -> Result<()> {
        fields.push("\"Type\":\"Pass\"".into());
        if u.arbitrary()? {
            fields.push(format!("\"Result\":{}", json::value(u, 2)?));
        } else {
            optional(u, fields, "Parameters", |u| template(u, 2))?;
        }
        result_path(u, fields)
    }

    fn task(&mut self, u: &mut Unstructured<'_>, names: &[String], fields: &mut Vec<String>) -> Result<()> {
        fields.push("\"Type\":\"Task\"".into());
        if u.arbitrary()? {
            fields.push("\"Resource\":\"arn:aws:lambda:us-east-1:111111111111:function:f\"".into());
            optional(u, fields, "Parameters", |u| template(u, 2))?;
        } else {
            fields.push("\"Resource\":\"arn:aws:states:::lambda:invoke\"".into());
            let payload = template(u, 1)?;
            fields.push(format!(
                "\"Parameters\":{{\"FunctionName\":\"f\",\"Payload\":{payload}}}"
            ));
        }
        optional(u, fields, "TimeoutSeconds", |u| {
            Ok(u.int_in_range(1..=3)?.to_string())
        })?;
        self.result(u, names, fields)
    }

    fn wait(&mut self, u: &mut Unstructured<'_>, fields: &mut Vec<String>) -> Result<()> {
        fields.push(match u.int_in_range(0..=3)? {
            0 => "\"Type\":\"Wait\",\"Seconds\":1".into(),
            1 => format!("\"Type\":\"Wait\",\"SecondsPath\":{}", quoted(&path(u, true)?)),
            2 => "\"Type\":\"Wait\",\"Timestamp\":\"2025-01-01T00:00:00Z\"".into(),
            _ => format!("\"Type\":\"Wait\",\"TimestampPath\":{}", quoted(&path(u, true)?)),
        });
        Ok(())
    }

    /// What follows work: selector, result path, retries, catches.
    fn result(&mut self, u: &mut Unstructured<'_>, names: &[String], fields: &mut Vec<String>) -> Result<()> {
        optional(u, fields, "ResultSelector", |u| template(u, 2))?;
        result_path(u, fields)?;
        optional(u, fields, "Retry", |u| {
            let error = quoted(u.choose(&ERRORS)?);
            let attempts = u.int_in_range(0..=3)?;
            let jitter = if u.arbitrary()? {
                ",\"JitterStrategy\":\"FULL\""
            } else {
                ""
            };
            let rate = *u.choose(&["1.0", "2", "1e308"])?;
            Ok(format!(
                "[{{\"ErrorEquals\":[{error}],\"MaxAttempts\":{attempts},\"BackoffRate\":{rate}{jitter}}}]"
            ))
        })?;
        optional(u, fields, "Catch", |u| {
            let error = quoted(u.choose(&ERRORS)?);
            let mut catcher = vec![format!(
                "\"ErrorEquals\":[{error}],\"Next\":{}",
                quoted(u.choose(names)?)
            )];
            result_path(u, &mut catcher)?;
            assign(u, &mut catcher)?;
            Ok(format!("[{{{}}}]", catcher.join(",")))
        })
    }

    fn choice(&mut self, u: &mut Unstructured<'_>, names: &[String], at: usize) -> Result<String> {
        let mut rules = Vec::new();
        for _ in 0..u.int_in_range(1..=4)? {
            let test = test(u, 2)?;
            // The rule is the condition's object with `Next` in it.
            let open = test.strip_suffix('}').unwrap_or(&test);
            rules.push(format!("{open},\"Next\":{}}}", quoted(u.choose(names)?)));
        }
        let mut fields = vec![format!("\"Type\":\"Choice\",\"Choices\":[{}]", rules.join(","))];
        fields.push(format!("\"Default\":\"{}\"", names[at + 1]));
        common(u, &mut fields)?;
        Ok(fields.join(","))
    }
}

fn end_state(u: &mut Unstructured<'_>) -> Result<String> {
    if u.arbitrary()? {
        let mut fields = vec!["\"Type\":\"Succeed\"".to_owned()];
        data_path(u, &mut fields, "InputPath")?;
        data_path(u, &mut fields, "OutputPath")?;
        return Ok(fields.join(","));
    }
    let mut fields = vec!["\"Type\":\"Fail\"".to_owned()];
    if u.arbitrary()? {
        fields.push(format!("\"Error\":{}", quoted(u.choose(&ERRORS)?)));
        optional(u, &mut fields, "CausePath", |u| {
            let expression = if u.arbitrary()? {
                path(u, false)?
            } else {
                call(u, 1)?
            };
            Ok(quoted(&expression))
        })?;
    } else {
        fields.push(format!("\"ErrorPath\":{}", quoted(&path(u, true)?)));
    }
    Ok(fields.join(","))
}

fn common(u: &mut Unstructured<'_>, fields: &mut Vec<String>) -> Result<()> {
    data_path(u, fields, "InputPath")?;
    data_path(u, fields, "OutputPath")?;
    assign(u, fields)
}

fn data_path(u: &mut Unstructured<'_>, fields: &mut Vec<String>, field: &str) -> Result<()> {
    match u.int_in_range(0..=31)? {
        0 => fields.push(format!("\"{field}\":null")),
        1 | 2 => fields.push(format!("\"{field}\":{}", quoted(&path(u, false)?))),
        _ => {}
    }
    Ok(())
}

fn assign(u: &mut Unstructured<'_>, fields: &mut Vec<String>) -> Result<()> {
    if u.ratio(1, 12)? {
        let name = u.choose(&VARIABLES)?;
        let value = if u.arbitrary()? {
            path(u, false)?
        } else {
            call(u, 1)?
        };
        fields.push(format!(
            "\"Assign\":{{{}:{}}}",
            quoted(&format!("{name}.$")),
            quoted(&value)
        ));
    }
    Ok(())
}

fn result_path(u: &mut Unstructured<'_>, fields: &mut Vec<String>) -> Result<()> {
    match u.int_in_range(0..=3)? {
        0 => {}
        1 => fields.push("\"ResultPath\":null".into()),
        _ => fields.push(format!("\"ResultPath\":{}", quoted(&path(u, true)?))),
    }
    Ok(())
}

fn optional(
    u: &mut Unstructured<'_>,
    fields: &mut Vec<String>,
    field: &str,
    value: impl FnOnce(&mut Unstructured<'_>) -> Result<String>,
) -> Result<()> {
    if u.ratio(1, 3)? {
        fields.push(format!("\"{field}\":{}", value(u)?));
    }
    Ok(())
}

/// Makes the condition of a Choice rule, with its brackets.
fn test(u: &mut Unstructured<'_>, depth: u32) -> Result<String> {
    if depth > 0 && u.ratio(1, 4)? {
        let (a, b) = (test(u, depth - 1)?, test(u, depth - 1)?);
        return Ok(match u.int_in_range(0..=2)? {
            0 => format!("{{\"And\":[{a},{b}]}}"),
            1 => format!("{{\"Or\":[{a},{b}]}}"),
            _ => format!("{{\"Not\":{a}}}"),
        });
    }
    let variable = quoted(&path(u, true)?);
    let relation = *u.choose(&[
        "Equals",
        "LessThan",
        "GreaterThan",
        "LessThanEquals",
        "GreaterThanEquals",
    ])?;
    let other = quoted(&path(u, true)?);
    let comparison = match u.int_in_range(0..=9)? {
        0 | 1 => format!(
            "\"String{relation}\":{}",
            u.choose(&["\"a\"", "\"b\"", "\"1\"", "\"ä𝄞\""])?
        ),
        2 | 3 => format!(
            "\"Numeric{relation}\":{}",
            u.choose(&["0", "1", "-0.0", "1e3", "12345678901234567890"])?
        ),
        4 => format!("\"BooleanEquals\":{}", u.arbitrary::<bool>()?),
        5 => format!("\"Timestamp{relation}\":\"2025-01-01T00:00:00Z\""),
        6 => format!(
            "\"StringMatches\":{}",
            u.choose(&["\"*\"", "\"a*b*\"", "\"\\\\\\\\*\""])?
        ),
        7 => format!(
            "\"{}{relation}Path\":{other}",
            u.choose(&["String", "Numeric", "Timestamp"])?
        ),
        8 => format!("\"BooleanEqualsPath\":{other}"),
        _ => {
            let kind = u.choose(&["Null", "Present", "Numeric", "String", "Boolean", "Timestamp"])?;
            format!("\"Is{kind}\":{}", u.arbitrary::<bool>()?)
        }
    };
    Ok(format!("{{\"Variable\":{variable},{comparison}}}"))
}
