//! The table of services: what is shipped, and what a user adds.

use super::endpoint::Variant;
use super::{Protocol, Services, names, optimized};

/// Loads each service whose place is a multiple of a number, and returns how many services and operations there were.
fn load_each(step: usize) -> (usize, usize) {
    let services = Services::shipped();
    let mut names: Vec<&str> = services.names().collect();
    names.sort_unstable();
    let mut count = (0, 0);
    for name in names.into_iter().step_by(step) {
        let service = services
            .service(name)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let service = service.expect(name);
        assert_eq!(service.resource_name(), name);
        let texts = [
            service.id(),
            service.name(),
            service.endpoint_prefix(),
            service.signing_name(),
        ];
        assert!(texts.iter().all(|text| !text.is_empty()), "{name}");
        count = (count.0 + 1, count.1 + service.operations().len());
    }
    count
}

#[test]
fn models_load() {
    assert_eq!(Services::shipped().source(), "botocore 1.44.8");
    assert_eq!(Services::shipped().names().count(), 444);
    assert_eq!(load_each(20).0, 23);
}

#[test]
#[ignore = "takes half a minute in a debug build; for whoever has made the models anew"]
fn every_model_loads() {
    assert_eq!(load_each(1), (444, 20_019));
}

#[test]
fn optimized_integrations_are_operations() {
    for integration in optimized::all() {
        let service = Services::shipped().service(integration.model).unwrap();
        let service = service.unwrap_or_else(|| panic!("{}", integration.model));
        assert!(service.operation(integration.action).is_some(), "{integration:?}");
        assert_eq!(
            optimized::find(integration.service, integration.action),
            Some(integration)
        );
    }
}

#[test]
fn endpoints() {
    let at = |name: &str, region: &str, variant: Variant| {
        let service = Services::shipped().service(name).unwrap().expect(name);
        let found = service.endpoint(region, variant)?;
        Some(format!(
            "{} {} {}",
            found.url, found.signing_region, found.signing_name
        ))
    };
    let fips = Variant {
        is_fips: true,
        is_dual_stack: false,
    };
    let dual = Variant {
        is_fips: false,
        is_dual_stack: true,
    };
    for (name, region, variant, expected) in [
        (
            "sqs",
            "eu-west-1",
            Variant::default(),
            "https://sqs.eu-west-1.amazonaws.com eu-west-1 sqs",
        ),
        (
            "sqs",
            "cn-north-1",
            Variant::default(),
            "https://sqs.cn-north-1.amazonaws.com.cn cn-north-1 sqs",
        ),
        (
            "iam",
            "eu-west-1",
            Variant::default(),
            "https://iam.amazonaws.com us-east-1 iam",
        ),
        (
            "dynamodb",
            "us-east-1",
            fips,
            "https://dynamodb-fips.us-east-1.amazonaws.com us-east-1 dynamodb",
        ),
        (
            "s3",
            "us-east-2",
            dual,
            "https://s3.dualstack.us-east-2.amazonaws.com us-east-2 s3",
        ),
        (
            "bedrockruntime",
            "us-west-2",
            Variant::default(),
            "https://bedrock-runtime.us-west-2.amazonaws.com us-west-2 bedrock",
        ),
        (
            "sfn",
            "us-gov-west-1",
            Variant::default(),
            "https://states.us-gov-west-1.amazonaws.com us-gov-west-1 states",
        ),
    ] {
        assert_eq!(
            at(name, region, variant).as_deref(),
            Some(expected),
            "{name} {region} {variant:?}"
        );
    }
}

const MODEL: &str = r#"{"metadata":{"serviceId":"My Service","endpointPrefix":"mine","protocol":"rest-json"},
    "operations":{"DoIt":{"http":{"method":"PUT","requestUri":"/it"},"input":{"shape":"In"}}},
    "shapes":{"In":{"type":"structure","members":{"A":{"shape":"S"}}},"S":{"type":"string"}}}"#;

#[test]
fn a_model_of_the_users() {
    let services = Services::with_models([MODEL.as_bytes()]).unwrap();
    let service = services.service("my").unwrap().expect("the given one");
    assert_eq!((service.name(), service.protocol()), ("My", Protocol::RestJson));
    assert!(services.knows("my", "doIt") && !services.knows("my", "other"));
    assert!(services.knows("sqs", "sendMessage") && !services.knows("sqs", "SendMessage"));
    assert!(services.names().any(|name| name == "my"));
    assert!(Services::shipped().service("my").unwrap().is_none());
}

#[test]
fn a_known_service_is_replaced() {
    let model = MODEL.replace("My Service", "SQS");
    let services = Services::with_models([model.as_bytes()]).unwrap();
    assert!(services.knows("sqs", "doIt") && !services.knows("sqs", "sendMessage"));
    assert!(Services::shipped().knows("sqs", "sendMessage"));
}

#[test]
fn what_is_no_model() {
    for (text, expected) in [
        ("", "not JSON: "),
        ("{}", "the model has no object 'metadata'"),
        (
            r#"{"metadata":{},"operations":{},"shapes":{}}"#,
            "the model's metadata has no 'serviceId'",
        ),
        (
            &MODEL.replace(r#","S":{"type":"string"}"#, ""),
            "the model has no shape 'S'",
        ),
        (
            &MODEL.replace(r#""type":"string""#, r#""type":"list""#),
            "shape 'S' has no 'member'",
        ),
    ] {
        let error = Services::with_models([text.as_bytes()]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// Two services of one name would hide each other.
#[test]
fn names_are_unique() {
    let services = Services::shipped();
    let mut all: Vec<String> = services
        .archive
        .ids()
        .map(|id| names::service(id).to_lowercase())
        .collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// A service that the models have is not closed.
#[test]
fn closed_services_are_known_and_have_no_model() {
    let services = Services::shipped();
    for name in super::CLOSED {
        assert!(services.service(name).unwrap().is_none(), "{name}");
        assert!(services.knows(name, "anything"), "{name}");
    }
    assert!(!services.knows("nosuchservice", "anything"));
}
