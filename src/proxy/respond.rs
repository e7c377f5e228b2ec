//! The bytes of an answer of the gate's own, and what every answer has: server, date, request id, what becomes of the
//! connection.
//!
//! Rules: HEAD, 204 and 304 have no body (RFC 9110 sections 9.3.2 and 15); every answer has our request id.

use super::outbound::write_number;
use crate::gateway::Plane;
use crate::wire::Response;

/// The `Server` of every answer.
const SERVER: &str = "Rolegate";

/// What identifies an answer, and what becomes of the connection after it.
#[derive(Clone, Copy)]
pub(super) struct Stamp<'a> {
    pub(super) request_id: &'a str,
    pub(super) host_id: &'a str,
    pub(super) plane: Plane,
    /// HTTP's date of now.
    pub(super) date: &'a str,
    /// Whether the connection may be used again.
    pub(super) keep: bool,
}

impl Stamp<'_> {
    /// Writes the fields: S3's two request ids, or the one of IAM and STS.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_field(out, "Server", SERVER);
        write_field(out, "Date", self.date);
        match self.plane {
            Plane::Iam | Plane::Sts => write_field(out, "x-amzn-RequestId", self.request_id),
            Plane::S3 | Plane::None => {
                write_field(out, "x-amz-id-2", self.host_id);
                write_field(out, "x-amz-request-id", self.request_id);
            }
        }
        write_field(out, "Connection", if self.keep { "keep-alive" } else { "close" });
    }
}

/// Writes the status line.
pub(super) fn write_status(out: &mut Vec<u8>, status: u16) {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    out.extend_from_slice(b"HTTP/1.1 ");
    write_number(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason.unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a field of the gate's own. INVARIANT: a value cannot end its line; a byte that would is left out.
fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    // Looked at without an early end, so that it is done many bytes at a time.
    if value.bytes().fold(true, |plain, byte| plain & !byte.is_ascii_control()) {
        out.extend_from_slice(value.as_bytes());
    } else {
        out.extend(value.bytes().filter(|byte| !byte.is_ascii_control()));
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes an answer, without its body for HEAD. Gives how many bytes of body there are.
pub(super) fn write(out: &mut Vec<u8>, response: &Response, stamp: Stamp<'_>, is_head: bool) -> usize {
    write_status(out, response.status);
    for (name, value) in &response.headers {
        write_field(out, name, value);
    }
    let has_body = !matches!(response.status, 204 | 304);
    if has_body {
        out.extend_from_slice(b"Content-Length: ");
        write_number(out, u64::try_from(response.body.len()).unwrap_or(u64::MAX));
        out.extend_from_slice(b"\r\n");
    }
    stamp.write(out);
    out.extend_from_slice(b"\r\n");
    if !has_body || is_head {
        return 0;
    }
    out.extend_from_slice(&response.body);
    response.body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(plane: Plane) -> Stamp<'static> {
        Stamp { request_id: "17", host_id: "h", plane, date: "d", keep: false }
    }

    fn text(response: &Response, plane: Plane, is_head: bool) -> String {
        let mut out = Vec::new();
        write(&mut out, response, stamp(plane), is_head);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_answer_has_its_length_its_ids_and_no_second_line_in_a_value() {
        let response = Response::new(404, "text/plain", "gone").with_header("location", "/a\r\nset-cookie: b");
        assert_eq!(
            text(&response, Plane::S3, false),
            "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\nlocation: /aset-cookie: b\r\nContent-Length: 4\r\n\
             Server: Rolegate\r\nDate: d\r\nx-amz-id-2: h\r\nx-amz-request-id: 17\r\nConnection: close\r\n\r\ngone"
        );
        assert!(text(&response, Plane::Sts, false).contains("\r\nx-amzn-RequestId: 17\r\n"));
    }

    #[test]
    fn head_and_204_have_no_body() {
        let head = text(&Response::new(200, "text/plain", "gone"), Plane::S3, true);
        assert!(head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"));
        let none = text(&Response::empty(204), Plane::S3, false);
        assert!(!none.contains("Content-Length") && none.ends_with("\r\n\r\n"));
    }
}
