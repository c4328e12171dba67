//! Sources of credentials on the loopback, and the thread that keeps what they give.

use super::super::environment::Environment;
use super::super::places::Place;
use super::super::url::Url;
use super::*;
use reqsign_aws_v4::IMDSv2CredentialProvider;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::oneshot;

/// A server that answers each path as `answer` says, and remembers the requests.
struct Source {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Source {
    fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Source {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut text = Vec::new();
                let mut buffer = [0; 4096];
                let whole = loop {
                    let count = stream.read(&mut buffer).unwrap_or(0);
                    text.extend_from_slice(&buffer[..count]);
                    let request = String::from_utf8_lossy(&text).into_owned();
                    let length = request
                        .to_lowercase()
                        .split("content-length: ")
                        .nth(1)
                        .map_or(0, |rest| {
                            rest.split("\r\n")
                                .next()
                                .and_then(|number| number.parse().ok())
                                .unwrap_or(0)
                        });
                    let is_whole = request
                        .split_once("\r\n\r\n")
                        .is_some_and(|(_, body)| body.len() >= length);
                    if count == 0 || is_whole {
                        break request;
                    }
                };
                let (status, body) = answer(&whole);
                seen.lock().expect("no panic").push(whole);
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Source { port, requests }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// What STS answers: credentials that last an hour.
fn session(operation: &str, id: &str) -> String {
    format!(
        "<{operation}Response><{operation}Result><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></{operation}Result></{operation}Response>"
    )
}

fn sts(request: &str) -> (u16, String) {
    match request {
        _ if request.contains("forbidden") => (403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>".into()),
        _ if request.contains("WithWebIdentity") => (200, session("AssumeRoleWithWebIdentity", "ASIAWEBIDENTITY00001")),
        _ => (200, session("AssumeRole", "ASIAASSUMEDROLE00001")),
    }
}

fn chain(variables: &[(&str, String)], profile: Option<&str>, sts_url: &str) -> Chain {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let url = Url::parse(sts_url).expect("a URL");
    Chain {
        profile: profile.map(str::to_owned),
        region: "eu-west-1".into(),
        http: Http {
            tls: None,
            sts: Some(Place {
                url,
                region: "eu-west-1".into(),
                name: "sts".into(),
                is_aws: false,
            }),
        },
        environment: Box::new(move || Environment::new(variables.clone())),
        instance: IMDSv2CredentialProvider::new(),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// A folder with files, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("stepstream-chain-{}-{number}", std::process::id()));
        std::fs::create_dir_all(folder.join(".aws/sso/cache")).expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        Folder(folder)
    }

    fn home(&self) -> (&'static str, String) {
        ("HOME", self.0.display().to_string())
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// No metadata is asked: a test has no machine of AWS's around it.
const NO_INSTANCE: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

#[track_caller]
fn check(variables: &[(&str, String)], profile: Option<&str>, source: &Source, expected: Result<&str, &str>) {
    let mut variables = variables.to_vec();
    variables.push((NO_INSTANCE.0, NO_INSTANCE.1.to_owned()));
    let chain = chain(&variables, profile, &source.url());
    let found = block_on(chain.load());
    match (found, expected) {
        (Ok(credential), Ok(id)) => assert_eq!(credential.access_key_id, id),
        (Err(Denial::Missing(text)), Err(part)) => assert!(text.contains(part), "{text}"),
        (found, expected) => panic!(
            "{expected:?}: {:?}",
            found.map(|credential| credential.access_key_id)
        ),
    }
}

fn keys(id: &str) -> [(&'static str, String); 2] {
    [
        ("AWS_ACCESS_KEY_ID", id.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
    ]
}

#[test]
fn the_environment_comes_first() {
    let source = Source::start(sts);
    let folder = Folder::new(&[(
        ".aws/credentials",
        "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n",
    )]);
    let mut variables = keys("ENV").to_vec();
    variables.push(folder.home());
    check(&variables, None, &source, Ok("ENV"));
    check(&variables, Some("default"), &source, Ok("FILE"));
    check(&[folder.home()], None, &source, Ok("FILE"));
    check(
        &[folder.home()],
        Some("other"),
        &source,
        Err("there is no profile 'other'"),
    );
}

#[test]
fn a_web_identity_is_exchanged() {
    let source = Source::start(sts);
    let folder = Folder::new(&[("token", "the-token\n")]);
    let variables = [
        ("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/pod".to_owned()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", folder.path("token")),
    ];
    check(&variables, None, &source, Ok("ASIAWEBIDENTITY00001"));
    let request = source.requests().remove(0);
    assert!(request.contains("WebIdentityToken=the-token"), "{request}");
    assert!(request.starts_with("POST / HTTP/1.1"), "{request}");
}

#[test]
fn profiles() {
    let source = Source::start(sts);
    let config = "[profile role]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = base\n\
        [profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n\
        [profile self]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = self\naws_access_key_id = SELF\naws_secret_access_key = s\n\
        [profile circle]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = circle2\n\
        [profile circle2]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = circle\n\
        [profile env]\nrole_arn = arn:aws:iam::111111111111:role/a\ncredential_source = Environment\n\
        [profile denied]\nrole_arn = arn:aws:iam::111111111111:role/forbidden\nsource_profile = base\n\
        [profile program]\ncredential_process = cat PROGRAM\n\
        [profile empty]\nregion = eu-west-1\n";
    let folder = Folder::new(&[(
        "answer",
        r#"{"Version":1,"AccessKeyId":"PROGRAM","SecretAccessKey":"s"}"#,
    )]);
    std::fs::write(
        folder.path(".aws/config"),
        config.replace("PROGRAM", &folder.path("answer")),
    )
    .expect("a file");
    let home = [folder.home()];
    check(&home, Some("role"), &source, Ok("ASIAASSUMEDROLE00001"));
    let request = source.requests().remove(0);
    assert!(request.contains("RoleSessionName=stepstream"), "{request}");
    assert!(request.contains("Credential=BASE/"), "{request}");
    check(&home, Some("self"), &source, Ok("ASIAASSUMEDROLE00001"));
    check(&home, Some("circle"), &source, Err("too many profiles in a row"));
    check(
        &home,
        Some("env"),
        &source,
        Err("the source of the role has no credentials"),
    );
    check(&home, Some("denied"), &source, Err("AccessDenied: not you"));
    check(&home, Some("program"), &source, Ok("PROGRAM"));
    check(&home, Some("empty"), &source, Err("profile: none"));
}

#[test]
fn a_container_is_asked() {
    let body =
        r#"{"AccessKeyId":"BOX","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}"#;
    let source = Source::start(move |_| (200, body.to_owned()));
    let uri = (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        format!("{}/v2/credentials", source.url()),
    );
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc".to_owned());
    check(&[uri, token], None, &source, Ok("BOX"));
    let request = source.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /v2/credentials http/1.1"), "{request}");
    assert!(request.contains("authorization: basic abc"), "{request}");
}

#[test]
fn the_instance_is_asked_last() {
    let source = Source::start(|request| {
        match request {
        _ if request.starts_with("PUT /latest/api/token") => (200, "metadata-token".into()),
        _ if !request.contains("metadata-token") => (401, String::new()),
        _ if request.starts_with("GET /latest/meta-data/iam/security-credentials/ ") => (200, "the-role".into()),
        _ => (200, r#"{"AccessKeyId":"EC2","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z","Code":"Success"}"#.into()),
    }
    });
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", source.url())];
    let chain = chain(&variables, None, &source.url());
    let credential = block_on(chain.load()).expect("credentials");
    assert_eq!(credential.access_key_id, "EC2");
}

#[test]
fn nothing_is_found() {
    let source = Source::start(sts);
    check(
        &[],
        None,
        &source,
        Err(
            "Unable to load credentials from any of the providers in the chain: environment: none; web identity: none; profile: none; container: none; instance: none",
        ),
    );
    check(
        &keys("A\nB"),
        None,
        &source,
        Err("environment: keys that cannot stand in a header"),
    );
}

/// Asks a keeper, and waits.
fn ask(keeper: &Keeper, identity: &Identity, refused: Option<Arc<Session>>) -> Result<Arc<Session>, Denial> {
    let (answer, outcome) = oneshot::channel();
    let ask = Ask {
        identity: identity.clone(),
        name: "orders-0-17".into(),
        refused,
        answer,
    };
    keeper.ask(ask).expect("room");
    outcome.blocking_recv().expect("an outcome")
}

fn role(name: &str) -> Role {
    Role {
        arn: format!("arn:aws:iam::111111111111:role/{name}").into(),
        external_id: Some("outside".into()),
    }
}

#[test]
fn a_role_is_assumed_once() {
    let source = Source::start(sts);
    let keeper = Keeper::start(chain(&keys("BASE"), None, &source.url()), Arc::default()).expect("a thread");
    let identity = Identity::default().assuming(role("a"));
    let sessions: Vec<_> = (0..3)
        .map(|_| ask(&keeper, &identity, None).expect("a session"))
        .collect();
    assert!(sessions.iter().all(|session| Arc::ptr_eq(session, &sessions[0])));
    assert_eq!(sessions[0].credential.access_key_id, "ASIAASSUMEDROLE00001");
    let requests = source.requests();
    assert_eq!(requests.len(), 1);
    for part in [
        "RoleSessionName=orders-0-17",
        "ExternalId=outside",
        "Credential=BASE/",
        "/eu-west-1/sts/aws4_request",
    ] {
        assert!(requests[0].contains(part), "{part}: {}", requests[0]);
    }
    // What a service refuses is not fetched again at once.
    let again = ask(&keeper, &identity, Some(sessions[0].clone())).expect("a session");
    assert!(Arc::ptr_eq(&again, &sessions[0]));
    assert_eq!(source.requests().len(), 1);
}

#[test]
fn a_role_that_is_forbidden_is_not_asked_for_again_at_once() {
    let source = Source::start(sts);
    let keeper = Keeper::start(chain(&keys("BASE"), None, &source.url()), Arc::default()).expect("a thread");
    let identity = Identity::default().assuming(role("forbidden"));
    for _ in 0..3 {
        let denial = ask(&keeper, &identity, None).expect_err("no session");
        assert_eq!(denial, Denial::Forbidden("AccessDenied: not you".into()));
    }
    assert_eq!(source.requests().len(), 1);
}

#[test]
fn ends_of_sessions() {
    let credential = |seconds: i64| Credential {
        access_key_id: "A".into(),
        secret_access_key: "hush".into(),
        session_token: None,
        expires_in: reqsign_core::time::Timestamp::from_second(seconds).ok(),
    };
    let check = |seconds: i64, old_at: i64, ends_at: i64| {
        let session = Session::new(credential(seconds), 0);
        assert!(!session.is_old(old_at - 1) && session.is_old(old_at), "{seconds}");
        assert!(
            session.is_good(ends_at - 1) && !session.is_good(ends_at),
            "{seconds}"
        );
    };
    check(3_600, 3_300_000, 3_585_000);
    check(20, 10_000, 15_000);
    check(0, 0, 0);
    check(-5, -5_000, -5_000);
    let session = Session::new(credential(3_600), 0);
    assert!(!format!("{session:?}").contains("hush"));
}
