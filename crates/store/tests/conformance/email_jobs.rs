//! What every store of email jobs does.

use bellwether_store::{EmailClaim, EmailJob, EmailJobState, EmailJobs, EmailRetry, NewEmailJob};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use uuid::Uuid;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn new(client: &str) -> NewEmailJob {
    NewEmailJob {
        uid: Uuid::now_v7(),
        client_id: Some(client.to_owned()),
        dedupe_key: None,
        payload: format!("{{\"of\":\"{client}\"}}"),
    }
}

async fn inserted(jobs: &impl EmailJobs, now: DateTime<Utc>) -> Uuid {
    let job = new("c");
    jobs.insert(std::slice::from_ref(&job), now).await.unwrap();
    job.uid
}

async fn claimed(jobs: &impl EmailJobs, uid: Uuid, turn: u32, now: i64) -> EmailJob {
    match jobs.claim(uid, turn, at(now), at(now + 10)).await.unwrap() {
        EmailClaim::Granted(job) => *job,
        other => panic!("{other:?}"),
    }
}

fn retry(next: i64) -> EmailRetry {
    EmailRetry {
        next_attempt_at: at(next),
        error: "busy".to_owned(),
        counts: true,
        crashed: false,
        delivered: vec!["a@example.org".to_owned()],
    }
}

pub(crate) async fn a_job_is_inserted_once_and_keeps_its_first_content(jobs: &impl EmailJobs) {
    let many: Vec<_> = (0..250).map(|n| new(&format!("c-{n}"))).collect();
    assert_eq!(jobs.insert(&many, at(0)).await.unwrap().len(), 250);
    let mut again = many[0].clone();
    again.payload.clear();
    let waiting = jobs.insert(&[again.clone(), again], at(5)).await.unwrap();
    assert!(waiting.iter().all(|job| job.uid == many[0].uid && job.turn == 0));
    let job = jobs.find(many[0].uid).await.unwrap().unwrap();
    assert_eq!(
        (job.payload, job.created_at, job.state),
        (many[0].payload.clone(), at(0), EmailJobState::Queued)
    );
    assert_eq!(jobs.insert(&[], at(0)).await.unwrap(), []);
    assert_eq!(jobs.find(Uuid::now_v7()).await.unwrap(), None);
}

pub(crate) async fn one_claim_at_a_time_and_a_forgotten_one_runs_out(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    let job = claimed(jobs, uid, 0, 0).await;
    assert_eq!((job.state, job.attempts, job.crashes), (EmailJobState::Sending, 0, 1));
    let held = jobs.claim(uid, 0, at(9), at(19)).await.unwrap();
    assert_eq!(held, EmailClaim::Held { until: at(10) });
    assert!(jobs.renew(uid, 0, at(13), Some("away")).await.unwrap());
    assert_eq!(jobs.claim(uid, 0, at(12), at(22)).await.unwrap(), EmailClaim::Held { until: at(13) });
    let job = claimed(jobs, uid, 0, 13).await;
    assert_eq!(job.last_error.as_deref(), Some("away"));
    assert_eq!((job.attempts, job.crashes), (1, 2), "the dead one's try counts");
    assert_eq!(jobs.insert(&[NewEmailJob { uid, ..new("c") }], at(14)).await.unwrap(), []);
}

pub(crate) async fn of_many_who_claim_one_job_one_gets_it(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    let claim = || jobs.claim(uid, 0, at(0), at(10));
    let (a, b, c, d) = tokio::join!(claim(), claim(), claim(), claim());
    let granted = [a, b, c, d].into_iter().filter(|claim| matches!(claim, Ok(EmailClaim::Granted(_))));
    let granted = granted.count();
    assert_eq!(granted, 1);
}

