//! What every audit log does, also where somebody writes past it.

use bellwether_store::StoreError;
use bellwether_store::console::{
    AuditEntry, AuditError, AuditHead, AuditLog, Ledger, Verified, verify_audit,
};
use futures_util::future::join_all;

use crate::builders::{add_user, line};
use crate::poisoned_config::Somebody;

async fn write(log: &impl Ledger, lines: u32) {
    for _ in 0..lines {
        log.commit(line(), Vec::new()).await.unwrap();
    }
}

pub(crate) async fn an_empty_log_holds(log: &impl AuditLog) {
    assert_eq!(log.audit_head().await.unwrap(), None);
    assert_eq!(log.lines(0, 10).await.unwrap(), []);
    assert_eq!(log.recent_lines(None, 10).await.unwrap(), []);
    assert_eq!(log.archived_up_to().await.unwrap(), 0);
    assert_eq!(verify_audit(log).await.unwrap(), Verified { lines: 0, head: None });
}

pub(crate) async fn lines_are_read_in_pages_from_either_end(log: &(impl AuditLog + Ledger)) {
    write(log, 5).await;
    let seqs = |lines: Vec<AuditEntry>| lines.into_iter().map(|line| line.seq).collect::<Vec<_>>();
    assert_eq!(seqs(log.lines(0, 3).await.unwrap()), [1, 2, 3]);
    assert_eq!(seqs(log.lines(3, 3).await.unwrap()), [4, 5]);
    assert_eq!(seqs(log.lines(u64::MAX, 3).await.unwrap()), [0; 0]);
    assert_eq!(seqs(log.recent_lines(None, 3).await.unwrap()), [5, 4, 3]);
    assert_eq!(seqs(log.recent_lines(Some(3), 3).await.unwrap()), [2, 1]);
    assert_eq!(seqs(log.recent_lines(Some(u64::MAX), 1).await.unwrap()), [5]);
}

