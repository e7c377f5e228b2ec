//! Metrics in Prometheus' text form.
//!
//! Labels come from closed sets only: never a principal, a bucket or anything a client wrote (security rule 32).

use super::metric_handles::{PlaneHandles, RequestHandles, RequestLabels};
use super::record::RequestRecord;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// All metrics of one gate.
pub struct Metrics {
    registry: Registry,
    requests: RequestHandles,
    planes: PlaneHandles,
    cache_hits: IntCounterVec,
    cache_misses: IntCounterVec,
    key_fetches: IntCounterVec,
    log_dropped: IntCounterVec,
    store_up: IntGauge,
}

/// Seconds, from 5 µs (a warm decision) to 1 s.
const OWN_BUCKETS: [f64; 12] = [5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 2e-2, 1e-1, 1.0];
/// Seconds, from 0.5 ms to 60 s.
const UPSTREAM_BUCKETS: [f64; 14] = [5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1, 1.0, 5.0, 20.0, 60.0];

impl Metrics {
    /// New metrics, all at zero.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64]| -> Result<HistogramVec, prometheus::Error> {
            let metric = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), &["plane"])?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let requests = counter(
            "rolegate_requests_total",
            "Requests by plane, operation, decision and class of the answer's status.",
            &["plane", "operation", "decision", "status"],
        )?;
        let bytes =
            counter("rolegate_body_bytes_total", "Body bytes moved, by plane and direction.", &["plane", "direction"])?;
        let verify = histogram("rolegate_verify_seconds", "Time spent verifying signature and token.", &OWN_BUCKETS)?;
        let decide = histogram("rolegate_decide_seconds", "Time spent deciding.", &OWN_BUCKETS)?;
        let upstream =
            histogram("rolegate_upstream_seconds", "Time until the head of the backend's answer.", &UPSTREAM_BUCKETS)?;
        let total = histogram("rolegate_request_seconds", "Time until the end of the answer.", &UPSTREAM_BUCKETS)?;
        let cache_hits = counter("rolegate_cache_hits_total", "Lookups answered by a cache.", &["cache"])?;
        let cache_misses = counter("rolegate_cache_misses_total", "Lookups that asked the store.", &["cache"])?;
        let log_dropped = counter("rolegate_log_dropped_total", "Log records that could not be written.", &["log"])?;
        let store_up = IntGauge::new("rolegate_store_up", "1 while the store and its change feed are in order.")?;
        registry.register(Box::new(store_up.clone()))?;
        let key_fetches =
            counter("rolegate_key_fetches_total", "Fetches of identity providers' keys, by their end.", &["outcome"])?;
        Ok(Self {
            requests: RequestHandles::new(requests),
            planes: PlaneHandles::new(bytes, verify, decide, upstream, total),
            cache_hits,
            cache_misses,
            key_fetches,
            log_dropped,
            store_up,
            registry,
        })
    }

    /// Counts one request.
    pub fn observe(&self, record: &RequestRecord<'_>) {
        let trace = record.trace;
        self.requests.count(RequestLabels {
            plane: trace.plane,
            operation: if trace.operation.is_empty() { "none" } else { trace.operation },
            decision: if trace.decision.is_empty() { "none" } else { trace.decision },
            status: status_class(record.status),
        });
        let plane = self.planes.of(trace.plane);
        plane.bytes_in.inc_by(record.bytes_in);
        plane.bytes_out.inc_by(record.bytes_out);
        // What was not done has taken no time, and is not counted as fast.
        if trace.verify_nanos > 0 {
            plane.verify.observe(seconds(trace.verify_nanos));
        }
        if trace.decide_nanos > 0 {
            plane.decide.observe(seconds(trace.decide_nanos));
        }
        if let Some(nanos) = record.upstream_nanos {
            plane.upstream.observe(seconds(nanos));
        }
        plane.total.observe(seconds(record.total_nanos));
    }

    /// Brings a cache's counters up to what the cache has counted.
    pub fn set_cache(&self, cache: &'static str, hits: u64, misses: u64) {
        bring_up(&self.cache_hits, cache, hits);
        bring_up(&self.cache_misses, cache, misses);
    }

    /// Brings the counters of fetches up to what was counted.
    pub fn set_key_fetches(&self, fetched: u64, failed: u64) {
        bring_up(&self.key_fetches, "fetched", fetched);
        bring_up(&self.key_fetches, "failed", failed);
    }

    /// Whether the store and its change feed are in order.
    pub fn set_store_up(&self, up: bool) {
        self.store_up.set(i64::from(up));
    }

    /// The counter of records that a log lost.
    pub(super) fn dropped(&self, log: &'static str) -> IntCounter {
        self.log_dropped.with_label_values(&[log])
    }

    /// The page of `/metrics`, `text/plain; version=0.0.4`.
    pub fn page(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page)?;
        Ok(page)
    }
}

/// A counter that is also shown while it is zero, so that a rate can be taken.
fn bring_up(counters: &IntCounterVec, label: &'static str, counted: u64) {
    let counter = counters.with_label_values(&[label]);
    counter.inc_by(counted.saturating_sub(counter.get()));
}

fn seconds(nanos: u64) -> f64 {
    std::time::Duration::from_nanos(nanos).as_secs_f64()
}

fn status_class(status: u16) -> &'static str {
    match status {
        0 => "none",
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
