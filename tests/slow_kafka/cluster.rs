//! Three brokers in KRaft mode, topics in as many copies; and what an administrator does.

use crate::broker::{block_on, libraries};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NODES: usize = 3;

/// A cluster; killed when dropped, and when the test process ends.
pub(crate) struct Cluster {
    folder: PathBuf,
    class_path: String,
    ports: Vec<u16>,
    nodes: Vec<Option<Child>>,
}

impl Cluster {
    /// Starts it, and waits until all nodes are there.
    pub(crate) fn start() -> Cluster {
        let libs = libraries().expect("Kafka's jars");
        let folder = std::env::temp_dir().join(format!("stepstream-cluster-{}", std::process::id()));
        let listeners: Vec<_> = (0..2 * NODES)
            .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"))
            .collect();
        let ports = listeners
            .iter()
            .map(|one| one.local_addr().expect("an address").port());
        let mut ports: Vec<u16> = ports.collect();
        let control = ports.split_off(NODES);
        drop(listeners);
        let mut cluster = Cluster {
            folder,
            class_path: format!("{}/*", libs.display()),
            ports,
            nodes: (0..NODES).map(|_| None).collect(),
        };
        for node in 0..NODES {
            cluster.format(node, &control);
        }
        (0..NODES).for_each(|node| cluster.run(node));
        cluster.until_brokers(NODES);
        cluster
    }

    /// Where its nodes are.
    pub(crate) fn addresses(&self) -> String {
        let each = self.ports.iter().map(|port| format!("127.0.0.1:{port}"));
        each.collect::<Vec<_>>().join(",")
    }

    fn home(&self, node: usize) -> PathBuf {
        self.folder.join(format!("node-{node}"))
    }

    fn format(&self, node: usize, control: &[u16]) {
        let home = self.home(node);
        fs::create_dir_all(&home).expect("a folder");
        let voters = control.iter().enumerate();
        let voters: Vec<_> = voters
            .map(|(node, port)| format!("{node}@127.0.0.1:{port}"))
            .collect();
        let (voters, port, control, data) = (
            voters.join(","),
            self.ports[node],
            control[node],
            home.join("data"),
        );
        let data = data.display();
        let properties = format!(
            "process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.num.partitions=4
offsets.topic.replication.factor=3
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"
        );
        let file = home.join("server.properties");
        fs::write(&file, properties).expect("written");
        let output = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-cp", &self.class_path])
            .args([
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "MkU3OEVBNTcwNTJENDM2Qg",
                "-c",
            ])
            .arg(&file)
            .output()
            .expect("java");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn run(&mut self, node: usize) {
        // The shell kills the node when its own input ends, however that comes.
        const WATCH: &str = r#"
            home=$1; shift
            "$@" </dev/null >>"$home/broker.log" 2>&1 &
            broker=$!
            read -r signal
            kill -9 $broker; wait $broker"#;
        let home = self.home(node);
        let shell = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(&home)
            .args(["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .args(["-cp", &self.class_path, "kafka.Kafka"])
            .arg(home.join("server.properties"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.nodes[node] = Some(shell.expect("sh"));
    }

    /// Kills a node.
    pub(crate) fn kill(&mut self, node: usize) {
        let mut shell = self.nodes[node].take().expect("running");
        drop(shell.stdin.take());
        shell.wait().expect("ended");
    }

    /// Starts a node that was killed, and waits until it is back.
    pub(crate) fn resume(&mut self, node: usize) {
        self.run(node);
        self.until_brokers(NODES);
    }

    fn until_brokers(&self, count: usize) {
        let until = Instant::now() + Duration::from_secs(90);
        let client: BaseConsumer = client(&self.addresses())
            .set("group.id", "look")
            .create()
            .expect("a client");
        while Instant::now() < until {
            let metadata = client.fetch_metadata(None, Duration::from_secs(2));
            if metadata.is_ok_and(|metadata| metadata.brokers().len() == count) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("not {count} brokers; see {}", self.folder.display());
    }

    /// Returns how many partitions of a topic each node leads.
    pub(crate) fn leads(&self, topic: &str) -> Vec<usize> {
        let client: BaseConsumer = client(&self.addresses())
            .set("group.id", "look")
            .create()
            .expect("a client");
        let metadata = client
            .fetch_metadata(Some(topic), Duration::from_secs(10))
            .expect("metadata");
        let mut leads = vec![0; NODES];
        for partition in metadata.topics()[0].partitions() {
            if let Some(count) = usize::try_from(partition.leader())
                .ok()
                .and_then(|node| leads.get_mut(node))
            {
                *count += 1;
            }
        }
        leads
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.nodes.iter_mut().flatten() {
            drop(node.stdin.take());
            let _ = node.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config
}

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    client(brokers).create().expect("a client")
}

/// Creates a topic. One that is on its way out is waited for.
pub(crate) fn create_topic(brokers: &str, name: &str, partitions: i32, copies: i32) {
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(copies));
    let (admin, until) = (admin(brokers), Instant::now() + Duration::from_secs(30));
    loop {
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
        let results = block_on(admin.create_topics([&topic], &options)).expect("an answer");
        match &results[0] {
            Ok(_) => return,
            Err((_, error)) => assert!(Instant::now() < until, "{name}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Gives a topic more partitions.
pub(crate) fn add_partitions(brokers: &str, name: &str, count: usize) {
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    let partitions = NewPartitions::new(name, count);
    let results = block_on(admin(brokers).create_partitions([&partitions], &options)).expect("an answer");
    results[0].as_ref().expect("more partitions");
}

/// Returns the process of a broker, by its folder.
pub(crate) fn java_of(folder: &Path) -> u32 {
    let marker = folder.join("server.properties").display().to_string();
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let found = processes.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let mut words = line.split('\0');
        (words.next()? == "java" && words.any(|word| word == marker)).then_some(pid)
    });
    let found: Vec<u32> = found.collect();
    assert_eq!(found.len(), 1, "one broker in {}: {found:?}", folder.display());
    found[0]
}
