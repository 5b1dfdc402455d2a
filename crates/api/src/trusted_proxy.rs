use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Proxies whose `X-Forwarded-For` is believed: one address, or a network in CIDR notation (RFC 4632, section 3.1) for
/// those whose addresses change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustedProxy(IpNet);

/// A text that names no proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxy {
    /// Neither address nor network.
    #[error("neither an address nor a network such as 10.42.0.0/16")]
    Malformed,
    /// Everybody would be a proxy, and could write any address into the header.
    #[error("this network is the whole internet: anybody could say to have any address")]
    Everybody,
}

impl FromStr for TrustedProxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse().map_err(|_| InvalidProxy::Malformed)?,
        };
        if network.prefix_len() == 0 { Err(InvalidProxy::Everybody) } else { Ok(Self(network)) }
    }
}

impl TryFrom<String> for TrustedProxy {
    type Error = InvalidProxy;
    fn try_from(text: String) -> Result<Self, InvalidProxy> {
        text.parse()
    }
}

impl From<TrustedProxy> for String {
    fn from(proxy: TrustedProxy) -> Self {
        proxy.to_string()
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

/// The address that a request came from: the peer's, or what the last proxy that is not trusted gave.
///
/// Each proxy appends the address that it heard from, so the entry that the outermost trusted proxy appended
/// is the first from the right that is not itself a trusted proxy. Whatever stands left of it, the client
/// may have written.
pub(crate) fn client_address(peer: IpAddr, forwarded: &str, trusted: &[TrustedProxy]) -> IpAddr {
    let mut address = peer.to_canonical();
    for entry in forwarded.rsplit(',') {
        if !trusted.iter().any(|proxy| proxy.0.contains(&address)) {
            break;
        }
        match entry_address(entry.trim()) {
            Some(next) => address = next.to_canonical(),
            None => break,
        }
    }
    address
}

/// Some proxies add the port, and brackets around an IPv6 address.
fn entry_address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(texts: &[&str]) -> Vec<TrustedProxy> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn only_what_trusted_proxies_append_is_believed() {
        let trusted = trusted(&["10.0.0.1", "10.0.0.2", "10.42.0.0/16", "fd00:42::/32"]);
        for (peer, forwarded, expected) in [
            ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1", "garbage", "10.0.0.1"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            // Any address of the ingress, several hops, and what the client wrote before them.
            ("10.42.7.19", "203.0.113.9", "203.0.113.9"),
            ("10.42.7.19", "10.42.0.1, 203.0.113.9, 10.0.0.1, 10.42.255.255", "203.0.113.9"),
            ("10.43.0.1", "203.0.113.9", "10.43.0.1"),
            ("10.42.7.19", "203.0.113.9, 10.43.0.1", "10.43.0.1"),
            ("10.42.7.19", "10.42.0.1, 10.42.0.2", "10.42.0.1"),
            ("fd00:42::7", "2001:db8::1", "2001:db8::1"),
            ("fd00:43::7", "2001:db8::1", "fd00:43::7"),
            // A socket for both families names IPv4 peers like this.
            ("::ffff:10.42.7.19", "::ffff:203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
            ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ] {
            let ip = |text: &str| text.parse::<IpAddr>().unwrap();
            assert_eq!(client_address(ip(peer), forwarded, &trusted), ip(expected), "{peer} {forwarded}");
        }
    }

    #[test]
    fn an_address_or_a_network_is_named_and_shown_as_such() {
        for (text, shown) in [
            ("192.0.2.7", Ok("192.0.2.7")),
            ("10.42.0.0/16", Ok("10.42.0.0/16")),
            ("2001:db8::/32", Ok("2001:db8::/32")),
            ("::ffff:192.0.2.7", Ok("192.0.2.7")),
            ("10.42.0.0/33", Err(InvalidProxy::Malformed)),
            ("ingress.example", Err(InvalidProxy::Malformed)),
            ("0.0.0.0/0", Err(InvalidProxy::Everybody)),
            ("::/0", Err(InvalidProxy::Everybody)),
        ] {
            let read = text.parse::<TrustedProxy>().map(|proxy| proxy.to_string());
            assert_eq!(read, shown.map(ToOwned::to_owned), "{text}");
        }
    }
}
