//! A real Apache Kafka for tests: one broker in KRaft mode, as a child process on free loopback ports.
//!
//! Owns its files in a temporary folder, which go with it. The broker dies with the test process, however
//! that ends: a shell that waits for the end of its standard input kills it then.

#[path = "patience.rs"]
pub(crate) mod patience;
#[path = "tokens.rs"]
pub(crate) mod tokens;

use patience::Patience;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext, Message as _, Offset, TopicPartitionList};
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// User and password of the secure listener.
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse";
/// Password of the key of [`Broker::client_certificate`].
pub(crate) const KEY_PASSWORD: &str = "battery staple";

const VERSION: &str = "4.1.0";
/// Bounds for what goes wrong: who gets an answer waits no longer, also on a machine that does other work.
const STARTED_WITHIN: Duration = Duration::from_secs(180);
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks whether something has come.
const LOOK: Duration = Duration::from_millis(500);

/// One broker.
pub(crate) struct Broker {
    ports: Ports,
    folder: PathBuf,
    libs: PathBuf,
    shell: Mutex<Option<Child>>,
}

/// Returns the broker that the tests of this binary share, or `None` (and says why) if there can be none.
///
/// # Panics
/// If there can be none and `STEPSTREAM_REQUIRE_KAFKA=1`.
pub(crate) fn shared() -> Option<&'static Broker> {
    static SHARED: OnceLock<Result<Broker, String>> = OnceLock::new();
    match SHARED.get_or_init(Broker::start) {
        Ok(broker) => Some(broker),
        Err(reason) if std::env::var("STEPSTREAM_REQUIRE_KAFKA").is_ok_and(|value| value == "1") => {
            panic!("no Kafka to test with: {reason}")
        }
        Err(reason) => {
            eprintln!("SKIPPED, no Kafka to test with: {reason}");
            None
        }
    }
}

impl Broker {
    /// Starts a broker of its own, which is up soon.
    pub(crate) fn start() -> Result<Broker, String> {
        let libs = libraries()?;
        let base = std::env::temp_dir();
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = base.join(format!("stepstream-kafka-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let ports = Ports::free();
        certificate(&folder)?;
        let write = |name: &str, text: &str| {
            fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
        };
        write("jwks.json", tokens::JWKS)?;
        write("server.properties", &properties(&folder, ports))?;
        let broker = Broker {
            ports,
            folder,
            libs,
            shell: Mutex::new(None),
        };
        broker.format()?;
        broker.resume()?;
        Ok(broker)
    }

    /// Where plain text is spoken.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }

    /// Where TLS and SCRAM are spoken; [`Broker::ca`] is its certificate.
    pub(crate) fn secure_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.scram)
    }

