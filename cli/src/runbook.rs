//! `relay runbook new|lint|graph|test|run|policy|docs|schema|export`: the workbench of runbook authors. It reads files and needs neither AWS nor a
//! stack; `relay runbooks` (plural) is about the runbooks of the hub's account.

mod docs;
mod editor;
mod export;
mod files;
mod graph;
mod lint;
mod new;
mod policy;
mod run;
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
    /// Run it on a local AWS, and show its steps
    #[command(after_help = run::EXAMPLES)]
    Run(run::Arguments),
    /// Print the least IAM policy for its role, or compare a role's policy with it
    #[command(after_help = policy::EXAMPLES)]
    Policy(policy::Arguments),
    /// Write a page about it: parameters, picture, steps, permissions
    #[command(after_help = docs::EXAMPLES)]
    Docs(docs::Arguments),
    /// Print the JSON Schema of runbooks, for editors
    #[command(after_help = editor::EXAMPLES)]
    Schema,
    /// Print it as a resource of CloudFormation, Terraform or the CDK
    #[command(after_help = export::EXAMPLES)]
    Export(export::Arguments),
}

/// Runs one of the commands.
pub(crate) async fn run(action: Action, global: &Global, output: &Output) -> Result<Exit> {
    match action {
        Action::Lint(arguments) => lint::run(&arguments, global, output),
        Action::Policy(arguments) => policy::run(&arguments, global, output),
        Action::Docs(arguments) => docs::run(&arguments, output),
        Action::Schema => editor::print(output),
        Action::Run(arguments) => run::run(&arguments, global, output).await,
        Action::New(arguments) => new::run(&arguments, output),
        Action::Export(arguments) => export::run(&arguments, output),
        Action::Graph(arguments) => graph::run(&arguments, output),
        Action::Test(arguments) => test::run(&arguments, output),
    }
}
