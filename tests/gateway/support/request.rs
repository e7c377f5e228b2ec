//! Requests as clients send them, and what the gate says to them.

use super::World;
use async_trait::async_trait;
use bytes::Bytes;
use rolegate::gateway::{BodyError, Forward, Gateway, RequestBody, Trace, Verdict};
use rolegate::sigv4::{CredentialScope, OutboundRequest, OutboundSigner, SigningKey, hex_sha256};
use rolegate::types::{Clock, Secret, Timestamp};
use rolegate::wire::{Method, QueryString, RequestHead, percent};

#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl Credentials {
    pub(crate) fn stranger(key: &str) -> Self {
        Self { key: key.to_owned(), secret: "nobody knows".to_owned(), token: None }
    }
}

/// A request in the making.
#[derive(Clone, Debug)]
pub(crate) struct Req {
    pub(crate) method: Method,
    /// Raw path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) service: &'static str,
    pub(crate) region: &'static str,
    pub(crate) payload: Option<String>,
    pub(crate) peer: &'static str,
    pub(crate) host: &'static str,
}

impl Req {
    pub(crate) fn new(method: Method, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            service: "s3",
            region: "us-east-1",
            payload: None,
            peer: "192.0.2.7",
            host: "gate.test",
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new(Method::Get, target)
    }

    pub(crate) fn put(target: &str) -> Self {
        Self::new(Method::Put, target)
    }

    pub(crate) fn delete(target: &str) -> Self {
        Self::new(Method::Delete, target)
    }

