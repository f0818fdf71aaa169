//! Whose tokens end, by whom, and what is written down of it.

use std::sync::Arc;

use bellwether_store::SystemClock;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};

use super::*;

const PASSWORD: &str = "correct horse battery";

struct World {
    access: Access,
    database: bellwether_store::SharedDatabase,
    _folder: tempfile::TempDir,
}

fn actor(name: &str, role: Role) -> Actor {
    Actor { name: name.to_owned(), role, token: None }
}

/// A database with an admin, an editor with two tokens, and another editor with one.
async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.sqlite");
    let database = Sqlite::connect(file.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    let database: bellwether_store::SharedDatabase = Arc::new(database);
    database.migrate().await.unwrap();
    let none = [("BELLWETHER__AUTH__MODE".to_owned(), "off".to_owned())];
    let settings = bellwether_settings::load_from(None, none.into_iter()).await.unwrap();
    let access = Access::new(database.clone(), Arc::new(SystemClock), &settings.console);
    let admin = actor("adam", Role::Admin);
    for (name, role) in [("ada", Role::Admin), ("ed", Role::Editor), ("eve", Role::Editor)] {
        let new = NewPerson { name, email: None, role, password: PASSWORD };
        access.add(&admin, new).await.unwrap();
    }
    for (owner, name) in [("ed", "nightly"), ("ed", "by hand"), ("eve", "hers")] {
        access.make_token(&actor(owner, Role::Editor), name, Role::Editor, 30).await.unwrap();
    }
    World { access, database, _folder: folder }
}

impl World {
    async fn standing(&self, name: &str) -> Vec<String> {
        let mut names: Vec<_> =
            self.access.standing_tokens(name).await.unwrap().into_iter().map(|token| token.name).collect();
        names.sort();
        names
    }

    async fn id(&self, owner: &str, name: &str) -> String {
        let tokens = self.access.tokens_of(owner).await.unwrap();
        tokens.into_iter().find(|token| token.name == name).unwrap().id
    }
}

#[tokio::test]
async fn an_admin_ends_a_token_of_somebody_else_and_nobody_else_does() {
    let world = world().await;
    let (ada, nightly) = (actor("ada", Role::Admin), world.id("ed", "nightly").await);
    let refused = world.access.revoke_token_of(&actor("eve", Role::Editor), "ed", &nightly).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    let refused = world.access.revoke_token_of(&ada, "eve", &nightly).await;
    assert!(matches!(refused, Err(ConsoleError::NotFound(_))), "not hers: {refused:?}");
    let refused = world.access.revoke_token(&actor("eve", Role::Editor), &nightly).await;
    assert!(matches!(refused, Err(ConsoleError::NotFound(_))), "nor one's own: {refused:?}");
    assert_eq!(world.standing("ed").await, ["by hand", "nightly"]);

    world.access.revoke_token_of(&ada, "ed", &nightly).await.unwrap();
    assert_eq!(world.standing("ed").await, ["by hand"]);
    assert_eq!(world.standing("eve").await, ["hers"]);
    let line = world.database.recent_lines(None, 1).await.unwrap().remove(0);
    assert_eq!((line.actor.as_str(), line.action.as_str()), ("ada", "token.revoked"));
    assert_eq!(line.subject, "user ed");
    assert!(line.detail.contains(&nightly), "{}", line.detail);
}

#[tokio::test]
async fn a_new_password_ends_one_s_tokens_where_that_is_wished() {
    let world = world().await;
    let ed = actor("ed", Role::Editor);
    world.access.change_password(&ed, "this", PASSWORD, "another horse battery", false).await.unwrap();
    assert_eq!(world.standing("ed").await, ["by hand", "nightly"]);
    world.access.revoke_token(&ed, &world.id("ed", "by hand").await).await.unwrap();
    let wrong = world.access.change_password(&ed, "this", PASSWORD, "a third horse battery", true).await;
    assert!(matches!(wrong, Err(ConsoleError::Faults(_))), "{wrong:?}");
    assert_eq!(world.standing("ed").await, ["nightly"], "a wrong password ends nothing");
    let (old, new) = ("another horse battery", "a third horse battery");
    world.access.change_password(&ed, "this", old, new, true).await.unwrap();
    assert!(world.standing("ed").await.is_empty());
    assert_eq!(world.standing("eve").await, ["hers"]);
    let line = world.database.recent_lines(None, 1).await.unwrap().remove(0);
    assert_eq!(line.action, "user.password");
    assert!(line.detail.contains("tokens_ended"), "{}", line.detail);
}
