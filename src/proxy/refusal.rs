//! Answers by which the backend may refuse the gate's own credentials.
//!
//! Such an answer names the gate's key id at the backend and tells of a signature that no client made. Nothing of an
//! answer that could be one goes to the client before the beginning of its document has been read. An answer to HEAD
//! has no document and passes.

use super::client::BODY_ROOM;
use super::coding;
use super::deadline::within;
use super::fault::ForwardFault;
use super::forwarded::{AnswerBody, AnswerHead};
use super::service::ProxyService;
use super::upstream::Link;
use crate::gateway::refusal_of_the_gate;

/// How much of a document is read for its code.
const DOCUMENT_BYTES: usize = 64 * 1024;
/// The statuses of such refusals: those of S3, and what HTTP has for them.
const STATUSES: [u16; 3] = [400, 401, 403];

/// Whether an answer may refuse the gate's own credentials, as far as its head says.
pub(super) fn may_refuse_the_gate(head: &AnswerHead<'_>) -> bool {
    let is_xml = |value: &[u8]| value.windows(3).any(|three| three.eq_ignore_ascii_case(b"xml"));
    STATUSES.contains(&head.status) && head.content_type().is_none_or(is_xml)
}

impl ProxyService {
    /// Moves the beginning of a document to `out`, framed for the client, if it is the client's. Gives how many bytes
    /// of content that is.
    pub(super) async fn take_unless_refused(
        &self,
        status: u16,
        link: &mut Link,
        body: &mut AnswerBody,
        out: &mut Vec<u8>,
    ) -> Result<u64, ForwardFault> {
        let mut content = Vec::new();
        let mut ended = false;
        loop {
            body.take_content(&mut link.input, &mut content).map_err(|_| ForwardFault::BackendMalformed)?;
            if ended || body.is_done() || content.len() >= DOCUMENT_BYTES {
                break;
            }
            let read = within(self.upstream.read_timeout, link.fill(BODY_ROOM)).await;
            ended = match read.map_err(|_| ForwardFault::BackendTimedOut)? {
                Ok(0) if *body == AnswerBody::UntilClose => true,
                Ok(0) | Err(_) => return Err(ForwardFault::BackendCut),
                Ok(_) => false,
            };
        }
        if let Some(code) = refusal_of_the_gate(status, &content) {
            return Err(ForwardFault::GateRefused(code));
        }
        body.write(&content, out);
        if ended {
            out.extend_from_slice(coding::LAST_CHUNK);
            *body = AnswerBody::None;
        }
        Ok(u64::try_from(content.len()).unwrap_or(u64::MAX))
    }
}