    /// A POST of a form to `/`.
    pub(crate) fn form(service: &'static str, pairs: &[(&str, &str)]) -> Self {
        let encoded =
            pairs.iter().map(|(k, v)| format!("{}={}", percent::encode(k.as_bytes()), percent::encode(v.as_bytes())));
        let body = encoded.collect::<Vec<_>>().join("&");
        Self::new(Method::Post, "/")
            .service(service)
            .with("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(body.as_bytes())
    }

    pub(crate) fn service(self, service: &'static str) -> Self {
        Self { service, ..self }
    }

    pub(crate) fn region(self, region: &'static str) -> Self {
        Self { region, ..self }
    }

    pub(crate) fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    pub(crate) fn from(self, peer: &'static str) -> Self {
        Self { peer, ..self }
    }

    /// The value of `x-amz-content-sha256`.
    pub(crate) fn payload(self, payload: &str) -> Self {
        Self { payload: Some(payload.to_owned()), ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.headers.retain(|(name, _)| name != "content-length");
        self.with("content-length", body.len().to_string())
    }

    /// Unsigned, as Anonymous sends it.
    pub(crate) fn unsigned(mut self) -> Self {
        self.headers.insert(0, ("host".to_owned(), self.host.as_bytes().to_vec()));
        self
    }

    pub(crate) fn sign(self, world: &World, by: &Credentials) -> Self {
        self.sign_at(world.clock.now(), by)
    }

    /// Signs in the Authorization header. Headers added later are not signed.
    pub(crate) fn sign_at(mut self, time: Timestamp, by: &Credentials) -> Self {
        let payload = self.payload.clone().unwrap_or_else(|| hex_sha256(&self.body));
        let mut own = vec![("host".to_owned(), self.host.as_bytes().to_vec())];
        own.push(("x-amz-date".to_owned(), time.basic().into_bytes()));
        if self.service == "s3" || self.payload.is_some() {
            own.push(("x-amz-content-sha256".to_owned(), payload.clone().into_bytes()));
        }
        if let Some(token) = &by.token {
            own.push(("x-amz-security-token".to_owned(), token.clone().into_bytes()));
        }
        self.headers.splice(0..0, own);
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let signed = sign(&self, time, by, &headers, &payload);
        self.headers.push(("authorization".to_owned(), signed.0.into_bytes()));
        self
    }

    /// Presigns for an hour.
    pub(crate) fn presign(mut self, world: &World, by: &Credentials) -> Self {
        let time = world.clock.now();
        let scope = format!("{}/{}/{}/{}/aws4_request", by.key, time.basic_date(), self.region, self.service);
        let mut keys = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", scope),
            ("X-Amz-Date", time.basic()),
            ("X-Amz-Expires", "3600".to_owned()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ];
        keys.extend(by.token.clone().map(|token| ("X-Amz-Security-Token", token)));
        for (key, value) in keys {
            self.target.push(if self.target.contains('?') { '&' } else { '?' });
            self.target.push_str(&format!("{key}={}", percent::encode(value.as_bytes())));
        }
        let payload = if self.service == "s3" { "UNSIGNED-PAYLOAD".to_owned() } else { hex_sha256(b"") };
        let host = self.host.as_bytes().to_vec();
        let (_, signature) = sign(&self, time, by, &[("host", &host)], &payload);
        self.target.push_str(&format!("&X-Amz-Signature={signature}"));
        self.unsigned()
    }

    pub(crate) fn head(&self) -> RequestHead {
        let peer = self.peer.parse().unwrap();
        RequestHead::new(self.method, self.target.as_bytes(), self.headers.clone(), peer, None).unwrap()
    }
}

/// The Authorization header and the signature.
fn sign(
    request: &Req,
    time: Timestamp,
    by: &Credentials,
    headers: &[(&str, &[u8])],
    payload: &str,
) -> (String, String) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = percent::encode_path(&percent::decode(path.as_bytes()).unwrap());
    let query = QueryString::parse(query.as_bytes()).unwrap();
    let pairs: Vec<(String, String)> =
        query.pairs().iter().map(|pair| (percent::encode(&pair.key), percent::encode(&pair.value))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let scope = CredentialScope::new(&time.basic_date(), request.region, request.service).unwrap();
    let key = SigningKey::derive(&Secret::new(by.secret.as_str()), &scope).unwrap();
    let signer = OutboundSigner { access_key: &by.key, key: &key, scope: &scope, time };
    let signature =
        signer.sign(&OutboundRequest { method: request.method, path: &path, query: &pairs, headers, payload });
    (signature.authorization, signature.signature)
}

/// A body that counts how often it is read.
pub(crate) struct FakeBody {
    pub(crate) bytes: Bytes,
    pub(crate) reads: usize,
}

#[async_trait]
impl RequestBody for FakeBody {
    async fn read_all(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        self.reads += 1;
        if self.bytes.len() > limit { Err(BodyError::TooLarge { limit }) } else { Ok(self.bytes.clone()) }
    }
}

/// What the gate said.
pub(crate) struct Reply {
    pub(crate) verdict: Verdict,
    pub(crate) trace: Trace,
    /// How often the body was read.
    pub(crate) reads: usize,
}

impl Reply {
    pub(crate) async fn of(gateway: &Gateway, request: Req) -> Self {
        let mut body = FakeBody { bytes: request.body.clone().into(), reads: 0 };
        let mut trace = Trace::default();
        let verdict = gateway.handle(&request.head(), "REQ1", &mut body, &mut trace).await;
        Self { verdict, trace, reads: body.reads }
    }

    /// The status of an answer of the gate's own; 0 for a forward.
    pub(crate) fn status(&self) -> u16 {
        match &self.verdict {
            Verdict::Respond(response) => response.status,
            Verdict::Forward(_) => 0,
        }
    }

    pub(crate) fn text(&self) -> String {
        match &self.verdict {
            Verdict::Respond(response) => String::from_utf8_lossy(&response.body).into_owned(),
            Verdict::Forward(forward) => format!("forward {} {}", forward.method.as_str(), forward.path),
        }
    }

    /// The error code, or `-`.
    pub(crate) fn code(&self) -> String {
        self.element("Code").unwrap_or_else(|| "-".to_owned())
    }

    /// Status and code in one.
    pub(crate) fn said(&self) -> (u16, String) {
        (self.status(), self.code())
    }

    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let text = self.text();
        let start = text.find(&format!("<{name}>"))? + name.len() + 2;
        let end = text[start..].find(&format!("</{name}>"))? + start;
        Some(text[start..end].to_owned())
    }

    pub(crate) fn forward(self) -> Forward {
        match self.verdict {
            Verdict::Forward(forward) => *forward,
            Verdict::Respond(response) => panic!("answered {}: {:?}", response.status, response.body),
        }
    }

    pub(crate) fn is_forward(&self) -> bool {
        matches!(self.verdict, Verdict::Forward(_))
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials {
            key: self.element("AccessKeyId").unwrap(),
            secret: self.element("SecretAccessKey").unwrap(),
            token: self.element("SessionToken"),
        }
    }
}

impl Req {
    /// The same request, sent to another target than was signed.
    pub(crate) fn at(self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self }
    }
}
