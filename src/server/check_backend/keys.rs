//! Which keys the backend keeps apart (security rule 4).
//!
//! Of each pair, one object is written and then looked for under the other key; then both are written and read
//! back. Whether a pair that is not kept apart matters is asked of the gate's own rules for keys.

use super::bench::{Ask, Bench, Bucket, Spot, taken};
use super::report::Finding;
use crate::gateway::BackendError;
use crate::s3::{KeyRules, ObjectKey};
use crate::wire::Method;

const COPY: Spot<'static> = (Bucket::One, b"key-copy");
const ONE: &str = "the object under the first key";
const TWO: &str = "another one under the second";

/// Two keys that some backends take for one, and how they differ. The first is the awkward one.
const PAIRS: [(&[u8], &[u8], &str); 18] = [
    (b"e//b", b"e/b", "empty segments"),
    (b"d/./b", b"d/b", "`.` segments"),
    (b"u/../ub", b"ub", "`..` segments"),
    (b"/lead", b"lead", "a leading `/`"),
    (b"trail/", b"trail", "a trailing `/`"),
    (b"back\\slash", b"back/slash", "`\\`"),
    (b"nul\0x", b"nul", "NUL"),
    (b"bytes\xfe", "bytes\u{fffd}".as_bytes(), "bytes that are not UTF-8"),
    (b".uploads/x", b"uploads/x", ".uploads/"),
    (b"x.versions/y", b"x/y", ".versions/"),
    (b"Case", b"case", "upper and lower case"),
    (b"plus+", b"plus ", "`+` and space"),
    (b"escaped%2Fx", b"escaped/x", "`%2F` and `/`"),
    (b"space ", b"space", "a trailing space"),
    (b"dot.", b"dot", "a trailing dot"),
    ("caf\u{e9}".as_bytes(), "cafe\u{301}".as_bytes(), "composed and decomposed letters"),
    (b"question?x", b"question", "`?`"),
    (b"folder/x", b"folder", "an object and a folder of its name"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Apart,
    /// The backend does not take the key: nothing is mixed up.
    Refused,
    /// Given back, but not in listings.
    Hidden,
    Folded,
}

pub(super) async fn keys(bench: &mut Bench<'_>, rules: KeyRules) -> Result<Finding, BackendError> {
    const NAME: &str = "keys";
    let mut pairs: Vec<(Spot<'_>, Spot<'_>, &str)> =
        PAIRS.iter().map(|(awkward, plain, label)| ((Bucket::One, *awkward), (Bucket::One, *plain), *label)).collect();
    let out = format!("../{}/out", bench.name(Bucket::Two)).into_bytes();
    pairs.push(((Bucket::One, &out), (Bucket::Two, b"out"), "`..` into another bucket"));

    let (mut open, mut closed, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (awkward, plain, label) in pairs {
        let admitted = |rules| ObjectKey::parse(awkward.1.to_owned(), rules).is_ok();
        match judge(bench, awkward, plain).await? {
            Kept::Apart => {}
            // The backend keeps something of its own there, unless the key is like any other.
            Kept::Hidden if admitted(KeyRules::Filesystem) => {}
            Kept::Refused => refused.push(label),
            Kept::Hidden | Kept::Folded if admitted(rules) => open.push(label),
            Kept::Hidden | Kept::Folded => closed.push(label),
        }
    }
    let refused = if refused.is_empty() { String::new() } else { format!("; it refuses {}", refused.join(", ")) };
    Ok(match (open.is_empty(), closed.is_empty(), rules) {
        (false, _, KeyRules::Exact) => {
            let seen = format!("the backend does not keep apart: {}{refused}", open.join(", "));
            Finding::fail(NAME, seen, "Set backend.keys to \"filesystem\", and run this again")
        }
        (false, _, KeyRules::Filesystem) => {
            let seen = format!("the backend does not keep apart: {}{refused}", open.join(", "));
            Finding::fail(NAME, seen, "A policy for one key would reach the object of another; use another backend")
        }
        (true, false, _) => {
            let seen = format!("the backend does not keep apart {}, and the gate refuses such keys", closed.join(", "));
            Finding::ok(NAME, format!("{seen}{refused}"))
        }
        (true, true, KeyRules::Exact) => Finding::ok(NAME, format!("every key is its own object{refused}")),
        (true, true, KeyRules::Filesystem) => {
            let seen = format!("every key is its own object{refused}");
            Finding::note(NAME, seen, "backend.keys may be set to \"exact\", so that all keys can be used")
        }
    })
}

async fn judge(bench: &mut Bench<'_>, awkward: Spot<'_>, plain: Spot<'_>) -> Result<Kept, BackendError> {
    let kept = compare(bench, awkward, plain).await?;
    for spot in [awkward, plain] {
        bench.ask(Ask::new(Method::Delete, spot)).await?;
    }
    Ok(kept)
}

async fn compare(bench: &mut Bench<'_>, awkward: Spot<'_>, plain: Spot<'_>) -> Result<Kept, BackendError> {
    if !bench.put(plain, TWO).await? {
        return Ok(Kept::Refused);
    }
    if reads(bench, awkward).await? {
        return Ok(Kept::Folded);
    }
    if !bench.put(awkward, ONE).await? {
        return Ok(if bench.holds(plain, TWO).await? { Kept::Refused } else { Kept::Folded });
    }
    for (spot, body) in [(awkward, ONE), (plain, TWO)] {
        let copied = bench.copy(spot, None, COPY).await?;
        if !bench.holds(spot, body).await? || copied.is_none_or(|copied| copied != body.as_bytes()) {
            return Ok(Kept::Folded);
        }
    }
    let listed = bench.lists(awkward).await? && bench.lists(plain).await?;
    bench.ask(Ask::new(Method::Delete, awkward)).await?;
    let gone = !reads(bench, awkward).await? && bench.holds(plain, TWO).await?;
    Ok(if !gone {
        Kept::Folded
    } else if listed {
        Kept::Apart
    } else {
        Kept::Hidden
    })
}

/// Whether anything is read under a key where nothing is.
async fn reads(bench: &mut Bench<'_>, spot: Spot<'_>) -> Result<bool, BackendError> {
    let head = bench.ask(Ask::new(Method::Head, spot)).await?;
    let attributes = Ask::new(Method::Get, spot).query("attributes=").header("x-amz-object-attributes", "ObjectSize");
    let attributes = bench.ask(attributes).await?;
    let read = bench.read(spot).await?.is_some() || bench.copy(spot, None, COPY).await?.is_some();
    Ok(read || taken(&head) || taken(&attributes))
}
