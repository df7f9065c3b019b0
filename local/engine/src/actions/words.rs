//! AWS's own words, each with where it was read. `tests::each_sentence_is_the_one_that_was_seen` holds
//! them against the samples.
//!
//! Messages without a known sample are worded in the files of the actions, between AWS's beginning and end.

/// `aws:assertAwsResourceProperty`: the property has another value. `desired` is a list as Python
/// writes it. Reported by users of AWS's managed runbooks, 2021–2024.
pub(crate) fn not_desired(found: &str, desired: &str) -> String {
    format!(
        "Property value '{found}' from the API output is not in the desired values. Desired values: \
         {desired}"
    )
}

/// `aws:runCommand` timed out before an agent answered for the nodes:
/// <https://github.com/aws-samples/aws-ec2-image-builder-samples> and public transcripts of Image
/// Builder (2020–2023).
pub(crate) fn agents_missing(nodes: &str) -> String {
    format!("SSM Agent on Instances: [{nodes}] are not functioning")
}

/// `aws:runCommand`: the command ended otherwise than with Success. Image Builder's user guide, list of
/// images, 2020.
pub(crate) fn unexpected_invocation(command: &str, members: &str) -> String {
    format!("Command {command} returns unexpected invocation result: \n{{{members}}}")
}

/// `aws:executeAutomation`: the child ended otherwise than with Success. Troubleshooting of Automated
/// Security Response on AWS:
/// <https://docs.aws.amazon.com/solutions/latest/automated-security-response-on-aws/problem-resolution.html>.
pub(crate) fn child_failed(id: &str, status: &str, output: &str) -> String {
    format!(
        "Failed to run automation with executionId: {id} {status} :\n{{Status=[{status}], \
         Output=[{output}], ExecutionId=[{id}]}}"
    )
}

/// `aws:executeAutomation`: the child could not be started. A public transcript, `errorMessage: Rate
/// exceeded`, 2021.
pub(crate) fn child_not_started(message: &str) -> String {
    format!("Fail to start automation, errorMessage: {message}")
}

#[cfg(test)]
mod tests {
    use super::super::failure::phrase;
    use super::super::{Failure, FailureStage, FailureType};
    use super::*;

    fn message(phrase: &str, error: &str) -> String {
        Failure::new(FailureStage::Invocation, FailureType::Action, phrase, error).message
    }

    /// The sentences are copied from the sources that are named at each of them.
    #[test]
    fn each_sentence_is_the_one_that_was_seen() {
        let id = "eecdef79-9111-4532-921a-e098549f5259";
        let none = "No output available yet because the step is not successfully executed";
        for (said, seen) in [
            (
                message(phrase::CHILD, &child_failed(id, "Failed", none)),
                "Step fails when it is Execution complete: verified. Failed to run automation with \
                 executionId: eecdef79-9111-4532-921a-e098549f5259 Failed :\n{Status=[Failed], \
                 Output=[No output available yet because the step is not successfully executed], \
                 ExecutionId=[eecdef79-9111-4532-921a-e098549f5259]}. Please refer to Automation \
                 Service Troubleshooting Guide for more diagnosis details.",
            ),
            (
                message("Executing", &child_not_started("Rate exceeded")),
                "Step fails when it is Executing. Fail to start automation, errorMessage: Rate \
                 exceeded. Please refer to Automation Service Troubleshooting Guide for more \
                 diagnosis details.",
            ),
            (
                message(phrase::EXECUTE, &not_desired("True", "['False']")),
                "Step fails when it is Execute/Cancelling action. Property value 'True' from the API \
                 output is not in the desired values. Desired values: ['False']. Please refer to \
                 Automation Service Troubleshooting Guide for more diagnosis details.",
            ),
            (
                Failure::time_out_with(phrase::AGENT, &agents_missing("i-0a0c28557cf6936da"))
                    .message,
                "Step timed out while step is verifying the SSM Agent availability on the target \
                 instance(s). SSM Agent on Instances: [i-0a0c28557cf6936da] are not functioning. \
                 Please refer to Automation Service Troubleshooting Guide for more diagnosis details.",
            ),
            (
                Failure::time_out(phrase::LAUNCHED).message,
                "Step timed out while step is verifying launched instance(s) are ready to be used. \
                 Please refer to Automation Service Troubleshooting Guide for more diagnosis details.",
            ),
        ] {
            assert_eq!(said, seen);
        }
    }
}
