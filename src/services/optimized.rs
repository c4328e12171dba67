//! The integrations that Step Functions optimizes: `sqs:sendMessage` and its like.
//!
//! Owns which operation of which service each one is, what is special about its parameters and result, and how its
//! errors are called. `http:invoke`, `apigateway:invoke`, `eks:call`, `eks:runJob` and `elasticmapreduce:*` are not
//! operations of a service's model: they are not here.

/// An optimized integration.
#[derive(Debug, PartialEq, Eq)]
pub struct Optimized {
    /// Its service in resources, such as `states`.
    pub service: &'static str,
    /// Its action in resources.
    pub action: &'static str,
    /// The service's name in `aws-sdk:*`, the key of the table of services.
    pub model: &'static str,
    /// What its errors begin with.
    pub prefix: &'static str,
    /// The error of codes that the model does not list.
    pub exception: &'static str,
    /// The client's name in causes.
    pub client: &'static str,
    /// What is special about it.
    pub dress: Dress,
}

/// What an integration adds to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// Nothing.
    Plain,
    /// The answer's headers and request id in the result.
    Metadata,
    /// As [`Dress::Metadata`]; the payload is JSON, and an error of the function's is the task's.
    Function,
    /// The payload is JSON.
    Document,
    /// The execution among each entry's resources, and an error for entries that failed.
    Events,
}

impl Dress {
    /// Says whether the answer's headers and request id are in the result.
    pub(super) fn has_metadata(self) -> bool {
        matches!(self, Dress::Metadata | Dress::Function)
    }

    /// Says whether a payload is JSON, and not the text of it.
    pub(super) fn has_json_payload(self) -> bool {
        matches!(self, Dress::Function | Dress::Document)
    }
}

/// Returns the integration of a resource `arn:aws:states:::<service>:<action>`.
pub fn find(service: &str, action: &str) -> Option<&'static Optimized> {
    OPTIMIZED
        .iter()
        .find(|optimized| optimized.service == service && optimized.action == action)
}

/// Says whether a resource is an action of AWS's that is called with a signature: an optimized one, or of `aws-sdk:*`.
pub fn is_of_aws(resource: &str) -> bool {
    let Some((partition, integration)) = resource.split_once(":states:::") else {
        return false;
    };
    let parts = integration.rsplit_once(':');
    let is_action = integration.starts_with("aws-sdk:")
        || parts.is_some_and(|(service, action)| find(service, action).is_some());
    partition.starts_with("arn:aws") && is_action
}

/// Returns all of them.
pub fn all() -> &'static [Optimized] {
    OPTIMIZED
}

/// What a service's integrations share.
struct Client {
    service: &'static str,
    model: &'static str,
    prefix: &'static str,
    exception: &'static str,
    client: &'static str,
    dress: Dress,
}

const fn with(client: &Client, action: &'static str) -> Optimized {
    Optimized {
        service: client.service,
        action,
        model: client.model,
        prefix: client.prefix,
        exception: client.exception,
        client: client.client,
        dress: client.dress,
    }
}