    /// Where TLS is spoken and OAUTHBEARER with the tokens of a [`tokens::Endpoint`].
    pub(crate) fn token_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.token)
    }

    /// Where TLS is spoken with clients that have a certificate: see [`Broker::client_certificate`].
    pub(crate) fn mutual_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.mutual)
    }

    /// The certificate to trust at the addresses that speak TLS.
    pub(crate) fn ca(&self) -> String {
        self.folder.join("cert.pem").display().to_string()
    }

    /// Makes a key of that name, with the password [`KEY_PASSWORD`], and a certificate that the broker trusts; returns
    /// the paths of the certificate and of the key.
    pub(crate) fn client_certificate(&self, name: &str) -> (String, String) {
        let request = format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN={name} -keyout {name}.key -out {name}.csr \
             -passout"
        );
        let password = format!("pass:{KEY_PASSWORD}");
        let request = request.split(' ').chain([password.as_str()]);
        openssl(&self.folder, request).expect("a request");
        let sign = format!(
            "x509 -req -in {name}.csr -CA cert.pem -CAkey key.pem -set_serial 2 -days 2 -out {name}.pem"
        );
        openssl(&self.folder, sign.split(' ')).expect("a certificate");
        let path = |kind| self.folder.join(format!("{name}.{kind}")).display().to_string();
        (path("pem"), path("key"))
    }

    /// Writes a file beside the broker's; it goes with them.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, content).expect("written");
        path.display().to_string()
    }

    /// Stops the broker as an operator does.
    pub(crate) fn stop(&self) {
        self.end("TERM");
    }

    /// Kills the broker.
    pub(crate) fn kill(&self) {
        self.end("KILL");
    }

    /// Has the broker hang: its connections stay, and nothing is answered. It can be killed, not stopped.
    pub(crate) fn freeze(&self) {
        let broker = fs::read_to_string(self.folder.join("pid")).expect("it runs");
        let status = Command::new("kill").args(["-STOP", broker.trim()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -STOP {broker}");
    }

    /// Starts a broker that was stopped or killed, with its data, and waits until it answers.
    pub(crate) fn resume(&self) -> Result<(), String> {
        const WATCH: &str = r#"
            folder=$1; shift
            "$@" </dev/null >>"$folder/broker.log" 2>&1 &
            broker=$!
            echo $broker >"$folder/pid"
            if read -r signal; then
                kill -"$signal" $broker; wait $broker
            else
                kill -9 $broker; wait $broker; rm -rf "$folder"
            fi"#;
        let folder = self.folder.display().to_string();
        let shell = Command::new("sh")
            .args(["-c", WATCH, "sh", &folder, "java"])
            // The heap is what Kafka's own script gives it; a smaller one is collected so often that one
            // measures the pauses.
            .args(["-Xms1g", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(format!(
                "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://{folder}/jwks.json"
            ))
            .args(["-cp", &self.class_path(), "kafka.Kafka"])
            .arg(self.folder.join("server.properties"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        *self.shell.lock().unwrap() = Some(shell.map_err(|error| format!("sh: {error}"))?);
        self.wait_until_ready()
    }

    fn end(&self, signal: &str) {
        let Some(mut shell) = self.shell.lock().unwrap().take() else {
            return;
        };
        let mut input = shell.stdin.take().expect("piped");
        writeln!(input, "{signal}").expect("the shell reads");
        shell.wait().expect("the shell ends");
    }

    fn format(&self) -> Result<(), String> {
        let scram = format!("SCRAM-SHA-512=[name={USER},password={PASSWORD}]");
        let output = Command::new("java")
            .args([
                "-XX:TieredStopAtLevel=1",
                "-cp",
                &self.class_path(),
                "kafka.tools.StorageTool",
                "format",
            ])
            .args(["-t", "MkU3OEVBNTcwNTJENDM2Qg", "--add-scram", &scram, "-c"])
            .arg(self.folder.join("server.properties"))
            .output()
            .map_err(|error| format!("java: {error}; install a Java 17 runtime"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("formatting: {}", String::from_utf8_lossy(&output.stderr))),
        }
    }

    fn class_path(&self) -> String {
        format!("{}/*", self.libs.display())
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let mut patience = Patience::new(STARTED_WITHIN);
        while !patience.is_over() {
            if TcpStream::connect(self.address()).is_ok() {
                let client: BaseProducer = self.client().create().map_err(|error| error.to_string())?;
                if client
                    .client()
                    .fetch_metadata(None, Duration::from_secs(2))
                    .is_ok()
                {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("broker.log")).unwrap_or_default();
        Err(format!(
            "the broker did not answer within {STARTED_WITHIN:?}; its last words: {log}"
        ))
    }

    /// The properties of a client of this broker.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        config.set("reconnect.backoff.max.ms", "500");
        config
    }

    /// Creates a topic.
    pub(crate) fn create_topic(&self, name: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().expect("a client");
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let results = block_on(admin.create_topics([&topic], &AdminOptions::new())).expect("an answer");
        results
            .into_iter()
            .for_each(|result| drop(result.expect("a topic")));
    }

    /// Sets a property of a topic; all others have their defaults then.
    pub(crate) fn set_topic(&self, name: &str, key: &str, value: &str) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().expect("a client");
        let config = AlterConfig::new(ResourceSpecifier::Topic(name)).set(key, value);
        let results = block_on(admin.alter_configs([&config], &AdminOptions::new())).expect("an answer");
        results.into_iter().for_each(|result| drop(result.expect("set")));
    }

    /// Deletes a topic.
    pub(crate) fn delete_topic(&self, name: &str) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().expect("a client");
        let results = block_on(admin.delete_topics(&[name], &AdminOptions::new())).expect("an answer");
        results
            .into_iter()
            .for_each(|result| drop(result.expect("deleted")));
    }

    /// Returns how long the log of a partition is, in bytes.
    pub(crate) fn log_bytes(&self, topic: &str, number: i32) -> u64 {
        fs::metadata(self.log(topic, number)).expect("a log").len()
    }

    /// Cuts the log of a partition, as an unclean leader election does; the broker is stopped.
    pub(crate) fn cut_log(&self, topic: &str, number: i32, bytes: u64) {
        let log = fs::OpenOptions::new().write(true).open(self.log(topic, number));
        log.and_then(|log| log.set_len(bytes)).expect("cut");
    }

    fn log(&self, topic: &str, number: i32) -> PathBuf {
        let folder = self.folder.join("data").join(format!("{topic}-{number}"));
        folder.join("00000000000000000000.log")
    }

    /// Deletes what is below an offset, as retention does.
    pub(crate) fn delete_records(&self, topic: &str, number: i32, before: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, number, Offset::Offset(before))
            .expect("an offset");
        let admin: AdminClient<DefaultClientContext> = self.client().create().expect("a client");
        let deleted = block_on(admin.delete_records(&list, &AdminOptions::new()));
        let deleted = deleted.expect("an answer");
        assert!(deleted.elements().iter().all(|one| one.error().is_ok()));
    }

    /// Produces events, acknowledged by the broker when this returns.
    pub(crate) fn produce<'a>(&self, topic: &str, events: impl IntoIterator<Item = Event<'a>>) {
        self.produce_packed(topic, "none", events);
    }

    /// Produces events in batches that are compressed as is said.
    pub(crate) fn produce_packed<'a>(
        &self,
        topic: &str,
        compression: &str,
        events: impl IntoIterator<Item = Event<'a>>,
    ) {
        let mut config = self.client();
        config.set("compression.type", compression);
        config.set("enable.idempotence", "true").set("linger.ms", "1");
        // As large as brokers take, which is what Java's clients send.
        config.set("message.max.bytes", "2000000");
        let producer: BaseProducer<Deliveries> = config
            .create_with_context(Deliveries::default())
            .expect("a producer");
        let mut sent = 0;
        for event in events {
            let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic);
            record.partition = event.partition;
            (record.key, record.payload) = (event.key, event.value);
            record.timestamp = event.timestamp_ms;
            if !event.headers.is_empty() {
                let headers = event
                    .headers
                    .iter()
                    .fold(OwnedHeaders::new(), |headers, (key, value)| {
                        headers.insert(Header { key, value: *value })
                    });
                record.headers = Some(headers);
            }
            while let Err((error, unsent)) = producer.send(record) {
                let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                assert!(is_full, "{topic}: {error}");
                producer.poll(Duration::from_millis(10));
                record = unsent;
            }
            sent += 1;
        }
        let mut patience = Patience::new(ANSWERED_WITHIN);
        while producer.flush(LOOK).is_err() && !patience.is_over() {}
        let delivered = producer.context().0.lock().expect("no panic");
        assert!(
            delivered.count == sent && delivered.failure.is_none(),
            "{topic}: {} of {sent} acknowledged; {:?}",
            delivered.count,
            delivered.failure
        );
    }

    /// Returns all that is in a topic, partition by partition.
    pub(crate) fn read(&self, topic: &str) -> Vec<Read> {
        let mut config = self.client();
        config
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let metadata = consumer
            .fetch_metadata(Some(topic), ANSWERED_WITHIN)
            .expect("metadata");
        let mut list = TopicPartitionList::new();
        let mut ends = 0;
        for partition in metadata.topics()[0].partitions() {
            list.add_partition_offset(topic, partition.id(), Offset::Beginning)
                .expect("an offset");
            ends += 1;
        }
        consumer.assign(&list).expect("assigned");
        let mut found = Vec::new();
        let mut patience = Patience::new(ANSWERED_WITHIN);
        while ends > 0 {
            match consumer.poll(LOOK) {
                Some(Ok(message)) => found.push(Read::new(&message)),
                Some(Err(KafkaError::PartitionEOF(_))) => ends -= 1,
                Some(Err(error)) => panic!("{topic}: {error}"),
                None => assert!(!patience.is_over(), "{topic}: no event in time"),
            }
        }
        found.sort_by_key(|read: &Read| (read.partition, read.offset));
        found
    }

    /// Returns what a group has committed for the first partitions of a topic.
    pub(crate) fn committed(&self, group: &str, topic: &str, partitions: i32) -> Vec<Option<(i64, String)>> {
        let consumer: BaseConsumer = self.client().set("group.id", group).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, partitions - 1);
        let mut patience = Patience::new(ANSWERED_WITHIN);
        let list = loop {
            // A broker that has just started may say that it is not the group's coordinator yet.
            match consumer.committed_offsets(list.clone(), Duration::from_secs(5)) {
                Ok(list) => break list,
                Err(error) => assert!(!patience.is_over(), "offsets: {error}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        let elements = list.elements();
        let committed = elements.iter().map(|element| match element.offset() {
            Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
            _ => None,
        });
        committed.collect()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut shell) = shell.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// An event to produce.
#[derive(Clone, Copy, Default)]
pub(crate) struct Event<'a> {
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: &'a [(&'a str, Option<&'a [u8]>)],
    pub(crate) timestamp_ms: Option<i64>,
}

/// An event that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, Option<String>)>,
}

impl Read {
    fn new(message: &rdkafka::message::BorrowedMessage<'_>) -> Read {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let headers = message.headers().map(|headers| {
            let pair = |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(text));
            headers.iter().map(pair).collect()
        });
        Read {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(text),
            value: message.payload().map(text),
            headers: headers.unwrap_or_default(),
        }
    }
}

