//! Which parameters name what a call is done to, by service.
//!
//! Owns this table: it is data. A service without an entry, and a call without these parameters, name nothing that we know: only
//! a line for the whole action grants them. Must not know lines.

use super::target::Target;
use crate::task::Home;

/// A step to a name, below a parameter.
#[derive(Debug)]
pub(super) enum Step {
    /// Into each item of a list.
    Each,
    /// Into each member of an object.
    EachMember,
    /// The names of an object's members.
    Names,
    /// Into a member; what counts where it is missing.
    Member(&'static str, Option<&'static str>),
}

/// How a name becomes an ARN.
#[derive(Debug)]
enum Form {
    /// `arn:aws:SERVICE:region:account:PREFIXname`.
    Named(&'static str, &'static str),
    /// An ARN, whatever its service.
    Arn,
    /// The URL of a queue.
    Queue,
    /// A bucket, with a key from another parameter.
    Object(&'static str),
    /// `bucket/key`.
    Copy,
    /// No ARN at all.
    Bare,
}

/// A parameter that names something.
#[derive(Debug)]
pub(super) struct Naming {
    service: &'static str,
    parameter: &'static str,
    steps: &'static [Step],
    form: Form,
}

const fn of(service: &'static str, parameter: &'static str, form: Form) -> Naming {
    Naming {
        service,
        parameter,
        steps: &[],
        form,
    }
}

const fn below(service: &'static str, parameter: &'static str, steps: &'static [Step], form: Form) -> Naming {
    Naming {
        service,
        parameter,
        steps,
        form,
    }
}

use Form::{Arn, Bare, Copy, Named, Object, Queue};

const TABLE: Form = Named("dynamodb", "table/");
const BUS: Form = Named("events", "event-bus/");

static NAMINGS: &[Naming] = &[
    of("athena", "WorkGroup", Named("athena", "workgroup/")),
    of("batch", "JobDefinition", Named("batch", "job-definition/")),
    of("batch", "JobQueue", Named("batch", "job-queue/")),
    of("bedrock", "ModelId", Named("bedrock", "foundation-model/")),
    of("bedrockruntime", "ModelId", Named("bedrock", "foundation-model/")),
    of("cloudwatchlogs", "LogGroupName", Named("logs", "log-group:")),
    of("codebuild", "ProjectName", Named("codebuild", "project/")),
    of("databrew", "Name", Named("databrew", "job/")),
    of("dynamodb", "TableName", TABLE),
    of("dynamodb", "TableArn", Arn),
    below("dynamodb", "RequestItems", &[Step::Names], TABLE),
    below(
        "dynamodb",
        "TransactItems",
        &[Step::Each, Step::EachMember, Step::Member("TableName", None)],
        TABLE,
    ),
    below("ec2", "InstanceIds", &[Step::Each], Named("ec2", "instance/")),
    of("ecs", "Cluster", Named("ecs", "cluster/")),
    of("ecs", "Task", Named("ecs", "task/")),
    of("ecs", "TaskDefinition", Named("ecs", "task-definition/")),
    below(
        "eventbridge",
        "Entries",
        &[Step::Each, Step::Member("EventBusName", Some("default"))],
        BUS,
    ),
    of("eventbridge", "EventBusName", BUS),
    below(
        "events",
        "Entries",
        &[Step::Each, Step::Member("EventBusName", Some("default"))],
        BUS,
    ),
    of(
        "firehose",
        "DeliveryStreamName",
        Named("firehose", "deliverystream/"),
    ),
    of("glue", "JobName", Named("glue", "job/")),
    of("kinesis", "StreamARN", Arn),
    of("kinesis", "StreamArn", Arn),
    of("kinesis", "StreamName", Named("kinesis", "stream/")),
    of("kms", "KeyId", Named("kms", "key/")),
    of("rdsdata", "ResourceArn", Arn),
    of("s3", "Bucket", Object("Key")),
    of("s3", "CopySource", Copy),
    of("secretsmanager", "Name", Named("secretsmanager", "secret:")),
    of("secretsmanager", "SecretId", Named("secretsmanager", "secret:")),
    of("sfn", "ActivityArn", Arn),
    of("sfn", "ExecutionArn", Arn),
    of("sfn", "StateMachineArn", Arn),
    of("sns", "PhoneNumber", Bare),
    of("sns", "TargetArn", Arn),
    of("sns", "TopicArn", Arn),
    of("sqs", "QueueName", Named("sqs", "")),
    of("sqs", "QueueUrl", Queue),
    of("ssm", "Name", Named("ssm", "parameter/")),
    below("ssm", "Names", &[Step::Each], Named("ssm", "parameter/")),
    of("ssm", "Path", Named("ssm", "parameter/")),
    of("states", "StateMachineArn", Arn),
];

/// Returns the parameters of a service's calls that name something.
pub(super) fn namings(service: &str) -> impl Iterator<Item = &'static Naming> {
    NAMINGS.iter().filter(move |naming| naming.service == service)
}

