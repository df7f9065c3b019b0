//! ISO 8601 as `aws:sleep` takes it.

/// The seconds of a duration of days, hours, minutes and seconds; fractions are rounded up.
/// `None` for everything else: months and years have no fixed length.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let days = parts(days, &[('D', 86_400)])?;
    days.checked_add(parts(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)
}

/// Amounts with units, each unit at most once and in this order.
fn parts(mut text: &str, mut units: &[(char, u64)]) -> Option<u64> {
    let mut total: u64 = 0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (amount, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let place = units.iter().position(|(known, _)| *known == unit)?;
        let (_, seconds) = units.get(place)?;
        total = total.checked_add(whole(amount, unit == 'S')?.checked_mul(*seconds)?)?;
        units = units.get(place + 1..)?;
        text = rest.get(1..)?;
    }
    Some(total)
}

fn whole(amount: &str, may_have_fraction: bool) -> Option<u64> {
    let Some((whole, fraction)) = amount.split_once(['.', ',']) else {
        return amount.parse().ok();
    };
    if !may_have_fraction || fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let more = u64::from(fraction.bytes().any(|c| c != b'0'));
    whole.parse::<u64>().ok()?.checked_add(more)
}

/// Whether a text is a date and time of ISO 8601; without an offset it means UTC.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let text = text.trim();
    text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok()
}
