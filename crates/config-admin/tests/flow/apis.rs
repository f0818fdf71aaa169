//! Apis: real ones within this process, and one that answers as a test wants. Whoever fakes an api fakes its replica's
//! reports too.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use bellwether_api::{Application, Parts};
use bellwether_core::bundle::ModelFolder;
use bellwether_core::config::ConfigDocument;
use bellwether_core::treatment::{Treatment, assign};
use bellwether_store::{ConfigChanges, RefusedVersion, ReplicaReport, SharedDatabase, SystemClock, Traffic};
use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The bundle that every first version names.
pub(crate) const MODEL: &str = "xgboost_20261122t000000z";
/// The other one.
pub(crate) const OTHER_MODEL: &str = "random_forest_20261122t000000z";
/// What a fake replica has loaded as either.
pub(crate) const LOADED: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// What a fake model says of everybody.
pub(crate) const SCORE: f64 = 0.68;

pub(crate) fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

/// A real api; ends with its guard.
pub(crate) struct RealApi {
    pub(crate) url: String,
    _stop: tokio_util::sync::DropGuard,
}

impl RealApi {
    pub(crate) async fn start(
        environment: &str,
        database: &SharedDatabase,
        changes: Arc<dyn ConfigChanges>,
        folder: &Path,
    ) -> Self {
        bellwether_testkit::tls_provider();
        let folder = folder.join(format!("{environment}-api"));
        std::fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name).display().to_string();
        let variables = [
            ("ENVIRONMENT", environment.to_owned()),
            ("REPLICA", format!("{environment}-0")),
            ("SERVER__BIND", "127.0.0.1:0".to_owned()),
            ("SERVER__THREADS", "1".to_owned()),
            ("SERVER__DRAIN_NOTICE_SECONDS", "0".to_owned()),
            ("AUTH__MODE", "off".to_owned()),
            ("MODELS__PATH", models().display().to_string()),
            ("JOURNAL__PATH", path("journal.sqlite")),
            ("QUEUE__PATH", path("queue.sqlite")),
            ("ARCHIVE__URL", String::new()),
            ("REPLICAS__HEARTBEAT_SECONDS", "1".to_owned()),
            ("CONFIG__POLL_SECONDS", "1".to_owned()),
        ];
        let variables = variables.map(|(key, value)| (format!("BELLWETHER__{key}"), value));
        let settings = bellwether_settings::load_from(None, variables.into_iter()).await.unwrap();
        let parts = Parts {
            models: shared_models(),
            database: database.clone(),
            queue: bellwether_engines::queue(&settings, None).await.unwrap(),
            sightings: bellwether_engines::sightings(None).await,
            changes,
            metrics: metrics(),
            clock: Arc::new(SystemClock),
        };
        let application = Application::build(&settings, parts).await.unwrap();
        let (url, stop) = (format!("http://{}", application.address()), CancellationToken::new());
        tokio::spawn(application.run_until_stopped(stop.clone()));
        Self { url, _stop: stop.drop_guard() }
    }
}

/// Verified once for all tests: debug builds are slow at it.
fn shared_models() -> Arc<ModelFolder> {
    static MODELS: OnceLock<Arc<ModelFolder>> = OnceLock::new();
    MODELS.get_or_init(|| Arc::new(ModelFolder::new(models()))).clone()
}

fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| bellwether_web::metrics::begin().unwrap()).clone()
}

