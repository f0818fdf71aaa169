//! What every store of replicas does.

use std::collections::BTreeMap;

use bellwether_store::{RefusedVersion, ReplicaReport, Replicas, Traffic};
use chrono::{TimeDelta, Utc};

use crate::builders::morning;

fn report(replica: &str) -> ReplicaReport {
    ReplicaReport {
        environment: "stage".to_owned(),
        replica: replica.to_owned(),
        version: Some(7),
        sha256: Some("ab".repeat(32)),
        bundles: BTreeMap::from([("forest_1".to_owned(), "cd".repeat(32))]),
        refused: Some(RefusedVersion { version: 8, reasons: vec!["no bundle `größer`".to_owned()] }),
        journal_oldest_at: Some(morning()),
        traffic: Some(Traffic {
            answered: 12,
            failed: 1,
            high_risk: 3,
            without_prediction: 2,
            latency: (0..).take(Traffic::BUCKETS).collect(),
            ..Traffic::begun(7, morning())
        }),
        started_at: morning() - TimeDelta::hours(1),
        at: morning(),
    }
}

pub(crate) async fn a_report_is_read_back_and_replaced_by_the_next(replicas: &impl Replicas) {
    replicas.report(&report("api-0")).await.unwrap();
    assert_eq!(replicas.replicas("stage").await.unwrap(), [report("api-0")]);
    let bare = ReplicaReport {
        version: None,
        sha256: None,
        bundles: BTreeMap::new(),
        refused: None,
        journal_oldest_at: None,
        traffic: None,
        at: morning() + TimeDelta::seconds(5),
        ..report("api-0")
    };
    replicas.report(&bare).await.unwrap();
    replicas.report(&bare).await.unwrap();
    assert_eq!(replicas.replicas("stage").await.unwrap(), std::slice::from_ref(&bare));
    let read = replicas.replicas_with_unreadable("stage").await.unwrap();
    assert!(matches!(read.as_slice(), [(report, None)] if *report == bare));
}

pub(crate) async fn environments_list_their_own_by_name(replicas: &impl Replicas) {
    let prod = ReplicaReport { environment: "prod".to_owned(), ..report("api-0") };
    for report in [&report("api-2"), &prod, &report("api-10"), &report("api-1")] {
        replicas.report(report).await.unwrap();
    }
    let stage = replicas.replicas("stage").await.unwrap();
    assert_eq!(stage, ["api-1", "api-10", "api-2"].map(report));
    assert_eq!(replicas.replicas("prod").await.unwrap(), [prod]);
    assert_eq!(replicas.replicas("local").await.unwrap(), []);
}

pub(crate) async fn who_leaves_or_falls_silent_is_forgotten(replicas: &impl Replicas) {
    let late = ReplicaReport { at: morning() + TimeDelta::minutes(1), ..report("late") };
    for report in [&report("gone"), &report("silent"), &late] {
        replicas.report(report).await.unwrap();
    }
    assert!(replicas.forget("stage", "gone").await.unwrap());
    assert!(!replicas.forget("stage", "gone").await.unwrap());
    assert!(!replicas.forget("prod", "silent").await.unwrap());
    assert_eq!(replicas.forget_silent(morning()).await.unwrap(), 0, "heard of just then");
    assert_eq!(replicas.forget_silent(morning() + TimeDelta::seconds(1)).await.unwrap(), 1);
    assert_eq!(replicas.replicas("stage").await.unwrap(), [late]);
    assert_eq!(replicas.forget_silent(Utc::now() + TimeDelta::days(3650)).await.unwrap(), 1);
}
