//! A document as a resource, in each form alike: name, content, attachments, tags.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use workbench::Document;

/// A document that is to be a resource.
pub(super) struct Resource<'r> {
    pub(super) name: &'r str,
    pub(super) document: &'r Document,
    pub(super) file: &'r Path,
    /// Where its attachments are, `s3://…`.
    pub(super) folder: Option<&'r str>,
    pub(super) tags: Vec<(String, String)>,
}

impl Resource<'_> {
    /// `NewVersion` keeps a document that is shared: a replacement would be another document, shared with
    /// nobody. <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-document.html>
    pub(super) fn cloudformation(&self) -> Result<String> {
        let tags = self.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        let mut properties = json!({
            "Name": self.name,
            "DocumentType": "Automation",
            "UpdateMethod": "NewVersion",
            "Content": self.content(),
            "Tags": tags.collect::<Vec<_>>(),
        });
        let attachments = self.attachments();
        if !attachments.is_empty() {
            let listed = attachments.iter().map(
                |(name, source)| json!({ "Key": "S3FileUrl", "Name": name, "Values": [source] }),
            );
            properties["Attachments"] = listed.collect();
        }
        let template = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Resources": { self.words(): { "Type": "AWS::SSM::Document", "Properties": properties } },
        });
        Ok(serde_json::to_string_pretty(&template)? + "\n")
    }

    /// The content stays in its file, beside the module: a difference is shown line by line.
    pub(super) fn terraform(&self) -> String {
        let name = self.name;
        let id: String = name
            .chars()
            .map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '_' })
            .collect();
        let file = self.file.file_name().unwrap_or_default().to_string_lossy();
        let is_json = self.file.extension().is_some_and(|end| end == "json");
        let format = if is_json { "JSON" } else { "YAML" };
        let tags: String =
            self.tags.iter().map(|(key, value)| format!("    {key:?} = {value:?}\n")).collect();
        let attachments: String = self
            .attachments()
            .iter()
            .map(|(name, source)| {
                format!(
                    "\n  attachments_source {{\n    key    = \"S3FileUrl\"\n    name   = {name:?}\n    \
                     values = [{source:?}]\n  }}\n"
                )
            })
            .collect();
        format!(
            "resource \"aws_ssm_document\" \"{}\" {{\n  name            = \"{name}\"\n  document_type   = \
             \"Automation\"\n  document_format = \"{format}\"\n  content         = \
             file(\"${{path.module}}/{file}\")\n{attachments}\n  tags = {{\n{tags}  }}\n}}\n",
            id.to_lowercase()
        )
    }

    /// A construct in TypeScript, for the CDK's `aws-cdk-lib` 2.
    pub(super) fn cdk(&self) -> Result<String> {
        let (name, class) = (self.name, self.words());
        let content = indented(&serde_json::to_string_pretty(&self.content())?, 6);
        let tags = self.tags.iter().map(|(key, value)| {
            Ok(format!("        {{ key: {}, value: {} }},\n", quoted(key)?, quoted(value)?))
        });
        let tags = tags.collect::<Result<String>>()?;
        let attachments = self.attachments();
        let listed = attachments.iter().map(|(name, source)| {
            Ok(format!(
                "        {{ key: 'S3FileUrl', name: {}, values: [{}] }},\n",
                quoted(name)?,
                quoted(source)?
            ))
        });
        let mut listed = listed.collect::<Result<String>>()?;
        if !listed.is_empty() {
            listed = format!("      attachments: [\n{listed}      ],\n");
        }
        let name = quoted(name)?;
        Ok(format!(
            "import {{ CfnDocument }} from 'aws-cdk-lib/aws-ssm';\nimport {{ Construct }} from 'constructs';\n\n\
             /** The runbook {name}, written by `relay runbook export`. */\n\
             export class {class} extends Construct {{\n  readonly document: CfnDocument;\n\n  \
             constructor(scope: Construct, id: string) {{\n    super(scope, id);\n    \
             this.document = new CfnDocument(this, 'Document', {{\n      name: {name},\n      \
             documentType: 'Automation',\n      documentFormat: 'JSON',\n      \
             // A replacement would be another document, shared with nobody.\n      \
             updateMethod: 'NewVersion',\n      tags: [\n{tags}      ],\n{listed}      content: {content},\n    \
             }});\n  }}\n}}\n"
        ))
    }

    fn content(&self) -> Value {
        Value::from(self.document.root().clone())
    }

    /// The name without the signs that identifiers cannot have.
    fn words(&self) -> String {
        self.name.chars().filter(char::is_ascii_alphanumeric).collect()
    }

    /// The name of each attachment and where it is.
    fn attachments(&self) -> Vec<(&str, String)> {
        let folder = self.folder.unwrap_or_default();
        let files = self.document.runbook().files.keys();
        files.map(|name| (name.as_str(), format!("{folder}/{name}"))).collect()
    }
}

/// A text of TypeScript: a JSON text is one.
fn quoted(text: &str) -> Result<String> {
    Ok(serde_json::to_string(text)?)
}

/// A text whose lines after the first begin further right.
fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}
