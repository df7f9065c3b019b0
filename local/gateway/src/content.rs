//! The conditions that a runbook must satisfy to be a document: everything that the engine's parser knows.

use documents::{Defective, DocumentType, Submission};

/// Refuses an Automation document that could not be run, in AWS's words, with line and column.
///
/// # Errors
/// All that is wrong with it.
pub(crate) fn check(submission: &Submission<'_>) -> Result<(), Defective> {
    if !matches!(submission.document_type, DocumentType::Automation | DocumentType::ChangeTemplate)
    {
        return Ok(());
    }
    runbook::parse(submission.text).map(drop).map_err(|defects| {
        let message = defects.to_string();
        if defects.is_schema_version() {
            Defective::SchemaVersion(message)
        } else {
            Defective::Content(message)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use documents::DocumentFormat;

    #[test]
    fn a_runbook_that_could_not_run_is_refused_with_its_place() {
        let check = |document_type, text| {
            check(&Submission { document_type, format: DocumentFormat::Yaml, text })
        };
        let broken =
            "schemaVersion: '0.3'\nmainSteps:\n- name: a\n  action: aws:sing\n  inputs: {}\n";
        match check(DocumentType::Automation, broken) {
            Err(Defective::Content(message)) => {
                assert!(message.contains("aws:sing") && message.contains("line 4"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(check(DocumentType::Command, broken), Ok(()));
        let old = broken.replace("0.3", "0.1").replace("sing", "pause");
        let refused = check(DocumentType::Automation, &old);
        assert!(matches!(refused, Err(Defective::SchemaVersion(_))), "{refused:?}");
    }
}
