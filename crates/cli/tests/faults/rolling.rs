//! Every replica of the api is replaced under load, as a StatefulSet does it, at the timings of its manifest.
//!
//! Everything that `k8s/base` says in seconds is shortened by [`SHORTER`], probes and grace alike; what a start costs is
//! not, so that a pod is away for longer than in a cluster in proportion.

use std::time::{Duration, Instant};

use bellwether_core::config::EmailPolicy;
use bellwether_testkit::load::{Load, Met};
use bellwether_testkit::service::{Service, ServiceBuilder};
use bellwether_testkit::wait::until;
use bellwether_testkit::{ClusterService, Endpoint, Probing};

use crate::manifest::ApiManifest;
use crate::world::{Emailed, PATIENCE, TOKEN, World, flows};

/// By what every time of the manifest is divided.
const SHORTER: u32 = 5;
const REPLICAS: usize = 2;
/// How long the news of a pod takes to every node's rules, before it is shortened: a second or two in a cluster.
const PROPAGATION: Duration = Duration::from_millis(1_500);
/// Of each caller, between two calls.
const PAUSE: Duration = Duration::from_millis(25);

/// One ordinal of the set: the same settings and the same journal in every life.
struct Pod {
    builder: ServiceBuilder,
    process: Service,
    endpoint: Endpoint,
}

/// The set, the Service before it, and the times of both.
struct StatefulSet {
    service: ClusterService,
    grace: Duration,
    min_ready: Duration,
    pods: Vec<Pod>,
}

impl StatefulSet {
    /// As many pods as there are replicas, all ready and known to the Service.
    async fn new(world: &World, manifest: &ApiManifest, notice: u32) -> Self {
        let probing = Probing {
            period: shortened(manifest.period_seconds),
            timeout: shortened(manifest.timeout_seconds),
            failures: manifest.failure_threshold,
            propagation: PROPAGATION / SHORTER,
        };
        let service = ClusterService::start(probing).await;
        let [notice, drain] = [notice, manifest.drain_seconds].map(whole);
        let builders = (0..REPLICAS).map(|ordinal| {
            let builder = world.api(&format!("api-{ordinal}"));
            builder.setting("SERVER__DRAIN_NOTICE_SECONDS", &notice).setting("SERVER__DRAIN_SECONDS", &drain)
        });
        let mut pods = Vec::new();
        for builder in builders {
            let process = builder.spawn();
            let endpoint = service.add(&process.url);
            pods.push(Pod { builder, process, endpoint });
        }
        until("every pod is sent connections", PATIENCE, async || service.routed() == REPLICAS).await;
        let [grace, min_ready] = [manifest.grace_seconds, manifest.min_ready_seconds].map(shortened);
        Self { service, grace, min_ready, pods }
    }

    /// Ends the pod with the highest ordinal that is left: its end begins and the Service is told at the same moment.
    /// Within `notice` all callers have to leave it, those who keep their connections too. Answers how to start it again.
    async fn delete_last(&mut self, notice: Option<Duration>) -> ServiceBuilder {
        let Pod { builder, mut process, endpoint } = self.pods.pop().unwrap();
        let begun = Instant::now();
        let service = &self.service;
        let others = service.routed() - 1;
        service.remove(&endpoint);
        process.signal("TERM");
        if let Some(notice) = notice {
            until("the news has spread", notice, async || service.routed() == others).await;
            until("every caller has left", notice, async || service.open(&endpoint) == 0).await;
            assert!(begun.elapsed() < notice, "callers left by themselves, before the port was closed");
            println!("  every caller has left after {:?} of {notice:?}", begun.elapsed());
        }
        let ended = process.ends(self.grace.saturating_sub(begun.elapsed())).await;
        let status = ended.unwrap_or_else(|| panic!("its grace of {:?} is over: SIGKILL", self.grace));
        assert_eq!(status.code(), Some(0), "it ends in order; it logged:\n{}", process.log());
        println!("  a pod ended after {:?} of {:?}", begun.elapsed(), self.grace);
        builder
    }

