//! The documents that Amazon owns in every account and Region, as far as the local AWS has them:
//! same names, same parameters, same steps as AWS's own.

use anyhow::{Result, anyhow};
use local_ssm::{DocumentFormat, DocumentType, Documents, Predefined};
use serde_json::{Value, json};

/// SSM with the predefined documents and nothing else.
///
/// # Errors
/// A predefined document that SSM would refuse.
pub(crate) fn documents() -> Result<Documents> {
    let restart = [("stopInstances", "stopped"), ("startInstances", "running")];
    let predefined = vec![
        change_state("AWS-StartEC2Instance", "Starts EC2 instances", &restart[1..]),
        change_state("AWS-StopEC2Instance", "Stops EC2 instances", &restart[..1]),
        // Stop and start, not a reboot: instance store and public addresses are lost.
        change_state("AWS-RestartEC2Instance", "Stops and starts EC2 instances", &restart),
    ];
    Documents::new(predefined, |_| Ok(()))
        .map_err(|error| anyhow!("a predefined document: {}: {}", error.code, error.message))
}

/// A runbook whose steps bring instances into one state after the other.
fn change_state(name: &str, description: &str, steps: &[(&str, &str)]) -> Predefined {
    let step = |(name, state): &(&str, &str)| -> Value {
        json!({
            "name": name,
            "action": "aws:changeInstanceState",
            "inputs": {"InstanceIds": "{{ InstanceId }}", "DesiredState": state},
        })
    };
    let content = json!({
        "schemaVersion": "0.3",
        "description": description,
        "assumeRole": "{{ AutomationAssumeRole }}",
        "parameters": {
            "InstanceId": {"type": "StringList", "description": "The instances"},
            "AutomationAssumeRole": {
                "type": "String",
                "description": "The role that the automation runs under",
                "default": "",
            },
        },
        "mainSteps": steps.iter().map(step).collect::<Vec<_>>(),
    });
    Predefined {
        name: name.to_owned(),
        document_type: DocumentType::Automation,
        format: DocumentFormat::Json,
        content: content.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ssm_takes_every_predefined_document() {
        assert!(super::documents().is_ok());
    }
}