const fn client(
    service: &'static str,
    model: &'static str,
    [prefix, exception, client]: [&'static str; 3],
    dress: Dress,
) -> Client {
    Client {
        service,
        model,
        prefix,
        exception,
        client,
        dress,
    }
}

const ATHENA: Client = client(
    "athena",
    "athena",
    ["Athena", "AmazonAthenaException", "AmazonAthena"],
    Dress::Plain,
);
const BATCH: Client = client(
    "batch",
    "batch",
    ["Batch", "AWSBatchException", "AWSBatch"],
    Dress::Plain,
);
const BEDROCK: Client = client(
    "bedrock",
    "bedrock",
    ["Bedrock", "BedrockException", "Bedrock"],
    Dress::Plain,
);
const BEDROCK_RUNTIME: Client = client(
    "bedrock",
    "bedrockruntime",
    ["Bedrock", "BedrockRuntimeException", "BedrockRuntime"],
    Dress::Document,
);
const CODE_BUILD: Client = client(
    "codebuild",
    "codebuild",
    ["CodeBuild", "AWSCodeBuildException", "AWSCodeBuild"],
    Dress::Plain,
);
const DATA_BREW: Client = client(
    "databrew",
    "databrew",
    ["DataBrew", "AWSGlueDataBrewException", "AWSGlueDataBrew"],
    Dress::Plain,
);
const DYNAMO_DB: Client = client(
    "dynamodb",
    "dynamodb",
    ["DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"],
    Dress::Metadata,
);
const ECS: Client = client(
    "ecs",
    "ecs",
    ["ECS", "AmazonECSException", "AmazonECS"],
    Dress::Plain,
);
const EKS: Client = client(
    "eks",
    "eks",
    ["EKS", "AmazonEKSException", "AmazonEKS"],
    Dress::Plain,
);
const EMR_CONTAINERS: Client = client(
    "emr-containers",
    "emrcontainers",
    [
        "EMRContainers",
        "AmazonEMRContainersException",
        "AmazonEMRContainers",
    ],
    Dress::Plain,
);
const EMR_SERVERLESS: Client = client(
    "emr-serverless",
    "emrserverless",
    ["EMRServerless", "AWSEMRServerlessException", "AWSEMRServerless"],
    Dress::Plain,
);
const EVENTS: Client = client(
    "events",
    "eventbridge",
    ["EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"],
    Dress::Events,
);
const GLUE: Client = client(
    "glue",
    "glue",
    ["Glue", "AWSGlueException", "AWSGlue"],
    Dress::Plain,
);
const LAMBDA: Client = client(
    "lambda",
    "lambda",
    ["Lambda", "AWSLambdaException", "AWSLambda"],
    Dress::Function,
);
const MEDIA_CONVERT: Client = client(
    "mediaconvert",
    "mediaconvert",
    ["MediaConvert", "AWSMediaConvertException", "AWSMediaConvert"],
    Dress::Plain,
);
const SAGE_MAKER: Client = client(
    "sagemaker",
    "sagemaker",
    ["SageMaker", "AmazonSageMakerException", "AmazonSageMaker"],
    Dress::Plain,
);
const SNS: Client = client(
    "sns",
    "sns",
    ["SNS", "AmazonSNSException", "AmazonSNS"],
    Dress::Metadata,
);
const SQS: Client = client(
    "sqs",
    "sqs",
    ["SQS", "AmazonSQSException", "AmazonSQS"],
    Dress::Metadata,
);
const STATES: Client = client(
    "states",
    "sfn",
    ["StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"],
    Dress::Metadata,
);

const OPTIMIZED: &[Optimized] = &[
    with(&ATHENA, "getQueryExecution"),
    with(&ATHENA, "getQueryResults"),
    with(&ATHENA, "startQueryExecution"),
    with(&ATHENA, "stopQueryExecution"),
    with(&BATCH, "submitJob"),
    with(&BEDROCK, "createModelCustomizationJob"),
    with(&BEDROCK_RUNTIME, "invokeModel"),
    with(&CODE_BUILD, "batchDeleteBuilds"),
    with(&CODE_BUILD, "batchGetReports"),
    with(&CODE_BUILD, "deleteBuildBatch"),
    with(&CODE_BUILD, "retryBuildBatch"),
    with(&CODE_BUILD, "startBuild"),
    with(&CODE_BUILD, "startBuildBatch"),
    with(&CODE_BUILD, "stopBuild"),
    with(&CODE_BUILD, "stopBuildBatch"),
    with(&DATA_BREW, "startJobRun"),
    with(&DYNAMO_DB, "deleteItem"),
    with(&DYNAMO_DB, "getItem"),
    with(&DYNAMO_DB, "putItem"),
    with(&DYNAMO_DB, "updateItem"),
    with(&ECS, "runTask"),
    with(&EKS, "createCluster"),
    with(&EKS, "createFargateProfile"),
    with(&EKS, "createNodegroup"),
    with(&EKS, "deleteCluster"),
    with(&EKS, "deleteFargateProfile"),
    with(&EKS, "deleteNodegroup"),
    with(&EMR_CONTAINERS, "createVirtualCluster"),
    with(&EMR_CONTAINERS, "deleteVirtualCluster"),
    with(&EMR_CONTAINERS, "startJobRun"),
    with(&EMR_SERVERLESS, "cancelJobRun"),
    with(&EMR_SERVERLESS, "createApplication"),
    with(&EMR_SERVERLESS, "deleteApplication"),
    with(&EMR_SERVERLESS, "startApplication"),
    with(&EMR_SERVERLESS, "startJobRun"),
    with(&EMR_SERVERLESS, "stopApplication"),
    with(&EVENTS, "putEvents"),
    with(&GLUE, "startJobRun"),
    with(&LAMBDA, "invoke"),
    with(&MEDIA_CONVERT, "createJob"),
    with(&SAGE_MAKER, "createEndpoint"),
    with(&SAGE_MAKER, "createEndpointConfig"),
    with(&SAGE_MAKER, "createHyperParameterTuningJob"),
    with(&SAGE_MAKER, "createLabelingJob"),
    with(&SAGE_MAKER, "createModel"),
    with(&SAGE_MAKER, "createProcessingJob"),
    with(&SAGE_MAKER, "createTrainingJob"),
    with(&SAGE_MAKER, "createTransformJob"),
    with(&SAGE_MAKER, "updateEndpoint"),
    with(&SNS, "publish"),
    with(&SQS, "sendMessage"),
    with(&STATES, "startExecution"),
];
