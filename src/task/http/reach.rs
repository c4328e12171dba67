//! Which addresses may be connected to.
//!
//! Owns the list of networks: those that are never reached, because whoever asks there is given the machine's own rights
//! (metadata of clouds and their link-local neighbours), and those that are no part of the internet. Must not know names:
//! what counts is the address that is connected to, whatever a URL has for it. Invariant: an IPv4 address is the same
//! address in each of its IPv6 forms.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses of a host may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::task) enum Reach {
    /// All: the configuration has the URL.
    Any,
    /// Those that are not [`forbidden`]: the configuration names the host.
    Named,
    /// Those of the internet: the host is an event's choice.
    Public,
}

impl Reach {
    /// Says why an address is out of reach, if it is; the words go on after a comma.
    pub(super) fn refusal(self, address: IpAddr) -> Option<&'static str> {
        if self == Reach::Any {
            return None;
        }
        if forbidden(address) {
            return Some("which no task may reach: whoever asks there has the rights of this machine");
        }
        let why = "which is not on the internet: only an endpoint that names the host without `*` reaches it";
        (self == Reach::Public && is_private(address)).then_some(why)
    }
}

/// Link-local networks, and the addresses where clouds give machines their rights: never reached.
const FORBIDDEN_V4: [(Ipv4Addr, u32); 4] = [
    // AWS, Azure, Google and most others; the credentials of containers on AWS.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Alibaba.
    (Ipv4Addr::new(100, 100, 100, 200), 32),
    // Azure's own agent.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Oracle.
    (Ipv4Addr::new(192, 0, 0, 192), 32),
];
const FORBIDDEN_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    // AWS: metadata at ::254, the credentials of pods at ::23.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32),
    // Google.
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
];
/// Networks that are no part of the internet.
const PRIVATE_V4: [(Ipv4Addr, u32); 12] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, what is reserved, and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
const PRIVATE_V6: [(Ipv6Addr, u32); 5] = [
    // Unspecified and loopback.
    (Ipv6Addr::UNSPECIFIED, 127),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
];

/// Says whether an address is never reached.
pub(in crate::task) fn forbidden(address: IpAddr) -> bool {
    within(address, &FORBIDDEN_V4, &FORBIDDEN_V6)
}

/// Says whether an address is no part of the internet.
fn is_private(address: IpAddr) -> bool {
    within(address, &PRIVATE_V4, &PRIVATE_V6)
}

fn within(address: IpAddr, v4: &[(Ipv4Addr, u32)], v6: &[(Ipv6Addr, u32)]) -> bool {
    let in_v4 = |address: Ipv4Addr| {
        v4.iter().any(|(network, length)| {
            let differing = address.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= *length
        })
    };
    match address {
        IpAddr::V4(address) => in_v4(address),
        IpAddr::V6(address) => {
            let is_in = |(network, length): &(Ipv6Addr, u32)| {
                (address.to_bits() ^ network.to_bits()).leading_zeros() >= *length
            };
            v6.iter().any(is_in) || inner(address).is_some_and(in_v4)
        }
    }
}

/// Returns the IPv4 address that an IPv6 address leads to: mapped, compatible, translated (NAT64), or by a relay (6to4).
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0, 0, 0, 0, 0xffff, 0, a, b] => Some(low(a, b)),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, a, b] if a != 0 => Some(low(a, b)),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x64, 0xff9b, 1, _, _, _, a, b] => Some(low(a, b)),
        [0x2002, a, b, ..] => Some(low(a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], named: bool, public: bool) {
        for text in addresses {
            let address: IpAddr = text.parse().expect("an address");
            let reached = |reach: Reach| reach.refusal(address).is_none();
            assert!(reached(Reach::Any), "{text}");
            assert_eq!(
                (reached(Reach::Named), reached(Reach::Public)),
                (named, public),
                "{text}"
            );
        }
    }

    #[test]
    fn metadata_is_never_reached() {
        let addresses = [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.0",
            "169.254.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "::ffff:100.100.100.200",
        ];
        check(&addresses, false, false);
    }

    #[test]
    fn private_addresses_need_a_name() {
        let addresses = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "172.31.255.255",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fd12::1",
            "fec0::1",
            "ff02::1",
        ];
        check(&addresses, true, false);
    }

    #[test]
    fn the_internet_is_reached() {
        let addresses = [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.32.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ];
        check(&addresses, true, true);
    }
}
