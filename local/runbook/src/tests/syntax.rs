//! Texts that are not documents of schema 0.3.

use expect_test::expect;

use super::{check, sound};

#[test]
fn what_is_neither_yaml_nor_json_is_named_with_its_place() {
    check(
        "schemaVersion: '0.3'\n  mainSteps: []",
        &expect![[r#"
        2:3 : YAML not well-formed. while parsing a block mapping, did not find expected key
    "#]],
    );
    check(
        "{\"schemaVersion\": \"0.3\",",
        &expect![[r#"
            1:24 : JSON not well-formed. EOF while parsing an object
        "#]],
    );
    check(
        "{\"schemaVersion\": \"0.3\" \"mainSteps\": []}",
        &expect![[r#"
            1:25 : JSON not well-formed. expected `,` or `}`
        "#]],
    );
    check(
        "{\"schemaVersion\": \"0.3\",\n\"mainSteps\": [{\n  \"é\": 1 ] }]}",
        &expect![[r#"
            3:10 : JSON not well-formed. expected `,` or `}`
        "#]],
    );
    check(
        "{\"schemaVersion\": \"0.3\",\n\"schemaVersion\": \"0.3\"}",
        &expect![[r#"
            2:1 : JSON not well-formed. duplicate mapping key `schemaVersion` is not allowed here
        "#]],
    );
    check(
        "schemaVersion: '0.3'\nmainSteps:\n- name: a\n\taction: aws:pause\n",
        &expect![[r#"
            4:1 : YAML not well-formed. while scanning a plain scalar, found a tab
        "#]],
    );
    check(
        "schemaVersion: '0.3'\nschemaVersion: '0.3'\n",
        &expect![[r#"
        2:1 : YAML not well-formed. duplicate mapping key `schemaVersion` is not allowed here
    "#]],
    );
    check(
        "schemaVersion: '0.3'\n---\nmainSteps: []\n",
        &expect![[r#"
        3:1 : YAML not well-formed. only single YAML document expected but multiple found
    "#]],
    );
}

#[test]
fn what_is_no_mapping_is_no_document() {
    check(
        "",
        &expect![[r#"
        1:1 : Found nothing, expected a mapping with schemaVersion and mainSteps
    "#]],
    );
    check(
        "- name: a\n",
        &expect![[r#"
        1:1 : Found a list, expected a mapping with schemaVersion and mainSteps
    "#]],
    );
    check(
        "\"schemaVersion: '0.3'\"",
        &expect![[r#"
        1:1 : Found "schemaVersion: '0.3'", expected a mapping with schemaVersion and mainSteps
    "#]],
    );
}

#[test]
fn the_schema_version_is_said_in_words_of_its_own() {
    check(
        "mainSteps: [{name: a, action: 'aws:pause'}]",
        &expect![[r#"
        1:1 schemaVersion: Missing "schemaVersion" in the document.
    "#]],
    );
    check(
        "schemaVersion: '2.2'\nmainSteps: [{name: a, action: 'aws:pause'}]",
        &expect![[r#"
        1:16 schemaVersion: Document schema version is invalid. Value: 2.2
    "#]],
    );
    check(
        "schemaVersion: 0.3\nmainSteps: [{name: a, action: 'aws:pause'}]",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check(
        "schemaVersion: [0.3]\nmainSteps: [{name: a, action: 'aws:pause'}]",
        &expect![[r#"
        1:16 schemaVersion: Document schema version is invalid. Value: 
    "#]],
    );
    let defects = crate::parse("schemaVersion: '1.2'").unwrap_err();
    assert!(defects.is_schema_version());
    assert!(!crate::parse("schemaVersion: '0.3'").unwrap_err().is_schema_version());
}

#[test]
fn steps_are_required() {
    check(
        "schemaVersion: '0.3'",
        &expect![[r#"
        1:1 : Missing "mainSteps" in the document.
    "#]],
    );
    check(
        "schemaVersion: '0.3'\nmainSteps:",
        &expect![[r#"
        1:1 : Missing "mainSteps" in the document.
    "#]],
    );
    check(
        "schemaVersion: '0.3'\nmainSteps: []",
        &expect![[r#"
        2:12 mainSteps: Missing "mainSteps" in the document.
    "#]],
    );
    check(
        "schemaVersion: '0.3'\nmainSteps: {name: a}",
        &expect![[r#"
        2:12 mainSteps: Found a mapping, expected a list of steps
    "#]],
    );
    check(
        "schemaVersion: '0.3'\nmainSteps: [pause]",
        &expect![[r#"
        2:13 mainSteps[0]: Found "pause", expected a mapping
    "#]],
    );
}

#[test]
fn an_unknown_property_is_named_with_the_known_ones() {
    check(
        "schemaVersion: '0.3'\nruntimeConfig: {}\nmainSteps: [{name: a, action: 'aws:pause', precondition: {}}]",
        &expect![[r#"
            2:1 runtimeConfig: Unknown property "runtimeConfig". Expected one of schemaVersion, description, assumeRole, parameters, variables, mainSteps, outputs, files, emergencyChange, autoApprovable, templateInformation, executableRunBooks
            3:44 mainSteps[0].precondition: Unknown property "precondition". Expected one of name, action, description, inputs, outputs, maxAttempts, timeoutSeconds, onFailure, onCancel, isCritical, isEnd, nextStep
        "#]],
    );
}

#[test]
fn values_of_the_wrong_kind_say_what_was_expected() {
    check(
        "schemaVersion: '0.3'\ndescription: []\nassumeRole: {}\nparameters: []\nvariables: 1\noutputs: a.b\nfiles: x\nmainSteps: [{name: a, action: 'aws:pause'}]",
        &expect![[r#"
            2:14 description: Found a list, expected a text
            3:13 assumeRole: Found a mapping, expected the ARN of a role or {{ Parameter }}
            4:13 parameters: Found a list, expected a mapping
            5:12 variables: Found 1, expected a mapping
            6:10 outputs: Found "a.b", expected a list of step.Output
            7:8 files: Found "x", expected a mapping
        "#]],
    );
}

#[test]
fn a_reference_without_quotes_is_a_mapping_and_is_named_as_what_it_was_meant_to_be() {
    check(
        "schemaVersion: '0.3'\nassumeRole: {{ Role }}\nmainSteps:\n- name: a\n  action: aws:deleteImage\n  inputs:\n    ImageId: {{ Image }}\n",
        &expect![[r#"
            2:13 assumeRole: Found a mapping or list as a key: {{ … }} has to be in quotes
            7:15 mainSteps[0].inputs.ImageId: Found a mapping or list as a key: {{ … }} has to be in quotes
        "#]],
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once_in_the_order_of_the_text() {
    check(
        "schemaVersion: '0.3'\nparameters:\n  a_b: {type: Text}\nmainSteps:\n- name: one\n  action: aws:nothing\n  nextStep: three\n- action: aws:sleep\n  inputs: {Duration: '{{ Wait }}'}\noutputs: [two.Output]\n",
        &expect![[r#"
            3:3 parameters.a_b: Parameter name "a_b" is not alpha-numeric.
            3:15 parameters.a_b.type: Parameter type: Text is invalid.
            6:11 mainSteps[0].action: Unknown action: aws:nothing
            7:13 mainSteps[0].nextStep: Unknown step name: "three" in nextStep
            8:3 mainSteps[1]: Missing "name" in step detail.
            9:23 mainSteps[1].inputs.Duration: Parameter "Wait" is not declared.
            10:11 outputs[0]: Unknown step name in named output: two.Output
        "#]],
    );
}

#[test]
fn outputs_name_steps() {
    check(
        "schemaVersion: '0.3'\nmainSteps: [{name: a, action: 'aws:pause'}]\noutputs: [a.Output, '{{ a.Output }}', b.Output, a, 'variable:x', [a.b], 'a. b']\n",
        &expect![[r#"
            3:39 outputs[2]: Unknown step name in named output: b.Output
            3:49 outputs[3]: Found "a", expected step.Output
            3:52 outputs[4]: Found "variable:x", expected step.Output
            3:66 outputs[5]: Found a list, expected step.Output
            3:73 outputs[6]: Found "a. b", expected step.Output
        "#]],
    );
}

#[test]
fn files_have_checksums() {
    let sum = "0123456789abcdef".repeat(4);
    let files = |sums: &str| {
        format!(
            "schemaVersion: '0.3'\nfiles: {{a.py: {sums}}}\nmainSteps: [{{name: a, action: 'aws:pause'}}]"
        )
    };
    for key in ["sha256", "SHA256", "sha-256", "SHA-256"] {
        sound(&files(&format!("{{checksums: {{{key}: {sum}}}, size: 3}}")));
    }
    check(
        &files("{checksums: {sha256: abc}}"),
        &expect![[r#"
        2:36 files.a.py.checksums.sha256: Found "abc", expected 64 hexadecimal digits
    "#]],
    );
    check(
        &files(&format!("{{checksums: {{md5: {sum}}}}}")),
        &expect![[r#"
            2:27 files.a.py.checksums: Missing "sha256" in checksums of a file.
            2:28 files.a.py.checksums.md5: Unknown property "md5". Expected one of sha256, SHA256, sha-256, SHA-256
        "#]],
    );
    check(
        &files("{checksums: {}, size: large, name: x}"),
        &expect![[r#"
            2:27 files.a.py.checksums: Missing "sha256" in checksums of a file.
            2:37 files.a.py.size: Found "large", expected a number of bytes
            2:44 files.a.py.name: Unknown property "name". Expected one of checksums, size
        "#]],
    );
    check(
        &files("{size: 3}"),
        &expect![[r#"
        2:15 files.a.py.checksums: Missing "checksums" of a file.
    "#]],
    );
}
