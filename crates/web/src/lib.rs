//! What every HTTP face shares: problem+json errors, auth, security headers, health, metrics, drain.