    /// Replaces every pod, the highest ordinal first, and none before the one above it has been ready
    /// for as long as is asked for.
    async fn roll(&mut self, notice: Duration) {
        let mut replaced = Vec::new();
        while !self.pods.is_empty() {
            let builder = self.delete_last(Some(notice)).await;
            let process = builder.spawn();
            let endpoint = self.service.add(&process.url);
            let service = &self.service;
            until("the new pod is ready", PATIENCE, async || service.is_ready(&endpoint)).await;
            tokio::time::sleep(self.min_ready).await;
            assert!(self.service.is_ready(&endpoint), "it stays ready");
            replaced.insert(0, Pod { builder, process, endpoint });
        }
        self.pods = replaced;
    }
}

fn shortened(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into()) / SHORTER
}

/// The same for a setting, which is in whole seconds.
fn whole(seconds: u32) -> String {
    assert_eq!(seconds % SHORTER, 0, "{seconds} s cannot be shortened by {SHORTER} to whole seconds");
    (seconds / SHORTER).to_string()
}

/// Callers that keep their connections, and callers that open one for each call.
struct Callers {
    keeping: Load,
    anew: Load,
}

impl Callers {
    fn start(service: &ClusterService) -> Self {
        let urls = [service.url()];
        Self { keeping: Load::start(&urls, 6, PAUSE, TOKEN), anew: Load::start_anew(&urls, 2, PAUSE, TOKEN) }
    }

    async fn flow(&self) {
        flows(&self.keeping, 40).await;
        flows(&self.anew, 20).await;
    }

    async fn stop(self) -> (Met, Met) {
        (self.keeping.stop().await, self.anew.stop().await)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_update_under_load_fails_no_request_and_loses_no_answer() {
    let manifest = ApiManifest::read();
    assert!(manifest.grace_seconds > manifest.drain_notice_seconds + manifest.drain_seconds);
    let world = World::new(EmailPolicy::None).await;
    let mut set = StatefulSet::new(&world, &manifest, manifest.drain_notice_seconds).await;
    let callers = Callers::start(&set.service);
    callers.flow().await;
    let begun = Instant::now();
    set.roll(shortened(manifest.drain_notice_seconds)).await;
    println!("{REPLICAS} replicas replaced after {:?}", begun.elapsed());
    callers.flow().await;
    let (keeping, anew) = callers.stop().await;
    let opened = set.service.taken() - anew.calls.len();
    println!(
        "  {} calls on {opened} kept connections, {} on new ones",
        keeping.calls.len(),
        anew.calls.len()
    );
    assert!(opened < keeping.calls.len() / 2, "connections are kept, or the test shows too little");
    assert_eq!(keeping.failures(), [""; 0]);
    assert_eq!(anew.failures(), [""; 0]);
    assert_eq!(set.service.lost(), 0, "every connection met a process");
    for met in [keeping, anew] {
        world.nothing_is_lost(&met, Emailed::None).await;
    }
}

/// What the notice is for, and that the test above would see it missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_notice_connections_that_come_before_the_news_has_spread_are_refused() {
    let manifest = ApiManifest::read();
    let world = World::new(EmailPolicy::None).await;
    let mut set = StatefulSet::new(&world, &manifest, 0).await;
    let callers = Callers::start(&set.service);
    callers.flow().await;
    set.delete_last(None).await;
    let service = &set.service;
    until("the news has spread", PATIENCE, async || service.routed() == REPLICAS - 1).await;
    let (keeping, anew) = callers.stop().await;
    println!(
        "without notice: {} connections lost, {} calls failed",
        set.service.lost(),
        anew.failures().len()
    );
    assert!(set.service.lost() > 0);
    assert!(!anew.failures().is_empty());
    for met in [keeping, anew] {
        world.nothing_is_lost(&met, Emailed::None).await;
    }
}
