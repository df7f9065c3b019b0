//! How often a waiting execution looks by itself.
//!
//! The status event wakes it; looking is the back-stop, since those events may be lost. Each round
//! costs the state machine a few transitions and history events, so rounds grow in three stages.

use serde::{Deserialize, Serialize};

/// The rounds of waiting for the end of a run, and for the alarm to clear after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pace {
    /// Until when the first and the second stage last, in seconds from the start.
    pub stages: [u32; 2],
    /// How long a round of each of the three stages is, in seconds.
    pub rounds: [u32; 3],
    /// How long a round is in which the alarm is looked at.
    pub verify: u32,
    /// How long apart two looks at status checks are: they are made once a minute.
    pub apart: u32,
}

impl Default for Pace {
    /// Four rounds in the first ten minutes, ten in the rest of the hour, then four an hour.
    fn default() -> Self {
        Self { stages: [600, 3_600], rounds: [150, 300, 900], verify: 60, apart: 60 }
    }
}

impl std::str::FromStr for Pace {
    type Err = serde_json::Error;

    /// From JSON: `{"stages": [600, 3600], "rounds": [150, 300, 900], "verify": 60, "apart": 60}`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl Pace {
    /// The first and longest round of each stage is capped at what is left until `limit`; never 0.
    #[must_use]
    pub fn wait(&self, elapsed: u32, limit: u32) -> u32 {
        let [first, second] = self.stages;
        let [short, middle, long] = self.rounds;
        let round = match elapsed {
            elapsed if elapsed < first => short,
            elapsed if elapsed < second => middle,
            _ => long,
        };
        round.min(limit.saturating_sub(elapsed)).max(1)
    }

    /// How many rounds there are until `limit`.
    #[must_use]
    pub fn rounds_until(&self, limit: u32) -> u32 {
        let (mut elapsed, mut rounds) = (0_u32, 0);
        while elapsed < limit {
            elapsed = elapsed.saturating_add(self.wait(elapsed, limit));
            rounds += 1;
        }
        rounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 86_400;
    /// A wait for a token that times out (5), a look (5), a choice (2), and as much again in case a
    /// call has to be repeated.
    const EVENTS: u32 = 24;

    #[test]
    fn a_day_of_waiting_is_far_below_what_a_history_holds() {
        let pace = Pace::default();
        assert_eq!(pace.rounds_until(600), 4);
        assert_eq!(pace.rounds_until(3_600), 14);
        assert_eq!(pace.rounds_until(DAY), 106);
        assert!(pace.rounds_until(DAY) * EVENTS < 25_000 / 5);
        assert!(pace.rounds_until(7 * DAY) * EVENTS < 25_000, "an approval may take a week");
    }

    #[test]
    fn rounds_never_shrink_but_for_the_last_and_never_stand_still() {
        let pace = Pace::default();
        let waits: Vec<u32> = [0, 599, 600, 3_599, 3_600].map(|at| pace.wait(at, DAY)).to_vec();
        assert_eq!(waits, [150, 150, 300, 300, 900]);
        assert_eq!(pace.wait(590, 600), 10);
        assert_eq!(pace.wait(600, 600), 1);
        assert_eq!(pace.wait(u32::MAX, 600), 1);
    }
}
