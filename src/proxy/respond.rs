//! Writing an answer of the gate's own, and what becomes of a body that nobody has read.
//!
//! Rules: HEAD, 204 and 304 have no body (RFC 9110 sections 9.3.2 and 15); every answer has our request id; an
//! unread body is drained only where it is short and the client sends it anyway, else the connection closes
//! after the answer (FRAMEWORK section 2.5).

use super::settings::ProxySettings;
use crate::gateway::Plane;
use crate::wire::Response;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

/// The `Server` of every answer.
pub(super) const SERVER: &str = "Rolegate";

/// What identifies an answer.
#[derive(Clone, Copy)]
pub(super) struct Stamp<'a> {
    pub(super) request_id: &'a str,
    pub(super) host_id: &'a str,
    pub(super) plane: Plane,
}

impl Stamp<'_> {
    /// Puts server and request id on a head: S3's two headers, or the one of IAM and STS.
    pub(super) fn put_on(&self, header: &mut ResponseHeader) -> Result<()> {
        header.insert_header("server", SERVER)?;
        match self.plane {
            Plane::Iam | Plane::Sts => header.insert_header("x-amzn-requestid", self.request_id)?,
            Plane::S3 | Plane::None => {
                header.insert_header("x-amz-id-2", self.host_id)?;
                header.insert_header("x-amz-request-id", self.request_id)?;
            }
        }
        Ok(())
    }
}

/// The head of an answer.
pub(super) fn head(response: &Response, stamp: Stamp<'_>) -> Result<ResponseHeader> {
    let mut header = ResponseHeader::build(response.status, Some(response.headers.len() + 6))?;
    for (name, value) in &response.headers {
        header.append_header(*name, value.as_str())?;
    }
    if !matches!(response.status, 204 | 304) {
        header.insert_header("content-length", response.body.len())?;
    }
    stamp.put_on(&mut header)?;
    Ok(header)
}

/// Whether an answer with this status has no body.
fn is_bodiless(status: u16) -> bool {
    matches!(status, 204 | 304)
}

/// Writes an answer. `keep` says whether the connection may be used again.
pub(super) async fn write(
    session: &mut Session,
    response: &Response,
    stamp: Stamp<'_>,
    settings: &ProxySettings,
    keep: bool,
) -> Result<()> {
    let header = head(response, stamp)?;
    let rest = Rest::of(session, settings);
    if !keep {
        session.set_keepalive(None);
    } else if rest == Rest::Short {
        session.set_close_on_response_before_downstream_finish(false);
        session.set_total_drain_timeout(Some(settings.drain_timeout));
    }
    let is_head = session.req_header().method == http::Method::HEAD;
    let has_body = !is_head && !is_bodiless(response.status) && !response.body.is_empty();
    session.as_downstream_mut().write_response_header(Box::new(header)).await?;
    if has_body {
        session.as_downstream_mut().write_response_body(response.body.clone(), true).await?;
    } else {
        session.as_downstream_mut().finish_body().await?;
    }
    if rest == Rest::Long || (rest == Rest::Short && !keep) {
        linger(session, settings).await;
    }
    Ok(())
}

/// What is left of the client's body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing.
    None,
    /// The client waits for a 100 that will not come: closing is the answer to that.
    Withheld,
    /// So little that draining it is cheaper than a new connection.
    Short,
    /// Too much, or of unknown length.
    Long,
}

impl Rest {
    fn of(session: &mut Session, settings: &ProxySettings) -> Self {
        if session.is_body_done() {
            return Self::None;
        }
        let header = session.req_header();
        if header.headers.contains_key(http::header::EXPECT) {
            return Self::Withheld;
        }
        let length = header.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        match length.and_then(|text| text.parse::<u64>().ok()) {
            Some(length) if length <= settings.drain_bytes => Self::Short,
            _ => Self::Long,
        }
    }
}

/// Reads on for a while and throws away: closing at once would reset the connection, and the reset can overtake
/// the answer.
async fn linger(session: &mut Session, settings: &ProxySettings) {
    let discard = async { while let Ok(Some(_)) = session.read_request_body().await {} };
    // However it ends, the connection is closed.
    let _ = tokio::time::timeout(settings.drain_timeout, discard).await;
}

/// Answers `Expect: 100-continue`, once, if the client waits for it. The header is taken out of pingora's copy
/// then, so that a 100 of the backend's own is not passed on as a second one.
pub(super) async fn send_continue(session: &mut Session) -> Result<()> {
    let expects = session.req_header().headers.contains_key(http::header::EXPECT);
    if !expects {
        return Ok(());
    }
    if !session.is_body_done() {
        // pingora takes the 100 for an answer before the body's end and would close the connection after it.
        session.set_close_on_response_before_downstream_finish(false);
        let written = session.as_downstream_mut().write_continue_response().await;
        session.set_close_on_response_before_downstream_finish(true);
        written?;
    }
    session.req_header_mut().remove_header(&http::header::EXPECT);
    Ok(())
}
