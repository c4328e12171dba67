//! What is reached, and what is not.

use super::server::json;
use super::*;

#[test]
fn private_addresses_are_reached_by_name_only() {
    run(async {
        let server = serving(|_| json("200 OK", "1")).await;
        let port = server.port();
        let open =
            |endpoints: &str| format!("[tasks]\n\"{INVOKE}\" = {{ endpoints = [{endpoints}] }}\n{OPEN}");
        let mut named = Shard::new(&open(&format!("\"http://localhost:{port}/*\"")), INVOKE);
        let url = format!("http://localhost:{port}/x");
        assert!(named.call(&to(&url, "open")).await.is_ok());
        let mut any = Shard::new(&open("\"*\""), INVOKE);
        for host in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "0",
            "[::ffff:127.0.0.1]",
            "[::1]",
        ] {
            let (error, cause) = any.failure(&to(&format!("http://{host}:{port}/x"), "open")).await;
            assert_eq!(error, "States.Permissions", "{host}: {cause}");
            assert!(
                cause.ends_with("which is not on the internet: only an endpoint that names the host without `*` reaches it."),
                "{cause}"
            );
        }
        assert_eq!(server.requests().len(), 1);
    });
}

#[test]
fn metadata_is_never_reached() {
    run(async {
        let config =
            format!("[tasks]\n\"{INVOKE}\" = {{ endpoints = [\"*\", \"http://2852039166/*\"] }}\n{OPEN}");
        let mut shard = Shard::new(&config, INVOKE);
        for host in [
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[64:ff9b::a9fe:a9fe]",
            "100.100.100.200",
        ] {
            let (error, cause) = shard
                .failure(&to(&format!("http://{host}/latest/meta-data/"), "open"))
                .await;
            assert_eq!(error, "States.Permissions", "{host}: {cause}");
            assert!(
                cause
                    .ends_with("which no task may reach: whoever asks there has the rights of this machine."),
                "{cause}"
            );
        }
    });
}

/// A gateway of one's own is no way to such an address either, nor is the server that gives tokens.
#[test]
fn metadata_is_not_reached_by_a_configured_url() {
    run(async {
        let config = format!(
            "[tasks]\n\"{GATEWAY}\" = {{ endpoints = [\"*\"], gateway_url = \"http://2852039166/\" }}"
        );
        let mut shard = Shard::new(&config, GATEWAY);
        let (error, _) = shard.failure(r#"{"ApiEndpoint":"a.b","Method":"GET"}"#).await;
        assert_eq!(error, "States.Permissions");
    });
}

#[test]
fn what_is_not_granted() {
    run(async {
        let server = serving(|_| json("200 OK", "1")).await;
        let port = server.port();
        let config = format!(
            "[tasks]\n\"{INVOKE}\" = {{ endpoints = [\"http://127.0.0.1:{port}/a/*\", \"http://127.0.0.1:{port}/b\"] }}
            [connections.open]
            [connections.narrow]
            endpoints = [\"http://127.0.0.1:{port}/b\"]"
        );
        let mut shard = Shard::new(&config, INVOKE);
        let url = |path: &str| server.url(path);
        assert!(shard.call(&to(&url("/a/x?y=/../"), "open")).await.is_ok());
        assert!(shard.call(&to(&url("/b?q"), "narrow")).await.is_ok());
        for (path, connection, shown, whose) in [
            ("/c", "open", "/c", format!("tasks.\"{INVOKE}\"")),
            ("/a/../c", "open", "/*", format!("tasks.\"{INVOKE}\"")),
            ("/a/%2e%2E/c", "open", "/*", format!("tasks.\"{INVOKE}\"")),
            ("/a/x", "narrow", "/a/x", "connections.narrow".to_owned()),
        ] {
            let place = url(shown);
            let cause = format!(
                "The configuration does not grant calls to {place}: add \"{place}\" to the endpoints of {whose}."
            );
            let found = shard.failure(&to(&url(path), connection)).await;
            assert_eq!(found, ("States.Permissions".to_owned(), cause));
        }
        assert_eq!(server.requests().len(), 2);
    });
}

#[test]
fn what_is_constant_is_checked_when_the_program_is_loaded() {
    let config = format!(
        "[tasks]\n\"arn:aws:states:::*\" = {{ endpoints = [\"https://api.example.com/*\"] }}\n{OPEN}"
    );
    let tasks = tasks(&config);
    let found = |resource: &str, parameters: &str| {
        let bound = tasks.bind(&program(resource, parameters), false);
        bound.err().map(|problems| problems[0].to_string())
    };
    let unserved =
        |resource: &str, what: &str| Some(format!("state 'T': no entry of [tasks] serves {resource}{what}"));
    let arn = r#""Authentication":{"ConnectionArn":"arn:aws:events:r:1:connection/open/1"}"#;
    assert_eq!(
        found(
            INVOKE,
            &format!(r#"{{"ApiEndpoint":"https://api.example.com/v1","Method":"GET",{arn}}}"#)
        ),
        None
    );
    assert_eq!(
        found(
            INVOKE,
            &format!(r#"{{"ApiEndpoint":"https://other.example/v1","Method":"GET",{arn}}}"#)
        ),
        unserved(INVOKE, " with ApiEndpoint 'https://other.example/v1'")
    );
    assert_eq!(
        found(
            INVOKE,
            r#"{"ApiEndpoint":"https://api.example.com/v1","Method":"GET","InvocationConfig":{"ConnectionArn":"arn:aws:events:r:1:connection/other/1"}}"#
        ),
        unserved(
            INVOKE,
            " with ConnectionArn 'arn:aws:events:r:1:connection/other/1'"
        )
    );
    assert_eq!(
        found(
            GATEWAY,
            r#"{"ApiEndpoint":"a.b","Method":"GET","AuthType":"IAM_ROLE"}"#
        ),
        unserved(GATEWAY, " with AuthType 'IAM_ROLE'")
    );
    assert_eq!(
        found(
            "arn:aws:states:::sqs:sendMessage",
            r#"{"QueueUrl":"q","MessageBody":"b"}"#
        ),
        unserved("arn:aws:states:::sqs:sendMessage", "")
    );
}

#[test]
fn wrong_entries_are_named() {
    let text = "[tasks]
        a = { endpoints = [\"api.example.com\"] }
        b = { endpoints = [], gateway_url = \"http://{api}.h/\" }
        c = { endpoints = [], gateway_url = \"http://169.254.169.254/\" }
        d = { endpoints = [], ca_file = \"/nowhere\" }
        [connections.e]
        headers = { X = { env = \"STEPSTREAM_NOT_SET\" } }";
    let errors = Tasks::new(&config(text), &Functions::new(), home()).expect_err("errors");
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "connections.\"e\".headers: X: environment variable STEPSTREAM_NOT_SET is not set",
            "tasks.\"a\".endpoints: \"api.example.com\": it has no scheme; write it as \"https://api.example.com/*\"",
            "tasks.\"b\".gateway_url: the host may have no placeholder",
            "tasks.\"c\".gateway_url: no task may reach this address",
            "tasks.\"d\".ca_file: /nowhere: No such file or directory (os error 2)",
        ]
    );
}