pub(crate) async fn a_retry_is_another_turn_and_the_old_one_is_over(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    claimed(jobs, uid, 0, 0).await;
    assert_eq!(jobs.record_retry(uid, 0, at(1), &retry(3)).await.unwrap(), Some(1));
    assert_eq!(jobs.record_retry(uid, 0, at(1), &retry(9)).await.unwrap(), None);
    assert_eq!(jobs.claim(uid, 0, at(4), at(9)).await.unwrap(), EmailClaim::Over);
    let job = jobs.find(uid).await.unwrap().unwrap();
    assert_eq!((job.state, job.turn, job.attempts, job.crashes), (EmailJobState::Retrying, 1, 1, 0));
    assert_eq!((job.next_attempt_at, job.last_error.as_deref()), (Some(at(3)), Some("busy")));
    assert_eq!(claimed(jobs, uid, 1, 3).await.delivered, ["a@example.org"]);

    let uncounted = EmailRetry { counts: false, crashed: true, ..retry(5) };
    assert_eq!(jobs.record_retry(uid, 1, at(4), &uncounted).await.unwrap(), Some(2));
    let job = jobs.find(uid).await.unwrap().unwrap();
    assert_eq!((job.attempts, job.crashes), (1, 1));
}

pub(crate) async fn a_claim_given_back_leaves_no_trace_but_its_reason(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    claimed(jobs, uid, 0, 0).await;
    jobs.release(uid, 0, at(2), Some("away")).await.unwrap();
    let job = jobs.find(uid).await.unwrap().unwrap();
    assert_eq!((job.state, job.turn, job.attempts, job.crashes), (EmailJobState::Queued, 0, 0, 0));
    assert_eq!((job.last_error.as_deref(), job.next_attempt_at), (Some("away"), Some(at(2))));
    assert!(!jobs.renew(uid, 0, at(9), None).await.unwrap());
}

pub(crate) async fn sent_is_sent_whatever_else_happened(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    claimed(jobs, uid, 0, 0).await;
    jobs.record_retry(uid, 0, at(1), &retry(3)).await.unwrap();
    jobs.record_sent(uid, at(2)).await.unwrap();
    jobs.record_sent(uid, at(3)).await.unwrap();
    let job = jobs.find(uid).await.unwrap().unwrap();
    assert_eq!((job.state, job.sent_at, job.next_attempt_at), (EmailJobState::Sent, Some(at(2)), None));
    assert_eq!(jobs.claim(uid, 1, at(4), at(9)).await.unwrap(), EmailClaim::Over);
    assert_eq!(jobs.requeue(uid, at(4)).await.unwrap(), None);
    assert_eq!(jobs.insert(&[NewEmailJob { uid, ..new("c") }], at(5)).await.unwrap(), []);
}

pub(crate) async fn what_is_parked_can_be_requeued_and_starts_over(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    claimed(jobs, uid, 0, 0).await;
    jobs.park(uid, 0, at(1), "no such user", &["a@example.org".to_owned()]).await.unwrap();
    let parked = jobs.list(EmailJobState::Parked, 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].attempts, parked[0].last_error.as_deref()), (1, Some("no such user")));
    let waiting = jobs.requeue(uid, at(50)).await.unwrap().unwrap();
    assert_eq!((waiting.turn, waiting.next_attempt_at), (1, at(50)));
    let job = claimed(jobs, uid, 1, 50).await;
    assert_eq!((job.attempts, job.queued_at, job.created_at), (0, at(50), at(0)));
    assert_eq!(job.delivered, ["a@example.org"], "who has it still has it");
}

pub(crate) async fn what_is_due_comes_in_order_and_in_steps(jobs: &impl EmailJobs) {
    let mut uids = Vec::new();
    for n in 0..5 {
        uids.push(inserted(jobs, at(n)).await);
    }
    claimed(jobs, uids[0], 0, 0).await;
    jobs.record_sent(uids[1], at(2)).await.unwrap();
    let first = jobs.due(at(3), None, 1).await.unwrap();
    assert_eq!(first[0].uid, uids[2]);
    let rest = jobs.due(at(3), first.last(), 10).await.unwrap();
    assert_eq!(rest.iter().map(|job| job.uid).collect::<Vec<_>>(), [uids[3]]);
    let later = jobs.due(at(10), None, 10).await.unwrap();
    assert_eq!(later.last().map(|job| job.uid), Some(uids[0]), "a claim that ran out");
}