/// How a fake api answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Behaviour {
    /// As a real one does, but for the models.
    Well,
    /// Not at all, though it listens.
    Hang,
    /// This status, and a problem.
    Status(u16),
    /// By another cutoff than the live document's.
    Cutoff(f64),
    /// Scores that training did not give.
    Score(f64),
    /// Without the scores of its first model, which was cut off.
    CutOff(&'static str),
    /// `high_risk` the wrong way round, though the cutoff it tells is right.
    Reversed,
    /// Everybody by the first arm.
    FirstArm,
    /// As of another version.
    Version(u64),
    /// Well, once it behaves otherwise.
    Hold,
    /// By a replica of this name.
    By(&'static str),
}

/// An api that answers as a test wants, and its replica, which reports and takes up what is live.
pub(crate) struct FakeApi {
    pub(crate) url: String,
    pub(crate) environment: &'static str,
    state: Arc<Mutex<State>>,
    _stop: tokio_util::sync::DropGuard,
    asked: Arc<tokio::sync::watch::Sender<u64>>,
}

/// What a replica says.
#[derive(Clone)]
pub(crate) struct Says {
    pub(crate) name: String,
    pub(crate) bundles: BTreeMap<String, String>,
    pub(crate) refuses: Option<String>,
    pub(crate) traffic: Option<Traffic>,
    /// Whether it takes up new versions.
    pub(crate) follows: bool,
    pub(crate) silent: bool,
    pub(crate) started_at: DateTime<Utc>,
}

struct State {
    behaviour: Behaviour,
    replicas: Vec<Says>,
    database: Option<SharedDatabase>,
    live: Option<(u64, String, ConfigDocument)>,
}

pub(crate) fn says(name: &str) -> Says {
    let bundles = [MODEL, OTHER_MODEL].map(|model| (model.to_owned(), LOADED.to_owned()));
    Says {
        name: name.to_owned(),
        bundles: bundles.into(),
        refuses: None,
        traffic: Some(Traffic::begun(0, Utc::now())),
        follows: true,
        silent: false,
        started_at: Utc::now(),
    }
}

impl FakeApi {
    /// Starts to listen; [`FakeApi::over`] gives it its database.
    pub(crate) fn start(environment: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            behaviour: Behaviour::Well,
            replicas: vec![says(&format!("{environment}-0"))],
            database: None,
            live: None,
        }));
        let asked = Arc::new(tokio::sync::watch::Sender::new(0));
        let data = web::Data::from(state.clone());
        let count = web::Data::from(asked.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(count.clone())
                .route("/ready", web::get().to(|| async { HttpResponse::Ok().body("ready") }))
                .route("/bundles", web::get().to(bundles))
                .route("/bundles/{uid}/parity", web::get().to(parity))
                .route("/predict", web::post().to(predict))
        });
        let server = server.disable_signals().workers(1).listen(listener).unwrap().run();
        let (stop, handle) = (CancellationToken::new(), server.handle());
        tokio::spawn(server);
        let stopped = stop.clone();
        tokio::spawn(async move {
            stopped.cancelled().await;
            handle.stop(false).await;
        });
        Self { url, environment, state, _stop: stop.drop_guard(), asked }
    }

    /// Reports to this database from now on, and answers by what is live in it. Returns once it has.
    pub(crate) async fn over(&self, database: &SharedDatabase) {
        self.state.lock().unwrap().database = Some(database.clone());
        report(&self.state, self.environment).await;
        let (state, environment) = (Arc::downgrade(&self.state), self.environment);
        tokio::spawn(async move {
            while let Some(state) = state.upgrade() {
                report(&state, environment).await;
                drop(state);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviour = behaviour;
    }

    /// Changes what the replicas say, and returns once they have said it.
    pub(crate) async fn replicas(&self, change: impl FnOnce(&mut Vec<Says>)) {
        change(&mut self.state.lock().unwrap().replicas);
        report(&self.state, self.environment).await;
    }

    /// Waits until it has been asked for so many predictions.
    pub(crate) async fn asked(&self, count: u64) {
        self.asked.subscribe().wait_for(|asked| *asked >= count).await.unwrap();
    }
}

/// One report of each replica.
async fn report(state: &Arc<Mutex<State>>, environment: &str) {
    let database = state.lock().unwrap().database.clone();
    let Some(database) = database else { return };
    // A database that is away is the test's doing.
    let Ok(Some(live)) = database.live(environment).await else { return };
    let (live, replicas) = {
        let mut state = state.lock().unwrap();
        let refused = state.replicas.iter().any(|says| says.refuses.is_some() || !says.follows);
        if let (Ok(document), false) = (&live.document, refused && state.live.is_some()) {
            state.live = Some((live.version, live.sha256.clone(), document.clone()));
        }
        (state.live.clone(), state.replicas.clone())
    };
    let Some((version, sha256, _)) = live else { return };
    let newest = database.live(environment).await.ok().flatten().map(|live| live.version);
    for says in replicas.iter().filter(|says| !says.silent) {
        let refused = says.refuses.clone().filter(|_| newest != Some(version));
        let report = ReplicaReport {
            environment: environment.to_owned(),
            replica: says.name.clone(),
            version: Some(version),
            sha256: Some(sha256.clone()),
            bundles: says.bundles.clone(),
            refused: refused.map(|why| RefusedVersion { version: newest.unwrap_or(0), reasons: vec![why] }),
            journal_oldest_at: None,
            traffic: says.traffic.clone().map(|traffic| Traffic { version, ..traffic }),
            started_at: says.started_at,
            at: Utc::now(),
        };
        let _ = database.report(&report).await;
    }
}

async fn bundles() -> HttpResponse {
    let bundle = |uid: &str, reason: Option<&str>| {
        let name = reason.is_none().then_some("A model");
        json!({ "uid": uid, "name": name, "loadable": reason.is_none(), "reason": reason, "in_use": false })
    };
    HttpResponse::Ok().json(json!([
        bundle(MODEL, None),
        bundle(OTHER_MODEL, None),
        bundle("broken_20260101t000000z", Some("manifest.json: expected JSON")),
    ]))
}

async fn parity(uid: web::Path<String>) -> HttpResponse {
    let row = json!({ "input": { "activity_score": 0.5 }, "probability": SCORE });
    HttpResponse::Ok().json(json!({
        "uid": *uid, "sha256": LOADED, "tolerance": 1e-5, "rows": vec![row; 3],
    }))
}

async fn predict(
    state: web::Data<Mutex<State>>,
    asked: web::Data<tokio::sync::watch::Sender<u64>>,
    request: actix_web::HttpRequest,
    input: web::Json<Value>,
) -> HttpResponse {
    assert_eq!(
        request.headers().get("x-bellwether-purpose").unwrap(),
        "trial",
        "nothing counts as a client's"
    );
    asked.send_modify(|asked| *asked += 1);
    while state.lock().unwrap().behaviour == Behaviour::Hold {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (behaviour, live, replica) = {
        let state = state.lock().unwrap();
        let replica = state.replicas.first().map(|says| says.name.clone()).unwrap_or_default();
        (state.behaviour, state.live.clone(), replica)
    };
    let Some((version, _, document)) = live else { return HttpResponse::ServiceUnavailable().finish() };
    let replica = if let Behaviour::By(name) = behaviour { name } else { &replica };
    match behaviour {
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Status(status) => {
            let status = actix_web::http::StatusCode::from_u16(status).unwrap();
            HttpResponse::build(status).json(json!({ "detail": "something failed on our side" }))
        }
        _ => HttpResponse::Ok().json(answer(behaviour, version, &document, &input, replica)),
    }
}

fn answer(
    behaviour: Behaviour,
    version: u64,
    document: &ConfigDocument,
    input: &Value,
    replica: &str,
) -> Value {
    let id = input["client_id"].as_str().unwrap_or("nobody");
    let drawn = assign(document, id);
    let arm = if behaviour == Behaviour::FirstArm { 0 } else { drawn.arm };
    let score = if let Behaviour::Score(score) = behaviour { score } else { SCORE };
    let cutoff = if let Behaviour::Cutoff(cutoff) = behaviour { cutoff } else { document.proba_cutoff };
    let probability = match drawn.treatment {
        Treatment::Holdout => None,
        Treatment::Heuristic => Some(0.5),
        Treatment::Model => Some(score),
    };
    let high = probability.map(|probability| (probability >= cutoff) != (behaviour == Behaviour::Reversed));
    let model = (drawn.treatment == Treatment::Model).then(|| document.arms[arm].model.clone());
    let mut scores: BTreeMap<_, _> = document.models().map(|model| (model, score)).collect();
    let mut cut_off = BTreeMap::new();
    if let Behaviour::CutOff(why) = behaviour {
        let (model, _) = scores.pop_first().unwrap();
        cut_off.insert(model, why);
    }
    json!({
        "uid": "00000000-0000-7000-8000-000000000000",
        "prediction": probability,
        "high_risk": high.map(|high| if high { "yes" } else { "no" }),
        "ltv": 0.0,
        "recent_times_id_seen": null,
        "response_time": 0.001,
        "treatment": drawn.treatment,
        "model": model,
        "config_version": if let Behaviour::Version(version) = behaviour { version } else { version },
        "trial": {
            "scores": scores,
            "cut_off": cut_off,
            "heuristic": 0.5,
            "arm": document.arms[arm].model,
            "probability": probability,
            "proba_cutoff": cutoff,
            "replica": replica,
        },
    })
}
