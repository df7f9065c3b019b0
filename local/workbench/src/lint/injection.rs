//! Values that are pasted into the text of a script or a command, where they can become code.

use runbook::{ActionKind, OutputType, Parameter, Reference, mentions};

use super::{Review, Rule};
use crate::document::{field, scalars};

pub(super) fn check(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for script in &review.scripts {
        for mention in mentions(script.text) {
            let Ok(reference) = mention.to else { continue };
            if is_harmless(review, &reference) {
                continue;
            }
            let at = script.place(&review.lines, &mention.range);
            let message = format!(
                "{{{{ {reference} }}}} is pasted into the script: its value can become code"
            );
            let hint = "Give it in InputPayload and read it from `events`.";
            found.push((Rule::CodeInjection, at, script.path.clone(), message, hint));
        }
    }
    for at in review.steps.iter().filter(|at| at.step.action == ActionKind::RunCommand) {
        let Some(commands) = field(at.node, "inputs")
            .and_then(|inputs| field(inputs, "Parameters"))
            .and_then(|parameters| field(parameters, "commands"))
        else {
            continue;
        };
        let path = format!("{}.inputs.Parameters.commands", at.path);
        scalars(commands, &path, &[], &mut |scalar| {
            let whole = scalar.text.trim();
            for mention in mentions(scalar.text) {
                // A command that is a parameter as a whole is meant to be given.
                let Ok(Reference::Parameter(name)) = &mention.to else { continue };
                let reference = Reference::Parameter(name.clone());
                if whole.len() == mention.range.len() || is_harmless(review, &reference) {
                    continue;
                }
                let place = review.place(scalar.node, scalar.text, &mention.range);
                let message =
                    format!("{{{{ {name} }}}} is pasted into a command, and may hold any text");
                let hint = "Give the parameter an allowedPattern without quotes, blanks and $ ; & | < > ( ), or \
                            allowedValues.";
                found.push((Rule::CommandInjection, place, scalar.path.clone(), message, hint));
            }
        });
    }
    found.sort_by_key(|(_, at, ..)| *at);
    // The same reference again in the same script adds nothing.
    found.dedup_by(|b, a| a.0 == b.0 && a.2 == b.2 && a.3 == b.3);
    for (rule, at, path, message, hint) in found {
        review.find(rule, at, &path, message, hint);
    }
}

/// Whether a value cannot become code, whatever it is.
fn is_harmless(review: &Review<'_>, reference: &Reference) -> bool {
    match reference {
        Reference::Global(_) | Reference::ExecutionId => true,
        Reference::Parameter(name) => {
            let mut parameters = review.document.runbook().parameters.iter();
            parameters.find(|parameter| parameter.name == *name).is_none_or(is_bounded)
        }
        Reference::Output { .. } | Reference::Variable(_) | Reference::Ssm(_) => {
            is_number(review, reference)
        }
    }
}

fn is_number(review: &Review<'_>, reference: &Reference) -> bool {
    let is_plain = |kind| matches!(kind, OutputType::Boolean | OutputType::Integer);
    match reference {
        Reference::Output { step, output } => {
            let mut steps = review.steps.iter().map(|at| at.step);
            steps.find(|known| known.name == *step).is_some_and(|known| {
                let mut outputs = known.outputs.iter();
                outputs
                    .find(|known| known.name == *output)
                    .is_some_and(|known| is_plain(known.kind))
            })
        }
        Reference::Variable(name) => {
            let mut variables = review.document.runbook().variables.iter();
            variables.find(|known| known.name == *name).is_some_and(|known| is_plain(known.kind))
        }
        _ => false,
    }
}

/// Whether a parameter's values are bounded so that none of them is code.
fn is_bounded(parameter: &Parameter) -> bool {
    let kind = &parameter.kind;
    let is_plain = matches!(kind.shape, OutputType::Boolean | OutputType::Integer);
    // Ids and ARNs of AWS's resources: SSM checks them.
    let is_resource = kind.name.contains("AWS::");
    let by_values = parameter.allowed_values.is_some();
    let by_pattern =
        parameter.allowed_pattern.as_ref().is_some_and(|pattern| is_tight(pattern.as_str()));
    is_plain || is_resource || by_values || by_pattern
}

/// Whether a pattern matches no text with the signs that end a string or a command. It is read sign by
/// sign; a pattern that is not understood is not tight.
fn is_tight(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(sign) = chars.next() {
        match sign {
            '\\' => match chars.next() {
                Some('S' | 'W' | 'D' | 's' | 'P' | 'n' | 'r' | 't') | None => return false,
                Some('"' | '\'' | '`' | '$' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => {
                    return false;
                }
                Some(_) => {}
            },
            '[' if !in_class => {
                in_class = true;
                if chars.peek() == Some(&'^') {
                    return false;
                }
            }
            ']' if in_class => in_class = false,
            '.' if !in_class => return false,
            '"' | '\'' | '`' | ';' | '&' | '<' | '>' | ' ' => return false,
            '$' | '(' | ')' | '|' if in_class => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_tight_if_no_sign_of_a_shell_fits_it() {
        for tight in
            ["^i-[0-9a-f]{8}([0-9a-f]{9})?$", r"^$|^vol-[\w]+$", "^/[A-Za-z0-9_./-]*$", "(a|b)+"]
        {
            assert!(is_tight(tight), "{tight}");
        }
        for loose in [".*", "^[^;]+$", r"^\S+$", "^[a-z ]+$", "^[a-z$]+$", r"^[\s\w]+$", "it's"] {
            assert!(!is_tight(loose), "{loose}");
        }
    }
}
