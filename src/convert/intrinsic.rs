//! Intrinsic functions as JSONata.
//!
//! Owns the idiom for each of the 18. What is known of the arguments decides what is remarked: of a constant text
//! nothing can go wrong that a path's value might.

use super::data::Data;
use super::expression::{Expression, Shape, level};
use super::literal;
use super::path::{self, Remarks, Rewritten};
use super::reason::differs;
use crate::asl::syntax::substitute::has_placeholder;
use crate::intrinsic::{Argument, Call, Function};

/// Rewrites a call; `root` is what `$` stands for in its arguments.
pub(super) fn expression(call: &Call, root: &Data, remarks: &mut Remarks) -> Rewritten<Expression> {
    if call.function == Function::Format {
        return format(&call.arguments, root, remarks);
    }
    let arguments: Vec<Expression> = call
        .arguments
        .iter()
        .map(|one| argument(one, root, remarks))
        .collect::<Rewritten<_>>()?;
    rewritten(call, &arguments, remarks).ok_or_else(|| {
        format!(
            "States.{} fails with this number of arguments",
            call.function.name()
        )
    })?
}

fn argument(argument: &Argument, root: &Data, remarks: &mut Remarks) -> Rewritten<Expression> {
    Ok(match argument {
        Argument::Text(text) => Expression::string(text),
        Argument::Number(text) => literal::number(text, remarks),
        Argument::Boolean(value) => Expression::word(value.to_string()),
        Argument::Null => Expression::word("null"),
        Argument::Path(path) => path::expression(path, root, remarks)?,
        Argument::Call(call) => expression(call, root, remarks)?,
    })
}

/// Rewrites all but `States.Format`; `None` where the number of arguments is wrong.
fn rewritten(call: &Call, arguments: &[Expression], remarks: &mut Remarks) -> Option<Rewritten<Expression>> {
    let mut remark = |remark| remarks.push(remark);
    let is_text = |argument: &Expression| argument.shape == Shape::Text;
    Some(Ok(match (call.function, arguments) {
        (Function::Array, items) => return Some(Ok(array(items, remarks))),
        (Function::ArrayPartition, [list, size]) => {
            remark(differs::PARTITION);
            Expression::array(&[Expression::call("partition", &[list, size], Shape::Array)])
        }
        (Function::ArrayContains, [list, value]) => {
            if !reads_like_itself_alone(&call.arguments[1]) {
                remark(differs::IN);
            }
            Expression::binary(value, "in", level::COMPARISON, list, Shape::Other)
        }
        (Function::ArrayRange, [first, last, step]) => {
            remark(differs::RANGE);
            Expression::array(&[Expression::call("range", &[first, last, step], Shape::Array)])
        }
        (Function::ArrayGetItem, [list, index]) => {
            remark(differs::ITEM);
            list.then(&format!("[{}]", index.text()))
        }
        (Function::ArrayLength, [list]) => {
            remark(differs::COUNT);
            Expression::call("count", &[list], Shape::Number)
        }
        (Function::ArrayUnique, [list]) => {
            remark(differs::DISTINCT);
            Expression::call("distinct", &[list], Shape::Array)
        }
        (Function::Base64Encode, [text]) => {
            remark(differs::BASE64);
            Expression::call("base64encode", &[text], Shape::Text)
        }
        (Function::Base64Decode, [text]) => {
            remark(differs::BASE64);
            Expression::call("base64decode", &[text], Shape::Text)
        }
        (Function::Hash, [text, algorithm]) => {
            if !is_text(text) {
                remark(differs::HASH);
            }
            Expression::call("hash", &[text, algorithm], Shape::Text)
        }
        (Function::JsonMerge, [left, right, _]) => {
            remark(differs::VANISH);
            let list = Expression::array(&[left.clone(), right.clone()]);
            Expression::call("merge", &[&list], Shape::Other)
        }
        (Function::StringToJson, [text]) => {
            remark(differs::PARSE);
            Expression::call("parse", &[text], Shape::Unknown)
        }
        (Function::JsonToString, [value]) => {
            remark(differs::STRING);
            Expression::call("string", &[value], Shape::Text)
        }
        (Function::MathAdd, [left, right]) => {
            remark(differs::ADD);
            match right.without_sign() {
                Some(positive) => Expression::binary(left, "-", level::SUM, &positive, Shape::Number),
                None => Expression::binary(left, "+", level::SUM, right, Shape::Number),
            }
        }
        (Function::MathRandom, [first, last, seed @ ..]) if seed.len() < 2 => {
            remark(differs::RANDOM);
            random(first, last, seed)
        }
        (Function::StringSplit, [text, delimiter]) => return Some(split(call, text, delimiter, remarks)),
        (Function::Uuid, []) => Expression::call("uuid", &[], Shape::Text),
        _ => return None,
    }))
}

