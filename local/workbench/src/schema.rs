//! A JSON Schema of runbooks, for editors: completion and words action by action.
//!
//! Made from the parser's own declarations: its keys, its table of actions, the types of inputs. It accepts
//! whatever the parser accepts, and refuses what has the wrong form; what only the whole document shows
//! (a step that is not there) is `relay runbook lint`'s.

use runbook::{ActionKind, Operator, Others, OutputType, Signature, vocabulary};
use serde_json::{Map, Value, json};

mod words;

/// Where editors find out what the schema is.
const TITLE: &str = "SSM Automation runbook (schema 0.3)";

/// The whole schema, draft 7: the newest that VS Code and JetBrains both know.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for action in ActionKind::ALL {
        definitions.insert(short(*action).to_owned(), inputs(*action));
    }
    definitions.insert("step".to_owned(), step());
    definitions.insert("parameter".to_owned(), parameter(true));
    definitions.insert("variable".to_owned(), parameter(false));
    definitions.insert("condition".to_owned(), condition(false));
    definitions.insert("choice".to_owned(), condition(true));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": TITLE,
        "type": "object",
        "required": ["schemaVersion", "mainSteps"],
        "properties": properties(vocabulary::DOCUMENT, document_key),
        "additionalProperties": false,
        "definitions": definitions,
    })
}

fn properties(keys: &[&str], schema: fn(&str) -> Value) -> Value {
    let described = keys.iter().map(|key| {
        let mut schema = schema(key);
        if let Some(words) = words::of_key(key)
            && let Some(schema) = schema.as_object_mut()
        {
            schema.entry("description").or_insert_with(|| words.into());
        }
        ((*key).to_owned(), schema)
    });
    Value::Object(described.collect())
}

fn document_key(key: &str) -> Value {
    let named = |kind: &str, names: &str| {
        json!({
            "type": "object",
            "propertyNames": { "pattern": names },
            "additionalProperties": { "$ref": format!("#/definitions/{kind}") },
        })
    };
    match key {
        "schemaVersion" => json!({ "enum": ["0.3", 0.3] }),
        "description" | "assumeRole" => text(),
        "parameters" => named("parameter", "^[A-Za-z0-9]+$"),
        "variables" => named("variable", "^[A-Za-z0-9_]+$"),
        "mainSteps" => json!({
            "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/step" },
        }),
        "outputs" => json!({ "type": "array", "items": text() }),
        "files" => json!({ "type": "object", "additionalProperties": { "type": "object" } }),
        _ => json!({}),
    }
}

