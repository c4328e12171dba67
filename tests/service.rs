//! `stepstream run` as a process of its own, on a real broker: see tests/support/kafka.rs for what that
//! needs. What a producer was acknowledged is the truth; each test finds nothing lost.

#[path = "support/kafka.rs"]
#[allow(dead_code, reason = "other test binaries use the rest")]
mod broker;
#[path = "service/consume.rs"]
mod consume;
#[path = "service/crash.rs"]
mod crash;
#[path = "support/events.rs"]
mod events;
#[path = "service/group.rs"]
mod group;
#[path = "service/input.rs"]
mod input;
#[path = "service/lag.rs"]
mod lag;
#[path = "service/memory.rs"]
mod memory;
#[path = "service/outage.rs"]
mod outage;
#[path = "service/poison.rs"]
mod poison;
#[path = "service/ready.rs"]
mod ready;
#[path = "service/reload.rs"]
mod reload;
#[path = "service/replies.rs"]
mod replies;
#[path = "service/restart.rs"]
mod restart;
#[cfg(feature = "kafka-tls")]
#[path = "service/security.rs"]
mod security;
#[path = "support/service.rs"]
mod service;
#[path = "service/sharing.rs"]
mod sharing;
#[path = "service/shutdown.rs"]
mod shutdown;
#[path = "service/topic_log.rs"]
mod topic_log;
