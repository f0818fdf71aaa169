use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::*;

/// A server whose every route answers as `answer` does; what it was shown as bearer token is kept.
fn server(answer: fn() -> HttpResponse) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shown = Arc::new(Mutex::new(Vec::new()));
    let data = web::Data::from(shown.clone());
    let server = HttpServer::new(move || {
        let route = move |request: HttpRequest, shown: web::Data<Mutex<Vec<String>>>| async move {
            let token = request.headers().get("authorization");
            shown.lock().unwrap().push(token.map_or("", |token| token.to_str().unwrap()).to_owned());
            answer()
        };
        App::new().app_data(data.clone()).default_service(web::to(route))
    });
    tokio::spawn(server.disable_signals().workers(1).listen(listener).unwrap().run());
    (url, shown)
}

fn api(url: &str) -> EnvironmentApi {
    let token = ApiToken::new(Rotating::default(), "none", "a token".to_owned().into());
    EnvironmentApi::new(url, token, Duration::from_millis(300)).unwrap()
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_token_goes_nowhere_else() {
    let (url, shown) = server(|| HttpResponse::Found().insert_header(("location", "/elsewhere")).finish());
    let error = api(&url).bundles().await.unwrap_err();
    assert_eq!(error, ApiError::Status { status: 302, detail: String::new() });
    assert_eq!(*shown.lock().unwrap(), ["Bearer a token"], "asked once");
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let (url, _) = server(|| {
        let endless =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 16].into()));
        HttpResponse::Ok().streaming(endless)
    });
    let error = api(&url).bundles().await.unwrap_err();
    // Which of the two bounds comes first is the machine's affair.
    assert!(matches!(error, ApiError::Unreadable(_) | ApiError::Late(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_wrong_is_told_in_one_line() {
    let (url, _) = server(|| {
        HttpResponse::ServiceUnavailable().json(serde_json::json!({ "detail": "no config\nfor `prod`" }))
    });
    let told = api(&url).bundles().await.unwrap_err().to_string();
    assert_eq!(told, "it answered 503: no config for `prod`");
    assert_eq!(api(&url).health().await, Health::NotReady(told));
    let (url, shown) = server(|| HttpResponse::Unauthorized().finish());
    assert_eq!(api(&url).health().await, Health::NotReady("it answered 401".to_owned()));
    assert_eq!(shown.lock().unwrap().len(), 1, "a token that does not rotate is shown once");
    assert_eq!(api("").health().await, Health::Unreachable("no api is set for it".to_owned()));
}
