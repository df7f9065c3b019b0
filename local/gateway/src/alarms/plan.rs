//! Which calls a transition asks for.

use relay_core::id::Arn;

use super::event::lambda_payload;
use super::notification::{Notification, notification};
use super::record::Transition;

/// CloudWatch, as topics' policies name it.
const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";
/// CloudWatch, as functions' policies name it.
const ALARMS: &str = "lambda.alarms.cloudwatch.amazonaws.com";

/// One action of an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// As the alarm names it.
    pub action: String,
    /// The action it comes to, or why it comes to nothing.
    pub call: Result<AlarmCall, String>,
}

/// A call to a service.
#[derive(Clone, Debug, PartialEq)]
pub enum AlarmCall {
    /// `sns:Publish`.
    Publish { topic: Arn, notification: Notification },
    /// `lambda:Invoke`, asynchronous.
    Invoke {
        function: Arn,
        /// A JSON document, as text.
        payload: String,
    },
    /// An operation of EC2 on one instance.
    Instance {
        /// `RebootInstances`, `StopInstances` or `TerminateInstances`.
        operation: &'static str,
        instance: String,
    },
}

impl AlarmCall {
    /// The service principal and the IAM action that the called resource's own policy must allow.
    pub fn permission(&self) -> Option<(&Arn, &'static str, &'static str)> {
        match self {
            Self::Publish { topic, .. } => Some((topic, CLOUDWATCH, "sns:Publish")),
            Self::Invoke { function, .. } => Some((function, ALARMS, "lambda:InvokeFunction")),
            // CloudWatch has a role of its own for these, linked to the service.
            Self::Instance { .. } => None,
        }
    }
}

/// The calls of a transition, in the order of the alarm's actions; none if it does not act.
pub fn plan(transition: &Transition) -> Vec<Planned> {
    let planned =
        |action: &String| Planned { action: action.clone(), call: call(transition, action) };
    transition.actions().iter().map(planned).collect()
}

fn call(transition: &Transition, action: &str) -> Result<AlarmCall, String> {
    let arn: Arn = action.parse().map_err(|_| format!("{action} is not an ARN"))?;
    if arn.region != transition.region {
        let region = &transition.region;
        return Err(format!(
            "Invalid region {} specified. Only {region} is supported.",
            arn.region
        ));
    }
    match arn.service.as_str() {
        "sns" => Ok(AlarmCall::Publish { topic: arn, notification: notification(transition) }),
        "lambda" if arn.resource.starts_with("function:") => {
            Ok(AlarmCall::Invoke { function: arn, payload: lambda_payload(transition).to_string() })
        }
        _ => {
            let operation = instance_operation(&arn)
                .ok_or("the local AWS does not play this action: nothing was done")?;
            let instance = transition.alarm.dimension("InstanceId");
            let instance = instance.ok_or("the alarm has no dimension InstanceId")?.to_owned();
            Ok(AlarmCall::Instance { operation, instance })
        }
    }
}

/// `arn:aws:automate:REGION:ec2:reboot`, and the older
/// `arn:aws:swf:REGION:ACCOUNT:action/actions/AWS_EC2.InstanceId.Reboot/1.0`.
fn instance_operation(arn: &Arn) -> Option<&'static str> {
    let word = match arn.service.as_str() {
        "automate" if arn.account == "ec2" => arn.resource.as_str(),
        "swf" => {
            arn.resource.strip_prefix("action/actions/AWS_EC2.InstanceId.")?.split('/').next()?
        }
        _ => return None,
    };
    match word.to_lowercase().as_str() {
        "reboot" => Some("RebootInstances"),
        "stop" => Some("StopInstances"),
        "terminate" => Some("TerminateInstances"),
        _ => None,
    }
}
