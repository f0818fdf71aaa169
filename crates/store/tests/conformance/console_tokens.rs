//! What every store of console tokens does.

use bellwether_store::Role;
use bellwether_store::console::{ConsoleToken, ConsoleTokens, Ledger, NewAuditEntry, Step};
use chrono::TimeDelta;

use crate::builders::{line, morning};

pub(crate) fn token(id: &str) -> ConsoleToken {
    ConsoleToken {
        id: id.to_owned(),
        hash: "ab".repeat(32),
        name: "nightly".to_owned(),
        owner: "ann".to_owned(),
        role: Role::Editor,
        created_at: morning(),
        expires_at: morning() + TimeDelta::days(30),
        revoked_at: None,
        used_at: None,
    }
}

async fn add(store: &impl Ledger, token: ConsoleToken) {
    store.commit(line(), vec![Step::AddToken(token)]).await.unwrap();
}

pub(crate) async fn a_token_is_read_back(store: &(impl ConsoleTokens + Ledger)) {
    let whole = ConsoleToken { revoked_at: Some(morning()), used_at: Some(morning()), ..token("b") };
    add(store, token("a")).await;
    add(store, whole.clone()).await;
    assert_eq!(store.token("a").await.unwrap(), Some(token("a")));
    assert_eq!(store.token("b").await.unwrap(), Some(whole));
    assert_eq!(store.token("A").await.unwrap(), None);
}

pub(crate) async fn tokens_are_listed_newest_first(store: &(impl ConsoleTokens + Ledger)) {
    for (n, id) in (0..).zip(["b", "c", "a"]) {
        add(store, ConsoleToken { created_at: morning() + TimeDelta::microseconds(n), ..token(id) }).await;
    }
    let ids: Vec<_> = store.tokens().await.unwrap().into_iter().map(|token| token.id).collect();
    assert_eq!(ids, ["a", "c", "b"]);
}

pub(crate) async fn a_token_s_use_is_noted_and_never_goes_back(store: &(impl ConsoleTokens + Ledger)) {
    add(store, token("a")).await;
    add(store, token("b")).await;
    let later = morning() + TimeDelta::seconds(90);
    for at in [morning(), later, morning()] {
        store.touch_token("a", at).await.unwrap();
    }
    store.touch_token("nobody's", later).await.unwrap();
    assert_eq!(store.token("a").await.unwrap().unwrap().used_at, Some(later));
    assert_eq!(store.token("b").await.unwrap(), Some(token("b")));
}

pub(crate) async fn a_token_is_revoked_once(store: &(impl ConsoleTokens + Ledger)) {
    add(store, token("a")).await;
    add(store, token("b")).await;
    let revoke = |minutes| {
        let line = NewAuditEntry { at: morning() + TimeDelta::minutes(minutes), ..line() };
        store.commit(line, vec![Step::RevokeToken { id: "a".to_owned() }])
    };
    revoke(1).await.unwrap();
    revoke(2).await.unwrap();
    let revoked_at = Some(morning() + TimeDelta::minutes(1));
    assert_eq!(store.token("a").await.unwrap(), Some(ConsoleToken { revoked_at, ..token("a") }));
    assert_eq!(store.token("b").await.unwrap(), Some(token("b")));
}
