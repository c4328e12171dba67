//! What a reference such as `aws_lambda_function.price.arn` stands for.
//!
//! Adds its part to [`Reader`]: what was given, a variable's plain default, or a sample of the form that the real
//! value has.

use super::defaults::SAMPLE_NUMBER;
use super::{Reader, Scalar};
use crate::asl::syntax::Span;
use crate::asl::syntax::scalar::is_json_number;
use crate::embedded::mapped::Mapped;
use crate::embedded::sample::Named;

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

impl Reader<'_, '_, '_> {
    /// Returns the value of a reference such as `aws_lambda_function.price.arn`.
    pub(super) fn reference(&mut self, reference: &str, span: &Span) -> Scalar {
        let names = &self.evaluator.names;
        let default = self
            .evaluator
            .defaults
            .and_then(|defaults| defaults.get(reference));
        if let Some(given) = names.given(reference) {
            let is_plain = is_json_number(given) || ["true", "false"].contains(&given);
            return Scalar {
                text: Mapped::standing_for(given, span.clone()),
                is_text: !is_plain || default.map_or(!self.wants_number, |default| default.is_text),
            };
        }
        if let Some(default) = default {
            let (text, is_text) = (&default.text, default.is_text);
            let text = match default.is_invented {
                true => Mapped::sample(text, span.clone()),
                false => Mapped::standing_for(text, span.clone()),
            };
            if default.is_invented {
                self.evaluator.unresolved(reference, span);
            }
            return Scalar { text, is_text };
        }
        if self.wants_number {
            self.evaluator.unresolved(reference, span);
            return Scalar {
                text: Mapped::sample(SAMPLE_NUMBER, span.clone()),
                is_text: false,
            };
        }
        Scalar {
            text: self.named(reference, span),
            is_text: true,
        }
    }

    fn named(&mut self, reference: &str, span: &Span) -> Mapped {
        let names = &self.evaluator.names;
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
            false => Mapped::sample(&sample, span.clone()),
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