pub(crate) async fn jobs_are_counted_purged_and_erased(jobs: &impl EmailJobs) {
    let (mine, other) = (new("mine"), new("other"));
    jobs.insert(&[mine.clone(), other.clone()], at(0)).await.unwrap();
    let sent = inserted(jobs, at(1)).await;
    jobs.record_sent(sent, at(100)).await.unwrap();
    let counts = jobs.counts().await.unwrap();
    assert_eq!((counts.queued, counts.sent, counts.oldest_queued_at), (2, 1, Some(at(0))));
    assert_eq!(jobs.purge_sent(at(100), 10).await.unwrap(), 0);
    assert_eq!(jobs.purge_sent(at(100) + TimeDelta::seconds(1), 10).await.unwrap(), 1);
    assert_eq!(jobs.erase_client("mine").await.unwrap(), 1);
    assert_eq!(jobs.find(mine.uid).await.unwrap(), None);
    assert!(jobs.find(other.uid).await.unwrap().is_some());
    claimed(jobs, other.uid, 0, 1).await;
    assert!(!jobs.purge(other.uid).await.unwrap(), "a worker is at it");
    jobs.park(other.uid, 0, at(2), "refused", &[]).await.unwrap();
    assert!(jobs.purge(other.uid).await.unwrap());
    assert!(!jobs.purge(other.uid).await.unwrap(), "it is gone");
}

pub(crate) async fn of_jobs_with_one_key_the_first_is_taken(jobs: &impl EmailJobs) {
    let keyed = |client: &str| NewEmailJob { dedupe_key: Some("ann k".to_owned()), ..new(client) };
    let (first, second) = (keyed("c1"), keyed("c2"));
    assert_eq!(jobs.insert(&[first.clone(), second.clone()], at(0)).await.unwrap().len(), 1);
    assert_eq!(jobs.insert(&[keyed("c3"), new("c4")], at(1)).await.unwrap().len(), 1);
    assert_eq!(jobs.find(second.uid).await.unwrap(), None);
    let other = NewEmailJob { dedupe_key: Some("ann K".to_owned()), ..new("c5") };
    assert_eq!(jobs.insert(&[other], at(1)).await.unwrap().len(), 1, "another key");

    let before = jobs.find(first.uid).await.unwrap();
    let again = jobs.insert(std::slice::from_ref(&first), at(9)).await.unwrap();
    assert_eq!(again.iter().map(|job| job.uid).collect::<Vec<_>>(), [first.uid]);
    assert_eq!(jobs.find(first.uid).await.unwrap(), before, "the same again changes nothing");
    assert_eq!(jobs.counts().await.unwrap().queued, 3);
}

pub(crate) async fn of_many_who_insert_one_key_one_job_comes(jobs: &impl EmailJobs) {
    let batches: Vec<Vec<_>> = (0..8)
        .map(|_| (0..20).map(|n| NewEmailJob { dedupe_key: Some(format!("key {n}")), ..new("c") }).collect())
        .collect();
    let inserted = join_all(batches.iter().map(|batch| jobs.insert(batch, at(0)))).await;
    let waiting: usize = inserted.into_iter().map(|waiting| waiting.unwrap().len()).sum();
    assert_eq!((waiting, jobs.counts().await.unwrap().queued), (20, 20));
}

pub(crate) async fn of_many_who_requeue_one_job_one_does(jobs: &impl EmailJobs) {
    let uid = inserted(jobs, at(0)).await;
    claimed(jobs, uid, 0, 0).await;
    jobs.park(uid, 0, at(1), "no such user", &[]).await.unwrap();
    let requeued = join_all((0..6).map(|_| jobs.requeue(uid, at(2)))).await;
    let requeued: Vec<_> = requeued.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(requeued.iter().map(|job| job.turn).collect::<Vec<_>>(), [1]);
}
