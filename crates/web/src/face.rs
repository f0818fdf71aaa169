//! What a request passes on its way to a route, and an answer on its way out: the same on every HTTP face.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use bellwether_settings::Settings;
use sentry::SentryFutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing_actix_web::RequestId;

use crate::auth::{Auth, AuthError, Refusal};
use crate::health::Draining;
use crate::in_flight::InFlight;
use crate::origin::{Origin, TrustedProxies};
use crate::rate_limit::RateLimit;
use crate::route::Route;
use crate::trace::{self, Trace};
use crate::{headers, https, metrics, panics};

/// Why a face cannot be shown as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// Callers cannot be told apart.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Somebody trusted has no address.
    #[error("server.trusted_proxies: {0}")]
    Proxies(String),
}

/// Access, protection and observability of one HTTP face. Cheap to clone; all clones share their limits.
#[derive(Debug, Clone)]
pub struct Face(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    /// None where the service tells callers apart by itself.
    auth: Option<Auth>,
    proxies: TrustedProxies,
    https_redirect: bool,
    hsts: Option<String>,
    in_flight: InFlight,
    rate: RateLimit,
    reports: bool,
    draining: Draining,
}

/// What is known of a request before anything is decided about it.
struct Arrival {
    id: String,
    route: Route,
    trace: Option<Trace>,
    origin: Origin,
}

impl Face {
    /// A face as the settings say. Keys for tokens are kept up to date until `stop`. From `draining` on every answer
    /// asks its caller to open another connection for the next request.
    ///
    /// # Errors
    /// [`FaceError`], naming the setting.
    pub async fn begin(
        settings: &Settings,
        draining: Draining,
        stop: &CancellationToken,
    ) -> Result<Self, FaceError> {
        let auth = Auth::begin(&settings.auth, settings.rotating.clone(), stop).await?;
        Self::with(settings, draining, Some(auth))
    }

    /// A face whose service tells callers apart by itself, by sessions and tokens of its own: here they are
    /// counted by address.
    ///
    /// # Errors
    /// [`FaceError`], naming the setting.
    pub fn begin_without_auth(settings: &Settings, draining: Draining) -> Result<Self, FaceError> {
        Self::with(settings, draining, None)
    }

    fn with(settings: &Settings, draining: Draining, auth: Option<Auth>) -> Result<Self, FaceError> {
        let server = &settings.server;
        let hsts = (server.hsts_seconds > 0).then(|| format!("max-age={}", server.hsts_seconds));
        Ok(Self(Arc::new(Parts {
            auth,
            proxies: TrustedProxies::new(&server.trusted_proxies).map_err(FaceError::Proxies)?,
            https_redirect: server.https_redirect,
            hsts,
            in_flight: InFlight::new(server.max_in_flight),
            rate: RateLimit::new(server),
            reports: crate::sentry::is_on(),
            draining,
        })))
    }

    /// Middleware, just inside [`logs::requests`](crate::logs::requests), which gives the request its id. Use
    /// as `from_fn(move |request, next| face.clone().serve(request, next))`.
    ///
    /// # Errors
    /// Whatever turned the request away, dressed as an answer.
    pub async fn serve<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let begun = Instant::now();
        let arrival = self.arrival(&request);
        let outcome = self.admit(&arrival, request, next).await;
        // Refusals are dressed like any other answer, so that a caller can always tell us the id.
        let outcome = headers::dress(outcome, |head| {
            // A caller that keeps its connection would be sent away only by the port's closing, perhaps as its next
            // request goes out; told in time, it asks a process that stays.
            if self.0.draining.has_begun() {
                head.set_connection_type(ConnectionType::Close);
            }
            let headers = head.headers_mut();
            headers::secure(headers);
            headers::set(headers, "x-request-id", &arrival.id);
            if let Some(trace) = arrival.trace.and_then(|trace| trace.named()) {
                headers::set(headers, trace::HEADER, &trace);
            }
            if let Some(hsts) = self.0.hsts.as_ref().filter(|_| arrival.origin.secure) {
                headers::set(headers, "strict-transport-security", hsts);
            }
        });
        let status = match &outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        metrics::answered(arrival.route.as_str(), status, begun.elapsed());
        outcome
    }

    fn arrival(&self, request: &ServiceRequest) -> Arrival {
        let origin = self.0.proxies.origin(request);
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let trace = extensions.get::<Trace>().copied();
        drop(extensions);
        Arrival { id, route: Route::of(request), trace, origin }
    }

    /// The order matters. https first, for a token sent in the clear is not even looked at. Then the bound
    /// on requests in flight, before anything costs time; what watches over the process is never turned
    /// away. Then who calls, for the rate limit counts by caller, and by address where nobody was named, so
    /// that guesses at tokens are counted too. What the caller may do is for the route to ask
    /// ([`require`](crate::auth::require)), before it reads the body. A panic is caught innermost, so that its
    /// answer takes the same way out.
    async fn admit<B: MessageBody + 'static>(
        &self,
        arrival: &Arrival,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let answer = panics::caught(async {
            let _place = if arrival.route.is_watched() {
                None
            } else {
                if self.0.https_redirect && !arrival.origin.secure {
                    metrics::refused("https");
                    return Err(https::instead(&request));
                }
                let place = self.0.in_flight.enter()?;
                self.identify(arrival, &request).await?;
                Some(place)
            };
            next.call(request).await
        });
        if !self.0.reports {
            return answer.await;
        }
        let trace = arrival.trace.map(|trace| trace.id()).unwrap_or_default();
        answer.bind_hub(crate::sentry::hub(&arrival.id, &trace, arrival.route.as_str())).await
    }

    async fn identify(&self, arrival: &Arrival, request: &ServiceRequest) -> Result<(), Error> {
        let identity = match &self.0.auth {
            Some(auth) => auth.identify(request.headers()).await,
            None => Err(Refusal::NoToken),
        };
        self.0.rate.check(&identity, arrival.origin)?;
        if let Ok(caller) = &identity {
            tracing::Span::current().record("caller", &*caller.subject);
            request.extensions_mut().insert(caller.clone());
        }
        request.extensions_mut().insert(identity);
        Ok(())
    }
}
