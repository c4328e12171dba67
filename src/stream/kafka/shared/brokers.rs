//! Whether a list of brokers can be one.
//!
//! librdkafka passes over what it cannot read, and asks for ever at a host that nobody has: `http://kafka:9092`, or
//! two brokers with a semicolon between them. Must not know where the list stands. Invariant: nothing of the list is
//! in a text made here, for people write passwords into addresses.

/// What an address may begin with: the names of `security.protocol`.
const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];

/// Says why a list of brokers is none.
pub(super) fn refusal(list: &str) -> Option<&'static str> {
    let mut addresses = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    match addresses.clone().next() {
        None => Some("no broker to ask, such as \"localhost:9092\""),
        Some(_) => addresses.find_map(problem),
    }
}

fn problem(address: &str) -> Option<&'static str> {
    if address.contains('@') {
        return Some(
            "a user and a password do not belong into a broker's address: write sasl.username in [kafka.properties], \
             and sasl.password in [kafka.secrets]",
        );
    }
    let (protocol, host) = address.split_once("://").unwrap_or(("plaintext", address));
    if !PROTOCOLS.contains(&protocol.to_ascii_lowercase().as_str()) {
        return Some("a broker's address is host:port, without a scheme");
    }
    if host.contains(|c: char| c == ';' || c.is_whitespace()) {
        return Some("addresses of brokers are separated by commas");
    }
    if host.contains('/') {
        return Some("a broker's address is host:port, without a path");
    }
    match has_port(host) {
        true => None,
        false => Some("a broker's address is host:port, with a port from 1 to 65535"),
    }
}

/// Whether the port of an address, if it has one, is a port.
fn has_port(host: &str) -> bool {
    // Colons are within an IPv6 address; only behind brackets there is a port.
    let port = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((_, "")) => None,
            Some((_, rest)) => Some(rest.strip_prefix(':').unwrap_or("")),
            None => Some(""),
        },
        None if host.matches(':').count() > 1 => None,
        None => host.split_once(':').map(|(_, port)| port),
    };
    port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_librdkafka_reads_them() {
        for list in [
            "localhost",
            "kafka-1:9092,kafka-2:9092",
            " kafka-1:9092 , kafka-2:9092, ",
            "[::1]:9092",
            "[::1]",
            "::1",
            "SASL_SSL://kafka:9093",
            "${BROKERS}",
        ] {
            assert_eq!(refusal(list), None, "{list}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (list, expected) in [
            ("", "no broker to ask"),
            (" , ", "no broker to ask"),
            ("http://kafka:9092", "without a scheme"),
            ("kafka-1:9092, tcp://kafka-2:9092", "without a scheme"),
            ("kafka-1:9092;kafka-2:9092", "separated by commas"),
            ("kafka-1:9092 kafka-2:9092", "separated by commas"),
            ("kafka-1:9092\nkafka-2:9092", "separated by commas"),
            ("kafka:9092/path", "without a path"),
            ("kafka:", "a port from 1 to 65535"),
            ("kafka:broker", "a port from 1 to 65535"),
            ("kafka:+92", "a port from 1 to 65535"),
            ("kafka:99999", "a port from 1 to 65535"),
            ("kafka:0", "a port from 1 to 65535"),
            ("[::1:9092", "a port from 1 to 65535"),
            ("sasl://user:hunter2@kafka:9092", "a user and a password"),
        ] {
            let text = refusal(list).unwrap_or_else(|| panic!("{list} is accepted"));
            assert!(
                text.contains(expected) && !text.contains("hunter2"),
                "{list}: {text}"
            );
        }
    }
}
