//! `bellwether user` and `bellwether audit`: people and their tokens changed as they should be, and every change in the
//! log of who did what.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod command;

use bellwether_people::{token_hash, token_id, verify_password};
use bellwether_store::console::{AuditEntry, AuditLog as _, ConsoleTokens as _, Session, Sessions as _};
use bellwether_store::{Role, User, Users};
use chrono::{TimeDelta, Utc};
use command::{Ran, System, run};
use serde_json::{Value, json};
use sqlx::sqlite::SqlitePool;

const PASSWORD: &str = "correct horse battery\n";

/// A system in which Ada is an editor.
async fn with_ada() -> System {
    let system = System::migrated().await;
    let ran = system.run(&["user", "add", "ada", "--role", "editor", "--email", "ada@example.org"], PASSWORD);
    assert!(ran.ok && ran.out == "added ada as editor\n", "{ran:?}");
    system
}

async fn person(system: &System, name: &str) -> User {
    Users::find(&system.database, name).await.unwrap().unwrap()
}

async fn log_in(system: &System, user: &str, id: &str) {
    let now = Utc::now();
    let session = Session {
        id_hash: id.to_owned(),
        user: user.to_owned(),
        csrf: "c".to_owned(),
        created_at: now,
        seen_at: now,
        expires_at: now + TimeDelta::hours(1),
        address: String::new(),
        agent: String::new(),
    };
    system.database.open_session(&session).await.unwrap();
}

async fn sessions(system: &System, user: &str) -> usize {
    system.database.sessions_of(user).await.unwrap().len()
}

async fn lines(system: &System) -> Vec<AuditEntry> {
    system.database.lines(0, 100).await.unwrap()
}

async fn last_line(system: &System) -> (String, String, Value) {
    let line = lines(system).await.pop().unwrap();
    (line.action, line.subject, serde_json::from_str(&line.detail).unwrap())
}

fn failed(ran: &Ran, words: &str) {
    assert!(!ran.ok && ran.err.contains(words), "{ran:?}");
}

#[tokio::test]
async fn a_person_is_added_and_the_log_says_who_added_them_without_the_password() {
    let system = with_ada().await;
    let ada = person(&system, "ada").await;
    assert_eq!(
        (ada.role, ada.email.as_deref(), ada.disabled),
        (Role::Editor, Some("ada@example.org"), false)
    );
    assert!(verify_password(Some(&ada.password_hash), PASSWORD.trim_end()));
    let line = lines(&system).await.pop().unwrap();
    assert_eq!((line.action.as_str(), line.subject.as_str()), ("user.added", "user ada"));
    assert!(line.actor.starts_with("bellwether cli (") && line.actor.ends_with(')'), "{}", line.actor);
    assert!(!line.detail.contains("argon2") && !line.detail.contains("horse"), "{}", line.detail);
    failed(&system.run(&["user", "add", "ada"], PASSWORD), "`ada` cannot be added");
    failed(&system.run(&["user", "add", "a b"], PASSWORD), "expected 1 to 64 letters");
    failed(&system.run(&["user", "add", "bob", "--email", "nowhere"], PASSWORD), "expected an email address");
    failed(&system.run(&["user", "add", "bob"], "short\n"), "12 to 1000 characters");
    assert_eq!(lines(&system).await.len(), 1, "what was refused is not in the log");
}

#[tokio::test]
async fn whoever_is_disabled_or_has_another_role_or_password_is_logged_out_and_nobody_else() {
    let system = with_ada().await;
    assert!(system.run(&["user", "add", "bob"], PASSWORD).ok);
    log_in(&system, "bob", "of bob").await;
    let changes: [(&[&str], &str, &str, Value); 3] = [
        (&["user", "disable", "ada"], "", "user.disabled", json!({})),
        (
            &["user", "role", "ada", "approver"],
            "",
            "user.role_changed",
            json!({"from": "editor", "to": "approver"}),
        ),
        (&["user", "passwd", "ada"], "another long password\n", "user.password_changed", json!({})),
    ];
    for (at, (command, input, action, detail)) in changes.into_iter().enumerate() {
        log_in(&system, "ada", &at.to_string()).await;
        let ran = system.run(command, input);
        assert!(ran.ok && ran.out.contains("sessions have ended"), "{ran:?}");
        assert_eq!(last_line(&system).await, (action.to_owned(), "user ada".to_owned(), detail));
        assert_eq!((sessions(&system, "ada").await, sessions(&system, "bob").await), (0, 1), "{action}");
    }
    let ada = person(&system, "ada").await;
    assert_eq!((ada.role, ada.disabled), (Role::Approver, true));
    assert!(verify_password(Some(&ada.password_hash), "another long password"));
    assert!(!verify_password(Some(&ada.password_hash), PASSWORD.trim_end()));

    log_in(&system, "ada", "stays").await;
    assert!(system.run(&["user", "enable", "ada"], "").ok);
    assert_eq!((person(&system, "ada").await.disabled, sessions(&system, "ada").await), (false, 1));
}

