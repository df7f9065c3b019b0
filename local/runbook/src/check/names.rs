//! Whatever a document refers to is declared in it.

use std::collections::HashSet;

use crate::read::{Names, Outline, Reader};
use crate::reference::{MAINTENANCE_WINDOW, Reference};

pub(crate) fn names(reader: &mut Reader<'_>, names: &Names) {
    let parameters: HashSet<_> = names.parameters.iter().map(String::as_str).collect();
    let variables: HashSet<_> = names.variables.iter().map(String::as_str).collect();
    let mut steps = HashSet::new();
    collect(&names.steps, &mut steps);
    for mentioned in std::mem::take(&mut reader.mentioned) {
        let message = match &mentioned.to {
            Err(name) => format!("Parameter \"{name}\" is not declared."),
            Ok(Reference::Parameter(name))
                if mentioned.stored && MAINTENANCE_WINDOW.contains(&name.as_str()) =>
            {
                continue;
            }
            Ok(Reference::Parameter(name)) if !parameters.contains(name.as_str()) => {
                format!("Parameter \"{name}\" is not declared.")
            }
            Ok(Reference::Variable(name)) if !variables.contains(name.as_str()) => {
                format!("Variable \"{name}\" is not declared.")
            }
            Ok(Reference::Output { step, output }) if !steps.contains(step.as_str()) => {
                format!("Unknown step name in named output: {step}.{output}")
            }
            Ok(Reference::Ssm(name)) if !mentioned.stored => {
                format!("{{{{ssm:{name}}}}} is supported in the default of a parameter only.")
            }
            Ok(_) => continue,
        };
        reader.defect(mentioned.at, &mentioned.path, message);
    }
}

fn collect<'o>(outlines: &'o [Outline], into: &mut HashSet<&'o str>) {
    for outline in outlines {
        into.extend(outline.name.as_deref());
        collect(&outline.inner, into);
    }
}
