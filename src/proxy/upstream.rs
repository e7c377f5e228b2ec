//! The backend as a peer: built once, every time limit set, and the rule on sending again.

use super::fault::ForwardFault;
use super::settings::{UpstreamSettings, UpstreamTls};
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::utils::tls::{WrappedX509, parse_x509};
use pingora::{Error, ErrorSource, ErrorType, OrErr};
use std::sync::Arc;

/// The backend's settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// TLS without a name to verify.
    #[error("the backend's endpoint is https but has no host name to verify its certificate against")]
    NoServerName,
    /// A certificate of the CA file cannot be a trust anchor.
    #[error("certificate {0} of the backend's CA file is not a usable trust anchor")]
    Anchor(usize),
}

/// Builds the peer.
pub(super) fn peer(settings: &UpstreamSettings) -> Result<HttpPeer, UpstreamError> {
    let name = settings.tls.as_ref().map(|tls| tls.server_name.clone()).unwrap_or_default();
    // INVARIANT: pingora verifies no certificate at all where the name is empty.
    if settings.tls.is_some() && name.is_empty() {
        return Err(UpstreamError::NoServerName);
    }
    // A resolved address: given a name, this function would look it up, blocking, and panic without an answer.
    let mut peer = HttpPeer::new(settings.address, settings.tls.is_some(), name);
    let options = &mut peer.options;
    options.ca = settings.tls.as_ref().map(anchors).transpose()?.flatten();
    options.connection_timeout = Some(settings.connect_timeout);
    options.total_connection_timeout = Some(settings.total_connect_timeout);
    options.read_timeout = Some(settings.read_timeout);
    options.write_timeout = Some(settings.write_timeout);
    options.idle_timeout = Some(settings.idle_timeout);
    options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    options.set_http_version(1, 1);
    // An upload that is broken off ends in a reset, never in an orderly close: a server that takes the close for
    // the body's end (SeaweedFS, where not a byte of it had come) would keep a cut or empty object.
    options.upstream_tcp_sock_tweak_hook = Some(Arc::new(|socket| {
        socket.set_zero_linger().or_err(ErrorType::SocketError, "the backend's connection cannot be set to reset")
    }));
    Ok(peer)
}

fn anchors(tls: &UpstreamTls) -> Result<Option<Arc<CaType>>, UpstreamError> {
    let mut store = rustls::RootCertStore::empty();
    for (index, der) in tls.ca.iter().enumerate() {
        // Checked here since the wrapper below panics on what is not a certificate.
        store.add(der.clone().into()).map_err(|_| UpstreamError::Anchor(index + 1))?;
    }
    let wrapped: Vec<WrappedX509> = tls.ca.iter().map(|der| WrappedX509::new(der.clone(), parse_x509)).collect();
    Ok((!wrapped.is_empty()).then(|| wrapped.into()))
}

/// Whether a failed try may be made again: only what changes nothing (`safe`: GET and HEAD without a body),
/// only where the connection had been used before (so that it may have been closed while idle), and only while
/// nothing was answered. Everything else may have been executed (FRAMEWORK section 2.5).
pub(super) fn decide_retry(error: &mut Error, safe: bool, reused: bool, answered: bool) {
    if safe && !answered {
        error.retry.decide_reuse(reused);
    } else {
        error.set_retry(false);
    }
}

/// The fault that a pingora error stands for.
pub(super) fn fault_of(error: &Error) -> ForwardFault {
    use ErrorType as T;
    match (error.esource(), error.etype()) {
        (ErrorSource::Downstream, T::ReadTimedout) => ForwardFault::ClientTimedOut,
        (ErrorSource::Downstream, T::Custom("InvalidChunk")) => ForwardFault::TransferCoding,
        (ErrorSource::Downstream, T::ConnectionClosed | T::ReadError | T::WriteError | T::WriteTimedout) => {
            ForwardFault::ClientGone
        }
        // Bytes after the end of the body: a second request before the first was answered.
        (ErrorSource::Downstream, T::ConnectError) => ForwardFault::UnexpectedBody,
        (ErrorSource::Upstream, T::ReadTimedout | T::WriteTimedout) => ForwardFault::BackendTimedOut,
        (ErrorSource::Upstream, T::ConnectionClosed | T::ReadError | T::WriteError) => ForwardFault::BackendCut,
        (
            ErrorSource::Upstream,
            T::ConnectTimedout
            | T::ConnectRefused
            | T::ConnectNoRoute
            | T::ConnectError
            | T::ConnectProxyFailure
            | T::SocketError
            | T::BindError
            | T::TLSHandshakeFailure
            | T::TLSHandshakeTimedout
            | T::HandshakeError
            | T::InvalidCert
            | T::TLSWantX509Lookup,
        ) => ForwardFault::Unreachable,
        (ErrorSource::Upstream, T::Custom("PrematureBodyEnd")) => ForwardFault::Incomplete,
        (ErrorSource::Upstream, _) => ForwardFault::BackendMalformed,
        _ => ForwardFault::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pingora::RetryType;

    #[test]
    fn tls_without_a_name_or_with_false_anchors_is_refused() {
        let time = std::time::Duration::from_secs(1);
        let with = |server_name: &str, ca: Vec<Vec<u8>>| {
            peer(&UpstreamSettings {
                address: "127.0.0.1:1".parse().unwrap(),
                authority: "h".to_owned(),
                tls: Some(UpstreamTls { server_name: server_name.to_owned(), ca }),
                aws_chunked: crate::proxy::AwsChunked::Pass,
                connect_timeout: time,
                total_connect_timeout: time,
                read_timeout: time,
                write_timeout: time,
                idle_timeout: time,
            })
        };
        assert_eq!(with("", vec![]).unwrap_err(), UpstreamError::NoServerName);
        assert_eq!(with("h", vec![b"x".to_vec()]).unwrap_err(), UpstreamError::Anchor(1));
        let peer = with("h", vec![]).unwrap();
        assert!(peer.options.verify_cert && peer.options.verify_hostname && peer.options.read_timeout.is_some());
    }

    #[test]
    fn only_safe_requests_on_used_connections_are_sent_again() {
        for (safe, reused, answered, again) in [
            (true, true, false, true),
            (true, false, false, false),
            (true, true, true, false),
            (false, true, false, false),
            (false, false, false, false),
        ] {
            let mut error = Error::new_up(ErrorType::ConnectionClosed);
            error.retry = RetryType::ReusedOnly;
            decide_retry(&mut error, safe, reused, answered);
            assert_eq!(error.retry(), again, "{safe} {reused} {answered}");
        }
    }

    #[test]
    fn faults_say_whose_they_are() {
        assert_eq!(fault_of(&Error::new_up(ErrorType::ConnectRefused)), ForwardFault::Unreachable);
        assert_eq!(fault_of(&Error::new_up(ErrorType::InvalidCert)), ForwardFault::Unreachable);
        assert_eq!(fault_of(&Error::new_up(ErrorType::ReadTimedout)), ForwardFault::BackendTimedOut);
        assert_eq!(fault_of(&Error::new_up(ErrorType::InvalidHTTPHeader)), ForwardFault::BackendMalformed);
        assert_eq!(fault_of(&Error::new_down(ErrorType::ReadTimedout)), ForwardFault::ClientTimedOut);
        assert_eq!(fault_of(&Error::new_down(ErrorType::ConnectionClosed)), ForwardFault::ClientGone);
        assert_eq!(fault_of(&Error::new_in(ErrorType::InternalError)), ForwardFault::Internal);
    }
}