/// What became of the messages of a producer.
#[derive(Default)]
struct Deliveries(Mutex<Delivered>);

#[derive(Default)]
struct Delivered {
    count: usize,
    /// Why the first of the others was not.
    failure: Option<KafkaError>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    /// Notes and does not judge: a producer that goes calls this once more for each message without an answer.
    /// A panic here, while the one that made it go is under way, would abort the process and hide that one.
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => delivered.count += 1,
            Err((error, _)) => drop(delivered.failure.get_or_insert_with(|| error.clone())),
        }
    }
}

/// Waits for a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

/// Returns the folder of the broker's jars, which Maven fetches once.
pub(crate) fn libraries() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{VERSION}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/pom.xml");
    let fresh = folder.with_extension(format!("{}", std::process::id()));
    let command = format!(
        "mvn -q -B -f {} dependency:copy-dependencies -DoutputDirectory=",
        pom.display()
    );
    let mend = format!(
        "install Java 17 and Maven, then run: {command}{}",
        folder.display()
    );
    let status = Command::new("sh")
        .args(["-c", &format!("{command}{} >&2", fresh.display())])
        .status();
    if !status.is_ok_and(|status| status.success()) {
        let _ = fs::remove_dir_all(&fresh);
        return Err(mend);
    }
    // Whole or not at all; another process may have been faster.
    if fs::rename(&fresh, &folder).is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    folder.is_dir().then_some(folder).ok_or(mend)
}

