//! What a Task's `Resource` names (facts 8.1).
//!
//! Owns the grammar of resource ARNs and the list of optimized integrations with the patterns each
//! offers (AWS's table of optimized integrations). Knows nothing of states or diagnostics.

/// What a resource ARN means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// A raw function ARN.
    Function,
    /// An activity.
    Activity,
    /// A service integration.
    Integration(Integration<'a>),
    /// An ARN of something that no Task can call.
    Unrecognized,
}

/// A service integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Integration<'a> {
    /// Such as `lambda` or `aws-sdk:dynamodb`.
    pub(crate) service: &'a str,
    /// Such as `invoke`, without its pattern.
    pub(crate) action: &'a str,
    pub(crate) pattern: Pattern,
}

/// How a Task waits for its integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    RequestResponse,
    Sync,
    WaitForTaskToken,
}

/// Parses a resource; `None` when it is no ARN at all.
pub(crate) fn parse(text: &str) -> Option<Resource<'_>> {
    let mut parts = text.splitn(6, ':');
    let (scheme, partition) = (parts.next()?, parts.next()?);
    let (service, _region, _account, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if scheme != "arn" || partition.is_empty() || service.is_empty() || rest.is_empty() {
        return None;
    }
    Some(match service {
        "lambda"
            if rest
                .strip_prefix("function:")
                .is_some_and(|name| !name.is_empty()) =>
        {
            Resource::Function
        }
        "states" if rest.starts_with("activity:") => Resource::Activity,
        "states" => integration(rest).map_or(Resource::Unrecognized, Resource::Integration),
        _ => Resource::Unrecognized,
    })
}

fn integration(rest: &str) -> Option<Integration<'_>> {
    let (rest, pattern) = if let Some(rest) = rest.strip_suffix(".waitForTaskToken") {
        (rest, Pattern::WaitForTaskToken)
    } else if let Some(rest) = rest
        .strip_suffix(".sync:2")
        .filter(|rest| rest.starts_with("states:"))
    {
        (rest, Pattern::Sync)
    } else if let Some(rest) = rest.strip_suffix(".sync") {
        (rest, Pattern::Sync)
    } else {
        (rest, Pattern::RequestResponse)
    };
    let (service, action) = rest.rsplit_once(':')?;
    let integration = Integration {
        service,
        action,
        pattern,
    };
    integration.is_known().then_some(integration)
}

impl Integration<'_> {
    fn is_known(&self) -> bool {
        if let Some(service) = self.service.strip_prefix("aws-sdk:") {
            let is_service = !service.is_empty()
                && service
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            let is_action = self.action.starts_with(|c: char| c.is_ascii_lowercase())
                && self.action.bytes().all(|b| b.is_ascii_alphanumeric());
            return is_service && is_action && self.pattern != Pattern::Sync;
        }
        let offers = OPTIMIZED
            .iter()
            .filter(|(service, _, _)| *service == self.service);
        offers.into_iter().any(|(_, patterns, actions)| {
            actions.contains(&self.action)
                && (self.pattern == Pattern::RequestResponse || patterns.contains(&self.pattern))
        })
    }

    /// Returns the members that the integration's parameters must have (facts 4.3, 8.2 to 8.10).
    pub(crate) fn required_parameters(&self) -> &'static [&'static str] {
        match (self.service, self.action) {
            ("lambda", "invoke") => &["FunctionName"],
            ("sqs", "sendMessage") => &["QueueUrl", "MessageBody"],
            ("sns", "publish") => &["Message"],
            ("dynamodb", "putItem") => &["TableName", "Item"],
            ("dynamodb", "getItem" | "deleteItem" | "updateItem") => &["TableName", "Key"],
            ("states", "startExecution") => &["StateMachineArn"],
            ("events", "putEvents") => &["Entries"],
            ("ecs", "runTask") => &["TaskDefinition"],
            ("glue", "startJobRun") => &["JobName"],
            ("kafka", "produce") => &["Topic", "Value"],
            ("http" | "apigateway", "invoke") => &["ApiEndpoint", "Method"],
            _ => &[],
        }
    }
}

/// Returns the services with optimized integrations.
#[cfg(feature = "runtime")]
pub(crate) fn optimized_services() -> impl Iterator<Item = &'static str> {
    OPTIMIZED.iter().map(|(service, _, _)| *service)
}

/// Says whether a text is service and action of an integration.
#[cfg(feature = "runtime")]
pub(crate) fn is_integration(text: &str) -> bool {
    integration(text).is_some_and(|integration| integration.pattern == Pattern::RequestResponse)
}

/// Returns the parameters of an integration that AWS refuses before it calls, unless they are objects of lists
/// (facts 8.10).
pub(crate) fn list_parameters(service: &str, action: &str) -> &'static [&'static str] {
    match (service, action) {
        ("apigateway", "invoke") => &["Headers", "QueryParameters"],
        _ => &[],
    }
}

