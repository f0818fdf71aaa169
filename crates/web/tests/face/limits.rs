//! How often a caller may ask, and how much is answered at once.

use std::time::{Duration, Instant};

use bellwether_testkit::wait::until;

use crate::issuer::{DEMANDS, SECRET, Signer, claims};
use crate::world::{TOKEN, World, recorder};

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back_and_hinders_nobody_else() {
    let own = [
        ("auth.jwt_secret", SECRET),
        ("server.rate_limit_per_second", "1"),
        ("server.rate_limit_burst", "3"),
    ];
    let world = World::start(&[DEMANDS.as_slice(), &own].concat()).await;
    let other = Signer::secret(SECRET).sign(&claims(&serde_json::json!({ "sub": "other" })));
    for _ in 0..3 {
        assert_eq!(world.predicts(TOKEN).await.0, 200);
    }
    let refused = world.with(TOKEN, "/predict").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert!(refused.headers().contains_key("x-request-id"));
    assert_eq!(world.predicts(&other).await.0, 200, "each caller has an allowance of its own");
    until("the allowance fills up again", Duration::from_secs(10), || async {
        world.predicts(TOKEN).await.0 == 200
    })
    .await;
    assert!(recorder().render().contains("bellwether_http_refused_total{reason=\"rate_limit\"}"));
}

#[tokio::test]
async fn guesses_at_tokens_are_counted_by_address() {
    let limits = [("server.rate_limit_per_second", "1"), ("server.rate_limit_burst", "3")];
    let world = World::start(&limits).await;
    let mut answers = Vec::new();
    for guess in 0..5 {
        answers.push(world.predicts(&format!("guess-{guess}")).await.0);
    }
    assert_eq!(answers, [403, 403, 403, 429, 429]);
    assert_eq!(world.get("/open").await.status(), 429, "nor may the address ask for anything else");
    assert_eq!(world.get("/health").await.status(), 200, "but for the health of the process");
    assert_eq!(world.predicts(TOKEN).await.0, 200, "a caller with a good token is counted for itself");
}

#[tokio::test]
async fn one_request_too_many_is_told_so_at_once_and_health_still_answers() {
    let world = World::start(&[("server.max_in_flight", "2")]).await;
    let slow = [(); 2].map(|()| {
        let request = world.request(reqwest::Method::GET, "/waits").send();
        tokio::spawn(request)
    });
    world.waiting.there.acquire_many(2).await.unwrap().forget();
    let begun = Instant::now();
    let refused = world.get("/open").await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert!(refused.headers().contains_key("x-request-id"));
    assert!(refused.text().await.unwrap().contains("too many requests"));
    assert_eq!(world.get("/health").await.status(), 200);
    world.waiting.go.add_permits(2);
    for request in slow {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(world.get("/open").await.status(), 200, "the places are free again");
    let metrics = recorder().render();
    assert!(metrics.contains("bellwether_http_refused_total{reason=\"in_flight\"}"), "{metrics}");
    assert!(metrics.contains("bellwether_http_in_flight "), "{metrics}");
}
