//! A small service: a route for each thing that can happen behind a face.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::OnceLock;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, web};
use bellwether_settings::Settings;
use bellwether_web::auth::{Caller, Scope, require};
use bellwether_web::face::FaceError;
use bellwether_web::health::Draining;
use bellwether_web::{Face, Origin, Problem, logs, metrics, tls};
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::{Client, Method, RequestBuilder, Response};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "the-shared-token";

/// A running service; dropping it stops it.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) waiting: web::Data<Waiting>,
    pub(crate) draining: Draining,
    server: ServerHandle,
    stop: CancellationToken,
}

/// Requests of `/waits`: each says that it is there, and waits to be let go.
pub(crate) struct Waiting {
    pub(crate) there: Semaphore,
    pub(crate) go: Semaphore,
}

/// Settings with a token, and these variables, by the name of their setting.
pub(crate) fn settings(variables: &[(&str, &str)]) -> Settings {
    let named = [("auth.token", TOKEN)].into_iter().chain(variables.iter().copied());
    let variables = named.map(|(key, value)| {
        (format!("BELLWETHER__{}", key.to_uppercase().replace('.', "__")), value.to_owned())
    });
    futures_util::FutureExt::now_or_never(bellwether_settings::load_from(None, variables)).unwrap().unwrap()
}

impl World {
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        Self::try_start(variables).await.unwrap()
    }

    pub(crate) async fn try_start(variables: &[(&str, &str)]) -> Result<Self, FaceError> {
        recorder();
        bellwether_testkit::tls_provider();
        let settings = settings(variables);
        let stop = CancellationToken::new();
        let draining = Draining::default();
        let face = Face::begin(&settings, draining.clone(), &stop).await?;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let waiting = web::Data::new(Waiting { there: Semaphore::new(0), go: Semaphore::new(0) });
        let data = waiting.clone();
        let server = HttpServer::new(move || {
            let face = face.clone();
            App::new()
                .app_data(data.clone())
                .wrap(from_fn(move |request, next| face.clone().serve(request, next)))
                .wrap(logs::requests())
                .configure(routes)
        })
        .disable_signals()
        .workers(1);
        let (certificate, key) = (&settings.server.tls_certificate_file, &settings.server.tls_key_file);
        let server = if certificate.is_empty() {
            server.listen(listener).unwrap()
        } else {
            let config = tls::server_config(Path::new(certificate), Path::new(key)).unwrap();
            server.listen_rustls_0_23(listener, config).unwrap()
        };
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { address, waiting, draining, server: handle, stop })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        client().request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Asks for a path with a bearer.
    pub(crate) async fn with(&self, bearer: &str, path: &str) -> Response {
        self.request(Method::GET, path).bearer_auth(bearer).send().await.unwrap()
    }

    /// What a bearer gets on the route that wants `predict`: its status and its detail or subject.
    pub(crate) async fn predicts(&self, bearer: &str) -> (u16, String) {
        let response = self.with(bearer, "/predict").await;
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
        self.waiting.go.add_permits(1_000);
        // The command is sent at once; nobody waits for its end.
        drop(self.server.stop(false));
    }
}

/// A client that follows nothing.
pub(crate) fn client() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Metrics are recorded once a process.
pub(crate) fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| metrics::begin().unwrap())
}

fn routes(config: &mut web::ServiceConfig) {
    let guard = |scope: Scope| from_fn(move |request, next| require(scope, request, next));
    for scope in Scope::ALL {
        let resource = web::resource(format!("/{}", scope.as_str())).wrap(guard(scope));
        config.service(resource.default_service(web::to(who)));
    }
    config
        .route("/health", web::get().to(|| async { "alive" }))
        .route("/open", web::to(whence))
        .route("/waits", web::get().to(waits))
        .route("/panics", web::get().to(panics))
        .route("/fails", web::get().to(fails));
}

async fn who(caller: Option<web::ReqData<Caller>>) -> String {
    caller.map(|caller| caller.subject.to_string()).unwrap_or_default()
}

async fn whence(request: HttpRequest) -> String {
    let origin = request.extensions().get::<Origin>().copied();
    origin.map(|origin| format!("{} {}", origin.address, origin.secure)).unwrap_or_default()
}

async fn waits(waiting: web::Data<Waiting>) -> &'static str {
    waiting.there.add_permits(1);
    waiting.go.acquire().await.unwrap().forget();
    "gone"
}

async fn panics() -> HttpResponse {
    panic!("the bug")
}

async fn fails() -> Result<HttpResponse, Problem> {
    Err(Problem::new(StatusCode::CONFLICT, "no"))
}
