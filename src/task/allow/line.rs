//! One line of `allow`: `ACTION [TARGET]`.
//!
//! | part | |
//! |---|---|
//! | `ACTION` | `sqs:sendMessage` and `aws-sdk:s3:getObject` as the resource has it, `sqs:*`, or a service for all its actions |
//! | `TARGET` | a pattern of what the action is done to; without it, or with `*`, anything |
//!
//! A target that begins with `arn:` is compared with the ARN; one of `http` and `apigateway` is a URL as in `endpoints`; one
//! of `lambda` a function as in `[tasks]`; any other is compared with the name alone, whatever account or region it is in.
//! Owns this grammar. Must not know parameters.

use super::target::Target;
use crate::asl::{is_integration, optimized_services};
use crate::program::Pattern;
use crate::task::lambda::function::full_pattern;
use crate::task::web::endpoint::Endpoint;

/// Most edits between two names for one to be a slip of the other.
const SLIP_EDITS: usize = 2;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Its number, from 0.
    pub index: usize,
    /// What is wrong, and what to write.
    pub message: String,
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    action: Pattern,
    target: Wanted,
}

/// What an action may be done to.
#[derive(Clone, Debug)]
enum Wanted {
    Anything,
    Url(Box<Endpoint>),
    Function(Pattern),
    Arn(Pattern),
    Name(Pattern),
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub(super) fn parse(text: &str) -> Result<Line, String> {
        let mut words = text.split_whitespace();
        let Some(action) = words.next() else {
            return Err("an empty line; write an action, such as \"sqs:sendMessage\"".to_owned());
        };
        let target = words.next();
        if words.next().is_some() {
            return Err(format!("\"{text}\" has more than an action and a target"));
        }
        let action = full_action(action)?;
        let bare = action.strip_prefix("aws-sdk:").unwrap_or(&action);
        let service = bare.split(':').next().unwrap_or_default().to_owned();
        let target = match target {
            None | Some("*") => Wanted::Anything,
            Some(target) => wanted(&service, target)?,
        };
        Ok(Line {
            action: Pattern::parse(&action),
            target,
        })
    }

    /// Says whether it grants an action on a target.
    pub(super) fn grants(&self, action: &str, target: &Target) -> bool {
        self.action.matches(action) && self.is_for(target)
    }

    fn is_for(&self, target: &Target) -> bool {
        match (&self.target, target) {
            (Wanted::Anything, _) => true,
            (Wanted::Url(endpoint), Target::Url(place)) => endpoint.matches(place),
            (Wanted::Function(pattern), Target::Function { arn, qualified, .. }) => {
                pattern.matches(qualified) || pattern.matches(arn)
            }
            (Wanted::Arn(pattern), Target::Function { arn, qualified, .. }) => {
                pattern.matches(qualified) || pattern.matches(arn)
            }
            (Wanted::Arn(pattern), Target::Resource { arn: Some(arn), .. }) => pattern.matches(arn),
            (Wanted::Name(pattern), Target::Resource { name, .. }) => pattern.matches(name),
            (Wanted::Name(pattern), Target::Function { name, .. }) => pattern.matches(name),
            _ => false,
        }
    }
}

/// Returns an action as a pattern of `service:action`.
fn full_action(action: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-:*".contains(c);
    if !action.chars().all(is_part) {
        return Err(format!(
            "\"{action}\" is not an action; write it as \"sqs:sendMessage\" or \"aws-sdk:s3:getObject\""
        ));
    }
    if action == "*" {
        return Ok(action.to_owned());
    }
    let (service, rest) = action.split_once(':').unwrap_or((action, ""));
    if service == "aws-sdk" {
        return Ok(match rest.contains(':') || rest.ends_with('*') {
            true => action.to_owned(),
            false if rest.is_empty() => "aws-sdk:*".to_owned(),
            false => format!("{action}:*"),
        });
    }
    if !service.contains('*') && !optimized_services().any(|known| known == service) {
        let close = optimized_services()
            .min_by_key(|known| strsim::damerau_levenshtein(known, service))
            .filter(|known| strsim::damerau_levenshtein(known, service) <= SLIP_EDITS);
        return Err(match close {
            Some(close) => format!("there is no service \"{service}\"; did you mean \"{close}\"?"),
            None => format!(
                "there is no service \"{service}\" with actions of its own; write \"aws-sdk:{service}:ACTION\" for one that AWS's SDK has"
            ),
        });
    }
    if rest.is_empty() {
        return Ok(format!("{service}:*"));
    }
    if !action.contains('*') && !is_integration(action) {
        return Err(format!("\"{service}\" has no action \"{rest}\""));
    }
    Ok(action.to_owned())
}

fn wanted(service: &str, target: &str) -> Result<Wanted, String> {
    Ok(match service {
        "http" | "apigateway" => Wanted::Url(Box::new(Endpoint::parse(target)?)),
        "lambda" => Wanted::Function(Pattern::parse(&full_pattern(target).0)),
        _ if target.starts_with("arn:") => Wanted::Arn(Pattern::parse(target)),
        _ => Wanted::Name(Pattern::parse(target)),
    })
}

/// Returns the line that grants an action on a target, and no more.
pub(super) fn granting(action: &str, target: &Target) -> String {
    let word = match action {
        "http:invoke" => "http",
        "lambda:invoke" => "lambda",
        "kafka:produce" => "kafka",
        action => action,
    };
    // A line is two words: a target with blanks is granted by what stands before them.
    let shown = target.shown().unwrap_or("*".into());
    let shown = shown.replace(char::is_whitespace, "*");
    format!("{word} {shown}")
}
