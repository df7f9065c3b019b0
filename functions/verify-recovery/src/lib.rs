//! Checks whether a run has helped, and returns what comes next: look again, the next rung, or the end.
//!
//! It looks at the alarm and, while the alarm has no data, at EC2's status checks; never at the name of an
//! instance's state.

mod error;
mod sight;

use aws::{Accounts, SdkConfig};
use relay_core::id::InstallationId;
use run::{
    AfterRung, Pace, RungEnd, Seen, Sight, Verified, VerifyRecoveryInput, VerifyRecoveryOutput,
    after_rung, time_to_recover,
};
use runtime::{Clock, ConfigError, Environment};

pub use error::Error;

/// The function's clients and settings.
#[derive(Debug)]
pub struct Deps {
    /// CloudWatch and EC2, where the alarm and the resources are.
    pub accounts: Accounts,
    /// How often to look.
    pub pace: Pace,
    pub clock: Clock,
}

impl Deps {
    /// Clients and settings, from the environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let installation: InstallationId = environment.require("INSTALLATION_ID")?;
        let role = environment.or("READ_ROLE", installation.read_role())?;
        let session = installation.session("verify-recovery");
        let hub = environment.require("HUB_ACCOUNT")?;
        Ok(Self {
            accounts: Accounts::new(config, role, &session).with_own(hub),
            pace: environment.or("PACE", Pace::default())?,
            clock: Clock::system(),
        })
    }
}

/// Looks once.
///
/// # Errors
/// When AWS throttles or does not answer. A permanent failure to look is reported as a result, not an error.
pub async fn handle(
    deps: &Deps,
    request: VerifyRecoveryInput,
) -> Result<VerifyRecoveryOutput, Error> {
    let VerifyRecoveryInput { input, rung, mut report, ended, checks_ok_since, .. } = request;
    let Some(wanted) = input.ladder.get(rung) else { return Err(Error::NoRung(rung)) };
    let within = match report.end {
        RungEnd::Ran(ending) => time_to_recover(ending, &wanted.recover_within),
        RungEnd::NotStarted => None,
    };
    let verified = match (&input.alarm, within) {
        (Some(alarm), Some(within)) => {
            let sight = Sight {
                alarm: sight::alarm(deps, alarm).await?,
                checks_ok: sight::checks(deps, &input).await?,
                at: deps.clock.now(),
            };
            tracing::info!(alarm = ?sight.alarm, checks_ok = sight.checks_ok, "looked");
            Some(run::verify(sight, checks_ok_since, ended, &within, &deps.pace))
        }
        _ => None,
    };
    report.seen = match &verified {
        Some(Verified::Wait { seconds, checks_ok_since }) => {
            let checks_ok_since = *checks_ok_since;
            return Ok(VerifyRecoveryOutput::Wait { seconds: *seconds, checks_ok_since });
        }
        Some(Verified::Recovered) => Some(Seen::Recovered),
        Some(Verified::NotRecovered) => Some(Seen::NotRecovered),
        Some(Verified::Unverified) => Some(Seen::Unverified),
        None => None,
    };
    let (rungs, report) = (input.ladder.len(), Box::new(report));
    Ok(match after_rung(rung, rungs, report.end, verified.as_ref()) {
        AfterRung::Rung { rung } => VerifyRecoveryOutput::Rung { rung, report },
        AfterRung::Finish => VerifyRecoveryOutput::Finish { report },
    })
}
