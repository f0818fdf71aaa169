use actix_web::http::header::{AUTHORIZATION, HeaderValue};

use super::*;

fn auth() -> Auth {
    let token = "0123456789abcdef".into();
    Auth(Arc::new(Means { mode: AuthMode::Required, token, rotating: Rotating::default(), jwt: None }))
}

async fn identify(given: &[&str]) -> Identity {
    let mut headers = HeaderMap::new();
    for given in given {
        headers.append(AUTHORIZATION, HeaderValue::from_str(given).unwrap());
    }
    auth().identify(&headers).await
}

#[tokio::test]
async fn no_token_is_told_from_a_wrong_one_and_the_right_one_passes() {
    assert_eq!(identify(&[]).await, Err(Refusal::NoToken));
    for none in ["Basic 0123456789abcdef", "Bearer", "Bearer ", "0123456789abcdef"] {
        assert_eq!(identify(&[none]).await, Err(Refusal::NoToken), "{none}");
    }
    for wrong in ["Bearer wrong", "Bearer 0123456789abcde", "Bearer a.b.c"] {
        assert!(matches!(identify(&[wrong]).await, Err(Refusal::WrongToken(_))), "{wrong}");
    }
    for right in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
        assert_eq!(identify(&[right]).await, Ok(Caller::shared_token()), "{right}");
    }
    let twice = identify(&["Bearer 0123456789abcdef", "Bearer other"]).await;
    assert_eq!(twice, Err(Refusal::NoToken), "two headers say nothing");
}

#[test]
fn the_shared_token_carries_predict_and_emails_and_admin_carries_all() {
    let carried = |scopes: Scopes| Scope::ALL.into_iter().filter(move |scope| scopes.carry(*scope));
    let shared: Vec<_> = carried(Caller::shared_token().scopes).collect();
    assert_eq!(shared, [Scope::Predict, Scope::Emails]);
    assert_eq!(carried(["admin"].into_iter().collect()).count(), 5);
    assert_eq!(carried(["openid", "Admin", "predict"].into_iter().collect()).count(), 1);
    assert_eq!(carried(Scopes::default()).count(), 0);
}

#[test]
fn an_empty_token_opens_nothing() {
    assert!(!is_token("", &SecretString::from("")));
}

#[test]
fn the_token_is_not_in_the_debug_output() {
    assert!(!format!("{:?}", auth()).contains("0123456789abcdef"));
}
