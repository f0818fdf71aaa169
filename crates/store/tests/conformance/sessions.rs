//! What every store of sessions does.

use bellwether_store::console::{Ledger, Session, Sessions, Step};
use chrono::TimeDelta;

use crate::builders::{line, morning};

pub(crate) fn session(id_hash: &str, user: &str) -> Session {
    Session {
        id_hash: id_hash.to_owned(),
        user: user.to_owned(),
        csrf: "c".to_owned(),
        created_at: morning(),
        seen_at: morning(),
        expires_at: morning() + TimeDelta::hours(12),
        address: "192.0.2.7".to_owned(),
        agent: "a browser".to_owned(),
    }
}

fn hashes(sessions: Vec<Session>) -> Vec<String> {
    sessions.into_iter().map(|session| session.id_hash).collect()
}

pub(crate) async fn a_session_is_read_back_until_it_is_closed(store: &impl Sessions) {
    assert_eq!(store.session("a").await.unwrap(), None);
    store.open_session(&session("a", "ann")).await.unwrap();
    assert_eq!(store.session("a").await.unwrap(), Some(session("a", "ann")));
    assert_eq!(store.session("A").await.unwrap(), None);
    assert!(store.close_session("a").await.unwrap());
    assert!(!store.close_session("a").await.unwrap());
    assert_eq!(store.session("a").await.unwrap(), None);
}

pub(crate) async fn a_hash_is_taken_once(store: &impl Sessions) {
    store.open_session(&session("a", "ann")).await.unwrap();
    assert!(store.open_session(&session("a", "bob")).await.is_err());
    assert_eq!(store.session("a").await.unwrap().unwrap().user, "ann");
}

pub(crate) async fn a_use_is_noted_and_never_goes_back(store: &impl Sessions) {
    store.open_session(&session("a", "ann")).await.unwrap();
    store.open_session(&session("b", "ann")).await.unwrap();
    let later = morning() + TimeDelta::seconds(90);
    store.touch_session("a", later).await.unwrap();
    store.touch_session("a", morning() + TimeDelta::seconds(30)).await.unwrap();
    store.touch_session("nobody's", later).await.unwrap();
    assert_eq!(store.session("a").await.unwrap().unwrap().seen_at, later);
    assert_eq!(store.session("b").await.unwrap(), Some(session("b", "ann")));
}

pub(crate) async fn a_person_s_sessions_are_listed_newest_first(store: &impl Sessions) {
    for (n, (id, user)) in (0..).zip([("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", "ann")]) {
        let created_at = morning() + TimeDelta::microseconds(n);
        store.open_session(&Session { created_at, ..session(id, user) }).await.unwrap();
    }
    assert_eq!(hashes(store.sessions_of("ann").await.unwrap()), ["d", "c", "a"]);
    assert_eq!(hashes(store.sessions_of("nobody").await.unwrap()), [""; 0]);
}

pub(crate) async fn those_that_ended_are_dropped(store: &impl Sessions) {
    for (id, hours) in [("a", 1), ("b", 2), ("c", 3)] {
        let expires_at = morning() + TimeDelta::hours(hours);
        store.open_session(&Session { expires_at, ..session(id, "ann") }).await.unwrap();
    }
    assert_eq!(store.drop_expired_sessions(morning() + TimeDelta::hours(2)).await.unwrap(), 1);
    assert_eq!(hashes(store.sessions_of("ann").await.unwrap()), ["b", "c"]);
}

pub(crate) async fn a_change_closes_all_but_one_of_a_person_s(store: &(impl Sessions + Ledger)) {
    for (id, user) in [("a", "ann"), ("b", "ann"), ("c", "ann"), ("d", "bob")] {
        store.open_session(&session(id, user)).await.unwrap();
    }
    let close = |except: Option<&str>| {
        vec![Step::CloseSessions { user: "ann".to_owned(), except: except.map(str::to_owned) }]
    };
    store.commit(line(), close(Some("b"))).await.unwrap();
    assert_eq!(hashes(store.sessions_of("ann").await.unwrap()), ["b"]);
    // Of another's, none stays.
    store.commit(line(), close(Some("d"))).await.unwrap();
    assert_eq!(hashes(store.sessions_of("ann").await.unwrap()), [""; 0]);
    // Whoever has none has none.
    store.commit(line(), close(None)).await.unwrap();
    assert_eq!(hashes(store.sessions_of("bob").await.unwrap()), ["d"]);
}

pub(crate) async fn a_long_agent_is_cut(store: &impl Sessions) {
    let agent = "🦀".repeat(300);
    store.open_session(&Session { agent, ..session("a", "ann") }).await.unwrap();
    assert_eq!(store.session("a").await.unwrap().unwrap().agent, "🦀".repeat(255));
}
