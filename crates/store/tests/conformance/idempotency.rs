//! What every store of idempotency keys does.

use bellwether_store::{IdempotencyKeys, KeyedAnswer, KeyedRequest};
use chrono::TimeDelta;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::builders::morning;

fn request(caller: &str, key: &str) -> KeyedRequest {
    KeyedRequest {
        caller: caller.to_owned(),
        key: key.to_owned(),
        fingerprint: "ef".repeat(32),
        job_id: Uuid::now_v7(),
    }
}

fn answer(request: &KeyedRequest) -> KeyedAnswer {
    KeyedAnswer { fingerprint: request.fingerprint.clone(), job_id: request.job_id }
}

pub(crate) async fn the_first_request_answers_all_that_follow(keys: &impl IdempotencyKeys) {
    let first = request("ann", "k");
    assert_eq!(keys.claim_key(&first, morning()).await.unwrap(), answer(&first));
    assert_eq!(keys.claim_key(&first, morning()).await.unwrap(), answer(&first));
    let other = KeyedRequest { fingerprint: "00".repeat(32), ..request("ann", "k") };
    assert_eq!(keys.claim_key(&other, morning()).await.unwrap(), answer(&first));
}

pub(crate) async fn a_key_is_the_caller_s_own_and_compared_exactly(keys: &impl IdempotencyKeys) {
    let mut seen = Vec::new();
    let long = "ü".repeat(255);
    for (caller, key) in
        [("ann", "k"), ("bob", "k"), ("Ann", "k"), ("ann", "K"), ("ann", "k "), ("ann", "ķ"), ("ann", &long)]
    {
        let request = request(caller, key);
        seen.push(request.job_id);
        assert_eq!(
            keys.claim_key(&request, morning()).await.unwrap().job_id,
            request.job_id,
            "{caller} {key}"
        );
    }
    assert_eq!(seen.len(), 7);
}

pub(crate) async fn of_concurrent_claims_all_get_one_answer(keys: &impl IdempotencyKeys) {
    for round in 0..10 {
        let requests: Vec<_> = (0..16).map(|_| request("ann", &format!("k{round}"))).collect();
        let claims = requests.iter().map(|request| keys.claim_key(request, morning()));
        let answers: Vec<_> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert!(requests.iter().any(|request| request.job_id == answers[0].job_id));
    }
}

pub(crate) async fn old_keys_are_forgotten_in_steps(keys: &impl IdempotencyKeys) {
    for n in 0..5 {
        keys.claim_key(&request("ann", &format!("k{n}")), morning() + TimeDelta::seconds(n)).await.unwrap();
    }
    let before = morning() + TimeDelta::seconds(4);
    assert_eq!(keys.purge_keys(before, 3).await.unwrap(), 3);
    assert_eq!(keys.purge_keys(before, 3).await.unwrap(), 1);
    assert_eq!(keys.purge_keys(before, 3).await.unwrap(), 0);
    let again = request("ann", "k0");
    assert_eq!(keys.claim_key(&again, morning()).await.unwrap(), answer(&again));
}