/// Says whether only a text is this one for `States.ArrayContains`, which compares what values read as.
fn reads_like_itself_alone(value: &Argument) -> bool {
    let Argument::Text(text) = value else {
        return false;
    };
    let is_word = matches!(text.as_str(), "true" | "false" | "null");
    !is_word && !has_placeholder(text) && !text.starts_with(['[', '{']) && text.parse::<f64>().is_err()
}

/// `[…]` spreads what is an array, unless it stands in another `[…]`.
fn array(items: &[Expression], remarks: &mut Remarks) -> Expression {
    let items: Vec<Expression> = items
        .iter()
        .map(|item| match item.shape {
            Shape::Array => Expression::array(std::slice::from_ref(item)),
            Shape::Unknown => {
                remarks.extend([differs::SPREAD, differs::VANISH]);
                item.clone()
            }
            _ => item.clone(),
        })
        .collect();
    Expression::array(&items)
}

fn random(first: &Expression, last: &Expression, seed: &[Expression]) -> Expression {
    let seed: Vec<&Expression> = seed.iter().collect();
    let random = Expression::call("random", &seed, Shape::Number);
    let constant = |bound: &Expression| bound.text().parse::<i32>().ok();
    let width = match constant(last)
        .zip(constant(first))
        .and_then(|(last, first)| last.checked_sub(first))
    {
        Some(width) => Expression::number(&width.to_string()),
        None => Expression::binary(last, "-", level::SUM, first, Shape::Number),
    };
    let scaled = Expression::binary(&random, "*", level::PRODUCT, &width, Shape::Number);
    let whole = Expression::call("floor", &[&scaled], Shape::Number);
    Expression::binary(first, "+", level::SUM, &whole, Shape::Number)
}

/// `States.StringSplit` splits at any character of the delimiter, and drops what is empty.
fn split(
    call: &Call,
    text: &Expression,
    delimiter: &Expression,
    remarks: &mut Remarks,
) -> Rewritten<Expression> {
    let parts = match call.arguments.get(1) {
        Some(Argument::Text(characters)) => match characters.chars().count() {
            0 => {
                return Err(
                    "without a delimiter States.StringSplit splits nothing; $split would split all"
                        .to_owned(),
                );
            }
            _ if has_placeholder(characters) => {
                return Err(
                    "a placeholder's value may contain a character that has a meaning in regular \
                     expressions"
                        .to_owned(),
                );
            }
            1 => Expression::call("split", &[text, delimiter], Shape::Array),
            _ => {
                let class: String = characters
                    .chars()
                    .map(|character| escaped(character, "\\]^-/[&"))
                    .collect();
                let regex = Expression::whole(format!("/[{class}]/"), Shape::Unknown);
                Expression::call("split", &[text, &regex], Shape::Array)
            }
        },
        _ => {
            remarks.push(differs::SPLIT);
            Expression::call("split", &[text, delimiter], Shape::Array)
        }
    };
    Ok(Expression::array(&[parts.then("[$ != '']")]))
}

/// Returns a character of a regular expression, with a backslash if it is one of these.
pub(super) fn escaped(character: char, special: &str) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        character if special.contains(character) => format!("\\{character}"),
        character => character.to_string(),
    }
}

/// Rewrites `States.Format('a {} b', …)` as `'a ' & … & ' b'`.
fn format(arguments: &[Argument], root: &Data, remarks: &mut Remarks) -> Rewritten<Expression> {
    let Some((Argument::Text(template), values)) = arguments.split_first() else {
        return Err("the template of States.Format is known only when it runs".to_owned());
    };
    let pieces = pieces(template).ok_or("the template of States.Format has a brace alone")?;
    let mut values = values.iter();
    let mut operands = Vec::new();
    for piece in pieces {
        operands.push(match piece {
            Some(text) => Expression::string(&text),
            None => {
                let value = values.next().ok_or("States.Format has fewer values than {}")?;
                argument(value, root, remarks)?
            }
        });
    }
    if values.next().is_some() {
        return Err("States.Format has more values than {}".to_owned());
    }
    if operands.iter().any(|operand| operand.shape != Shape::Text) {
        remarks.push(differs::FORMAT);
    }
    Ok(match operands.as_slice() {
        [] => Expression::string(""),
        [one] if one.shape == Shape::Text => one.clone(),
        [one] => Expression::call("string", &[one], Shape::Text),
        all => Expression::chain("&", level::SUM, all, Shape::Text),
    })
}

/// Cuts a template into texts and `{}`, which are `None`; only braces and backslashes are escaped.
fn pieces(template: &str) -> Option<Vec<Option<String>>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.clone().next()? {
                '{' | '}' | '\\' => text.extend(characters.next()),
                _ => text.push('\\'),
            },
            '{' => {
                (characters.next()? == '}').then_some(())?;
                if !text.is_empty() {
                    pieces.push(Some(std::mem::take(&mut text)));
                }
                pieces.push(None);
            }
            '}' => return None,
            other => text.push(other),
        }
    }
    if !text.is_empty() {
        pieces.push(Some(text));
    }
    Some(pieces)
}
