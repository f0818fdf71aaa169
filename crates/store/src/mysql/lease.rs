//! A connection on loan from the pool, for one call: its statements have a bound in time, and it goes back
//! only in the state it came in.
//!
//! [`Mysql`] itself takes statements too, each on a connection of its own.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::mysql::{MySqlArguments, MySqlQueryResult, MySqlRow, MySqlStatement, MySqlTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Describe, Either, Execute, Executor, MySql, MySqlConnection, SqlStr};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::errors::{is_deadlock, is_parting};
use super::{ATTEMPTS, Mysql, pause};

/// What a statement answers, piece by piece.
type Step = Either<MySqlQueryResult, MySqlRow>;

#[derive(Debug)]
pub(super) struct Lease {
    /// There until the lease ends.
    connection: Option<PoolConnection<MySql>>,
    statement_timeout: Duration,
    /// Whether a statement did not come to its end, or a transaction is open, or a lock is held.
    unsettled: bool,
}

impl Mysql {
    /// A connection for several statements.
    pub(super) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        let connection = self.acquire().await?;
        let statement_timeout = self.options.statement_timeout;
        Ok(Lease { connection: Some(connection), statement_timeout, unsettled: false })
    }

    /// A transaction: what is not committed is undone.
    pub(super) async fn begin(&self) -> Result<Lease, sqlx::Error> {
        let mut lease = self.lease().await?;
        lease.execute("START TRANSACTION").await?;
        lease.unsettled = true;
        Ok(lease)
    }
}

impl Lease {
    /// Ends a transaction for good.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.execute("COMMIT").await?;
        self.unsettled = false;
        Ok(())
    }

    /// Gives other statements another bound than the usual.
    pub(super) fn be_patient(&mut self, statement_timeout: Duration) {
        self.statement_timeout = statement_timeout;
    }

    /// Says whether the connection may be used by others as it is: not where it holds a lock.
    pub(super) fn settle(&mut self, settled: bool) {
        self.unsettled = !settled;
    }

    /// The bare connection, without a bound in time.
    pub(super) fn bare(&mut self) -> Result<&mut MySqlConnection, sqlx::Error> {
        // Always there before the drop.
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    async fn run<'q>(&mut self, query: impl Execute<'q, MySql> + 'q) -> Result<Vec<Step>, sqlx::Error> {
        let unsettled = std::mem::replace(&mut self.unsettled, true);
        let within = self.statement_timeout;
        let steps = timeout(within, self.bare()?.fetch_many(query).try_collect()).await;
        let steps = steps.unwrap_or_else(|_| Err(too_slow()));
        // After the server's own errors the connection is as good as before; after any other who knows.
        let answered = match &steps {
            Ok(_) => true,
            Err(error) => matches!(error, sqlx::Error::Database(_)) && !is_parting(error),
        };
        if answered {
            self.unsettled = unsettled;
        }
        steps
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match Handle::try_current() {
            Ok(runtime) if !self.unsettled => {
                // The pool asks a connection whether it lives before it takes it back. One that does not
                // answer must not keep its place for ever.
                let within = self.statement_timeout;
                runtime.spawn(async move { timeout(within, connection.return_to_pool()).await });
            }
            // Closed here and now; the server then undoes what is open and frees what is locked.
            _ => drop(connection.detach()),
        }
    }
}

fn too_slow() -> sqlx::Error {
    let kind = std::io::ErrorKind::TimedOut;
    sqlx::Error::Io(std::io::Error::new(kind, "a statement took too long: its connection is given up"))
}

fn first_row(steps: Vec<Step>) -> Option<MySqlRow> {
    steps.into_iter().find_map(Either::right)
}

impl<'c> Executor<'c> for &'c mut Lease {
    type Database = MySql;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, MySql>,
    {
        let steps = stream::once(self.run(query));
        steps.map_ok(|steps| stream::iter(steps.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<MySqlRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, MySql>,
    {
        Box::pin(async move { Ok(first_row(self.run(query).await?)) })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [MySqlTypeInfo],
    ) -> BoxFuture<'e, Result<MySqlStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.bare()?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<MySql>, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.bare()?.describe(sql).await })
    }
}

/// A statement, kept so that it can be sent again.
#[derive(Clone)]
struct Kept {
    sql: SqlStr,
    arguments: Option<MySqlArguments>,
}

impl Mysql {
    /// Runs one statement, which is its own transaction.
    async fn run<'q>(&self, mut query: impl Execute<'q, MySql> + 'q) -> Result<Vec<Step>, sqlx::Error> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        let kept = Kept { arguments, sql: query.sql() };
        for _ in 1..ATTEMPTS {
            let Kept { sql, arguments } = kept.clone();
            match self.lease().await?.run((sql, arguments)).await {
                Err(error) if is_deadlock(&error) => pause().await,
                done => return done,
            }
        }
        self.lease().await?.run((kept.sql, kept.arguments)).await
    }
}

impl<'c> Executor<'c> for &'c Mysql {
    type Database = MySql;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, MySql>,
    {
        let steps = stream::once(self.run(query));
        steps.map_ok(|steps| stream::iter(steps.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<MySqlRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, MySql>,
    {
        Box::pin(async move { Ok(first_row(self.run(query).await?)) })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [MySqlTypeInfo],
    ) -> BoxFuture<'e, Result<MySqlStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.lease().await?.bare()?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<MySql>, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.lease().await?.bare()?.describe(sql).await })
    }
}
