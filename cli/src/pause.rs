//! `relay pause` and `relay resume`: the kill switch, with a reason that everybody sees.

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_ssm::types::ParameterType;
use jiff::Timestamp;
use relay_core::period::Period;
use remediation::Mode;
use remediation::guard::Control;
use serde::Serialize;

use crate::Exit;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::{Session, Where};

const PAUSE: &str = "\
Examples:
  relay pause --for 2h --reason \"database migration, ask dana\"
  relay pause --observe --for 1d --reason \"new rules: decide, start nothing\"

Alarms are not answered meanwhile; what they would have started is an outcome. Runs that are under way go on, and sharing goes on.";

const RESUME: &str = "\
Examples:
  relay resume";

#[derive(clap::Args, Debug)]
#[command(after_help = PAUSE)]
pub(crate) struct PauseArguments {
    /// How long; afterwards the suite is active again by itself
    #[arg(long = "for", value_name = "PERIOD", required_unless_present = "until_resumed")]
    period: Option<Period>,
    /// Until somebody resumes it
    #[arg(long, conflicts_with = "period")]
    until_resumed: bool,
    /// Why, for those who find it: it is in every outcome that it suppresses
    #[arg(long, short = 'm', value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// Decide and publish everything, start nothing
    #[arg(long)]
    observe: bool,
}

#[derive(clap::Args, Debug)]
#[command(after_help = RESUME)]
pub(crate) struct ResumeArguments {}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    /// The switch as it was; null if the suite was active.
    before: Option<&'a Control>,
    /// The switch as it is; null where the suite is active.
    now: Option<&'a Control>,
}

/// Pauses the answers to alarms.
pub(crate) async fn pause(
    arguments: &PauseArguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let before = read(&session).await?;
    let caller = session.caller.name();
    let control = Control {
        mode: if arguments.observe { Mode::Observe } else { Mode::Off },
        until: arguments.period.as_ref().map(|period| now + period.duration()),
        reason: format!("{} ({caller}, {now:.0})", arguments.reason),
    };
    let name = parameter(&session);
    let client = aws_sdk_ssm::Client::new(&session.config);
    let put = client.put_parameter().name(&name).overwrite(true).r#type(ParameterType::String);
    let put = put.value(serde_json::to_string(&control)?).send().await;
    put.map_err(AwsError::from).with_context(|| format!("write {name}"))?;
    output.json(&Report {
        place: session.place(),
        before: before.as_ref(),
        now: Some(&control),
    })?;
    if let Some(before) = before.filter(|before| before.mode_at(now) != Mode::Active) {
        output.line(format_args!("before: {}", words(&before)));
    }
    output.line(format_args!("within 15 seconds: {}", words(&control)));
    Ok(Exit::Done)
}

/// Removes the switch: the suite is active again.
pub(crate) async fn resume(_: &ResumeArguments, global: &Global, output: &Output) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let before = read(&session).await?;
    if before.is_some() {
        let name = parameter(&session);
        let client = aws_sdk_ssm::Client::new(&session.config);
        match client.delete_parameter().name(&name).send().await.map_err(AwsError::from) {
            Ok(_) => {}
            Err(error) if error.is("ParameterNotFound") => {}
            Err(error) => return Err(error).with_context(|| format!("delete {name}")),
        }
    }
    output.json(&Report { place: session.place(), before: before.as_ref(), now: None })?;
    match &before {
        Some(before) => {
            output.line(format_args!("before: {}\nwithin 15 seconds: active", words(before)));
        }
        None => output.line("it was not paused"),
    }
    Ok(Exit::Done)
}

fn parameter(session: &Session) -> String {
    format!("{}control", session.stack.rule_path())
}

/// The switch as it is; `None` if the suite is active. One that is malformed counts as off, as for the suite.
pub(crate) async fn read(session: &Session) -> Result<Option<Control>> {
    let name = parameter(session);
    let client = aws_sdk_ssm::Client::new(&session.config);
    match client.get_parameter().name(&name).send().await.map_err(AwsError::from) {
        Ok(answer) => {
            let text = answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default();
            Ok(Some(Control::parse(&name, &text).unwrap_or_else(|_| Control::pulled(&name))))
        }
        Err(error) if error.is("ParameterNotFound") => Ok(None),
        Err(error) => Err(error).with_context(|| Failure::new(format!("read {name}"))),
    }
}

/// The switch in a line.
pub(crate) fn words(control: &Control) -> String {
    let until = match control.until {
        Some(until) => format!("until {until:.0}"),
        None => "until somebody resumes it".to_owned(),
    };
    format!("{} {until}: {}", control.mode.as_str(), control.reason)
}
