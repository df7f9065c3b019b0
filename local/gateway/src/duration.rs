//! ISO 8601 durations as the control interface takes them: `PT5S`, `P15D`, a day being 24 hours.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, de::Error};

/// Reads a duration.
///
/// # Errors
/// When it is not a duration, or has months or years.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(from)?;
    text.parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .map_err(|error| {
            D::Error::custom(format!(
                "{text:?}: a duration such as PT5S or P15D is expected: {error}"
            ))
        })
}

/// Reads a duration that may be absent.
///
/// # Errors
/// As [`deserialize`].
pub fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
    deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SignedDuration, serde_json::Error> {
        deserialize(&serde_json::json!(text)).map_err(|error: serde_json::Error| error)
    }

    #[test]
    fn days_are_24_hours_and_months_are_refused() {
        assert_eq!(read("P15D").unwrap(), SignedDuration::from_hours(15 * 24));
        assert_eq!(read("PT5S").unwrap(), SignedDuration::from_secs(5));
        assert!(read("P1M").is_err());
        assert!(read("5 parrots").is_err());
    }
}
