//! What stands in an address: the parts of its path, and its query, where every parameter at fault is named.

use std::ops::RangeInclusive;

use actix_web::HttpRequest;
use bellwether_core::customer::FieldError;
use bellwether_settings::Environment;
use bellwether_web::Problem;

/// How many entries a list answers: at most, and where nothing is said.
pub(super) const LIMITS: RangeInclusive<u64> = 1..=200;
const USUAL_LIMIT: u64 = 50;

/// The largest number that an entry can have: databases count no further.
pub(super) const MAX_NUMBER: u64 = i64::MAX.unsigned_abs();

/// A query, read parameter by parameter; what was not asked for by [`Query::finish`] is unknown.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<FieldError>,
}

impl Query {
    /// The query of a request.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        Self { pairs: pairs.into_owned().collect(), faults: Vec::new() }
    }

    /// A whole number within a range; none where it is not given or at fault.
    pub(super) fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let (of_it, others) =
            std::mem::take(&mut self.pairs).into_iter().partition(|(given, _)| given == name);
        self.pairs = others;
        let of_it: Vec<(String, String)> = of_it;
        let (_, text) = of_it.first()?;
        if of_it.len() > 1 {
            self.fault(name, "is given twice");
            return None;
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && range.contains(number));
        if number.is_none() {
            let (least, most) = range.into_inner();
            let message = match most {
                MAX_NUMBER => format!("expected a whole number from {least} on"),
                most => format!("expected a whole number from {least} to {most}"),
            };
            self.fault(name, &message);
        }
        number
    }

    /// The number of an entry: 1 or more.
    pub(super) fn entry(&mut self, name: &str) -> Option<u64> {
        self.number(name, 1..=MAX_NUMBER)
    }

    /// How many entries are asked for.
    pub(super) fn limit(&mut self) -> u32 {
        let limit = self.number("limit", LIMITS).unwrap_or(USUAL_LIMIT);
        u32::try_from(limit).unwrap_or(u32::MAX)
    }

    /// Says what is wrong with a parameter.
    pub(super) fn fault(&mut self, name: &str, message: &str) {
        self.faults.push(fault(name, message));
    }

    /// That all is read.
    ///
    /// # Errors
    /// 422, naming every parameter that is at fault or unknown.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.fault(&name, "is no parameter of this route");
        }
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::fields(self.faults)) }
    }
}

/// That a route without parameters is given none.
///
/// # Errors
/// 422, naming them.
pub(super) fn none(request: &HttpRequest) -> Result<(), Problem> {
    Query::of(request).finish()
}

/// The environment that a path names.
///
/// # Errors
/// 404 for any that the console does not look after.
pub(super) fn environment(name: &str) -> Result<Environment, Problem> {
    match name {
        "stage" => Ok(Environment::Stage),
        "prod" => Ok(Environment::Prod),
        _ => Err(Problem::not_found("the console looks after `stage` and `prod` only")),
    }
}

/// The number in a path.
///
/// # Errors
/// 404 where it is none.
pub(super) fn number(text: &str, what: &str) -> Result<u64, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && *number <= MAX_NUMBER);
    number.ok_or_else(|| Problem::not_found(format!("there is no such {what}")))
}

/// One fault.
pub(super) fn fault(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_owned() }
}
