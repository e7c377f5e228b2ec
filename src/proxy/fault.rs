//! What can be wrong with a request at the socket, before the gateway sees it and after it let it pass.

use crate::sigv4;

/// A fault of the request's head. Found before the gateway; the connection is closed after the answer.
///
/// Sources: RFC 9112 sections 2.2, 3.2, 5.1, 6.1-6.3 and 9.6; the limits are those of
/// [`super::HeadLimits`]. Where the standard lets a server be lenient, the gate is strict: what two
/// servers could read in two ways is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    /// Not HTTP/1.1. An HTTP/1.0 client cannot be sent the chunked answers of S3 servers.
    #[error("the request must use HTTP/1.1")]
    Version,
    /// A method that the gate does not know; methods are upper-case.
    #[error("the method is not one of GET, HEAD, PUT, POST, DELETE and OPTIONS")]
    Method,
    /// The target does not begin with `/`: absolute form, authority form or `*`.
    #[error("the request target must be a path beginning with `/`")]
    TargetForm,
    /// A `#` in the target.
    #[error("the request target must not have a fragment")]
    Fragment,
    /// A control byte in the target or in a header value.
    #[error("the request head has a control character")]
    ControlByte,
    /// A line that does not end with CR LF, or that no header field can be.
    #[error("the request head is not well-formed HTTP/1.1")]
    Malformed,
    /// The target is longer than the limit.
    #[error("the request target is longer than {limit} bytes")]
    TargetTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The query is longer than the limit.
    #[error("the query string is longer than {limit} bytes")]
    QueryTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The whole head is larger than the limit.
    #[error("the request head is larger than {limit} bytes")]
    HeadTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More header fields than the limit.
    #[error("the request has more than {limit} header fields")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// No Host, an empty one, or one that is not a host.
    #[error("the Host header is missing, empty or not a host name")]
    Host,
    /// More than one Host.
    #[error("the request has more than one Host header")]
    RepeatedHost,
    /// `Connection` names something besides `close` and `keep-alive`: a proxy would drop the field so named.
    #[error("the Connection header may only say `close` or `keep-alive`")]
    Connection,
    /// Both Content-Length and Transfer-Encoding.
    #[error("the request has both Content-Length and Transfer-Encoding")]
    LengthAndCoding,
    /// A transfer coding that is not exactly `chunked`.
    #[error("the only transfer coding understood is `chunked`")]
    TransferCoding,
    /// More than one Content-Length, or one that is not a number.
    #[error("Content-Length must be one decimal number")]
    ContentLength,
    /// The head was not there as a whole in time.
    #[error("the request head did not arrive in time")]
    TimedOut,
    /// More connections than the limit; no head was read.
    #[error("too many connections are open")]
    TooManyConnections,
    /// An expectation other than `100-continue`.
    #[error("the only expectation understood is `100-continue`")]
    Expectation,
}

/// A fault while a permitted request was being forwarded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardFault {
    /// No connection to the backend: it saw nothing.
    #[error("the backend cannot be reached")]
    Unreachable,
    /// The backend did not answer, or stopped to read or write, within its time. It may have acted.
    #[error("the backend did not answer in time")]
    BackendTimedOut,
    /// The backend closed or reset the connection before a whole answer head. It may have acted.
    #[error("the backend closed the connection before it answered")]
    BackendCut,
    /// The backend's answer is not HTTP.
    #[error("the backend gave an answer that cannot be understood")]
    BackendMalformed,
    /// The backend reported success before the body was there and verified.
    #[error("the backend confirmed the request before its body was complete")]
    ConfirmedEarly,
    /// The backend refuses the credentials, region or clock of the gate itself, with this code: it has done nothing.
    #[error("the backend refuses the gate's own credentials with {0}")]
    GateRefused(&'static str),
    /// The body is not what was signed, or its framing, length, checksum or trailer is wrong.
    #[error(transparent)]
    Body(#[from] sigv4::BodyError),
    /// The transfer coding of the body (RFC 9112 section 7.1) is broken.
    #[error("the chunked transfer coding of the request body is broken")]
    TransferCoding,
    /// The body ended before its declared length.
    #[error("the request body ended before its declared length")]
    Incomplete,
    /// There is a body where the operation has none, or more of it than declared.
    #[error("the request has a body, or more of it, where none is expected")]
    UnexpectedBody,
    /// The gate's budget for buffered bytes is spent (security rule 28). S3 says `SlowDown`.
    #[error("too many request bodies are being held at once")]
    Busy,
    /// The client stopped sending.
    #[error("the request body did not arrive in time")]
    ClientTimedOut,
    /// The client went away. There is nobody to answer.
    #[error("the client closed the connection")]
    ClientGone,
    /// A fault of the gate's own.
    #[error("the gate failed")]
    Internal,
}
