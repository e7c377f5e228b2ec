//! A backend that knows buckets, records what it is asked, and answers as it is told.

use async_trait::async_trait;
use bytes::Bytes;
use rolegate::gateway::{Backend, BackendAnswer, BackendError, BackendRequest};
use rolegate::wire::Method;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

/// What happens to one call.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// This answer, and nothing is done.
    Answer(u16, &'static str),
    /// It is done, but the answer is lost.
    Lost,
    /// It is not done, and nobody knows.
    Vanished,
    /// No connection.
    Unreachable,
    /// Somebody else makes the bucket just before.
    Overtaken,
}

type Told = (u16, Vec<(&'static str, &'static str)>, String);

#[derive(Default)]
pub(crate) struct FakeBackend {
    buckets: Mutex<BTreeSet<String>>,
    calls: Mutex<Vec<BackendRequest>>,
    plans: Mutex<Vec<(Method, VecDeque<Outcome>)>>,
    /// What is answered to these calls, by method and target, before all else.
    told: Mutex<Vec<(String, Told)>>,
    /// The answer to GET of `?tagging`.
    pub(crate) tagging: Mutex<Option<(u16, &'static str)>>,
}

impl FakeBackend {
    pub(crate) fn add_bucket(&self, name: &str) {
        self.buckets.lock().unwrap().insert(name.to_owned());
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.buckets.lock().unwrap().contains(name)
    }

    /// The next calls with this method end so; those after as usual.
    pub(crate) fn plan(&self, method: Method, outcomes: impl IntoIterator<Item = Outcome>) {
        self.plans.lock().unwrap().push((method, outcomes.into_iter().collect()));
    }

    /// From now on `call` (method and target) is answered so.
    pub(crate) fn tell(&self, call: &str, status: u16, headers: &[(&'static str, &'static str)], body: &str) {
        let mut told = self.told.lock().unwrap();
        told.retain(|(known, _)| known != call);
        told.push((call.to_owned(), (status, headers.to_vec(), body.to_owned())));
    }

    /// Nothing is told any more.
    pub(crate) fn forget(&self) {
        self.told.lock().unwrap().clear();
    }

    fn told(&self, request: &BackendRequest) -> Option<BackendAnswer> {
        let call = format!("{} {}", request.method.as_str(), request.target);
        let told = self.told.lock().unwrap();
        let (_, (status, headers, body)) = told.iter().find(|(known, _)| *known == call)?;
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Some(BackendAnswer { status: *status, headers, body: Bytes::from(body.clone()) })
    }

    pub(crate) fn calls(&self) -> Vec<BackendRequest> {
        self.calls.lock().unwrap().clone()
    }

    /// Methods and targets since the last look.
    pub(crate) fn seen(&self) -> Vec<String> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.iter().map(|call| format!("{} {}", call.method.as_str(), call.target)).collect()
    }

    fn planned(&self, method: Method) -> Option<Outcome> {
        let mut plans = self.plans.lock().unwrap();
        plans.iter_mut().filter(|(of, _)| *of == method).find_map(|(_, outcomes)| outcomes.pop_front())
    }

    fn usual(&self, request: &BackendRequest) -> (u16, String) {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut parts = path[1..].splitn(2, '/');
        let bucket = parts.next().unwrap_or_default();
        let key = parts.next().unwrap_or_default();
        let mut buckets = self.buckets.lock().unwrap();
        if query.split('&').any(|pair| pair == "tagging") {
            let (status, body) = self.tagging.lock().unwrap().unwrap_or((200, "<Tagging><TagSet/></Tagging>"));
            return (status, body.to_owned());
        }
        match (request.method, bucket.is_empty(), key.is_empty()) {
            (Method::Get, true, _) => {
                let each = buckets.iter().map(|name| {
                    format!("<Bucket><Name>{name}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>")
                });
                let listed: String = each.collect();
                (200, format!("<ListAllMyBucketsResult><Buckets>{listed}</Buckets></ListAllMyBucketsResult>"))
            }
            (Method::Head, false, true) => (if buckets.contains(bucket) { 200 } else { 404 }, String::new()),
            (Method::Put, false, true) if query.is_empty() => match buckets.insert(bucket.to_owned()) {
                true => (200, String::new()),
                false => (409, "<Error><Code>BucketAlreadyOwnedByYou</Code></Error>".to_owned()),
            },
            (Method::Delete, false, true) if query.is_empty() => match buckets.remove(bucket) {
                true => (204, String::new()),
                false => (404, "<Error><Code>NoSuchBucket</Code></Error>".to_owned()),
            },
            (Method::Post, false, true) => (200, "<DeleteResult/>".to_owned()),
            (Method::Get, false, true) => (200, "<ListBucketResult/>".to_owned()),
            _ => (200, String::new()),
        }
    }
}

#[async_trait]
impl Backend for FakeBackend {
    async fn call(&self, request: BackendRequest, _limit: usize) -> Result<BackendAnswer, BackendError> {
        self.calls.lock().unwrap().push(request.clone());
        tokio::task::yield_now().await;
        if let Some(answer) = self.told(&request) {
            return Ok(answer);
        }
        let (status, body) = match self.planned(request.method) {
            None => self.usual(&request),
            Some(Outcome::Answer(status, body)) => (status, body.to_owned()),
            Some(Outcome::Lost) => {
                self.usual(&request);
                return Err(BackendError::Ambiguous);
            }
            Some(Outcome::Vanished) => return Err(BackendError::Ambiguous),
            Some(Outcome::Unreachable) => return Err(BackendError::Unreachable),
            Some(Outcome::Overtaken) => {
                self.usual(&request);
                self.usual(&request)
            }
        };
        Ok(BackendAnswer { status, headers: Vec::new(), body: Bytes::from(body) })
    }
}
