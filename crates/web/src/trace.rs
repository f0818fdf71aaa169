//! W3C Trace Context: the trace that a request belongs to, as `traceparent` names it.

use std::fmt;
use std::str::FromStr;

use actix_web::http::header::HeaderMap;
use uuid::Uuid;

/// The header.
pub const HEADER: &str = "traceparent";

/// A request's place in a trace. Written out, it is what the request hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    /// Names this request within the trace.
    span: u64,
    flags: u8,
    /// Whether the caller named the trace; one that we began is for our own log.
    named: bool,
}

impl Trace {
    /// The trace that a request names, or a new one that goes by the request's own id, so that no further
    /// randomness is needed.
    pub(crate) fn of(headers: &HeaderMap, request: Uuid) -> Self {
        let (id, span) = (request.as_u128(), request.as_u64_pair().1);
        let mut given = headers.get_all(HEADER);
        let named = match (given.next(), given.next()) {
            (Some(one), None) => one.to_str().ok().and_then(|text| text.parse::<Parent>().ok()),
            _ => None,
        };
        match named {
            Some(parent) => Self { id: parent.trace, span, flags: parent.flags, named: true },
            None => Self { id, span, flags: 0, named: false },
        }
    }

    /// The trace's id, as 32 hexadecimal digits.
    pub fn id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// What is handed on, where the caller named a trace.
    pub fn named(&self) -> Option<String> {
        self.named.then(|| self.to_string())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{:032x}-{:016x}-{:02x}", self.id, self.span, self.flags)
    }
}

/// What a caller sent.
struct Parent {
    trace: u128,
    flags: u8,
}

impl FromStr for Parent {
    type Err = ();

    /// As strict as the standard: a later version may say more behind, the first may not.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(5, '-');
        let mut next = |digits| hex(parts.next().unwrap_or_default(), digits);
        let version = next(2)?;
        let (trace, span, flags) = (next(32)?, next(16)?, next(2)?);
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) || trace == 0 || span == 0 {
            return Err(());
        }
        // Of the flags, version 0 knows `sampled`.
        Ok(Self { trace, flags: u8::try_from(flags & 1).map_err(|_| ())? })
    }
}

/// So many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Result<u128, ()> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != digits || !text.bytes().all(lower) {
        return Err(());
    }
    u128::from_str_radix(text, 16).map_err(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn trace(given: &[&str]) -> Trace {
        let mut headers = HeaderMap::new();
        for given in given {
            headers.append(HeaderName::from_static(HEADER), HeaderValue::from_str(given).unwrap());
        }
        Trace::of(&headers, Uuid::from_u128(0xabcd_0000_0000_0000_1234))
    }

    #[test]
    fn a_named_trace_goes_on_under_a_span_of_our_own() {
        let trace = trace(&[GIVEN]);
        assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let handed_on = trace.named().unwrap();
        assert_eq!(handed_on, "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000001234-01");
    }

    #[test]
    fn without_one_a_trace_begins_and_is_named_to_nobody() {
        let trace = trace(&[]);
        assert_eq!(trace.id(), "000000000000abcd0000000000001234");
        assert_eq!(trace.named(), None);
    }

    #[test]
    fn what_breaks_the_standard_is_passed_over() {
        let wrong = [
            "",
            "garbage",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ];
        for given in wrong {
            assert_eq!(trace(&[given]).named(), None, "{given}");
        }
        assert_eq!(trace(&[GIVEN, GIVEN]).named(), None, "two are none");
    }

    #[test]
    fn a_later_version_may_say_more() {
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more";
        let handed_on = trace(&[later]).named().unwrap();
        assert!(handed_on.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{handed_on}");
        assert!(handed_on.ends_with("-01"), "{handed_on}");
    }
}
