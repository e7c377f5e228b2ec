//! Who gets in: the gate's credentials do, a wrong signature and a stranger do not (security rule 11); buckets
//! come and go as the gate's claims need it (security rule 1); no administration rights (security rule 2).

use super::bench::{Ask, Bench, Bucket, document, shown, taken};
use super::report::Finding;
use crate::backend::Manner;
use crate::gateway::BackendError;
use crate::wire::Method;

/// Paths that answer only to administrators of some server, and change nothing.
const ADMIN_PATHS: [&str; 3] = ["/minio/admin/v3/info", "/rustfs/admin/v3/info", "/admin/info"];

pub(super) async fn credentials(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "credentials";
    let answer = bench.ask_path("/", Manner::Signed).await?;
    let list = document(&answer).filter(|list| list.name == "ListAllMyBucketsResult");
    if answer.status == 200 && list.is_some() {
        return Ok(Finding::ok(NAME, "a signed ListBuckets is answered"));
    }
    let seen = format!("a signed ListBuckets is answered {}", shown(&answer));
    let advice = "See to backend.access_key, backend.secret_key, backend.region and the clocks of both machines";
    Ok(Finding::fail(NAME, seen, advice))
}

pub(super) async fn signatures(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "signatures";
    let answer = bench.ask_path("/", Manner::Forged).await?;
    let seen = format!("ListBuckets with a wrong signature is answered {}", shown(&answer));
    Ok(if answer.status < 400 {
        Finding::fail(NAME, seen, "Switch authentication on at the backend: whoever reaches it can do everything")
    } else {
        Finding::ok(NAME, seen)
    })
}

/// Makes the two buckets, as the gate makes a client's.
pub(super) async fn buckets(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "buckets";
    for bucket in [Bucket::One, Bucket::Two] {
        let spot = (bucket, &b""[..]);
        let before = bench.ask(Ask::new(Method::Head, spot)).await?;
        if before.status != 404 {
            let seen = format!("HeadBucket of a bucket that is not there is answered {}", before.status);
            return Ok(Finding::fail(
                NAME,
                seen,
                "The gate makes a bucket only where the backend says that it has none",
            ));
        }
        let made = bench.ask(Ask::new(Method::Put, spot)).await?;
        if !taken(&made) {
            let seen = format!("CreateBucket is answered {}", shown(&made));
            return Ok(Finding::fail(NAME, seen, "Let the backend's credentials create and delete buckets"));
        }
        let after = bench.ask(Ask::new(Method::Head, spot)).await?;
        if after.status != 200 {
            let seen = format!("HeadBucket of a bucket just made is answered {}", after.status);
            return Ok(Finding::fail(NAME, seen, "The gate has to see which buckets are there"));
        }
    }
    Ok(Finding::ok(NAME, "are made, and seen only once they are"))
}

/// Whether DeleteBucket takes the objects too: who may do the one may not therefore do the other.
pub(super) async fn full_buckets(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "full buckets";
    const ADVICE: &str = "A right to delete buckets would delete objects; set the backend to keep full buckets \
                          (SeaweedFS: -s3.allowDeleteBucketNotEmpty=false)";
    let (bucket, object) = ((Bucket::Two, &b""[..]), (Bucket::Two, &b"folder/kept"[..]));
    bench.put(object, "kept").await?;
    let answer = bench.ask(Ask::new(Method::Delete, bucket)).await?;
    let seen = format!("DeleteBucket of one that is not empty is answered {}", shown(&answer));
    if bench.holds(object, "kept").await? {
        return Ok(Finding::ok(NAME, seen));
    }
    bench.ask(Ask::new(Method::Put, bucket)).await?;
    Ok(Finding::fail(NAME, format!("{seen}, and the objects are gone"), ADVICE))
}

/// Whether anybody gets in without a signature (security rule 11).
pub(super) async fn anonymous(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "anonymous";
    const ADVICE: &str = "Take public access away at the backend: requests that go around the gate meet no policy";
    let (private, other) = ((Bucket::One, &b"private"[..]), (Bucket::One, &b"anonymous"[..]));
    bench.put(private, "private").await?;
    let mut served = Vec::new();
    if bench.ask_path("/", Manner::Anonymous).await?.status < 300 {
        served.push("ListBuckets");
    }
    let asked = [
        ("GetObject", Ask::new(Method::Get, private)),
        ("HeadObject", Ask::new(Method::Head, private)),
        ("ListObjectsV2", Ask::new(Method::Get, (Bucket::One, b"")).query("list-type=2")),
        ("PutObject", Ask::new(Method::Put, other).body("x")),
        ("DeleteObject", Ask::new(Method::Delete, private)),
    ];
    for (name, ask) in asked {
        if bench.ask(ask.manner(Manner::Anonymous)).await?.status < 300 {
            served.push(name);
        }
    }
    Ok(if served.is_empty() {
        Finding::ok(NAME, "every unsigned request is refused")
    } else {
        Finding::fail(NAME, format!("served without a signature: {}", served.join(", ")), ADVICE)
    })
}

pub(super) async fn administration(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "administration";
    for path in ADMIN_PATHS {
        if bench.ask_path(path, Manner::Signed).await?.status == 200 {
            let advice = "Give the gate credentials that may only use S3: it then cannot be made to administer";
            return Ok(Finding::note(
                NAME,
                format!("the credentials are an administrator's: {path} is answered"),
                advice,
            ));
        }
    }
    Ok(Finding::ok(NAME, "no administration rights seen"))
}
