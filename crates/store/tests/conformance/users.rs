//! What every store of users does.

use bellwether_store::console::{Ledger, Step};
use bellwether_store::{Role, StoreError, User, Users};

use crate::builders::{add_user, line, user};

pub(crate) async fn a_user_is_read_back(users: &(impl Users + Ledger)) {
    let zoe = User { email: Some("zoë@example.org".to_owned()), ..user("zoë") };
    users.commit(line(), vec![Step::AddUser(zoe.clone())]).await.unwrap();
    assert_eq!(users.find("zoë").await.unwrap(), Some(zoe));
    assert_eq!(users.find("zoe").await.unwrap(), None);
}

pub(crate) async fn a_name_is_taken_once(users: &(impl Users + Ledger)) {
    users.commit(line(), vec![add_user("ann")]).await.unwrap();
    let again = User { role: Role::Admin, ..user("ann") };
    let taken = users.commit(line(), vec![Step::AddUser(again)]).await;
    assert!(matches!(taken, Err(StoreError::Conflict { .. })));
    assert_eq!(users.find("ann").await.unwrap(), Some(user("ann")));
}

pub(crate) async fn changes_reach_only_whom_they_name(users: &(impl Users + Ledger)) {
    users.commit(line(), vec![add_user("ann"), add_user("bob")]).await.unwrap();
    let name = || "ann".to_owned();
    let email = Some("ann@example.org".to_owned());
    let steps = vec![
        Step::SetRole { name: name(), role: Role::Approver },
        Step::SetDisabled { name: name(), disabled: true },
        Step::SetPasswordHash { name: name(), hash: "$other".to_owned() },
        Step::SetEmail { name: name(), email: email.clone() },
    ];
    // Twice: what is as it should be is no conflict.
    users.commit(line(), steps.clone()).await.unwrap();
    users.commit(line(), steps).await.unwrap();
    let password_hash = "$other".to_owned();
    let changed = User { role: Role::Approver, disabled: true, password_hash, email, ..user("ann") };
    assert_eq!(users.list().await.unwrap(), [changed.clone(), user("bob")]);
    users.commit(line(), vec![Step::SetEmail { name: name(), email: None }]).await.unwrap();
    assert_eq!(users.find("ann").await.unwrap(), Some(User { email: None, ..changed }));
}

pub(crate) async fn everyone_is_listed_by_name(users: &(impl Users + Ledger)) {
    users.commit(line(), ["cid", "ann", "bob"].map(add_user).to_vec()).await.unwrap();
    let names: Vec<_> = users.list().await.unwrap().into_iter().map(|user| user.name).collect();
    assert_eq!(names, ["ann", "bob", "cid"]);
}

pub(crate) async fn names_are_compared_exactly(users: &(impl Users + Ledger)) {
    let names = ["Ann", "ann", "ann ", "änn"];
    users.commit(line(), names.map(add_user).to_vec()).await.unwrap();
    let disable = Step::SetDisabled { name: "ann".to_owned(), disabled: true };
    users.commit(line(), vec![disable]).await.unwrap();
    assert_eq!(users.list().await.unwrap().iter().filter(|user| user.disabled).count(), 1);
    for name in names {
        assert_eq!(users.find(name).await.unwrap().unwrap().name, name);
    }
}