fn parameter(is_parameter: bool) -> Value {
    let types: Vec<&str> = OutputType::ALL.into_iter().map(OutputType::name).collect();
    let resources = "^(List<)?AWS::[A-Za-z0-9]+(::[A-Za-z0-9]+)*>?$";
    let kind = if is_parameter {
        json!({ "anyOf": [{ "enum": types }, { "type": "string", "pattern": resources }] })
    } else {
        json!({ "enum": types })
    };
    let mut properties = properties(vocabulary::PARAMETER, |key| match key {
        "description" | "allowedPattern" => text(),
        "allowedValues" => json!({ "type": "array" }),
        "displayType" => json!({ "enum": ["textfield", "textarea"] }),
        "minItems" | "maxItems" | "minChars" | "maxChars" | "minValue" | "maxValue" => number(),
        _ => json!({}),
    });
    properties["type"] = kind;
    json!({
        "type": "object",
        "required": ["type"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn step() -> Value {
    let names: Vec<&str> = ActionKind::ALL.iter().map(|action| action.name()).collect();
    let mut properties = properties(vocabulary::STEP, |key| match key {
        "name" => json!({ "type": "string", "pattern": "^[A-Za-z0-9_]+$" }),
        "description" | "nextStep" => text(),
        "inputs" => json!({ "type": "object" }),
        "outputs" => outputs(),
        "maxAttempts" | "timeoutSeconds" => number(),
        "onFailure" => json!({ "anyOf": [{ "enum": ["Abort", "Continue"] }, step_name()] }),
        "onCancel" => json!({ "anyOf": [{ "enum": ["Abort"] }, step_name()] }),
        "isCritical" | "isEnd" => boolean(),
        _ => json!({}),
    });
    properties["action"] = json!({
        "description": "What the step does.",
        "enum": names,
        // VS Code shows one beside each value.
        "enumDescriptions":
            ActionKind::ALL.iter().map(|action| words::of_action(*action)).collect::<Vec<_>>(),
    });
    let actions = ActionKind::ALL.iter().map(|action| {
        let mut then = json!({
            "properties": { "inputs": { "$ref": format!("#/definitions/{}", short(*action)) } },
        });
        if !action.signature().required.is_empty() {
            then["required"] = json!(["inputs"]);
        }
        json!({
            "if": { "required": ["action"], "properties": { "action": { "const": action.name() } } },
            "then": then,
        })
    });
    json!({
        "type": "object",
        "required": ["name", "action"],
        "properties": properties,
        "additionalProperties": false,
        "allOf": actions.collect::<Vec<_>>(),
    })
}

/// `step:NAME`, as `onFailure` and `onCancel` name one.
fn step_name() -> Value {
    json!({ "type": "string", "pattern": r"^step:\s*[A-Za-z0-9_]+$" })
}

fn outputs() -> Value {
    let types: Vec<&str> = OutputType::ALL.into_iter().map(OutputType::name).collect();
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["Name", "Selector"],
            "properties": {
                "Name": {
                    "type": "string",
                    "description": "The name of the output: {{ step.Name }} reads it.",
                },
                "Selector": {
                    "type": "string",
                    "description": "Where in the answer it is, as JSONPath: $.Reservations[0].Instances[0].State.Name",
                },
                "Type": { "enum": types, "description": "Its type; String if it is left out." },
            },
            "additionalProperties": false,
        },
    })
}

/// The inputs of an action.
fn inputs(action: ActionKind) -> Value {
    let signature = action.signature();
    let mut properties = Map::new();
    let mut patterns = Map::new();
    for name in signature.required.iter().chain(signature.optional) {
        let mut schema = input(action, name);
        if let Some(words) = words::of_input(action, name) {
            schema["description"] = words.into();
        }
        match name.strip_suffix(".N") {
            Some(stem) => {
                let stem = stem.replace('.', "\\.");
                patterns.insert(format!("^{stem}\\.[0-9]+$"), schema);
            }
            None => drop(properties.insert((*name).to_owned(), schema)),
        }
    }
    let mut schema = json!({
        "type": "object",
        "description": described(action, &signature),
        "properties": properties,
    });
    if !signature.required.is_empty() {
        schema["required"] = json!(signature.required);
    }
    if !patterns.is_empty() {
        schema["patternProperties"] = patterns.into();
    }
    if signature.others == Others::Refused {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

/// The words about an action: what it does, what it gives, how long it may take.
fn described(action: ActionKind, signature: &Signature) -> String {
    let mut words = words::of_action(action).to_owned();
    if !signature.outputs.is_empty() {
        words += &format!(" Outputs: {}.", signature.outputs.join(", "));
    }
    if let Some(timeout) = signature.timeout {
        words += &format!(" Time-out of an attempt: {} seconds.", timeout.as_secs());
    }
    words
}

fn input(action: ActionKind, name: &str) -> Value {
    match (action, name) {
        (ActionKind::Loop, "Steps") => {
            return json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/step" } });
        }
        (ActionKind::Loop, "LoopCondition") => return json!({ "$ref": "#/definitions/condition" }),
        (ActionKind::Branch, "Choices") => {
            return json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/definitions/choice" } });
        }
        (ActionKind::ChangeInstanceState, "DesiredState") => {
            return json!({ "anyOf": [{ "enum": ["running", "stopped", "terminated"] }, reference()] });
        }
        // The proposals of an editor; other runtimes are the linter's affair.
        (ActionKind::ExecuteScript, "Runtime") => {
            let mut runtime = text();
            runtime["examples"] = json!(["python3.11", "PowerShell 7.4"]);
            return runtime;
        }
        (ActionKind::Loop, "Iterators" | "IteratorDataType") => return json!({}),
        _ => {}
    }
    match vocabulary::input_type(action, name) {
        Some(OutputType::String) => text(),
        Some(OutputType::Boolean) => boolean(),
        Some(OutputType::Integer) => number(),
        // One item may stand for the list.
        Some(OutputType::StringList) => {
            json!({ "type": ["array", "string", "number", "boolean"], "items": { "type": ["string", "number", "boolean"] } })
        }
        Some(OutputType::StringMap) => json!({ "type": ["object", "string"] }),
        Some(OutputType::MapList) => json!({ "type": ["array", "object", "string"] }),
        None => json!({}),
    }
}

/// A comparison, or several joined; of a choice the step beside it.
fn condition(is_choice: bool) -> Value {
    let mut properties = Map::new();
    for name in ["And", "Or"] {
        let list = json!({ "type": "array", "items": { "$ref": "#/definitions/condition" } });
        properties.insert(name.to_owned(), list);
    }
    properties.insert("Not".to_owned(), json!({ "$ref": "#/definitions/condition" }));
    let variable =
        "What is compared: '{{ step.Output }}', '{{ Parameter }}' or '{{ variable:name }}'.";
    properties.insert("Variable".to_owned(), json!({ "description": variable }));
    for operator in Operator::ALL {
        properties.insert(operator.name().to_owned(), json!({}));
    }
    let mut required = Vec::new();
    if is_choice {
        let next = "The step that follows where the comparison holds.";
        properties.insert("NextStep".to_owned(), json!({ "type": "string", "description": next }));
        required.push("NextStep");
    }
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// A text; YAML reads some texts as numbers or Booleans.
fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A number, a text that spells one, or a reference.
fn number() -> Value {
    let spelled = r"^\s*-?[0-9]+\s*$|\{\{";
    json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": spelled }] })
}

/// A Boolean, a text that spells one, or a reference.
fn boolean() -> Value {
    let spelled = r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$|\{\{";
    json!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "pattern": spelled }] })
}

fn reference() -> Value {
    json!({ "type": "string", "pattern": r"\{\{" })
}

/// `sleep` of `aws:sleep`.
fn short(action: ActionKind) -> &'static str {
    action.name().trim_start_matches("aws:")
}

#[cfg(test)]
mod tests;
