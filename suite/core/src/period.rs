//! Lengths of time as people write them in policy: `30s`, `10m`, `1h30m`, `7d`.

use std::str::FromStr;

use jiff::SignedDuration;

use crate::id::InvalidId;
use crate::string_traits;

/// A length of time in whole seconds, at most a year.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Period {
    seconds: u32,
    /// In the largest units, the way it is written.
    text: Box<str>,
}

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

const LONGEST: u32 = 366 * 86_400;

impl Period {
    /// So many seconds, at most a year.
    #[must_use]
    pub fn seconds(seconds: u32) -> Self {
        let seconds = seconds.min(LONGEST);
        let mut rest = seconds;
        let mut text = String::new();
        for (unit, length) in UNITS {
            if rest >= length {
                text.push_str(&format!("{}{unit}", rest / length));
                rest %= length;
            }
        }
        if text.is_empty() {
            text.push_str("0s");
        }
        Self { seconds, text: text.into() }
    }

    /// A length of so many minutes.
    #[must_use]
    pub fn minutes(minutes: u32) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// Its length in seconds.
    #[must_use]
    pub fn as_secs(&self) -> u32 {
        self.seconds
    }

    /// Whether it has no length.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.seconds == 0
    }

    /// For counting with instants.
    #[must_use]
    pub fn duration(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds))
    }

    /// In the largest units.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialOrd for Period {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Period {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.seconds.cmp(&other.seconds)
    }
}

impl FromStr for Period {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidId::new(text, Self::EXPECTED);
        let (mut seconds, mut number, mut next_unit) = (0_u32, String::new(), 0);
        for c in text.chars() {
            if c.is_ascii_digit() {
                number.push(c);
                continue;
            }
            let unit = UNITS[next_unit..].iter().position(|(unit, _)| *unit == c);
            let unit = next_unit + unit.ok_or_else(invalid)?;
            let count: u32 = number.parse().map_err(|_| invalid())?;
            let length = count.checked_mul(UNITS[unit].1);
            seconds = length.and_then(|more| seconds.checked_add(more)).ok_or_else(invalid)?;
            number.clear();
            // The units go downwards, each once.
            next_unit = unit + 1;
        }
        if text.is_empty() || !number.is_empty() || seconds > LONGEST {
            return Err(invalid());
        }
        Ok(Self::seconds(seconds))
    }
}

string_traits!(
    Period,
    "a length of time (like 30s, 10m, 1h30m or 2d)",
    "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_written_in_the_largest_units() {
        for (text, seconds, written) in [
            ("0s", 0, "0s"),
            ("30s", 30, "30s"),
            ("90s", 90, "1m30s"),
            ("10m", 600, "10m"),
            ("1h30m", 5_400, "1h30m"),
            ("120m", 7_200, "2h"),
            ("1d1s", 86_401, "1d1s"),
            ("366d", 366 * 86_400, "366d"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!((period.as_secs(), period.as_str()), (seconds, written), "{text}");
            assert_eq!(period, serde_json::from_str(&format!("\"{text}\"")).unwrap());
        }
    }

    #[test]
    fn what_has_no_unit_or_the_wrong_one_is_refused() {
        for text in [
            "",
            "10",
            "10 m",
            "m",
            "10m5",
            "5s10m",
            "1m1m",
            "1w",
            "-5m",
            "1.5h",
            "367d",
            "PT5M",
            "99999999999h",
        ] {
            let error = text.parse::<Period>().unwrap_err();
            assert!(error.to_string().contains("a length of time"), "{text}");
        }
    }

    #[test]
    fn longer_is_more() {
        let mut periods = ["1h", "59m", "3601s"].map(|text| text.parse::<Period>().unwrap());
        periods.sort();
        assert_eq!(periods.map(|period| period.to_string()), ["59m", "1h", "1h1s"]);
    }
}
