//! When a token is valid: `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6).

use super::Error;
use super::json::{Json, Object};
use crate::types::Timestamp;

/// How far the provider's clock may be ahead of ours. For `nbf` and `iat` alone: a token that was just made must be
/// good at once, while one that has expired gains nothing by a second more, and its session ends by its own time.
pub(super) const LEEWAY_SECONDS: i64 = 60;

/// The last second of the year 9999. What is beyond it is in milliseconds, or an error.
const MAX_SECONDS: i64 = 253_402_300_799;

/// `exp` must be there and in the future; `nbf` and `iat`, if there, not in the future beyond the leeway, and before
/// `exp`.
pub(super) fn check(claims: &Object, now: Timestamp) -> Result<(), Error> {
    let expires = time(claims, "exp")?.ok_or(Error::MissingClaim { claim: "exp" })?;
    let begins = [("nbf", time(claims, "nbf")?), ("iat", time(claims, "iat")?)];
    for (claim, at) in begins {
        if at.is_some_and(|at| at >= expires) {
            return Err(Error::TimeOrder { claim });
        }
    }
    if now >= expires {
        return Err(Error::Expired { at: expires });
    }
    for (claim, at) in begins {
        if let Some(at) = at.filter(|at| *at > now.plus_seconds(LEEWAY_SECONDS)) {
            return Err(Error::NotYetValid { claim, at });
        }
    }
    Ok(())
}

/// A number of seconds since 1970, possibly with a fraction (RFC 7519 section 2, NumericDate).
fn time(claims: &Object, claim: &'static str) -> Result<Option<Timestamp>, Error> {
    let wrong = Error::Time { claim };
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let Json::Number(text) = value else { return Err(wrong) };
    let millis = match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000),
        Err(_) => fraction(text),
    };
    let sound = millis.filter(|millis| (0..=MAX_SECONDS.saturating_mul(1000)).contains(millis));
    sound.map(|millis| Some(Timestamp::from_millis(millis))).ok_or(wrong)
}

/// Milliseconds of a number in JSON's other forms, rounded down.
fn fraction(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    #[allow(clippy::cast_possible_truncation, reason = "bounded before, and whole")]
    let millis = |seconds: f64| (seconds * 1000.0).floor() as i64;
    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    let most = MAX_SECONDS as f64;
    (0.0..=most).contains(&seconds).then(|| millis(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn checked(claims: &str) -> Result<(), Error> {
        check(&Object::parse(claims.as_bytes()).unwrap(), Timestamp::from_seconds(NOW))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn rule_25_a_token_ends_with_its_second_and_gets_no_leeway() {
        for good in ["1780000001", "1780000000.5", "1.780000001e9", "253402300799", "1780000001.0"] {
            assert_eq!(checked(&format!("{{\"exp\":{good}}}")), Ok(()), "{good}");
        }
        for (bad, end) in [
            ("1780000000", NOW),
            ("1779999999.9995", NOW - 1),
            ("1.78e9", NOW),
            ("0", 0),
            ("1300819380", 1_300_819_380),
        ] {
            let Err(Error::Expired { at }) = checked(&format!("{{\"exp\":{bad}}}")) else { panic!("{bad}") };
            assert_eq!(at.seconds(), end, "{bad}");
        }
    }

    #[test]
    fn rule_25_a_token_without_an_end_is_refused() {
        for claims in ["{}", r#"{"iat":1}"#, r#"{"EXP":1780000001}"#] {
            assert_eq!(checked(claims), Err(Error::MissingClaim { claim: "exp" }), "{claims}");
        }
    }

    #[test]
    fn rule_25_a_token_of_the_future_is_refused_beyond_a_minute() {
        for claim in ["nbf", "iat"] {
            let with = |time: i64| checked(&format!("{{\"exp\":{},\"{claim}\":{time}}}", NOW + 3600));
            assert_eq!((with(NOW + 60), with(NOW), with(0)), (Ok(()), Ok(()), Ok(())));
            assert_eq!(with(NOW + 61), Err(Error::NotYetValid { claim, at: at(NOW + 61) }));
            assert_eq!(with(NOW + 3600), Err(Error::TimeOrder { claim }));
            assert_eq!(with(NOW + 3601), Err(Error::TimeOrder { claim }));
        }
        let expired = format!("{{\"exp\":{},\"nbf\":{NOW}}}", NOW - 1);
        assert_eq!(checked(&expired), Err(Error::TimeOrder { claim: "nbf" }));
    }

    #[test]
    fn rule_25_absurd_times_are_refused() {
        for claim in ["exp", "nbf", "iat"] {
            for bad in [
                "-1",
                "-0.5",
                "1780000001000",
                "253402300800",
                "1e300",
                "1e999",
                "-1e999",
                "99999999999999999999",
                "null",
                "true",
                "\"1780000001\"",
                "[1780000001]",
                "{}",
                "\"\"",
            ] {
                let claims = match claim {
                    "exp" => format!("{{\"exp\":{bad}}}"),
                    _ => format!("{{\"exp\":{},\"{claim}\":{bad}}}", NOW + 1),
                };
                assert_eq!(checked(&claims), Err(Error::Time { claim }), "{claims}");
            }
        }
    }
}
