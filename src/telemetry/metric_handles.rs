//! The metrics of each combination of labels, looked up once: a lookup by labels hashes and compares every text.

use crate::gateway::Plane;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};
use std::sync::OnceLock;

/// The metrics of one plane.
pub(super) struct OfPlane {
    pub(super) bytes_in: IntCounter,
    pub(super) bytes_out: IntCounter,
    pub(super) verify: Histogram,
    pub(super) decide: Histogram,
    pub(super) upstream: Histogram,
    pub(super) total: Histogram,
}

/// The metrics by plane; those of a plane appear with its first request.
pub(super) struct PlaneHandles {
    bytes: IntCounterVec,
    verify: HistogramVec,
    decide: HistogramVec,
    upstream: HistogramVec,
    total: HistogramVec,
    none: OnceLock<OfPlane>,
    s3: OnceLock<OfPlane>,
    iam: OnceLock<OfPlane>,
    sts: OnceLock<OfPlane>,
}

impl PlaneHandles {
    pub(super) fn new(
        bytes: IntCounterVec,
        verify: HistogramVec,
        decide: HistogramVec,
        upstream: HistogramVec,
        total: HistogramVec,
    ) -> Self {
        let (none, s3, iam, sts) = (OnceLock::new(), OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { bytes, verify, decide, upstream, total, none, s3, iam, sts }
    }

    pub(super) fn of(&self, plane: Plane) -> &OfPlane {
        let slot = match plane {
            Plane::None => &self.none,
            Plane::S3 => &self.s3,
            Plane::Iam => &self.iam,
            Plane::Sts => &self.sts,
        };
        slot.get_or_init(|| {
            let plane = plane.as_str();
            OfPlane {
                bytes_in: self.bytes.with_label_values(&[plane, "in"]),
                bytes_out: self.bytes.with_label_values(&[plane, "out"]),
                verify: self.verify.with_label_values(&[plane]),
                decide: self.decide.with_label_values(&[plane]),
                upstream: self.upstream.with_label_values(&[plane]),
                total: self.total.with_label_values(&[plane]),
            }
        })
    }
}

/// The labels of a request, all out of closed sets.
#[derive(Clone, Copy)]
pub(super) struct RequestLabels {
    pub(super) plane: Plane,
    pub(super) operation: &'static str,
    pub(super) decision: &'static str,
    pub(super) status: &'static str,
}

impl RequestLabels {
    /// Where the texts are: texts of the program never move, so equal places are equal texts.
    fn places(&self) -> [(usize, usize); 3] {
        [self.operation, self.decision, self.status].map(|text| (text.as_ptr().addr(), text.len()))
    }

    fn is(&self, other: &Self) -> bool {
        self.plane == other.plane && self.places() == other.places()
    }

    fn slot(&self) -> usize {
        let mut mixed = self.plane as usize;
        for (place, _) in self.places() {
            mixed = (mixed.rotate_left(5) ^ place).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        mixed >> (usize::BITS - SLOTS.ilog2())
    }
}

/// Slots of the table: more than there are combinations in use.
const SLOTS: usize = 1024;
/// Slots that are looked at for one combination.
const REACH: usize = 8;

/// The counter of requests with the combinations of its labels that have been met.
pub(super) struct RequestHandles {
    requests: IntCounterVec,
    table: Box<[OnceLock<(RequestLabels, IntCounter)>]>,
}

impl RequestHandles {
    pub(super) fn new(requests: IntCounterVec) -> Self {
        Self { requests, table: (0..SLOTS).map(|_| OnceLock::new()).collect() }
    }

    /// Counts one request.
    pub(super) fn count(&self, labels: RequestLabels) {
        let first = labels.slot();
        for slot in (first..first + REACH).filter_map(|index| self.table.get(index % SLOTS)) {
            let (known, counter) = slot.get_or_init(|| (labels, self.counter(&labels)));
            if known.is(&labels) {
                counter.inc();
                return;
            }
        }
        self.counter(&labels).inc();
    }

    fn counter(&self, labels: &RequestLabels) -> IntCounter {
        let RequestLabels { plane, operation, decision, status } = *labels;
        self.requests.with_label_values(&[plane.as_str(), operation, decision, status])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::Opts;

    #[test]
    fn every_combination_is_counted_under_its_own_labels_however_many_there_are() {
        let labels = ["plane", "operation", "decision", "status"];
        let requests = IntCounterVec::new(Opts::new("n", "n"), &labels).unwrap();
        let handles = RequestHandles::new(requests.clone());
        let operations: Vec<&'static str> = (0..200).map(|n| &*format!("Operation{n}").leak()).collect();
        let all = || {
            operations.iter().flat_map(|operation| {
                ["allow", "none", "implicit_deny"].into_iter().flat_map(move |decision| {
                    ["2xx", "4xx"].map(|status| RequestLabels { plane: Plane::S3, operation, decision, status })
                })
            })
        };
        for _ in 0..3 {
            all().for_each(|labels| handles.count(labels));
        }
        for RequestLabels { plane, operation, decision, status } in all() {
            assert_eq!(requests.with_label_values(&[plane.as_str(), operation, decision, status]).get(), 3);
        }
    }
}
