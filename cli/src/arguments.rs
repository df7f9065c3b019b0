//! The command line: global flags, commands, and the help that all of them share.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Every help text ends with these.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0   done, or nothing to do
  1   failed; standard error says what and why
  2   there are findings (lint, doctor) or changes (plan, diff)
  64  the command line is wrong";

const EXAMPLES: &str = "\
Examples:
  relay rules lint                            check the rules of ./rules; needs no AWS
  relay rules plan --profile hub              show what would change in the hub
  relay rules apply --profile hub             write it
  relay import --out rules                    make rules of what is shared and automated already
  relay runbook lint my-runbook.yaml          review a runbook; needs no AWS
  relay plan --profile hub                    show which shares that changes
  relay apply --profile hub                   share and take back
  relay doctor --profile hub                  check the deployment
  relay status --profile hub                  what is deployed, what waits, what the rules did
  relay outcomes --since 7d                   list what the suite did, and what it did not
  relay show 0472af54                         the story of one outcome, execution or alarm
  relay approvals                             what waits for a person; approve ID, reject ID
  relay run Relay-RebootInstance --resource i-0123456789abcdef0 --parameter InstanceId={resource}
  relay pause --for 2h --reason migration     no runbook is started meanwhile
  relay unlock i-0123456789abcdef0 -m lost    release the lock of a run that has ended
  relay explain CoolingDown                   what a word means, and what to do
  relay explain event.json --rules rules      which rule would answer an alarm, and why not the others
  relay runbooks push --regions us-east-1,eu-west-1
  relay replay https://sqs.us-east-1.amazonaws.com/111122223333/runbook-relay-alarm-dead-letters
  source <(relay completions bash)            completions for this shell";

/// Operates runbook-relay: rules, runbooks, outcomes, dead letters, events
#[derive(Parser, Debug)]
#[command(name = "relay", version, max_term_width = 100)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The flags that every command takes, before or after its name.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Profile of ~/.aws/config to use; default: AWS_PROFILE, and credentials of the environment first
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
    /// Region of the hub's stack; default: AWS_REGION, else the profile's
    #[arg(long, global = true, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,
    /// Where all AWS calls go, e.g. http://127.0.0.1:4566; default: AWS_ENDPOINT_URL, else AWS
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub endpoint_url: Option<String>,
    /// Name of the hub's CloudFormation stack
    #[arg(long, global = true, value_name = "NAME", default_value = "runbook-relay")]
    pub stack: String,
    /// Form of the result: text for people, or one JSON object
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Format,
    /// Only results and errors: no notes on standard error
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more on standard error: what is read and written; twice: the SDK's own log
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Answer yes to every question
    #[arg(long, global = true)]
    pub yes: bool,
    /// No colour; the same as NO_COLOR=1
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// How a result is written.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    // Without doc comments, with which clap would spread every help text over twice as many lines.
    #[default]
    Text,
    Json,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Check rules, compare them with the deployed ones, write what changed
    #[command(arg_required_else_help = true)]
    Rules {
        #[command(subcommand)]
        action: crate::rules::Action,
    },
    /// Compare runbooks with those in the hub's account, create or update them
    #[command(arg_required_else_help = true)]
    Runbooks {
        #[command(subcommand)]
        action: crate::runbooks::Action,
    },
    /// Write runbooks: check them as a reviewer would, draw them, test them; needs no AWS
    #[command(arg_required_else_help = true)]
    Runbook {
        #[command(subcommand)]
        action: crate::runbook::Action,
    },
    /// Show what bringing the organization into line with the deployed rules would change
    Plan(crate::plan::PlanArguments),
    /// Bring the organization into line with the deployed rules, and show the outcome
    Apply(crate::plan::ApplyArguments),
    /// Make rules of what exists: shares, AWS's sample, EventBridge rules that start runbooks
    Import(crate::import::Arguments),
    /// Check whether the deployed suite can do its work, with a remedy for what is wrong
    Doctor(crate::doctor::Arguments),
    /// Show what is deployed, paused, waiting and drifting, and how often each rule acted or would have
    Status(crate::status::Arguments),
    /// List outcomes: what was done, and why nothing was
    Outcomes(crate::outcomes::Arguments),
    /// Show the story of an outcome, an execution or an alarm
    Show(crate::show::Arguments),
    /// Explain a word, or what would be done about an alarm; changes nothing
    Explain(crate::explain::Arguments),
    /// List runs that wait for an approval: what will run on what, who may answer, until when
    Approvals(crate::approvals::ListArguments),
    /// Approve a run that waits
    Approve(crate::approvals::AnswerArguments),
    /// Reject a run that waits
    Reject(crate::approvals::AnswerArguments),
    /// Run a runbook, or a rung of a rule, by hand, and show its steps until its outcome
    Run(crate::run::RunArguments),
    /// Let a run in Interactive mode take its next step, or end it
    Step(crate::run::StepArguments),
    /// Run an ended execution's ladder again
    Retry(crate::run::RetryArguments),
    /// Stop an execution and its automation
    Cancel(crate::run::CancelArguments),
    /// Pause the answers to alarms, with a reason
    Pause(crate::pause::PauseArguments),
    /// End a pause: alarms are answered again
    Resume(crate::pause::ResumeArguments),
    /// Release what blocks a resource: the lock of a run that has ended, a cool-down
    Unlock(crate::unlock::Arguments),
    /// Send dead letters or recorded events through the intake again
    Replay(crate::replay::Arguments),
    /// Start a local AWS with the suite on it, until Ctrl-C
    Local(crate::local::Arguments),
    /// Deliver one EventBridge envelope to a local AWS
    Event(crate::event::Arguments),
    /// Print completions for a shell
    Completions(crate::completions::Arguments),
    /// Write man pages into a folder
    Man(crate::man::Arguments),
}
