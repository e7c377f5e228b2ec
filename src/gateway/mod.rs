//! The request path, top to bottom, free of pingora: a head (and a body when it is asked for) in, a
//! [`Verdict`] out. Only `proxy` turns verdicts into socket work, so all but byte-moving is tested
//! without one.

mod ports;
mod trace;
mod verdict;

pub use ports::{Backend, BackendAnswer, BackendError, BackendRequest, BodyError, RequestBody};
pub use trace::{Plane, Trace};
pub use verdict::{BodyPlan, Forward, ResponsePlan, Verdict};