/// Makes a key and a certificate for loopback, which can sign others.
fn certificate(folder: &Path) -> Result<(), String> {
    let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext \
                     subjectAltName=IP:127.0.0.1,DNS:localhost -keyout key.pem -out cert.pem";
    openssl(folder, arguments.split(' '))?;
    let read = |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    let both = read("key.pem")? + &read("cert.pem")?;
    fs::write(folder.join("broker.pem"), both).map_err(|error| error.to_string())
}

fn openssl<'a>(folder: &Path, arguments: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("openssl: {error}; install openssl"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Each thread of a listener that speaks TLS makes its own context at the start: one is enough for tests.
fn properties(folder: &Path, ports: Ports) -> String {
    let folder = folder.display();
    let Ports {
        plain,
        control,
        scram,
        token,
        mutual,
    } = ports;
    let (issuer, audience) = (tokens::ISSUER, tokens::AUDIENCE);
    let listeners = format!(
        "PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{scram},TOKEN://127.0.0.1:{token},MUTUAL://127.0.0.1:{mutual}"
    );
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners={listeners},CONTROLLER://127.0.0.1:{control}
advertised.listeners={listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,TOKEN:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
listener.name.secure.num.network.threads=1
listener.name.token.num.network.threads=1
listener.name.mutual.num.network.threads=1
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.token.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.token.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.token.oauthbearer.sasl.server.callback.handler.class=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.token.sasl.oauthbearer.jwt.validator.class=\
org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator
listener.name.token.sasl.oauthbearer.jwks.endpoint.url=file://{folder}/jwks.json
listener.name.token.sasl.oauthbearer.expected.issuer={issuer}
listener.name.token.sasl.oauthbearer.expected.audience={audience}
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.truststore.type=PEM
listener.name.mutual.ssl.truststore.location={folder}/cert.pem
"
    )
}

/// Where a broker listens.
#[derive(Clone, Copy)]
struct Ports {
    plain: u16,
    control: u16,
    scram: u16,
    token: u16,
    mutual: u16,
}

impl Ports {
    fn free() -> Ports {
        // Held together, so that they differ.
        let listeners = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [plain, control, scram, token, mutual] =
            listeners.map(|listener| listener.local_addr().expect("an address").port());
        Ports {
            plain,
            control,
            scram,
            token,
            mutual,
        }
    }
}