#[tokio::test]
async fn an_address_is_set_and_removed() {
    let system = with_ada().await;
    assert!(system.run(&["user", "email", "ada", "a@b.example"], "").ok);
    assert_eq!(person(&system, "ada").await.email.as_deref(), Some("a@b.example"));
    failed(&system.run(&["user", "email", "ada", "nowhere"], ""), "expected an email address");
    failed(&system.run(&["user", "email", "ada"], ""), "<ADDRESS>");
    assert!(system.run(&["user", "email", "ada", "--none"], "").ok);
    assert_eq!(person(&system, "ada").await.email, None);
    let expected = ("user.email_changed".to_owned(), "user ada".to_owned(), json!({ "email": null }));
    assert_eq!(last_line(&system).await, expected);
}

#[tokio::test]
async fn nobody_is_changed_who_is_not_there() {
    let system = System::migrated().await;
    let commands: [&[&str]; 6] = [
        &["user", "disable", "eve"],
        &["user", "enable", "eve"],
        &["user", "passwd", "eve"],
        &["user", "role", "eve", "admin"],
        &["user", "email", "eve", "--none"],
        &["user", "token", "eve", "--name", "ci"],
    ];
    for command in commands {
        failed(&system.run(command, PASSWORD), "`eve`: there is no such person");
    }
    assert_eq!(lines(&system).await, []);
}

#[tokio::test]
async fn everyone_is_listed_with_their_sessions_and_tokens() {
    let system = with_ada().await;
    assert!(system.run(&["user", "add", "bob"], PASSWORD).ok);
    assert!(system.run(&["user", "disable", "bob"], "").ok);
    log_in(&system, "ada", "one").await;
    for name in ["ci", "nightly"] {
        assert!(system.run(&["user", "token", "ada", "--name", name], "").ok);
    }
    let listed = system.run(&["user", "list"], "");
    let row = |name: &str| -> Vec<String> {
        let row = listed.out.lines().find(|line| line.starts_with(name)).unwrap();
        row.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row("ada")[..6], ["ada", "editor", "active", "ada@example.org", "1", "2"]);
    assert_eq!(row("bob")[..6], ["bob", "viewer", "disabled", "-", "0", "0"]);
    assert!(!listed.out.contains("argon2"), "{listed:?}");
    let told: Value = serde_json::from_str(&system.run(&["user", "list", "--json"], "").out).unwrap();
    assert_eq!(
        (&told[0]["name"], &told[0]["tokens"], &told[1]["disabled"]),
        (&json!("ada"), &json!(2), &json!(true))
    );
}

#[tokio::test]
async fn a_token_is_shown_once_kept_as_a_hash_and_revoked() {
    let system = with_ada().await;
    let make = ["user", "token", "ada", "--name", "ci", "--role", "editor", "--days", "30"];
    let made = system.run(&make, "");
    assert!(made.ok, "{made:?}");
    let text = made.out.trim_end();
    let id = token_id(text).expect("standard output holds the token and nothing else");
    assert_eq!(text.len(), "bwc_".len() + 12 + 1 + 43);
    let kept = system.database.token(id).await.unwrap().unwrap();
    assert_eq!(
        (kept.hash.as_str(), kept.owner.as_str(), kept.role),
        (&*token_hash(text), "ada", Role::Editor)
    );
    assert_eq!(kept.expires_at - kept.created_at, TimeDelta::days(30));
    let (action, subject, detail) = last_line(&system).await;
    assert_eq!((action.as_str(), subject), ("token.made", format!("token {id}")));
    assert_eq!(
        (&detail["name"], &detail["owner"], &detail["role"]),
        (&json!("ci"), &json!("ada"), &json!("editor"))
    );
    // Not what follows the last `_`: base64url has that letter too.
    let secret = &text[text.len() - 43..];
    assert!(!detail.to_string().contains(secret) && !detail.to_string().contains(&kept.hash));

    let listed = system.run(&["user", "token", "ada"], "");
    assert!(
        listed.out.contains(id) && listed.out.contains("active") && !listed.out.contains(secret),
        "{listed:?}"
    );
    assert!(system.run(&["user", "add", "bob"], PASSWORD).ok);
    failed(&system.run(&["user", "token", "bob", "--revoke", id], ""), "bob has no such token");
    let revoked = system.run(&["user", "token", "ada", "--revoke", id], "");
    assert!(revoked.ok && revoked.out == format!("revoked the token {id} (ci)\n"), "{revoked:?}");
    assert!(system.database.token(id).await.unwrap().unwrap().revoked_at.is_some());
    assert_eq!(last_line(&system).await.0, "token.revoked");
    let again = system.run(&["user", "token", "ada", "--revoke", id], "");
    assert!(again.ok && again.out.contains("was revoked"), "{again:?}");
    assert!(system.run(&["user", "token", "ada"], "").out.contains("revoked"));
}

