//! CloudWatch's instants: `2019-10-02T17:04:40.989+0000`.

use jiff::Timestamp;

/// An instant, to the millisecond: that is as much as every way of an alarm says, and two of them
/// must agree.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    // The samples of AWS's guides have blanks after the colons.
    let text = &text.replace(' ', "");
    // CloudWatch writes the offset without its colon.
    let offset = text.len().checked_sub(5).filter(|at| text.is_char_boundary(*at));
    let with_colon = offset.map(|at| text.split_at(at)).and_then(|(instant, offset)| {
        let digits = offset.strip_prefix(['+', '-'])?;
        (digits.bytes().all(|byte| byte.is_ascii_digit()) && instant.contains('T'))
            .then(|| format!("{instant}{}:{}", &offset[..3], &offset[3..]))
    });
    let instant: Timestamp = with_colon.as_deref().unwrap_or(text).parse().ok()?;
    Timestamp::from_millisecond(instant.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_one_instant_is_the_same_to_the_millisecond() {
        let expected: Timestamp = "2019-10-02T17:04:40.989Z".parse().unwrap();
        for text in [
            "2019-10-02T17:04:40.989+0000",
            "2019-10-02T17:04:40.989Z",
            "2019-10-02T17:04:40.989+00:00",
            "2019-10-02T19:04:40.989+0200",
            "2019-10-02T17:04:40.989999Z",
            " 2019-10-02T17:04:40.989+0000 ",
            "2019-10-02T17: 04: 40.989+0000",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2019-10-02", "1570035880989", "+0000", "\u{00e4}+0000"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