/// Says whether an action names what it is done to inside of a text, so that no parameter counts.
pub(super) fn is_opaque(service: &str, action: &str) -> bool {
    matches!(
        (service, action),
        (
            "dynamodb",
            "executeStatement" | "batchExecuteStatement" | "executeTransaction"
        )
    )
}

impl Naming {
    /// Returns the parameter, and the way from there.
    pub(super) fn path(&self) -> (&'static str, &'static [Step]) {
        (self.parameter, self.steps)
    }

    /// Returns the parameter that has the rest of the name.
    pub(super) fn key(&self) -> Option<&'static str> {
        match self.form {
            Object(key) => Some(key),
            _ => None,
        }
    }

    /// Makes a target of a name.
    pub(super) fn resource(&self, name: &str, key: Option<&str>, home: &Home) -> Target {
        let resource = |arn: String, name: &str| Target::Resource {
            arn: Some(arn),
            name: name.to_owned(),
        };
        if name.starts_with("arn:") {
            let arn = match key {
                Some(key) => format!("{name}/{key}"),
                None => name.to_owned(),
            };
            let name = arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
            let service = arn.split(':').nth(2).unwrap_or_default().to_owned();
            return match self.form {
                // Behind the kind of the resource: `table/orders`, `stateMachine:orders`.
                Named(_, prefix) => resource(arn, name.strip_prefix(prefix).unwrap_or(&name)),
                Arn => resource(arn, without_kind(&service, &name)),
                _ => resource(arn, &name),
            };
        }
        let (region, account, partition) = (&home.region, &home.account, partition(&home.region));
        match self.form {
            Named(service, prefix) => {
                let plain = name
                    .strip_prefix(if prefix.ends_with('/') { "/" } else { "" })
                    .unwrap_or(name);
                let arn = format!("arn:{partition}:{service}:{region}:{account}:{prefix}{plain}");
                resource(arn, plain)
            }
            Queue => match queue(name, home) {
                Some((arn, name)) => resource(arn, name),
                None => Target::Unknown,
            },
            Object(_) => {
                let name = match key {
                    Some(key) => format!("{name}/{key}"),
                    None => name.to_owned(),
                };
                resource(format!("arn:{partition}:s3:::{name}"), &name)
            }
            Copy => {
                let name = name.trim_start_matches('/');
                resource(format!("arn:{partition}:s3:::{name}"), name)
            }
            Bare => Target::Resource {
                arn: None,
                name: name.to_owned(),
            },
            Arn => Target::Unknown,
        }
    }
}

/// Returns the partition of a region.
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Returns the name in the last part of an ARN, without the kind that its service puts before it. What follows the name, such
/// as an alias, is a part of it.
fn without_kind<'a>(service: &str, name: &'a str) -> &'a str {
    let kinds: &[&str] = match service {
        "states" => &["stateMachine:", "execution:", "express:", "activity:"],
        "secretsmanager" => &["secret:"],
        "lambda" => &["function:"],
        "logs" => &["log-group:"],
        _ => &[],
    };
    kinds
        .iter()
        .find_map(|kind| name.strip_prefix(kind))
        .unwrap_or(name)
}

/// Returns ARN and name of a queue, whose URL ends with account and name; an emulator's hosts say no region.
fn queue<'a>(url: &'a str, home: &Home) -> Option<(String, &'a str)> {
    let (_, rest) = url.split_once("://")?;
    // Exactly these: what else stands there, another reader may take for the queue.
    let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let ([_, account, name] | [_, "queue", _, account, name]) = segments[..] else {
        return None;
    };
    let host = rest.split(['/', ':']).next()?;
    let region = match host.split('.').collect::<Vec<_>>()[..] {
        ["sqs" | "sqs-fips", region, "amazonaws", ..] | [region, "queue", "amazonaws", ..] => region,
        _ => &home.region,
    };
    let is_part = |text: &str| !text.is_empty() && !text.contains(['?', '#', '%', ' ']);
    (is_part(name) && is_part(account) && account != host).then(|| {
        let partition = partition(region);
        (format!("arn:{partition}:sqs:{region}:{account}:{name}"), name)
    })
}