#[tokio::test]
async fn a_token_can_do_no_more_than_its_owner_and_is_not_made_for_the_disabled() {
    let system = with_ada().await;
    let above = system.run(&["user", "token", "ada", "--name", "ci", "--role", "approver"], "");
    failed(&above, "`ada` is editor");
    assert!(system.run(&["user", "disable", "ada"], "").ok);
    failed(&system.run(&["user", "token", "ada", "--name", "ci"], ""), "`ada` is disabled");
    for wrong in [
        ["--name", "ci", "--days", "0"],
        ["--name", "ci", "--days", "731"],
        ["--name", "ci", "--revoke", "x"],
    ] {
        assert!(!system.run(&[&["user", "token", "ada"][..], &wrong].concat(), "").ok, "{wrong:?}");
    }
    assert_eq!(system.database.tokens().await.unwrap(), []);
}

#[tokio::test]
async fn people_are_prods_where_the_settings_name_environments() {
    let system = with_ada().await;
    let url = format!("sqlite://{}", system.data().join("prod/bellwether.sqlite").display());
    let of_its_own = format!("sqlite://{}", system.data().join("own.sqlite").display());
    let listed = |variables: &[(&str, &str)]| {
        let own = [("AUTH__MODE", "off"), ("DATABASE__URL", of_its_own.as_str())];
        let mut command = command::command(&["user", "list"]);
        let named = own.iter().chain(variables).map(|(key, value)| (format!("BELLWETHER__{key}"), *value));
        command.envs(named);
        run(command, "")
    };
    let prod =
        [("ENVIRONMENTS__PROD__DATABASE__URL", url.as_str()), ("ENVIRONMENTS__PROD__API__URL", "http://api")];
    let told = listed(&prod);
    assert!(told.ok && told.out.contains("ada"), "{told:?}");
    failed(&listed(&[]), "database.url: the database is not migrated");
    let nowhere = format!("sqlite://{}", system.data().join("nowhere.sqlite").display());
    let prod = [("ENVIRONMENTS__PROD__DATABASE__URL", nowhere.as_str()), prod[1]];
    failed(&listed(&prod), "environments.prod.database.url: the database is not migrated");
}

/// The database as somebody with a shell reaches it, past everything that keeps the log whole.
async fn tamper(system: &System, statement: &'static str) {
    let url = format!("sqlite://{}", system.data().join("prod/bellwether.sqlite").display());
    let pool = SqlitePool::connect(&url).await.unwrap();
    for trigger in ["audit_log_is_never_changed", "audit_log_is_never_cut"] {
        let drop = format!("DROP TRIGGER IF EXISTS {trigger}");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&pool).await.unwrap();
    }
    assert_eq!(sqlx::query(statement).execute(&pool).await.unwrap().rows_affected(), 1);
    pool.close().await;
}

#[tokio::test]
async fn the_log_of_what_was_done_is_verified() {
    let system = System::migrated().await;
    let empty = system.run(&["audit", "verify"], "");
    assert!(empty.ok && empty.out.starts_with("0 lines"), "{empty:?}");
    for name in ["ada", "bob", "cyd"] {
        assert!(system.run(&["user", "add", name], PASSWORD).ok);
    }
    let verified = system.run(&["audit", "verify"], "");
    let head = lines(&system).await.pop().unwrap().hash;
    let expected =
        format!("3 lines, each as it was written and where it was written\nthe last: line 3, {head}\n");
    assert!(verified.ok && verified.out == expected, "{verified:?}");
}

#[tokio::test]
async fn a_log_that_was_changed_or_cut_is_told_by_its_first_line_at_fault() {
    let tampered = [
        ("UPDATE audit_log SET actor = 'nobody' WHERE seq = 2", "line 2 was changed"),
        ("DELETE FROM audit_log WHERE seq = 2", "line 2 is missing"),
        ("DELETE FROM audit_log WHERE seq = 3", "ends at line 2, but line 3 was written"),
    ];
    for (statement, words) in tampered {
        let system = System::migrated().await;
        for name in ["ada", "bob", "cyd"] {
            assert!(system.run(&["user", "add", name], PASSWORD).ok);
        }
        tamper(&system, statement).await;
        let verified = system.run(&["audit", "verify"], "");
        failed(&verified, words);
        assert_eq!(verified.out, "");
    }
}
