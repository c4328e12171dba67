//! Connections with tokens.

use super::server::json;
use super::*;
use std::cell::Cell;

/// A configuration with a connection whose tokens the same server gives.
fn with_tokens(server: &Server, more: &str) -> String {
    let endpoint = server.url("/token");
    let connection = format!(
        "[connections.shop]\noauth = {{ endpoint = \"{endpoint}\", client_id = \"me\", client_secret = \"hush\", body = {{ scope = \"read\" }}{more} }}"
    );
    granting(server, "", &connection)
}

fn is_token(request: &str) -> bool {
    request.starts_with("POST /token")
}

/// Returns which tokens the API was shown.
fn shown(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let calls = requests.iter().filter(|request| !is_token(request));
    let header = |request: &String| {
        let mut lines = request.lines();
        let value = lines.find_map(|line| line.strip_prefix("authorization: Bearer "));
        value.unwrap_or("none").to_owned()
    };
    calls.map(header).collect()
}

#[test]
fn a_token_is_asked_for_once() {
    run(async {
        let server = serving(|request| match is_token(request) {
            true => json(
                "200 OK",
                r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#,
            ),
            false => json("200 OK", "1"),
        })
        .await;
        let mut shard = Shard::new(&with_tokens(&server, ""), INVOKE);
        for ticket in 0..5 {
            assert_eq!(
                shard.begin(ticket, &to(&server.url("/x"), "shop")),
                Progress::Pending
            );
        }
        for _ in 0..5 {
            assert!(shard.next().await.1.is_ok());
        }
        assert!(shard.call(&to(&server.url("/x"), "shop")).await.is_ok());
        assert_eq!(shown(&server), ["t"; 6]);
        let requests = server.requests();
        let token: Vec<&String> = requests.iter().filter(|request| is_token(request)).collect();
        assert_eq!(token.len(), 1);
        assert!(
            token[0].contains("authorization: Basic bWU6aHVzaA==\r\n"),
            "{}",
            token[0]
        );
        assert!(
            token[0].ends_with("\r\n\r\ngrant_type=client_credentials&scope=read"),
            "{}",
            token[0]
        );
        let counts = shard.tasks.connections();
        let counts: Vec<_> = counts
            .tokens()
            .map(|tokens| (tokens.given, tokens.refused))
            .collect();
        assert_eq!(counts, [(1, 0)]);
    });
}

#[test]
fn a_token_that_expires_is_replaced() {
    run(async {
        let number = Cell::new(0);
        let server = serving(move |request| match is_token(request) {
            true => {
                number.set(number.get() + 1);
                json(
                    "200 OK",
                    &format!(r#"{{"access_token":"t{}","expires_in":0}}"#, number.get()),
                )
            }
            false => json("200 OK", "1"),
        })
        .await;
        let mut shard = Shard::new(&with_tokens(&server, ""), INVOKE);
        for _ in 0..2 {
            assert!(shard.call(&to(&server.url("/x"), "shop")).await.is_ok());
        }
        assert_eq!(shown(&server), ["t1", "t2"]);
    });
}

#[test]
fn a_refused_token_is_replaced_once() {
    run(async {
        let number = Cell::new(0);
        let server = serving(move |request| match is_token(request) {
            true => {
                number.set(number.get() + 1);
                json("200 OK", &format!(r#"{{"access_token":"t{}"}}"#, number.get()))
            }
            false if request.contains("Bearer t2") && request.starts_with("GET /good") => json("200 OK", "1"),
            false => json("401 Unauthorized", "{}"),
        })
        .await;
        let mut shard = Shard::new(&with_tokens(&server, ""), INVOKE);
        assert!(shard.call(&to(&server.url("/good"), "shop")).await.is_ok());
        assert_eq!(shown(&server), ["t1", "t2"]);
        let found = shard.failure(&to(&server.url("/bad"), "shop")).await;
        assert_eq!(
            found,
            ("States.Http.StatusCode.401".to_owned(), "Unauthorized".to_owned())
        );
        assert_eq!(shown(&server), ["t1", "t2", "t2", "t3"]);
    });
}

/// All who wait share the answer: nobody knocks again at a server that has just refused.
#[test]
fn no_token() {
    run(async {
        let server = serving(|request| match is_token(request) {
            true => json(
                "400 Bad Request",
                r#"{"error":"invalid_client","error_description":"hush"}"#,
            ),
            false => json("200 OK", "1"),
        })
        .await;
        let mut shard = Shard::new(&with_tokens(&server, ""), INVOKE);
        for ticket in 0..3 {
            assert_eq!(
                shard.begin(ticket, &to(&server.url("/x"), "shop")),
                Progress::Pending
            );
        }
        for _ in 0..3 {
            let failure = shard.next().await.1.expect_err("a failure");
            assert_eq!(
                failure,
                Failure::new(
                    "Events.ConnectionResource.InvalidConnectionState",
                    "Connection shop has no token: the authorization server answered 400, invalid_client."
                )
            );
        }
        assert_eq!(server.requests().len(), 1);
        // Who comes later asks anew.
        assert!(shard.call(&to(&server.url("/x"), "shop")).await.is_err());
        assert_eq!(server.requests().len(), 2);
    });
}

#[test]
fn whoever_asks_may_be_cancelled() {
    run(async {
        let is_first = Cell::new(true);
        let server = serving(move |request| match is_token(request) {
            true if is_first.replace(false) => Reply::Stall,
            true => json("200 OK", r#"{"access_token":"t"}"#),
            false => json("200 OK", "1"),
        })
        .await;
        let mut shard = Shard::new(&with_tokens(&server, ""), INVOKE);
        for ticket in 1..=2 {
            assert_eq!(
                shard.begin(ticket, &to(&server.url("/x"), "shop")),
                Progress::Pending
            );
        }
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        shard.connectors.cancel(Ticket(1));
        let (ticket, answer) = shard.next().await;
        assert!(ticket == 2 && answer.is_ok(), "{ticket} {answer:?}");
        assert_eq!(shown(&server), ["t"]);
    });
}
