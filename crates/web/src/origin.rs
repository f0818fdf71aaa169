//! Where a request comes from: the client's address, and whether it came over https. What a proxy says of
//! that is believed only of a trusted one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use bellwether_settings::Network;

/// Where a request comes from. Stands in every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The client, or the proxy nearest to it that is not trusted.
    pub address: IpAddr,
    /// Whether it came over https: our own, or a trusted proxy's.
    pub secure: bool,
}

/// Who may say what a client used.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// The proxies that the settings name.
    ///
    /// # Errors
    /// What is no network.
    pub(crate) fn new(names: &[String]) -> Result<Self, String> {
        Ok(Self(names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?))
    }

    /// Where this request comes from.
    pub(crate) fn origin(&self, request: &ServiceRequest) -> Origin {
        let origin = self.told(request.peer_addr(), request.app_config().secure(), request.headers());
        request.extensions_mut().insert(origin);
        origin
    }

    /// Goes from our peer towards the client, for as long as those who speak are trusted.
    fn told(&self, peer: Option<SocketAddr>, tls: bool, headers: &HeaderMap) -> Origin {
        let mut address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        if !self.trusts(address) {
            return Origin { address, secure: tls };
        }
        let mut hops = 0_usize;
        for entry in entries(headers, "x-forwarded-for").rev() {
            // What cannot be read says nothing: the proxy that passed it on is all that is known.
            let Some(further) = address_of(entry) else { break };
            address = further;
            hops += 1;
            if !self.trusts(address) {
                break;
            }
        }
        // Each proxy may have added its own word, or the first one's stands for all.
        let words: Vec<_> = entries(headers, "x-forwarded-proto").collect();
        let word = words.len().checked_sub(hops.max(1)).map_or(words.first(), |at| words.get(at));
        Origin { address, secure: word.map_or(tls, |word| word.eq_ignore_ascii_case("https")) }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// The entries of a list that may stand in several headers, in their order.
fn entries<'a>(headers: &'a HeaderMap, name: &'static str) -> impl DoubleEndedIterator<Item = &'a str> {
    let lines: Vec<_> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    lines.into_iter().flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty())
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn address_of(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']').parse();
    let address = bare.or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const PROXY: &str = "10.0.0.1:40000";
    const STRANGER: &str = "203.0.113.9:40000";

    fn origin(peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let proxies = TrustedProxies::new(&["10.0.0.0/8".to_owned()]).unwrap();
        let origin = proxies.told(Some(peer.parse().unwrap()), false, &map);
        (origin.address.to_string(), origin.secure)
    }

    #[test]
    fn a_trusted_proxy_is_believed() {
        let headers = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
        assert_eq!(origin(PROXY, &headers), ("198.51.100.7".to_owned(), true));
    }

    #[test]
    fn a_stranger_is_not() {
        let headers = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
        assert_eq!(origin(STRANGER, &headers), ("203.0.113.9".to_owned(), false));
    }

    #[test]
    fn what_a_client_put_before_the_proxies_word_counts_for_nothing() {
        let headers = [("x-forwarded-for", "1.2.3.4, 198.51.100.7"), ("x-forwarded-proto", "https, http")];
        assert_eq!(origin(PROXY, &headers), ("198.51.100.7".to_owned(), false));
    }

    #[test]
    fn several_trusted_proxies_are_gone_through() {
        let chain = [("x-forwarded-for", "198.51.100.7, 10.0.0.2"), ("x-forwarded-proto", "https, http")];
        assert_eq!(origin(PROXY, &chain), ("198.51.100.7".to_owned(), true), "each added its own word");
        let chain = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "10.0.0.2")];
        let chain = [chain[0], chain[1], ("x-forwarded-proto", "https")];
        assert_eq!(origin(PROXY, &chain), ("198.51.100.7".to_owned(), true), "the first one's word stands");
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (entry, address) in [
            ("198.51.100.7:555", "198.51.100.7"),
            ("[2001:db8::7]:555", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
        ] {
            assert_eq!(origin(PROXY, &[("x-forwarded-for", entry)]).0, address);
        }
        assert_eq!(origin(PROXY, &[("x-forwarded-for", "198.51.100.7, unknown")]).0, "10.0.0.1");
    }
}
