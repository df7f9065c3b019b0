//! Rate control: how many targets may be in flight, and when errors end it. Pure.
//!
//! The ramp is the documented one: one target first; when it has ended two, then four, doubling
//! wave by wave up to the limit; from then on a new one for each that ends.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/running-automations-scale-controls.html>

/// `MaxConcurrency` or `MaxErrors`: a number or a percentage of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Count(usize),
    Percent(usize),
}

impl Amount {
    /// `^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$`
    pub(crate) fn concurrency(text: &str) -> Option<Self> {
        Self::parse(text).filter(|amount| !matches!(amount, Self::Count(0) | Self::Percent(0)))
    }

    /// `^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$`
    pub(crate) fn errors(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = digits == "0" || !digits.starts_with('0');
        if digits.is_empty() || !plain || !canonical {
            return None;
        }
        let number = digits.parse().ok()?;
        if !percent {
            return Some(Self::Count(number));
        }
        (number <= 100).then_some(Self::Percent(number))
    }

    /// How many of `total`. The rounding is not documented: up, and at least one, so that a small
    /// percentage of few targets still runs.
    fn limit(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count.max(1),
            Self::Percent(percent) => (total * percent).div_ceil(100).max(1),
        }
    }

    /// How many errors are tolerated: rounded down, as 10 % of 50 tolerates five
    /// (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartAutomationExecution.html>).
    fn budget(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => total * percent / 100,
        }
    }
}

/// The controller of one set of targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    total: usize,
    limit: usize,
    budget: usize,
    /// The size of the present wave; `None` after the ramp.
    wave: Option<usize>,
    /// How many of the present wave were started.
    in_wave: usize,
    started: usize,
    running: usize,
    errors: usize,
}

impl Rate {
    pub(crate) fn new(total: usize, concurrency: Amount, errors: Amount) -> Self {
        let limit = concurrency.limit(total);
        Self {
            total,
            limit,
            budget: errors.budget(total),
            wave: (limit > 1).then_some(1),
            in_wave: 0,
            started: 0,
            running: 0,
            errors: 0,
        }
    }

    /// How many more may be started now.
    pub(crate) fn room(&self) -> usize {
        if self.exhausted() {
            return 0;
        }
        let open = match self.wave {
            Some(wave) => wave.saturating_sub(self.in_wave),
            None => self.limit.saturating_sub(self.running),
        };
        open.min(self.total - self.started)
    }

    /// One is started. Only within [`Rate::room`].
    pub(crate) fn start(&mut self) {
        self.started += 1;
        self.in_wave += 1;
        self.running += 1;
    }

    /// One that was started has ended.
    pub(crate) fn end(&mut self, failed: bool) {
        self.running = self.running.saturating_sub(1);
        self.errors += usize::from(failed);
        if let Some(wave) = self.wave
            && self.running == 0
            && self.in_wave >= wave
        {
            let next = wave.saturating_mul(2);
            self.wave = (next < self.limit).then_some(next);
            self.in_wave = 0;
        }
    }

    /// Whether there were more errors than are tolerated: no more is started.
    pub(crate) fn exhausted(&self) -> bool {
        self.errors > self.budget
    }

    /// How many are in flight.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// How many were started; the next one's place in the list.
    pub(crate) fn started(&self) -> usize {
        self.started
    }

    /// Whether nothing is in flight and nothing more will be.
    pub(crate) fn is_finished(&self) -> bool {
        self.running == 0 && (self.started == self.total || self.exhausted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(total: usize, concurrency: &str, errors: &str) -> Rate {
        Rate::new(total, Amount::concurrency(concurrency).unwrap(), Amount::errors(errors).unwrap())
    }

    #[test]
    fn amounts_are_those_of_the_service_model() {
        for good in ["1", "10", "1%", "99%", "100%"] {
            assert!(Amount::concurrency(good).is_some(), "{good}");
            assert!(Amount::errors(good).is_some(), "{good}");
        }
        for errors_only in ["0", "0%"] {
            assert!(Amount::concurrency(errors_only).is_none(), "{errors_only}");
            assert!(Amount::errors(errors_only).is_some(), "{errors_only}");
        }
        for bad in ["", "%", "01", "101%", "-1", "1.5", "1 %", "ten", "05%"] {
            assert!(Amount::concurrency(bad).is_none(), "{bad}");
            assert!(Amount::errors(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_ramp_doubles_wave_by_wave_and_then_keeps_the_limit() {
        let mut rate = rate(100, "10", "0");
        for wave in [1, 2, 4, 8] {
            assert_eq!(rate.room(), wave);
            for _ in 0..wave {
                rate.start();
            }
            for left in (0..wave).rev() {
                assert_eq!(rate.room(), 0, "the wave of {wave} has not ended");
                rate.end(false);
                assert_eq!(rate.running(), left);
            }
        }
        assert_eq!(rate.room(), 10);
        for _ in 0..10 {
            rate.start();
        }
        assert_eq!(rate.room(), 0);
        rate.end(false);
        assert_eq!(rate.room(), 1);
    }

    #[test]
    fn the_error_after_the_budget_stops_new_targets() {
        for (total, errors, tolerated) in
            [(50, "10%", 5), (10, "40%", 4), (5, "0", 0), (5, "2", 2), (3, "100%", 3)]
        {
            let mut rate = rate(total, "1", errors);
            let mut failed = 0;
            while rate.room() > 0 {
                rate.start();
                rate.end(true);
                failed += 1;
            }
            assert_eq!(failed, (tolerated + 1).min(total), "{errors} of {total}");
            assert!(rate.is_finished());
        }
    }

    #[test]
    fn a_small_percentage_of_few_targets_still_runs() {
        assert_eq!(rate(3, "1%", "0").limit, 1);
        assert_eq!(rate(25, "10%", "0").limit, 3);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_is_in_flight_and_the_error_budget_is_exact(
            total in 0_usize..200,
            concurrency in 1_usize..40,
            budget in 0_usize..20,
            ends in proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..600),
        ) {
            let mut rate = Rate::new(total, Amount::Count(concurrency), Amount::Count(budget));
            let mut started = 0;
            let mut errors = 0;
            for (failed, _) in ends {
                while rate.room() > 0 {
                    prop_assert!(errors <= budget, "started after the budget was spent");
                    rate.start();
                    started += 1;
                }
                prop_assert!(rate.running() <= concurrency);
                if rate.running() == 0 {
                    break;
                }
                rate.end(failed);
                errors += usize::from(failed);
            }
            prop_assert!(started <= total);
            if rate.running() == 0 && rate.room() == 0 {
                prop_assert!(rate.is_finished());
                prop_assert!(started == total || errors > budget);
            }
        }
    }
}
