//! A steady load on `/predict` that remembers every uid it was answered, and how long each answer took.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::ClientBuilder;
use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A call that takes longer counts as failed.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it was sent.
    pub sent: Instant,
    /// How long its answer took.
    pub took: Duration,
    /// The answer's status, or why there is none.
    pub outcome: Result<u16, String>,
    /// Whether `recent_times_id_seen` could be told.
    pub seen: Option<bool>,
}

/// What a load has met so far.
#[derive(Debug, Default)]
pub struct Met {
    /// Every uid that was answered.
    pub answered: HashSet<Uuid>,
    /// Every call.
    pub calls: Vec<Call>,
}

/// A load that goes on until it is stopped or dropped.
pub struct Load {
    met: Arc<Mutex<Met>>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Calls these apis in turn, from `callers` callers, each pausing so long between two calls. Connections are kept
    /// from call to call.
    ///
    /// # Panics
    /// If no HTTP client can be made.
    pub fn start(urls: &[String], callers: usize, pause: Duration, bearer: &str) -> Self {
        Self::by(crate::http::builder(), urls, callers, pause, bearer)
    }

    /// The same with a new connection for each call.
    ///
    /// # Panics
    /// If no HTTP client can be made.
    pub fn start_anew(urls: &[String], callers: usize, pause: Duration, bearer: &str) -> Self {
        Self::by(crate::http::builder().pool_max_idle_per_host(0), urls, callers, pause, bearer)
    }

    fn by(client: ClientBuilder, urls: &[String], callers: usize, pause: Duration, bearer: &str) -> Self {
        let met = Arc::<Mutex<Met>>::default();
        let client = client.timeout(CALL_TIMEOUT).build().expect("a client can be made");
        let callers = (0..callers)
            .map(|caller| {
                let (met, client, urls) = (met.clone(), client.clone(), urls.to_vec());
                let bearer = bearer.to_owned();
                tokio::spawn(async move {
                    for call in 0_usize.. {
                        let url = &urls[(caller + call) % urls.len()];
                        let body =
                            format!(r#"{{"client_id":"{}","xp_points":{call}}}"#, (caller * 31 + call) % 500);
                        let request = client.post(format!("{url}/predict")).bearer_auth(&bearer);
                        let request = request.header("content-type", "application/json").body(body);
                        note(&met, request).await;
                        tokio::time::sleep(pause).await;
                    }
                })
            })
            .collect();
        Self { met, callers }
    }

    /// How many calls were answered 200 so far.
    pub fn answered(&self) -> usize {
        locked(&self.met).answered.len()
    }

    /// What was answered 200 so far.
    pub fn so_far(&self) -> HashSet<Uuid> {
        locked(&self.met).answered.clone()
    }

    /// Ends the load, answers in flight included.
    pub async fn stop(self) -> Met {
        for caller in &self.callers {
            caller.abort();
        }
        for caller in self.callers {
            // Ended by us.
            let _ = caller.await;
        }
        std::mem::take(&mut *locked(&self.met))
    }
}

async fn note(met: &Mutex<Met>, request: reqwest::RequestBuilder) {
    let sent = Instant::now();
    let answer = async {
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = response.status().as_u16();
        // An answer cut off in its midst did not leave.
        let body = response.json::<Value>().await.map_err(|error| format!("{error:?}"))?;
        Ok::<_, String>((status, body))
    };
    let answer = answer.await;
    let took = sent.elapsed();
    let mut met = locked(met);
    let seen = match &answer {
        Ok((200, body)) => {
            let uid = body["uid"].as_str().and_then(|uid| uid.parse().ok());
            met.answered.insert(uid.expect("an answer has a uid"));
            Some(!body["recent_times_id_seen"].is_null())
        }
        _ => None,
    };
    met.calls.push(Call { sent, took, outcome: answer.map(|(status, _)| status), seen });
}

impl Met {
    /// The calls sent within a span of time.
    pub fn between(&self, from: Instant, to: Instant) -> Vec<&Call> {
        self.calls.iter().filter(|call| (from..to).contains(&call.sent)).collect()
    }

    /// Those that were not answered 200, by what happened instead.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.calls.iter().filter(|call| call.outcome != Ok(200));
        failed.map(|call| format!("{:?} after {:?}", call.outcome, call.took)).collect()
    }
}

/// The latency that so many percent of calls stay within.
pub fn percentile(calls: &[&Call], percent: f64) -> Duration {
    let mut took: Vec<_> = calls.iter().map(|call| call.took).collect();
    took.sort();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into the list")]
    let at = ((took.len().saturating_sub(1)) as f64 * percent / 100.0).round() as usize;
    took.get(at).copied().unwrap_or_default()
}

fn locked(met: &Mutex<Met>) -> MutexGuard<'_, Met> {
    met.lock().unwrap_or_else(PoisonError::into_inner)
}
