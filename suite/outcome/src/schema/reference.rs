//! `docs/rules-reference.md`: every field of a rule and of the kill switch, and the guardrails, from the
//! declarations.

use std::fmt::{self, Write};

use relay_core::read::{FieldReference, Written};
use remediation::RemediationRule;
use remediation::guard::{Control, Guardrail};
use sharing::SharingRule;

const HEAD: &str = "\
# Rules, field by field

This page is made from the declarations that the reader of rules goes by (`cargo run --example schemas`): do not edit
it. How rules work: [rules.md](rules.md). The same for editors: [schemas](schemas).

`[]` in a path stands for any entry of a list. A field with a default may be left out, and so may a field with `–`: then it has no
effect, or the one that its meaning says.
";

/// The page as it is in the repository.
#[must_use]
pub fn page() -> String {
    let mut text = HEAD.to_owned();
    // Writing to a text does not fail.
    let _ = section::<SharingRule>(&mut text, "Sharing rules");
    let _ = section::<RemediationRule>(&mut text, "Remediation rules");
    let _ = section::<Control>(&mut text, "The kill switch");
    let _ = guardrails(&mut text);
    text
}

fn section<T: Written>(text: &mut String, title: &str) -> fmt::Result {
    let form = T::form();
    writeln!(text, "\n## {title}\n\n{}", form.description())?;
    let choices = form.choices();
    if !choices.is_empty() {
        writeln!(text, "{choices}")?;
    }
    writeln!(text, "\n| field | value | default | meaning |\n|---|---|---|---|")?;
    for row in form.reference() {
        let FieldReference { path, value, required, default, mut meaning, words } = row;
        for (word, says) in words {
            write!(meaning, " `{word}`: {}", lowercase(&says))?;
        }
        let default = match (required, default) {
            (true, _) => "required".to_owned(),
            (false, Some(default)) if default.is_empty() => "empty".to_owned(),
            (false, Some(default)) => format!("`{default}`"),
            (false, None) => "–".to_owned(),
        };
        let cells = [format!("`{path}`"), value, default, meaning];
        writeln!(text, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))?;
    }
    Ok(())
}

fn guardrails(text: &mut String) -> fmt::Result {
    writeln!(text, "\n## Guardrails\n\nIn the order in which they are asked.\n")?;
    writeln!(text, "| code | suppresses a trigger when |\n|---|---|")?;
    for guardrail in Guardrail::ALL {
        let (code, meaning) = (guardrail.code(), lowercase(guardrail.meaning()));
        writeln!(text, "| [{code}](errors/{code}.md) | {meaning} |")?;
    }
    Ok(())
}

/// A sentence, to follow a colon or a conjunction. AWS's names stay as they are.
fn lowercase(sentence: &str) -> String {
    if sentence.starts_with("CloudWatch") {
        return sentence.to_owned();
    }
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}
