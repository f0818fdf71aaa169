//! What the MySQL engine does beside the suite that every engine passes: against real servers that stop, die,
//! change their passwords and turn values away.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../builders/mod.rs"]
mod builders;
mod errors;
mod ledger;
mod logins;
mod migrations;
mod outages;
mod partitions;
mod reads;
mod tls;

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::{Login, LoginDetails, StoreError};
use bellwether_testkit::wait::until;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions as _, MySqlConnection};

/// Bounds that a test can wait for.
pub(crate) const SOON: Duration = Duration::from_millis(500);

/// Impatient, so that tests are quick.
pub(crate) fn options() -> MysqlOptions {
    MysqlOptions { acquire_timeout: SOON, statement_timeout: SOON, ..MysqlOptions::default() }
}

pub(crate) fn login(url: impl Into<String>) -> Arc<dyn Login> {
    Arc::new(LoginDetails::of_url(url.into()))
}

pub(crate) async fn connect(url: &str, options: MysqlOptions) -> Result<Mysql, StoreError> {
    Mysql::connect(login(url), options).await
}

/// Waits until a count is 1.
pub(crate) async fn until_one_waits(connection: &mut MySqlConnection, count: &'static str) {
    let connection = tokio::sync::Mutex::new(connection);
    until("a statement waits for a lock", Duration::from_secs(20), async || {
        let mut connection = connection.lock().await;
        sqlx::query_scalar::<_, i64>(count).fetch_one(&mut **connection).await.unwrap() == 1
    })
    .await;
}

/// A connection beside the engine's.
pub(crate) async fn beside(url: &str) -> MySqlConnection {
    MySqlConnectOptions::from_str(url).unwrap().connect().await.unwrap()
}
