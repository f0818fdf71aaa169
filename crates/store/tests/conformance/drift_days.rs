//! What every store of drift by day does.

use bellwether_store::{DriftDay, DriftDays};
use chrono::{Days, NaiveDate, TimeDelta};

use crate::builders::{HOSTILE, morning};

fn date(n: u64) -> NaiveDate {
    morning().date_naive() + Days::new(n)
}

fn day(model: &str, n: u64, minute: i64) -> DriftDay {
    DriftDay {
        environment: "prod".to_owned(),
        model: model.to_owned(),
        day: date(n),
        rows: 1_000 + n,
        document: format!("{{\"n\": 0.30000000000000004, \"text\": {HOSTILE:?}, \"minute\": {minute}}}"),
        computed_at: morning() + TimeDelta::minutes(minute),
    }
}

pub(crate) async fn days_are_read_back_in_order(store: &impl DriftDays) {
    for n in [2, 0, 1, 3] {
        store.keep_drift_day(&day("forest", n, 0)).await.unwrap();
    }
    store.keep_drift_day(&day("boost", 1, 0)).await.unwrap();
    let stage = DriftDay { environment: "stage".to_owned(), ..day("forest", 1, 0) };
    store.keep_drift_day(&stage).await.unwrap();
    let read = store.drift_days("prod", "forest", date(1), date(2)).await.unwrap();
    assert_eq!(read, [day("forest", 1, 0), day("forest", 2, 0)]);
    assert_eq!(store.drift_days("stage", "forest", date(0), date(9)).await.unwrap(), [stage]);
    assert_eq!(store.drift_days("prod", "forest", date(4), date(9)).await.unwrap(), []);
}

pub(crate) async fn what_was_computed_last_is_kept(store: &impl DriftDays) {
    for (minute, stands) in [(5_i64, 5_u64), (3, 5), (5, 5), (8, 8)] {
        let computed = DriftDay { rows: minute.cast_unsigned(), ..day("forest", 0, minute) };
        store.keep_drift_day(&computed).await.unwrap();
        let read = store.drift_days("prod", "forest", date(0), date(0)).await.unwrap();
        assert_eq!(read, [DriftDay { rows: stands, ..day("forest", 0, stands.cast_signed()) }]);
    }
}
