//! Values that stand for what only a deployment knows.
//!
//! Owns what `Ref` and `Fn::GetAtt` return for the types of resources that definitions name, in the form that
//! AWS gives them. Knows no templates. Invariant: a sample is of the form that the real value has, so what is
//! accepted with it is accepted once it is deployed.

/// Where the samples live.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) partition: String,
    pub(super) region: String,
    pub(super) account: String,
}

/// Something of a deployment that is named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    /// Its type, such as `AWS::Lambda::Function`.
    pub(super) resource_type: &'a str,
    /// The name that stands for its own.
    pub(super) name: &'a str,
    /// What is asked of it: an attribute, or `None` for `Ref`.
    pub(super) attribute: Option<&'a str>,
}

impl Home {
    /// Returns the ARN of something.
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        let Home {
            partition,
            region,
            account,
        } = self;
        match service {
            "iam" => format!("arn:{partition}:iam::{account}:{rest}"),
            "s3" => format!("arn:{partition}:s3:::{rest}"),
            _ => format!("arn:{partition}:{service}:{region}:{account}:{rest}"),
        }
    }

    /// Returns the ARN of a Lambda function.
    pub(super) fn function(&self, name: &str) -> String {
        self.arn("lambda", &format!("function:{name}"))
    }

    /// Returns a sample for something of a known type.
    pub(super) fn sample(&self, named: Named<'_>) -> String {
        let name = named.name;
        let own_arn = self.own_arn(named);
        match named.attribute {
            None => match named.resource_type {
                "AWS::SQS::Queue" => {
                    let Home { region, account, .. } = self;
                    format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
                }
                kind if RETURNS_ARN.contains(&kind) => own_arn,
                _ => name.to_owned(),
            },
            Some("QueueUrl") => self.sample(Named {
                resource_type: "AWS::SQS::Queue",
                attribute: None,
                ..named
            }),
            Some(attribute) if attribute.ends_with("Arn") || ["Alias", "Version"].contains(&attribute) => {
                own_arn
            }
            Some(attribute) if attribute.ends_with("Name") => name.to_owned(),
            Some(attribute) => format!("{name}-{attribute}"),
        }
    }

    fn own_arn(&self, named: Named<'_>) -> String {
        let name = named.name;
        let mut parts = named.resource_type.split("::").skip(1);
        let (service, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let arn = |service: &str, prefix: &str| self.arn(service, &format!("{prefix}{name}"));
        match (service, kind) {
            ("StepFunctions", "Activity") => arn("states", "activity:"),
            (
                "StepFunctions" | "Serverless",
                "StateMachine" | "StateMachineVersion" | "StateMachineAlias",
            ) => arn("states", "stateMachine:"),
            ("Serverless", "SimpleTable") | ("DynamoDB", _) => arn("dynamodb", "table/"),
            ("Lambda" | "Serverless", _) | ("", _) => self.function(name),
            ("SQS" | "SNS", _) => arn(&service.to_lowercase(), ""),
            ("IAM", _) => arn("iam", "role/"),
            ("S3", _) => arn("s3", ""),
            ("ECS", "TaskDefinition") => arn("ecs", "task-definition/"),
            ("ECS", _) => arn("ecs", "cluster/"),
            ("Events", "EventBus") => arn("events", "event-bus/"),
            ("Events", "Connection") => arn("events", "connection/"),
            ("Batch", "JobQueue") => arn("batch", "job-queue/"),
            ("Batch", _) => arn("batch", "job-definition/"),
            ("SecretsManager", _) => arn("secretsmanager", "secret:"),
            ("CloudFormation" | "Custom", _) => self.function(name),
            _ => arn(&service.to_lowercase(), &format!("{}/", kind.to_lowercase())),
        }
    }
}

/// The types whose `Ref` is an ARN.
const RETURNS_ARN: [&str; 13] = [
    "AWS::Batch::JobDefinition",
    "AWS::Batch::JobQueue",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::StateMachine",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::Activity",
    "AWS::StepFunctions::StateMachine",
    "AWS::StepFunctions::StateMachineAlias",
    "AWS::StepFunctions::StateMachineVersion",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_the_form_of_the_real() {
        let home = Home {
            partition: "aws".to_owned(),
            region: "us-east-1".to_owned(),
            account: "111111111111".to_owned(),
        };
        for (resource_type, attribute, expected) in [
            (
                "AWS::Lambda::Function",
                Some("Arn"),
                "arn:aws:lambda:us-east-1:111111111111:function:N",
            ),
            ("AWS::Lambda::Function", None, "N"),
            (
                "AWS::Serverless::Function",
                Some("Alias"),
                "arn:aws:lambda:us-east-1:111111111111:function:N",
            ),
            (
                "AWS::Lambda::Function",
                Some("RuntimeManagementConfig"),
                "N-RuntimeManagementConfig",
            ),
            (
                "AWS::Lambda::Alias",
                None,
                "arn:aws:lambda:us-east-1:111111111111:function:N",
            ),
            (
                "",
                Some("Arn"),
                "arn:aws:lambda:us-east-1:111111111111:function:N",
            ),
            (
                "AWS::SQS::Queue",
                None,
                "https://sqs.us-east-1.amazonaws.com/111111111111/N",
            ),
            (
                "AWS::SQS::Queue",
                Some("QueueUrl"),
                "https://sqs.us-east-1.amazonaws.com/111111111111/N",
            ),
            ("AWS::SNS::Topic", None, "arn:aws:sns:us-east-1:111111111111:N"),
            (
                "AWS::DynamoDB::Table",
                Some("Arn"),
                "arn:aws:dynamodb:us-east-1:111111111111:table/N",
            ),
            (
                "AWS::StepFunctions::Activity",
                None,
                "arn:aws:states:us-east-1:111111111111:activity:N",
            ),
            ("AWS::IAM::Role", Some("Arn"), "arn:aws:iam::111111111111:role/N"),
        ] {
            let named = Named {
                resource_type,
                name: "N",
                attribute,
            };
            assert_eq!(home.sample(named), expected, "{resource_type} {attribute:?}");
        }
    }
}
