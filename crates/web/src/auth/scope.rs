//! What a caller may do, by name.

/// One thing that a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Ask for predictions.
    Predict,
    /// Enqueue emails and look at their jobs.
    Emails,
    /// See and refresh the config; mark calls with a purpose.
    Config,
    /// Say what came of predictions.
    Outcomes,
    /// All of it.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 5] = [Self::Predict, Self::Emails, Self::Config, Self::Outcomes, Self::Admin];

    /// The name in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::Emails => "emails",
            Self::Config => "config",
            Self::Outcomes => "outcomes",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether a scope is carried; `admin` carries all.
    pub fn carry(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    /// Names that are not ours are passed over: a token may be good for other services too.
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let named = |name| Scope::ALL.into_iter().find(|scope| scope.as_str() == name);
        names.into_iter().filter_map(named).collect()
    }
}
