//! What a connector is told, and what it may make of an answer: with one as a service of AWS has it, which wants
//! credentials, is slow, and adds metadata.

use super::*;
use crate::task::asked::{Asked, Refusal};
use crate::task::maker::{Maker, Site};

const QUEUE: &str = "arn:aws:states:::sqs:sendMessage";

/// Answers later with what it was told.
struct Service {
    answers: Answers,
}

impl Connector for Service {
    fn call(
        &mut self,
        call: &Call<'_>,
        ticket: Ticket,
        _sink: &mut dyn Sink,
        _result: &mut Vec<u8>,
    ) -> Progress {
        assert!(matches!(call.target, Target::Resource));
        let text = |value| call.request.view.to_json(value);
        let told = format!(
            r#"{{"Resource":"{}","Parameters":{},"Credentials":{},"Heartbeat":{:?}"#,
            call.resource,
            text(call.request.parameters),
            text(call.request.credentials),
            call.request.heartbeat_seconds.unwrap_or_default()
        );
        self.answers.heartbeat(ticket);
        self.answers.answer(ticket, Ok(told.into_bytes()));
        Progress::Pending
    }

    fn dress(&mut self, ticket: Ticket, answer: Answer, now_ms: i64) -> Answer {
        let mut answer = answer?;
        let metadata = format!(
            r#","SdkResponseMetadata":{{"RequestId":"{}-{now_ms}"}}}}"#,
            ticket.0
        );
        answer.extend_from_slice(metadata.as_bytes());
        Ok(answer)
    }
}

struct ServiceMaker;

impl Maker for ServiceMaker {
    fn make(&self, site: &mut Site) -> Box<dyn Connector> {
        let answers = site.answers.clone();
        Box::new(Service { answers })
    }

    fn serves(&self, task: &Asked<'_>) -> Result<(), Refusal> {
        match task.constant("QueueUrl") {
            Some(queue) if queue.contains("secret") => Err(Refusal(Some(("QueueUrl", queue)))),
            _ => Ok(()),
        }
    }

    fn runs_functions(&self) -> bool {
        false
    }
}

fn service() -> Arc<Tasks> {
    Arc::new(Tasks::of("arn:*", Box::new(ServiceMaker), home()))
}

fn fields(queue: &str) -> String {
    format!(
        r#","HeartbeatSeconds":9,"Parameters":{{"QueueUrl":"{queue}","MessageBody.$":"$"}},"Credentials":{{"RoleArn":"arn:aws:iam::111111111111:role/r"}}"#
    )
}

#[test]
fn a_connector_gets_parameters_and_credentials_and_dresses_its_answer() {
    let tasks = service();
    let bindings = tasks.bind(&program(QUEUE, &fields("q")), false).expect("served");
    let mut shard = Shard::new(&tasks);
    let (mut heap, constants) = (Heap::new(), Heap::for_constants());
    let both = heap
        .index(br#"{"p":{"MessageBody":1},"c":{"RoleArn":"r"}}"#)
        .expect("JSON");
    let view = View::new(&heap, &constants);
    let attempt = Attempt {
        bindings: &bindings,
        task: TaskId(0),
        request: Request {
            parameters: view.member_named(both, "p").expect("parameters"),
            credentials: view.member_named(both, "c").expect("credentials"),
            view,
            key: &"k",
            machine: "flow",
            retry: 0,
            execution: ValueRef::NONE,
            state_machine: ValueRef::NONE,
            timeout_seconds: None,
            heartbeat_seconds: Some(9),
            now_ms: 5,
        },
    };
    let (sink, mut result) = (&mut shard.sink, Vec::new());
    let progress = shard.connectors.call(&attempt, Ticket(3), sink, &mut result);
    assert_eq!(progress, Progress::Pending);
    assert_eq!(shard.connectors.take(7), Some((Ticket(3), Report::Heartbeat)));
    let answer = br#"{"Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"MessageBody":1},"Credentials":{"RoleArn":"r"},"Heartbeat":9,"SdkResponseMetadata":{"RequestId":"3-7"}}"#;
    let answer = Report::Answer(Ok(answer.to_vec()));
    assert_eq!(shard.connectors.take(7), Some((Ticket(3), answer)));
}

#[test]
fn an_entry_says_what_it_serves() {
    let tasks = service();
    let problems = tasks.bind(&program(QUEUE, &fields("secret")), false);
    let problems = problems.expect_err("it is refused");
    assert_eq!(
        problems[0].to_string(),
        "state 'T': no entry of [tasks] serves arn:aws:states:::sqs:sendMessage with QueueUrl 'secret'"
    );
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    assert!(tasks.bind(&program(function, ""), false).is_err());
}