pub(crate) async fn lines_of_many_at_once_are_one_chain_without_gaps(log: &(impl AuditLog + Ledger)) {
    let all = join_all((0..50).map(|n| log.commit(line(), vec![add_user(&format!("user {n}"))]))).await;
    let mut told: Vec<_> = all.into_iter().map(|made| made.unwrap().audit).collect();
    told.sort_unstable_by_key(|line| line.seq);
    assert_eq!(told.iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
    assert_eq!(log.lines(0, 100).await.unwrap(), told);
    let last = told.last().unwrap();
    let head = Some(AuditHead { seq: 50, hash: last.hash.clone() });
    assert_eq!(verify_audit(log).await.unwrap(), Verified { lines: 50, head });
}

/// Each on its own handle, as processes are.
pub(crate) async fn lines_of_two_processes_are_one_chain(
    one: &(impl AuditLog + Ledger),
    other: &(impl AuditLog + Ledger),
) {
    join_all((0..20).map(async |_| tokio::join!(write(one, 2), write(other, 2)))).await;
    assert_eq!(verify_audit(one).await.unwrap().lines, 80);
}

pub(crate) async fn what_is_archived_never_goes_back(log: &(impl AuditLog + Ledger)) {
    write(log, 3).await;
    for (noted, told) in [(2, 2), (1, 2), (3, 3)] {
        log.note_archived(noted).await.unwrap();
        assert_eq!(log.archived_up_to().await.unwrap(), told);
    }
    write(log, 1).await;
    assert_eq!(log.archived_up_to().await.unwrap(), 3);
    assert_eq!(verify_audit(log).await.unwrap().lines, 4);
}

pub(crate) async fn an_altered_line_is_found(log: &(impl AuditLog + Ledger), somebody: &Somebody) {
    write(log, 4).await;
    somebody.unlock_the_log().await;
    for column in ["at", "actor", "action", "subject", "detail", "previous", "hash"] {
        let kept = log.lines(2, 1).await.unwrap().remove(0);
        let (new, old) = match column {
            "at" => ("'2026-11-22 09:30:00'".to_owned(), somebody.time(&kept)),
            "actor" => ("'bob'".to_owned(), format!("'{}'", kept.actor)),
            "action" => ("'store.testes'".to_owned(), format!("'{}'", kept.action)),
            "subject" => ("'the Store'".to_owned(), format!("'{}'", kept.subject)),
            "detail" => ("'{}'".to_owned(), format!("'{}'", kept.detail)),
            "previous" => (format!("'{}'", "0".repeat(64)), format!("'{}'", kept.previous)),
            _ => (format!("'{}'", "ab".repeat(32)), format!("'{}'", kept.hash)),
        };
        let set = async |value| {
            somebody.run(format!("UPDATE audit_log SET {column} = {value} WHERE seq = 3")).await;
        };
        set(new).await;
        let found = verify_audit(log).await.unwrap_err();
        assert!(matches!(found, AuditError::Changed { seq: 3 }), "{column}: {found:?}");
        set(old).await;
        assert_eq!(log.lines(2, 1).await.unwrap(), [kept]);
        verify_audit(log).await.unwrap();
    }
}

pub(crate) async fn a_line_altered_together_with_its_hash_is_found(
    log: &(impl AuditLog + Ledger),
    somebody: &Somebody,
) {
    write(log, 4).await;
    somebody.unlock_the_log().await;
    for (seq, found_at) in [(4, 4), (2, 3)] {
        let mut forged = log.lines(seq - 1, 1).await.unwrap().remove(0);
        forged.actor.push_str(" or bob");
        let hash = forged.digest();
        somebody
            .run(format!("UPDATE audit_log SET actor = 'ann or bob', hash = '{hash}' WHERE seq = {seq}"))
            .await;
        let found = verify_audit(log).await.unwrap_err();
        assert!(matches!(found, AuditError::Changed { seq } if seq == found_at), "{found:?}");
    }
}

pub(crate) async fn a_removed_line_is_found(log: &(impl AuditLog + Ledger), somebody: &Somebody) {
    write(log, 4).await;
    somebody.unlock_the_log().await;
    somebody.run("DELETE FROM audit_log WHERE seq = 3".to_owned()).await;
    let found = verify_audit(log).await.unwrap_err();
    assert!(matches!(found, AuditError::Gap { expected: 3, found: 4 }), "{found:?}");
    somebody.run("DELETE FROM audit_log WHERE seq = 1".to_owned()).await;
    let found = verify_audit(log).await.unwrap_err();
    assert!(matches!(found, AuditError::Gap { expected: 1, found: 2 }), "{found:?}");
}

pub(crate) async fn a_cut_tail_is_found(log: &(impl AuditLog + Ledger), somebody: &Somebody) {
    write(log, 4).await;
    somebody.unlock_the_log().await;
    let end = log.audit_head().await.unwrap().unwrap();
    let before = log.lines(1, 1).await.unwrap().remove(0).hash;
    let note = async |seq: u64, hash: &str| {
        somebody.run(format!("UPDATE audit_head SET seq = {seq}, hash = '{hash}'")).await;
    };
    note(2, &before).await;
    let found = verify_audit(log).await.unwrap_err();
    assert!(matches!(found, AuditError::HeadSetBack { head: 2, found: 4 }), "{found:?}");
    note(end.seq, &end.hash).await;
    for (cut, left) in [("seq > 2", 2), ("TRUE", 0)] {
        somebody.run(format!("DELETE FROM audit_log WHERE {cut}")).await;
        let found = verify_audit(log).await.unwrap_err();
        assert!(matches!(found, AuditError::Cut { expected: 4, found } if found == left), "{found:?}");
    }
}

pub(crate) async fn an_end_that_was_moved_stops_every_change(
    log: &(impl AuditLog + Ledger),
    somebody: &Somebody,
) {
    write(log, 2).await;
    for tampered in ["UPDATE audit_head SET seq = 1", "DELETE FROM audit_head"] {
        somebody.run(tampered.to_owned()).await;
        let refused = log.commit(line(), Vec::new()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{tampered}: {refused:?}");
    }
    assert!(matches!(log.audit_head().await, Err(StoreError::Corrupt { .. })));
    assert!(matches!(log.archived_up_to().await, Err(StoreError::Corrupt { .. })));
    assert!(matches!(verify_audit(log).await, Err(AuditError::Store(StoreError::Corrupt { .. }))));
    assert_eq!(log.lines(0, 10).await.unwrap().len(), 2);
}

/// Where the engine can keep its own users from it.
pub(crate) async fn a_line_cannot_be_changed_by_mistake(log: &(impl AuditLog + Ledger), somebody: &Somebody) {
    write(log, 2).await;
    for mistake in
        ["UPDATE audit_log SET actor = 'bob'", "DELETE FROM audit_log WHERE seq = 2", "DELETE FROM audit_log"]
    {
        let refused = somebody.try_run(mistake.to_owned()).await.unwrap_err().to_string();
        assert!(refused.contains("a line of the audit log is never"), "{refused}");
    }
    assert_eq!(verify_audit(log).await.unwrap().lines, 2);
}
