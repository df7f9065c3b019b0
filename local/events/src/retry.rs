//! How long to wait between attempts: exponential, with jitter that repeats from run to run.

use std::time::Duration;

/// The longest wait. With it, 185 attempts take about a day.
const LONGEST_SECONDS: u64 = 512;

/// The wait after attempt number `attempt` (from 1): between half and all of 1, 2, 4 … 512 s.
pub(crate) fn delay(seed: u64, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(9);
    let ceiling = (1_000_u64 << doublings).min(LONGEST_SECONDS * 1_000);
    let jitter = mix(seed ^ u64::from(attempt)) % (ceiling / 2 + 1);
    Duration::from_millis(ceiling - jitter)
}

/// A stable number for a text (FNV-1a).
pub(crate) fn seed_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Spreads a number over all 64 bits (SplitMix64's finalizer).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_never_shrink_below_half() {
        for attempt in 1..=185 {
            let ceiling = (1_000_u64 << (attempt - 1).min(9)).min(512_000);
            let wait = delay(7, attempt).as_millis() as u64;
            assert!((ceiling / 2..=ceiling).contains(&wait), "{attempt}: {wait}");
        }
    }

    #[test]
    fn the_same_delivery_waits_the_same_and_another_does_not() {
        assert_eq!(delay(seed_of("a"), 5), delay(seed_of("a"), 5));
        assert_ne!(delay(seed_of("a"), 5), delay(seed_of("b"), 5));
    }

    #[test]
    fn a_day_and_185_attempts_are_bounds_of_the_same_order() {
        let all: Duration = (1..=185).map(|attempt| delay(1, attempt)).sum();
        assert!((12..=26).contains(&(all.as_secs() / 3_600)), "{all:?}");
    }
}
