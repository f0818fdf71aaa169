//! What every count of failed logins does.

use bellwether_store::console::{LoginFailures, LoginGuard};
use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::builders::{HOSTILE, morning};

pub(crate) async fn failures_are_counted_by_key(guard: &impl LoginGuard) {
    assert_eq!(guard.login_failures("ann").await.unwrap(), None);
    let later = morning() + TimeDelta::seconds(5);
    assert_eq!(
        guard.count_login_failure("ann", morning()).await.unwrap(),
        LoginFailures { count: 1, last_at: morning() }
    );
    let two = LoginFailures { count: 2, last_at: later };
    assert_eq!(guard.count_login_failure("ann", later).await.unwrap(), two);
    assert_eq!(guard.login_failures("ann").await.unwrap(), Some(two));
    for other in ["Ann", "ann ", HOSTILE] {
        assert_eq!(guard.count_login_failure(other, morning()).await.unwrap().count, 1);
    }
    // One that is heard of late counts, and does not turn the clock back.
    let three = LoginFailures { count: 3, last_at: later };
    assert_eq!(guard.count_login_failure("ann", morning()).await.unwrap(), three);
}

pub(crate) async fn of_many_at_once_none_is_lost(guard: &impl LoginGuard) {
    let all = (0..30).map(|_| guard.count_login_failure("ann", morning()));
    let mut counts: Vec<_> = join_all(all).await.into_iter().map(|counted| counted.unwrap().count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=30).collect::<Vec<_>>());
}

pub(crate) async fn a_cleared_key_begins_anew(guard: &impl LoginGuard) {
    for key in ["ann", "ann", "bob"] {
        guard.count_login_failure(key, morning()).await.unwrap();
    }
    guard.clear_login_failures("ann").await.unwrap();
    guard.clear_login_failures("nobody").await.unwrap();
    assert_eq!(guard.login_failures("ann").await.unwrap(), None);
    assert_eq!(guard.login_failures("bob").await.unwrap().unwrap().count, 1);
    assert_eq!(guard.count_login_failure("ann", morning()).await.unwrap().count, 1);
}

pub(crate) async fn old_failures_are_forgotten(guard: &impl LoginGuard) {
    for (key, minutes) in [("a", 1), ("b", 2), ("c", 3)] {
        guard.count_login_failure(key, morning() + TimeDelta::minutes(minutes)).await.unwrap();
    }
    assert_eq!(guard.drop_login_failures(morning() + TimeDelta::minutes(3)).await.unwrap(), 2);
    assert_eq!(guard.login_failures("b").await.unwrap(), None);
    assert_eq!(guard.login_failures("c").await.unwrap().unwrap().count, 1);
}
