//! Renewal, over a provider that answers when it is told to and a clock that stands still.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use tokio::sync::{Semaphore, watch};

use super::*;
use crate::secrets::SecretError;

/// Answers its text once for each permit, and counts how often it was asked.
struct Provider {
    text: std::sync::Mutex<Result<&'static str, SecretError>>,
    permits: Semaphore,
    asked: watch::Sender<u32>,
}

#[async_trait]
impl SecretSource for Provider {
    async fn read(&self, _: &str) -> Result<SecretString, SecretError> {
        self.asked.send_modify(|asked| *asked += 1);
        self.permits.acquire().await.unwrap().forget();
        self.text.lock().unwrap().clone().map(SecretString::from)
    }
}

impl Provider {
    fn says(&self, text: Result<&'static str, SecretError>) {
        *self.text.lock().unwrap() = text;
        self.permits.add_permits(1);
    }

    async fn is_asked(&self, times: u32) {
        self.asked.subscribe().wait_for(|asked| *asked >= times).await.unwrap();
    }
}

/// `smtp.password` as the field `password` of `mail`, now `old`; and a clock of seconds.
fn rotating() -> (Rotating, Arc<Provider>, Arc<AtomicU32>) {
    let provider = Arc::new(Provider {
        text: std::sync::Mutex::new(Ok("")),
        permits: Semaphore::new(0),
        asked: watch::Sender::default(),
    });
    let seconds = Arc::new(AtomicU32::new(0));
    let (begun, shown) = (Instant::now(), seconds.clone());
    let reference = Reference::parse("secret:mail#password").unwrap();
    let rotating = Rotating::new(
        provider.clone(),
        [("smtp.password".to_owned(), reference)].into(),
        ["smtp.password".to_owned()].into(),
        [("mail".to_owned(), r#"{"password": "old"}"#.into())].into(),
        Arc::new(move || begun + Duration::from_secs(shown.load(Ordering::SeqCst).into())),
    );
    (rotating, provider, seconds)
}

fn current(rotating: &Rotating) -> String {
    rotating.current("smtp.password").unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_renewed_secret_is_what_every_clone_holds() {
    let (rotating, provider, _) = rotating();
    let clone = rotating.clone();
    assert_eq!(current(&clone), "old");
    provider.says(Ok(r#"{"password": "new"}"#));
    assert_eq!(rotating.renewed("smtp.password").await.unwrap().expose_secret(), "new");
    assert_eq!(current(&clone), "new");
}

#[tokio::test]
async fn a_setting_that_is_no_reference_does_not_rotate() {
    let (rotating, provider, _) = rotating();
    assert!(rotating.current("database.password").is_none());
    assert!(rotating.renewed("database.password").await.is_none());
    assert!(Rotating::default().renewed("smtp.password").await.is_none());
    assert_eq!(*provider.asked.borrow(), 0);
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_answer() {
    let (rotating, provider, _) = rotating();
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let rotating = rotating.clone();
            tokio::spawn(async move { rotating.renewed("smtp.password").await })
        })
        .collect();
    provider.is_asked(1).await;
    provider.says(Ok(r#"{"password": "new"}"#));
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().expose_secret(), "new");
    }
    assert_eq!(*provider.asked.borrow(), 1);
}

#[tokio::test]
async fn a_secret_is_asked_for_once_in_5_seconds() {
    let (rotating, provider, seconds) = rotating();
    provider.says(Ok(r#"{"password": "new"}"#));
    rotating.renewed("smtp.password").await;
    provider.says(Ok(r#"{"password": "newer"}"#));
    seconds.store(4, Ordering::SeqCst);
    rotating.renewed("smtp.password").await;
    assert_eq!(current(&rotating), "new");
    seconds.store(5, Ordering::SeqCst);
    rotating.renewed("smtp.password").await;
    assert_eq!(current(&rotating), "newer");
    assert_eq!(*provider.asked.borrow(), 2);
}

#[tokio::test]
async fn the_old_value_stays_where_the_provider_fails_or_the_field_is_gone() {
    let (rotating, provider, seconds) = rotating();
    let away = SecretError::Unavailable("it is away".to_owned());
    for (turn, text) in [Err(away), Ok("no object"), Ok(r#"{"pass": "new"}"#)].into_iter().enumerate() {
        seconds.store(u32::try_from(turn).unwrap() * 10, Ordering::SeqCst);
        provider.says(text);
        assert_eq!(rotating.renewed("smtp.password").await.unwrap().expose_secret(), "old");
    }
    assert_eq!(*provider.asked.borrow(), 3);
}

#[tokio::test]
async fn secrets_are_kept_fresh_until_stopped() {
    let (rotating, provider, seconds) = rotating();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let loop_of = rotating.clone();
    let keeping = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        loop_of.keep_fresh(Duration::from_millis(1), stopped).await;
    });
    provider.says(Ok(r#"{"password": "new"}"#));
    provider.is_asked(1).await;
    seconds.store(10, Ordering::SeqCst);
    provider.is_asked(2).await;
    assert_eq!(current(&rotating), "new");
    stop.send(()).unwrap();
    keeping.await.unwrap();
}

#[test]
fn debug_output_names_references_and_holds_no_value() {
    let (rotating, ..) = rotating();
    let shown = format!("{rotating:?}");
    assert!(shown.contains("smtp.password") && shown.contains("mail"), "{shown}");
    assert!(!shown.contains("old"), "{shown}");
}
