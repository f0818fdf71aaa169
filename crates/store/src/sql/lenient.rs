//! A column's value that may be none: for rows that others may have written, of which one bad value must not
//! hide the rest.

use sqlx::database::Database;
use sqlx::error::BoxDynError;
use sqlx::{Decode, Type};

/// A value, or why there is none.
pub(crate) struct Lenient<T>(Result<T, String>);

impl<T: Default> Lenient<T> {
    /// The value; where there is none, the type's default, and the reason is added by the column's name.
    pub(crate) fn or_told(self, column: &str, reasons: &mut Vec<String>) -> T {
        self.0.unwrap_or_else(|error| {
            reasons.push(format!("{column}: cannot be read: {error}"));
            T::default()
        })
    }
}

impl<'r, DB: Database, T: Decode<'r, DB>> Decode<'r, DB> for Lenient<T> {
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(T::decode(value).map_err(|error| error.to_string())))
    }
}

impl<DB: Database, T: Type<DB>> Type<DB> for Lenient<T> {
    fn type_info() -> DB::TypeInfo {
        T::type_info()
    }

    /// Any: what does not fit is told rather than an error.
    fn compatible(_: &DB::TypeInfo) -> bool {
        true
    }
}
