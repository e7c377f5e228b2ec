//! Points in time, in UTC, and the forms in which the protocols write them.
//!
//! Formats: SigV4's basic form `YYYYMMDDTHHMMSSZ`, ISO 8601 `YYYY-MM-DDTHH:MM:SSZ` (with milliseconds
//! where Ceph shows them), and HTTP's IMF-fixdate (RFC 9110 section 5.6.7).

use std::fmt;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Milliseconds since 1970-01-01T00:00:00Z. Always within the years 0 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

/// The text is not a point in time in the wanted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a date and time in the wanted form")]
pub struct InvalidTimestamp;

/// The source of the present time. Implemented once in the shell; tests turn their own.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;

    /// Nanoseconds on a clock that never goes back, for durations only. By default the wall clock's.
    fn ticks(&self) -> u64 {
        u64::try_from(self.now().millis()).unwrap_or(0).saturating_mul(1_000_000)
    }
}

const MIN_MILLIS: i64 = -62_167_219_200_000; // 0000-01-01T00:00:00Z
const MAX_MILLIS: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

impl Timestamp {
    /// From milliseconds since 1970, brought into the years 0 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(MIN_MILLIS, MAX_MILLIS))
    }

    /// From seconds since 1970, brought into the years 0 to 9999.
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time and `seconds` more (or fewer).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_millis(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Parses SigV4's basic form `YYYYMMDDTHHMMSSZ`.
    pub fn parse_basic(text: &str) -> Result<Self, InvalidTimestamp> {
        // By hand: each request has one, and a parser of any form costs five times as much.
        let parsed = <&[u8; 16]>::try_from(text.as_bytes()).ok().and_then(|bytes| {
            let [y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'] = *bytes else { return None };
            let month = time::Month::try_from(two(m1, m2)?).ok()?;
            let year = i32::from(two(y1, y2)?) * 100 + i32::from(two(y3, y4)?);
            let date = time::Date::from_calendar_date(year, month, two(d1, d2)?).ok()?;
            date.with_hms(two(h1, h2)?, two(n1, n2)?, two(s1, s2)?).ok()
        });
        parsed.map(|parsed| Self::from_offset(parsed.assume_utc())).ok_or(InvalidTimestamp)
    }

    /// Parses ISO 8601 as policies and IAM write it (W3C's note on date and time formats, but for the year alone): a
    /// month, a date, or a date and time with optional seconds, optional fraction, and either `Z` or an offset.
    pub fn parse_iso8601(text: &str) -> Result<Self, InvalidTimestamp> {
        let date = format_description!("[year]-[month]-[day]");
        if text.len() == 7 {
            return Self::parse_iso8601(&[text, "-01"].concat());
        }
        if let Ok(day) = time::Date::parse(text, date) {
            return Ok(Self::from_offset(day.midnight().assume_utc()));
        }
        let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
        if let Ok(parsed) = PrimitiveDateTime::parse(text, minutes) {
            return Ok(Self::from_offset(parsed.assume_utc()));
        }
        let minutes_from =
            format_description!("[year]-[month]-[day]T[hour]:[minute][offset_hour sign:mandatory]:[offset_minute]");
        let parsed = OffsetDateTime::parse(text, &Rfc3339).or_else(|_| OffsetDateTime::parse(text, minutes_from));
        parsed.map(Self::from_offset).map_err(|_| InvalidTimestamp)
    }

    /// Parses HTTP's date: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn parse_http(text: &str) -> Result<Self, InvalidTimestamp> {
        let form =
            format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
        PrimitiveDateTime::parse(text, form).map(|t| Self::from_offset(t.assume_utc())).map_err(|_| InvalidTimestamp)
    }

    /// `YYYYMMDDTHHMMSSZ`.
    pub fn basic(self) -> String {
        let mut out = String::with_capacity(16);
        self.push_date(&mut out, "");
        out.push('T');
        self.push_time(&mut out, "");
        out.push('Z');
        out
    }

    /// `YYYYMMDD`, the date of a credential scope.
    pub fn basic_date(self) -> String {
        let mut out = String::with_capacity(8);
        self.push_date(&mut out, "");
        out
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`.
    pub fn iso8601(self) -> String {
        let mut out = String::with_capacity(20);
        self.push_date(&mut out, "-");
        out.push('T');
        self.push_time(&mut out, ":");
        out.push('Z');
        out
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`, as S3 and Ceph's command line show times.
    pub fn iso8601_millis(self) -> String {
        let mut out = String::with_capacity(24);
        self.push_date(&mut out, "-");
        out.push('T');
        self.push_time(&mut out, ":");
        out.push('.');
        push_digits(&mut out, self.0.rem_euclid(1000), 100);
        out.push('Z');
        out
    }

    /// HTTP's IMF-fixdate.
    pub fn http_date(self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let t = self.offset();
        let weekday = t.weekday().to_string();
        let month = MONTHS.get(usize::from(u8::from(t.month())).saturating_sub(1)).copied().unwrap_or_default();
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            weekday.get(..3).unwrap_or_default(),
            t.day(),
            month,
            t.year(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    fn push_date(self, out: &mut String, between: &str) {
        let date = self.offset().date();
        push_digits(out, i64::from(date.year()), 1000);
        out.push_str(between);
        push_digits(out, i64::from(u8::from(date.month())), 10);
        out.push_str(between);
        push_digits(out, i64::from(date.day()), 10);
    }

    fn push_time(self, out: &mut String, between: &str) {
        let second = self.seconds().rem_euclid(86_400);
        push_digits(out, second / 3600, 10);
        out.push_str(between);
        push_digits(out, second / 60 % 60, 10);
        out.push_str(between);
        push_digits(out, second % 60, 10);
    }

    fn offset(self) -> OffsetDateTime {
        // INVARIANT: the constructor keeps the value within the calendar's range.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn from_offset(t: OffsetDateTime) -> Self {
        // Not by way of `to_offset`, which panics where the time in UTC is beyond the calendar.
        let millis = t.unix_timestamp_nanos().div_euclid(1_000_000);
        Self::from_millis(i64::try_from(millis).unwrap_or(MAX_MILLIS))
    }
}

/// Appends a number's digits from the one worth `place` down; `format!` costs more than the calendar does, and
/// every request writes several times.
fn push_digits(out: &mut String, number: i64, mut place: i64) {
    while place > 0 {
        let digit = u8::try_from(number / place % 10).unwrap_or(0);
        out.push(char::from(b'0' + digit));
        place /= 10;
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601())
    }
}

/// The number of two decimal digits.
fn two(tens: u8, ones: u8) -> Option<u8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_round_trip() {
        let t = Timestamp::parse_basic("20260602T202754Z").unwrap();
        assert_eq!(t.basic(), "20260602T202754Z");
        assert_eq!(t.basic_date(), "20260602");
        assert_eq!(t.iso8601(), "2026-06-02T20:27:54Z");
        assert_eq!(Timestamp::from_millis(-1).iso8601_millis(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(i64::MIN).basic(), "00000101T000000Z");
        assert_eq!(Timestamp::parse_iso8601("2026-06-02T20:27:54Z"), Ok(t));
        assert_eq!(Timestamp::parse_iso8601("2026-06-02T22:27:54+02:00"), Ok(t));
        assert_eq!(Timestamp::parse_http(&t.http_date()), Ok(t));
        assert_eq!(Timestamp::from_seconds(784_111_777).http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        for (text, wanted) in [
            ("2026-06", "2026-06-01T00:00:00Z"),
            ("2026-06-02", "2026-06-02T00:00:00Z"),
            ("2026-06-02T20:27Z", "2026-06-02T20:27:00Z"),
            ("2026-06-02T22:27+02:00", "2026-06-02T20:27:00Z"),
            ("2026-06-02T22:27:54.9-01:30", "2026-06-02T23:57:54Z"),
        ] {
            assert_eq!(Timestamp::parse_iso8601(text).unwrap().iso8601(), wanted, "{text}");
        }
        assert_eq!(t.plus_seconds(-1).iso8601_millis(), "2026-06-02T20:27:53.000Z");
    }

    #[test]
    fn offsets_that_lead_beyond_the_calendar_end_at_its_bounds() {
        let last = Timestamp::parse_iso8601("9999-12-31T23:59:59-12:00").unwrap();
        assert_eq!(last.iso8601_millis(), "9999-12-31T23:59:59.999Z");
        let first = Timestamp::parse_iso8601("0000-01-01T00:00:00+14:00").unwrap();
        assert_eq!(first.iso8601_millis(), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "",
            "20260602",
            "20260602T202754",
            "20260602T202754z",
            "20261302T202754Z",
            "+0260602T202754Z",
            "20260229T000000Z",
            "20260602T240000Z",
            "20260602T202760Z",
            "2026060 T202754Z",
            "20260602 202754Z",
        ] {
            assert!(Timestamp::parse_basic(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "2026",
            "2026-6",
            "2026-13",
            "2026-06-32",
            "yesterday",
            "2026-06-02 20:27",
            "2026-06-02T20:27",
            "2026-06-02T20Z",
        ] {
            assert!(Timestamp::parse_iso8601(bad).is_err(), "{bad}");
        }
        assert_eq!(Timestamp::from_millis(i64::MAX).iso8601(), "9999-12-31T23:59:59Z");
    }
}
