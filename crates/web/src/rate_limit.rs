//! How often one caller may ask. Callers are told apart by their token's subject; those who showed no good
//! token, by their address.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bellwether_settings::Server;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::auth::Identity;
use crate::origin::Origin;
use crate::{Problem, metrics};

/// Callers remembered at once. Past it, new ones share one allowance: memory stays bounded whoever calls.
const MAX_CALLERS: usize = 100_000;
/// Those who have long been quiet are forgotten every so many requests.
const TIDY_EVERY: u32 = 4_096;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Subject(Arc<str>),
    Address(IpAddr),
    Everyone,
}

pub(crate) struct RateLimit {
    /// None where callers may ask as often as they like.
    limiter: Option<DefaultKeyedRateLimiter<Key>>,
    clock: DefaultClock,
    checks: AtomicU32,
    full: AtomicBool,
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RateLimit").field("on", &self.limiter.is_some()).finish_non_exhaustive()
    }
}

impl RateLimit {
    pub(crate) fn new(server: &Server) -> Self {
        let rate = NonZeroU32::new(server.rate_limit_per_second);
        let burst = NonZeroU32::new(server.rate_limit_burst).unwrap_or(NonZeroU32::MIN);
        let limiter = rate.map(|rate| RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)));
        let (checks, full) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { limiter, clock: DefaultClock::default(), checks, full }
    }

    /// Lets one request of this caller through.
    ///
    /// # Errors
    /// 429 where it asks too often.
    pub(crate) fn check(&self, identity: &Identity, origin: Origin) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
            self.full.store(limiter.len() >= MAX_CALLERS, Ordering::Relaxed);
        }
        limiter.check_key(&self.key(identity, origin)).map_err(|not_yet| {
            metrics::refused("rate_limit");
            let wait = not_yet.wait_time_from(self.clock.now()).as_millis().div_ceil(1_000);
            let seconds = u32::try_from(wait).unwrap_or(u32::MAX).max(1);
            Problem::too_many("too many requests of this caller", seconds)
        })
    }

    fn key(&self, identity: &Identity, origin: Origin) -> Key {
        match identity {
            Ok(caller) => Key::Subject(Arc::clone(&caller.subject)),
            Err(_) if self.full.load(Ordering::Relaxed) => Key::Everyone,
            Err(_) => Key::Address(household(origin.address)),
        }
    }
}

/// One household has 2^64 IPv6 addresses; they count as one.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::auth::Refusal;

    fn limit(per_second: u32, burst: u32) -> RateLimit {
        let variables = [
            ("BELLWETHER__AUTH__MODE", "off".to_owned()),
            ("BELLWETHER__SERVER__RATE_LIMIT_PER_SECOND", per_second.to_string()),
            ("BELLWETHER__SERVER__RATE_LIMIT_BURST", burst.to_string()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into_iter();
        RateLimit::new(
            &futures_util::FutureExt::now_or_never(bellwether_settings::load_from(None, variables))
                .unwrap()
                .unwrap()
                .server,
        )
    }

    fn from(address: &str) -> Origin {
        Origin { address: address.parse().unwrap(), secure: true }
    }

    #[test]
    fn strangers_are_told_apart_by_their_address_and_a_household_is_one() {
        let limit = limit(1, 1);
        let stranger = Err(Refusal::NoToken);
        assert!(limit.check(&stranger, from("198.51.100.7")).is_ok());
        assert_eq!(limit.check(&stranger, from("198.51.100.7")).unwrap_err().status(), 429);
        assert!(limit.check(&stranger, from("198.51.100.8")).is_ok());
        assert!(limit.check(&stranger, from("2001:db8::1")).is_ok());
        assert!(limit.check(&stranger, from("2001:db8::2")).is_err());
        assert!(limit.check(&stranger, from("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn zero_means_any_number() {
        let limit = limit(0, 1);
        let stranger = Err(Refusal::NoToken);
        assert!((0..1_000).all(|_| limit.check(&stranger, from("198.51.100.7")).is_ok()));
    }

    #[test]
    fn however_many_strangers_call_memory_stays_bounded() {
        let limit = limit(1, 1);
        let stranger = Err(Refusal::NoToken);
        let bound = u32::try_from(MAX_CALLERS).unwrap() + TIDY_EVERY;
        for at in 0..2 * bound {
            let _ = limit.check(&stranger, Origin { address: IpAddr::from(at.to_be_bytes()), secure: true });
        }
        assert!(limit.limiter.unwrap().len() <= bound as usize + 1);
    }
}
