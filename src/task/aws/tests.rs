//! Calls of a shard to a server on the loopback.
