use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::webhook::{check_address, plain_client};

/// How long a receiver may take: well below the lease of what it is sent.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest address.
const LONGEST: usize = 2_000;

/// Where clients may have events sent. They choose the addresses, so unless the operator says that receivers are
/// within the own network, nothing goes to an address that is not public: else a client could make Kinlink talk to
/// what stands beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiverRules {
    /// Receivers in private networks and on this machine are allowed.
    pub private_networks: bool,
}

/// An address that nothing is sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceiver {
    /// No address at all.
    #[error("it is not a web address of at most {LONGEST} characters without a fragment")]
    NotAnAddress,
    /// Not https, or it holds a name and password.
    #[error("{0}")]
    Unfit(String),
    /// In a private network.
    #[error("it is an address of a private network or of this machine, which the operator does not allow")]
    Private,
}

impl ReceiverRules {
    /// Reads an address that a client names.
    pub fn parse(self, text: &str) -> Result<Url, InvalidReceiver> {
        let url = Url::parse(text).map_err(|_| InvalidReceiver::NotAnAddress)?;
        if text.len() > LONGEST || url.fragment().is_some() || url.host().is_none() {
            return Err(InvalidReceiver::NotAnAddress);
        }
        check_address(&url).map_err(|error| InvalidReceiver::Unfit(error.to_string()))?;
        if self.allows(&url) { Ok(url) } else { Err(InvalidReceiver::Private) }
    }

    /// Whether the address may be spoken to, as far as can be told without asking for its name. Asked again at
    /// every try, since the rule may have changed.
    pub(super) fn allows(self, url: &Url) -> bool {
        self.private_networks
            || match url.host() {
                Some(Host::Domain(name)) => {
                    let name = name.trim_end_matches('.');
                    name != "localhost" && !name.ends_with(".localhost")
                }
                Some(Host::Ipv4(address)) => is_public(address.into()),
                Some(Host::Ipv6(address)) => is_public(address.into()),
                None => false,
            }
    }

    /// A client for addresses that clients of ours chose. What a name stands for is checked as it is resolved, so
    /// a name cannot be pointed elsewhere between check and connection.
    pub(super) fn http(self) -> Result<reqwest::Client, reqwest::Error> {
        let client = plain_client(TIMEOUT).connect_timeout(Duration::from_secs(5));
        if self.private_networks { client.build() } else { client.dns_resolver(PublicOnly).build() }
    }
}

/// Resolves names to public addresses only.
#[derive(Debug, Clone, Copy)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name stands for no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet (IANA special-purpose registries of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, IETF protocol assignments, benchmarking.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let octets = address.octets();
    if address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        // NAT64 stands for the IPv4 address in its last 32 bits.
        return is_public_v4(Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]));
    }
    // Global unicast is 2000::/3; of it, documentation and 6to4 and Teredo, which wrap other addresses, are not.
    let [first, second, ..] = address.segments();
    let special = first == 0x2002 || (first == 0x2001 && (second < 0x200 || second == 0xdb8));
    (0x2000..0x4000).contains(&first) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_cannot_point_kinlink_at_its_own_neighbours() {
        let public = ReceiverRules { private_networks: false };
        for url in ["https://receiver.example/in", "https://93.184.216.34/", "https://[2606:2800:220:1::1]/x"]
        {
            assert!(public.parse(url).is_ok(), "{url}");
        }
        for url in [
            "https://10.0.0.1/",
            "https://172.16.9.9/",
            "https://192.168.1.1/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://localhost/",
            "https://db.localhost./",
            "http://localhost:9/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
        ] {
            assert_eq!(public.parse(url), Err(InvalidReceiver::Private), "{url}");
        }
        let own = ReceiverRules { private_networks: true };
        assert!(own.parse("https://10.0.0.1/").is_ok() && own.parse("http://127.0.0.1:8/").is_ok());
    }

    #[test]
    fn an_address_is_protected_plain_and_whole() {
        let own = ReceiverRules { private_networks: true };
        let refused = [
            "http://10.0.0.1/",
            "https://me:secret@receiver.example/",
            "ftp://receiver.example/",
            "mailto:a@b",
        ];
        for url in refused {
            assert!(own.parse(url).is_err(), "{url}");
        }
        assert_eq!(own.parse("https://receiver.example/#x"), Err(InvalidReceiver::NotAnAddress));
        assert_eq!(
            own.parse(&format!("https://a.example/{}", "x".repeat(2_000))),
            Err(InvalidReceiver::NotAnAddress)
        );
    }

    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_is_not_spoken_to() {
        let name: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(name).await.is_err());
    }
}
