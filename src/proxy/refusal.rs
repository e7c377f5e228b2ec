//! Answers that are no success: their document is read before anything of them goes on.
//!
//! Such a document may refuse the gate's own credentials: then it names the gate's key id at the backend and tells of a
//! signature that no client made, and nothing of it goes to the client. Others go on written anew, since they name the
//! backend's ids and hosts, or become the answer that hides that an object is missing. What is no document of S3 goes
//! on as it is; an answer to HEAD has none.

use super::client::BODY_ROOM;
use super::coding;
use super::connection::Call;
use super::deadline::within;
use super::fault::ForwardFault;
use super::forwarded::{AnswerBody, AnswerHead, write_length};
use super::respond;
use super::service::ProxyService;
use super::upstream::Link;
use crate::gateway::{ErrorDocument, Forward, ResponsePlan, refusal_of_the_gate};

/// How much of a document is read.
const DOCUMENT_BYTES: usize = 64 * 1024;

/// The statuses of refusals of the gate's credentials: those of S3, and what HTTP has for them.
const REFUSALS: [u16; 3] = [400, 401, 403];

/// The head of an answer whose document is to be read, as far as it is written already.
pub(super) struct Unread {
    fields: Vec<u8>,
    framing: Vec<u8>,
}

impl Unread {
    /// The head for the client, if the answer may have an error document.
    pub(super) fn of(head: &AnswerHead<'_>, withheld: &[&str]) -> Option<Self> {
        let is_xml = |value: &[u8]| value.windows(3).any(|three| three.eq_ignore_ascii_case(b"xml"));
        if head.status < 300 || head.body.is_done() || !head.content_type().is_none_or(is_xml) {
            return None;
        }
        let (mut fields, mut framing) = (Vec::with_capacity(256), Vec::new());
        head.write_fields(&mut fields, withheld);
        head.write_framing(&mut framing);
        Some(Self { fields, framing })
    }
}

impl ProxyService {
    /// Reads the document and puts the answer into the client's output, as it may pass. Gives the status that the client
    /// is told, and how many bytes of content there are. With another status, what is left of the body is nobody's.
    pub(super) async fn take_document(
        &self,
        call: &mut Call<'_, '_>,
        forward: &Forward,
        unread: Unread,
        status: u16,
        link: &mut Link,
        body: &mut AnswerBody,
    ) -> Result<(u16, u64), ForwardFault> {
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
        if let Some(code) = refusal_of_the_gate(status, &content).filter(|_| REFUSALS.contains(&status)) {
            return Err(ForwardFault::GateRefused(code));
        }
        let is_whole = ended || body.is_done();
        let document = if is_whole { ErrorDocument::read(&content, &call.exchange.request_id) } else { None };
        let (date, out) = call.client.date_and_output();
        let stamp = self.stamp(call.exchange, date, call.keep);
        let is_hidden = status == 404 && document.as_ref().is_none_or(ErrorDocument::hides_object);
        let (status, count) = match (&forward.response, document) {
            (ResponsePlan::HideMissing(answer), _) if is_hidden => {
                (answer.status, respond::write(out, answer, stamp, false))
            }
            (_, Some(document)) => {
                out.extend_from_slice(&unread.fields);
                write_length(out, u64::try_from(document.body.len()).unwrap_or(u64::MAX));
                stamp.write(out);
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(document.body.as_bytes());
                (status, document.body.len())
            }
            (_, None) => {
                out.extend_from_slice(&unread.fields);
                out.extend_from_slice(&unread.framing);
                stamp.write(out);
                out.extend_from_slice(b"\r\n");
                body.write(&content, out);
                if ended {
                    out.extend_from_slice(coding::LAST_CHUNK);
                }
                (status, content.len())
            }
        };
        if ended {
            *body = AnswerBody::None;
        }
        Ok((status, u64::try_from(count).unwrap_or(u64::MAX)))
    }
}
