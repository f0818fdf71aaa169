//! What every config store does.

use bellwether_core::config::{Origin, Provenance};
use bellwether_store::{ConfigStore, NewConfigVersion, StoreError, StoredVersion};
use futures_util::future::join_all;

use crate::builders::{HOSTILE, document, report, version};

pub(crate) async fn an_environment_starts_without_a_version(store: &impl ConfigStore) {
    assert_eq!(store.live("stage").await.unwrap(), None);
    assert_eq!(store.version("stage", 1).await.unwrap(), None);
    assert_eq!(store.history("stage", 10).await.unwrap(), []);
}

pub(crate) async fn a_version_is_read_back_as_it_was_appended(store: &impl ConfigStore) {
    let first = store.append(version(None, 0.65)).await.unwrap();
    assert_eq!((first.version, first.parent), (1, None));
    assert_eq!(first.sha256, document(0.65).sha256().unwrap());
    let second = store.append(version(Some(1), 0.1 + 0.2)).await.unwrap();
    assert_eq!(store.version("stage", 1).await.unwrap(), Some(first.clone().into()));
    assert_eq!(store.live("stage").await.unwrap().unwrap().readable().unwrap(), second);
    let (first, second) = (StoredVersion::from(first), StoredVersion::from(second));
    assert_eq!(store.history("stage", 10).await.unwrap(), [second.clone(), first]);
    assert_eq!(store.history("stage", 1).await.unwrap(), [second]);
}

pub(crate) async fn only_a_child_of_the_live_version_is_appended(store: &impl ConfigStore) {
    store.append(version(None, 0.65)).await.unwrap();
    store.append(version(Some(1), 0.66)).await.unwrap();
    for parent in [None, Some(0), Some(1), Some(3), Some(u64::MAX)] {
        let refused = store.append(version(parent, 0.67)).await.unwrap_err();
        let expected = matches!(refused, StoreError::Conflict { .. } | StoreError::Refused(_));
        assert!(expected && !refused.is_transient(), "{parent:?}: {refused:?}");
    }
    assert_eq!(store.live("stage").await.unwrap().unwrap().version, 2);
}

pub(crate) async fn history_goes_on_before_any_version(store: &impl ConfigStore) {
    let mut all = vec![store.append(version(None, 0.65)).await.unwrap()];
    for parent in 1..5 {
        all.insert(0, store.append(version(Some(parent), 0.65)).await.unwrap());
    }
    let prod = NewConfigVersion { environment: "prod".to_owned(), ..version(None, 0.7) };
    store.append(prod).await.unwrap();
    let all: Vec<StoredVersion> = all.into_iter().map(StoredVersion::from).collect();
    let before = async |version, limit| store.history_before("stage", version, limit).await.unwrap();
    assert_eq!(before(4, 2).await, all[2..4]);
    assert_eq!(before(2, 10).await, all[4..]);
    assert_eq!(before(u64::MAX, 10).await, all);
    assert_eq!(before(1, 10).await, []);
    assert_eq!(before(0, 10).await, []);
}

pub(crate) async fn environments_do_not_see_each_other(store: &impl ConfigStore) {
    store.append(version(None, 0.65)).await.unwrap();
    assert_eq!(store.live("prod").await.unwrap(), None);
    let prod = NewConfigVersion { environment: "prod".to_owned(), ..version(None, 0.7) };
    assert_eq!(store.append(prod).await.unwrap().version, 1);
}

pub(crate) async fn of_concurrent_appends_exactly_one_wins(store: &impl ConfigStore) {
    store.append(version(None, 0.65)).await.unwrap();
    let appends = (0..16).map(|n| store.append(version(Some(1), 0.1 + f64::from(n) / 100.0)));
    let outcomes = join_all(appends).await;
    let won: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(won.len(), 1);
    assert_eq!(store.live("stage").await.unwrap(), Some(won[0].clone().into()));
    let mut lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(lost.all(|error| matches!(error, StoreError::Conflict { .. })));
}

pub(crate) async fn where_a_version_comes_from_is_kept_with_it(store: &impl ConfigStore) {
    let provenance = Provenance {
        origin: Origin::Rollback,
        proposal: Some(12),
        edited_by: vec!["bert".to_owned(), HOSTILE.to_owned()],
        approved_by: Some(HOSTILE.to_owned()),
        emergency: Some(HOSTILE.to_owned()),
        restores: Some(3),
    };
    let stage_report = Some(report("ab", false));
    let new = NewConfigVersion {
        provenance: Some(provenance.clone()),
        stage_report: stage_report.clone(),
        ..version(None, 0.65)
    };
    let first = store.append(new).await.unwrap();
    assert_eq!(first.provenance, Some(provenance.clone()));
    let second = store.append(version(Some(1), 0.66)).await.unwrap();
    assert_eq!(second.provenance, None);
    let [newer, older] = &store.history("stage", 10).await.unwrap()[..] else { panic!("two were appended") };
    assert_eq!((&newer.provenance, &older.provenance), (&None, &Some(provenance)));
    assert_eq!(store.stage_report("stage", 1).await.unwrap(), stage_report);
    for (environment, version) in [("stage", 2), ("stage", 3), ("prod", 1)] {
        assert_eq!(store.stage_report(environment, version).await.unwrap(), None);
    }
}