const SYNC: &[Pattern] = &[Pattern::Sync];
const TOKEN: &[Pattern] = &[Pattern::WaitForTaskToken];
const ALL: &[Pattern] = &[Pattern::Sync, Pattern::WaitForTaskToken];

/// Service, what it offers besides request/response, and the actions that offer it.
const OPTIMIZED: &[(&str, &[Pattern], &[&str])] = &[
    ("apigateway", TOKEN, &["invoke"]),
    ("athena", SYNC, &["startQueryExecution"]),
    (
        "athena",
        &[],
        &["getQueryExecution", "getQueryResults", "stopQueryExecution"],
    ),
    ("batch", SYNC, &["submitJob"]),
    ("bedrock", &[], &["invokeModel"]),
    ("bedrock", SYNC, &["createModelCustomizationJob"]),
    (
        "codebuild",
        SYNC,
        &["startBuild", "startBuildBatch", "retryBuildBatch"],
    ),
    (
        "codebuild",
        &[],
        &[
            "batchDeleteBuilds",
            "batchGetReports",
            "deleteBuildBatch",
            "stopBuild",
            "stopBuildBatch",
        ],
    ),
    ("databrew", SYNC, &["startJobRun"]),
    (
        "dynamodb",
        &[],
        &["deleteItem", "getItem", "putItem", "updateItem"],
    ),
    ("ecs", ALL, &["runTask"]),
    (
        "eks",
        SYNC,
        &[
            "createCluster",
            "createFargateProfile",
            "createNodegroup",
            "deleteCluster",
            "deleteFargateProfile",
            "deleteNodegroup",
            "runJob",
        ],
    ),
    ("eks", &[], &["call"]),
    (
        "elasticmapreduce",
        SYNC,
        &["addStep", "createCluster", "terminateCluster"],
    ),
    (
        "elasticmapreduce",
        &[],
        &[
            "cancelStep",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
            "setClusterTerminationProtection",
        ],
    ),
    ("emr-containers", SYNC, &["deleteVirtualCluster", "startJobRun"]),
    ("emr-containers", &[], &["createVirtualCluster"]),
    (
        "emr-serverless",
        SYNC,
        &[
            "createApplication",
            "deleteApplication",
            "startApplication",
            "startJobRun",
            "stopApplication",
        ],
    ),
    ("emr-serverless", &[], &["cancelJobRun"]),
    ("events", TOKEN, &["putEvents"]),
    ("glue", SYNC, &["startJobRun"]),
    ("http", &[], &["invoke"]),
    // Ours: AWS has no such integration.
    ("kafka", &[], &["produce"]),
    ("lambda", TOKEN, &["invoke"]),
    ("mediaconvert", SYNC, &["createJob"]),
    (
        "sagemaker",
        SYNC,
        &[
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ],
    ),
    (
        "sagemaker",
        &[],
        &[
            "createEndpoint",
            "createEndpointConfig",
            "createModel",
            "updateEndpoint",
        ],
    ),
    ("sns", TOKEN, &["publish"]),
    ("sqs", TOKEN, &["sendMessage"]),
    ("states", ALL, &["startExecution"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str, Pattern)>) {
        let got = match parse(text) {
            Some(Resource::Integration(found)) => Some((found.service, found.action, found.pattern)),
            _ => None,
        };
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn integrations() {
        check(
            "arn:aws:states:::lambda:invoke",
            Some(("lambda", "invoke", Pattern::RequestResponse)),
        );
        check(
            "arn:aws-cn:states:::states:startExecution.sync:2",
            Some(("states", "startExecution", Pattern::Sync)),
        );
        check(
            "arn:aws:states:::aws-sdk:s3:getObject",
            Some(("aws-sdk:s3", "getObject", Pattern::RequestResponse)),
        );
        check(
            "arn:aws:states:::kafka:produce",
            Some(("kafka", "produce", Pattern::RequestResponse)),
        );
        check("arn:aws:states:::kafka:produce.waitForTaskToken", None);
        check("arn:aws:states:::sns:publish.sync", None);
        check("arn:aws:states:::dynamodb:query", None);
        check("arn:aws:states:::aws-sdk:s3:GetObject", None);
        check("arn:aws:states:::lambda", None);
    }

    /// What services can be asked for, definitions can name.
    #[test]
    fn optimized_integrations_are_known() {
        for integration in crate::services::optimized::all() {
            let (service, action) = (integration.service, integration.action);
            let text = format!("arn:aws:states:::{service}:{action}");
            check(&text, Some((service, action, Pattern::RequestResponse)));
        }
    }

    #[test]
    fn others() {
        assert_eq!(parse("arn:aws:lambda:::function:f"), Some(Resource::Function));
        assert_eq!(
            parse("arn:aws:states:us-east-1:123456789012:activity:a"),
            Some(Resource::Activity)
        );
        assert_eq!(parse("arn:aws:s3:::bucket"), Some(Resource::Unrecognized));
        assert_eq!(parse("createToken"), None);
        assert_eq!(parse("arn:aws:lambda"), None);
    }
}
