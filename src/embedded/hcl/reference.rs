//! What a reference such as `aws_lambda_function.price.arn` stands for.
//!
//! Adds its part to [`Reader`]: what was given, a variable's plain default, or a sample of the form that the real
//! value has.

use super::Reader;
use crate::asl::syntax::Span;
use crate::embedded::mapped::Mapped;
use crate::embedded::sample::Named;

/// How many variables of a definition are looked up in its file: each costs a search.
const LOOKUPS_MAX: usize = 1_000;

/// Terraform's types of resources by CloudFormation's.
const TYPES: [(&str, &str); 12] = [
    ("aws_batch_job_definition", "AWS::Batch::JobDefinition"),
    ("aws_batch_job_queue", "AWS::Batch::JobQueue"),
    ("aws_dynamodb_table", "AWS::DynamoDB::Table"),
    ("aws_ecs_cluster", "AWS::ECS::Cluster"),
    ("aws_ecs_task_definition", "AWS::ECS::TaskDefinition"),
    ("aws_iam_role", "AWS::IAM::Role"),
    ("aws_lambda_function", "AWS::Lambda::Function"),
    ("aws_s3_bucket", "AWS::S3::Bucket"),
    ("aws_sfn_activity", "AWS::StepFunctions::Activity"),
    ("aws_sfn_state_machine", "AWS::StepFunctions::StateMachine"),
    ("aws_sns_topic", "AWS::SNS::Topic"),
    ("aws_sqs_queue", "AWS::SQS::Queue"),
];

/// The types whose `id` is an ARN.
const IDS_ARE_ARNS: [&str; 3] = ["aws_sfn_activity", "aws_sfn_state_machine", "aws_sns_topic"];

impl Reader<'_, '_> {
    /// Returns the value of a reference such as `aws_lambda_function.price.arn`.
    pub(super) fn reference(&mut self, reference: &str, span: &Span) -> Mapped {
        let names = &self.evaluator.names;
        if let Some(given) = names.given(reference) {
            return Mapped::standing_for(given, span.clone());
        }
        let home = names.home();
        let parts: Vec<&str> = reference.split('.').collect();
        let attribute = parts.last().copied().unwrap_or_default();
        let real = match parts.as_slice() {
            ["data", "aws_region", _, "name" | "region" | "id"] => Some(&home.region),
            ["data", "aws_caller_identity", _, "account_id"] => Some(&home.account),
            ["data", "aws_partition", _, "partition"] => Some(&home.partition),
            _ => None,
        };
        if let Some(real) = real {
            return Mapped::standing_for(real, span.clone());
        }
        let default = match parts.as_slice() {
            ["var", name] if self.lookups < LOOKUPS_MAX => {
                self.lookups += 1;
                default_of(self.text, name)
            }
            _ => None,
        };
        if let Some(default) = default {
            return Mapped::standing_for(default, span.clone());
        }
        let parts = parts.strip_prefix(&["data"]).unwrap_or(&parts);
        let known = TYPES.iter().find(|(kind, _)| parts.first() == Some(kind));
        let name = parts
            .get(1)
            .copied()
            .unwrap_or(reference)
            .split('[')
            .next()
            .unwrap_or_default();
        let is_arn = attribute.ends_with("arn") || (attribute == "id" && IDS_ARE_ARNS.contains(&parts[0]));
        let sample = home.sample(Named {
            resource_type: known.map_or("", |(_, kind)| kind),
            name,
            attribute: is_arn.then_some("Arn"),
        });
        self.evaluator.unresolved(reference, span);
        match known.is_none() && !is_arn {
            true => Mapped::unknown(name, span.clone()),
            false => Mapped::standing_for(&sample, span.clone()),
        }
    }
}

/// Returns the length of a word, or of a reference with its indices.
pub(super) fn reference_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            '"' | '*' if depth > 0 => {}
            _ if character.is_ascii_alphanumeric() || "_-.".contains(character) => {}
            _ => return at,
        }
    }
    text.len()
}

/// Returns the default of a variable, if it is a plain text.
fn default_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let header = format!("variable \"{name}\"");
    let block = &text[text.find(&header)? + header.len()..];
    let block = &block[..block.find("\n}").or_else(|| block.find('}'))?];
    let value = block.split("default").nth(1)?.trim_start().strip_prefix('=')?;
    let (value, _) = value.trim_start().strip_prefix('"')?.split_once('"')?;
    (!value.contains(['\\', '$'])).then_some(value)
}
