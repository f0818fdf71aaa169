//! What every store of users does.

use bellwether_store::{Role, StoreError, User, Users};

use crate::builders::morning;

fn user(name: &str) -> User {
    User {
        name: name.to_owned(),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        role: Role::Editor,
        created_at: morning(),
        disabled: false,
    }
}

pub(crate) async fn a_user_is_read_back(users: &impl Users) {
    users.add(&user("zoë")).await.unwrap();
    assert_eq!(users.find("zoë").await.unwrap(), Some(user("zoë")));
    assert_eq!(users.find("zoe").await.unwrap(), None);
}

pub(crate) async fn a_name_is_taken_once(users: &impl Users) {
    users.add(&user("ann")).await.unwrap();
    let again = User { role: Role::Admin, ..user("ann") };
    assert!(matches!(users.add(&again).await, Err(StoreError::Conflict { .. })));
    assert_eq!(users.find("ann").await.unwrap(), Some(user("ann")));
}

pub(crate) async fn changes_reach_those_who_exist(users: &impl Users) {
    users.add(&user("ann")).await.unwrap();
    users.add(&user("bob")).await.unwrap();
    assert!(users.set_role("ann", Role::Approver).await.unwrap());
    assert!(users.set_disabled("ann", true).await.unwrap());
    assert!(users.set_password_hash("ann", "$other").await.unwrap());
    assert!(!users.set_role("nobody", Role::Admin).await.unwrap());
    assert!(!users.set_disabled("nobody", true).await.unwrap());
    assert!(!users.set_password_hash("nobody", "$other").await.unwrap());
    let changed =
        User { role: Role::Approver, disabled: true, password_hash: "$other".to_owned(), ..user("ann") };
    assert_eq!(users.list().await.unwrap(), [changed, user("bob")]);
}

pub(crate) async fn everyone_is_listed_by_name(users: &impl Users) {
    for name in ["cid", "ann", "bob"] {
        users.add(&user(name)).await.unwrap();
    }
    let names: Vec<_> = users.list().await.unwrap().into_iter().map(|user| user.name).collect();
    assert_eq!(names, ["ann", "bob", "cid"]);
}

pub(crate) async fn names_are_compared_exactly(users: &impl Users) {
    let names = ["Ann", "ann", "ann ", "änn"];
    for name in names {
        users.add(&user(name)).await.unwrap();
    }
    assert!(users.set_disabled("ann", true).await.unwrap());
    assert_eq!(users.list().await.unwrap().iter().filter(|user| user.disabled).count(), 1);
    for name in names {
        assert_eq!(users.find(name).await.unwrap().unwrap().name, name);
    }
}
