//! A cluster inside this process, for demonstrations: librdkafka's own mock brokers, on free loopback ports.
//!
//! Good for trying things, not for keeping them: a partition holds 5 MiB or 100,000 batches and silently
//! drops what is older, so whoever produces waits for whoever consumes. Must not know what it carries.
#![allow(unsafe_code)] // One call into librdkafka that rdkafka does not have; the block says why it is sound.

use crate::stream::kafka::Error;
use rdkafka::ClientConfig;
use rdkafka::bindings as rd;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer as _};

/// How long a new group waits for more members; the default of three seconds is for clusters.
const GROUP_DELAY_MS: i32 = 50;

/// A cluster of one broker that lives as long as this does.
pub struct Mock {
    /// The client that the cluster belongs to.
    owner: BaseProducer,
}

impl Mock {
    /// Starts the cluster.
    ///
    /// # Errors
    /// When librdkafka cannot, for example because no port is free.
    pub fn start() -> Result<Mock, Error> {
        let mut config = ClientConfig::new();
        config.set("test.mock.num.brokers", "1");
        // It warns that this is no real cluster, which is the point.
        config.set_log_level(RDKafkaLogLevel::Error);
        let owner: BaseProducer = config.create().map_err(client)?;
        // SAFETY: the client is alive, and the cluster, if there is one, lives as long as the client.
        unsafe {
            let cluster = rd::rd_kafka_handle_mock_cluster(owner.client().native_ptr());
            if cluster.is_null() {
                return Err(Error::Client("it has no mock cluster".to_owned()));
            }
            rd::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, GROUP_DELAY_MS);
        }
        Ok(Mock { owner })
    }

    /// Returns where its broker listens: `host:port`.
    pub fn brokers(&self) -> String {
        let cluster = self.owner.client().mock_cluster();
        cluster.map_or_else(String::new, |cluster| cluster.bootstrap_servers())
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), Error> {
        let Some(cluster) = self.owner.client().mock_cluster() else {
            return Ok(());
        };
        cluster.create_topic(name, partitions, 1).map_err(client)
    }
}

fn client(error: KafkaError) -> Error {
    Error::Client(error.to_string())
}
