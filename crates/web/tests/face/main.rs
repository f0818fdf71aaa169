//! A real server behind a [`Face`](bellwether_web::Face), asked as callers ask: who is let in, what is turned
//! away, and what every answer carries.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod answers;
mod https;
mod issuer;
mod key_sets;
mod limits;
mod tls;
mod tokens;
mod world;
