//! A network as `10.0.0.0/8`, or one address of it: who is trusted to speak for a client.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: u128,
    mask: u128,
    v4: bool,
}

impl Network {
    /// Whether an address is of this network. An IPv4 address that comes as `::ffff:a.b.c.d` is one.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (bits, v4) = bits(address);
        v4 == self.v4 && bits & self.mask == self.first
    }
}

/// An address as 128 bits, IPv4 in the upper 32, and whether it is IPv4.
fn bits(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected an address or a network as 10.0.0.0/8, not `{text}`");
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let (first, v4) = bits(address.parse().map_err(|_| wrong())?);
        let most = if v4 { 32 } else { 128 };
        let length = length.map_or(Ok(most), str::parse::<u32>).map_err(|_| wrong())?;
        if length > most {
            return Err(wrong());
        }
        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
        if first & mask != first {
            return Err(format!("`{text}` has bits set past its length of {length}"));
        }
        Ok(Self { first, mask, v4 })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_the_addresses_that_begin_alike() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn an_ipv4_address_within_ipv6_is_the_ipv4_address() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!holds("::/0", "::ffff:10.1.2.3"), "all of IPv6 is not all of IPv4");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "10.0.0.1/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
