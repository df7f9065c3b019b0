//! `relay runbook new|lint|graph|test|export`: the workbench of runbook authors. It reads files and needs neither AWS nor a
//! stack; `relay runbooks` (plural) is about the runbooks of the hub's account.

mod export;
mod files;
mod graph;
mod lint;
mod new;
mod test;

use anyhow::Result;
pub(crate) use files::is_test;
pub(crate) use lint::problems;

use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;

/// The subcommands of `relay runbook`.
#[derive(clap::Subcommand, Debug)]
#[command(
    after_help = "To compare runbooks with those in AWS and write them: relay runbooks (plural)."
)]
pub(crate) enum Action {
    /// Begin a runbook and its tests from a template
    #[command(after_help = new::EXAMPLES)]
    New(new::Arguments),
    /// Find what a reviewer would ask about, and what AWS would refuse
    #[command(after_help = lint::EXAMPLES)]
    Lint(lint::Arguments),
    /// Draw the flow: branches, failures, cancels, loops, approvals
    #[command(after_help = graph::EXAMPLES)]
    Graph(graph::Arguments),
    /// Run its tests: given answers of AWS, expected steps, outputs and calls
    #[command(after_help = test::EXAMPLES)]
    Test(test::Arguments),
    /// Print it as a resource of CloudFormation or Terraform
    #[command(after_help = export::EXAMPLES)]
    Export(export::Arguments),
}

/// Runs one of the commands.
pub(crate) async fn run(action: Action, global: &Global, output: &Output) -> Result<Exit> {
    match action {
        Action::Lint(arguments) => lint::run(&arguments, global, output),
        Action::New(arguments) => new::run(&arguments, output),
        Action::Export(arguments) => export::run(&arguments, output),
        Action::Graph(arguments) => graph::run(&arguments, output),
        Action::Test(arguments) => test::run(&arguments, output),
    }
}
