//! The values that may be referred to, and where.

use expect_test::expect;

use super::{check, check_inputs, check_steps};

const PARAMETERS: &str = "schemaVersion: '0.3'\nparameters: {Known: {type: String}}\nvariables: {known: {type: String}}\nmainSteps:\n";

#[test]
fn everything_that_is_declared_may_be_referred_to() {
    check(
        &format!(
            "{PARAMETERS}- name: a\n  action: aws:executeAwsApi\n  inputs:\n    Service: ec2\n    Api: X\n    List: ['{{{{ Known }}}}', '{{{{variable:known}}}}', '{{{{\tglobal:DATE}}}}', '{{{{ automation:EXECUTION_ID }}}}']\n    Deep: {{a: {{b: 'x {{{{ a.Output }}}} {{{{ b.Out.Put-2 }}}}'}}}}\n- {{name: b, action: 'aws:pause'}}\n"
        ),
        &expect![[r#"
            sound, 2 steps
        "#]],
    );
}

#[test]
fn whatever_is_not_declared_is_named_with_the_path_of_where_it_stands() {
    check(
        &format!(
            "{PARAMETERS}- name: a\n  action: aws:executeAwsApi\n  timeoutSeconds: '{{{{ Timeout }}}}'\n  inputs:\n    Service: ec2\n    Api: X\n    List: ['{{{{ Unknown }}}}', 'x{{{{ known }}}}y']\n    Deep: {{a: {{b: '{{{{ c.Output }}}} {{{{variable:unknown}}}}'}}}}\n    Other: '{{{{global:ACCOUNT}}}} {{{{automation:REGION}}}}'\n"
        ),
        &expect![[r#"
            7:20 mainSteps[0].timeoutSeconds: Parameter "Timeout" is not declared.
            11:13 mainSteps[0].inputs.List[0]: Parameter "Unknown" is not declared.
            11:31 mainSteps[0].inputs.List[1]: Parameter "known" is not declared.
            12:20 mainSteps[0].inputs.Deep.a.b: Unknown step name in named output: c.Output
            12:35 mainSteps[0].inputs.Deep.a.b: Variable "unknown" is not declared.
            13:13 mainSteps[0].inputs.Other: Parameter "global:ACCOUNT" is not declared.
            13:32 mainSteps[0].inputs.Other: Parameter "automation:REGION" is not declared.
        "#]],
    );
    check(
        "schemaVersion: '0.3'\nassumeRole: '{{ Role }}'\nmainSteps: [{name: a, action: 'aws:pause'}]\n",
        &expect![[r#"
            2:14 assumeRole: Parameter "Role" is not declared.
        "#]],
    );
}

#[test]
fn parameter_store_is_asked_in_defaults_only() {
    check_inputs(
        "deleteImage",
        "{ImageId: '{{ssm:/my/image}}'}",
        &expect![[r#"
            5:22 mainSteps[0].inputs.ImageId: {{ssm:/my/image}} is supported in the default of a parameter only.
        "#]],
    );
    check(
        "schemaVersion: '0.3'\nassumeRole: '{{ssm:role}}'\nmainSteps: [{name: a, action: 'aws:pause'}]\n",
        &expect![[r#"
            2:14 assumeRole: {{ssm:role}} is supported in the default of a parameter only.
        "#]],
    );
}

#[test]
fn a_maintenance_window_fills_in_its_target_in_defaults_only() {
    check(
        "schemaVersion: '0.3'\nparameters:\n  Id: {type: String, default: '{{TARGET_ID}}'}\n  Ids: {type: StringList, default: ['{{ RESOURCE_ID }}']}\n  Other: {type: String, default: '{{ TARGET }}'}\nmainSteps:\n- {name: a, action: 'aws:deleteImage', inputs: {ImageId: '{{ TARGET_ID }}'}}\n",
        &expect![[r#"
            5:35 parameters.Other.default: Parameter "TARGET" is not declared.
            7:59 mainSteps[0].inputs.ImageId: Parameter "TARGET_ID" is not declared.
        "#]],
    );
}

#[test]
fn text_that_has_not_the_form_of_a_reference_is_text() {
    check_inputs(
        "executeScript",
        "\n      Runtime: python3.11\n      Handler: f\n      Script: |\n        style = f\"p {{ color: red; }} a {{}} b {{ x + 1 }} c {{a['b']}} {{{{\"\n        more = '}} {{ .Names }} {{ a . b }} {{ a.b. }} {{ variable: x }} {{ other:x }}'\n        lines = '''{{\n          x }}'''",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
}

#[test]
fn text_that_has_the_form_of_one_is_one_even_in_a_script() {
    check_inputs(
        "executeScript",
        "\n      Runtime: python3.11\n      Handler: f\n      Script: |\n        x = f\"{{x}} {{{y}}}\"",
        &expect![[r#"
            9:15 mainSteps[0].inputs.Script: Parameter "x" is not declared.
            9:22 mainSteps[0].inputs.Script: Parameter "y" is not declared.
        "#]],
    );
}

#[test]
fn a_reference_is_named_where_it_stands_in_the_text() {
    check_inputs(
        "executeScript",
        "\n      Runtime: python3.11\n      Handler: f\n      Script: |\n        first\n          é = '{{ One }}' + '{{ Two }}'\n\n        {{ Three }}\n      InputPayload:\n        folded: >-\n          a\n          b {{ Four }}\n        quoted: \"a\n          {{ Five }}\"\n        escaped: \"\\n{{ Six }}\"\n        plain: a {{ Seven }} b",
        &expect![[r#"
            10:16 mainSteps[0].inputs.Script: Parameter "One" is not declared.
            10:30 mainSteps[0].inputs.Script: Parameter "Two" is not declared.
            12:9 mainSteps[0].inputs.Script: Parameter "Three" is not declared.
            15:11 mainSteps[0].inputs.InputPayload.folded: Parameter "Four" is not declared.
            17:17 mainSteps[0].inputs.InputPayload.quoted: Parameter "Five" is not declared.
            19:18 mainSteps[0].inputs.InputPayload.escaped: Parameter "Six" is not declared.
            20:18 mainSteps[0].inputs.InputPayload.plain: Parameter "Seven" is not declared.
        "#]],
    );
}

#[test]
fn descriptions_refer_to_nothing() {
    check(
        "schemaVersion: '0.3'\ndescription: 'as {{ this }}'\nparameters: {A: {type: String, description: '{{ B }}'}}\nmainSteps: [{name: a, action: 'aws:pause', description: '{{ c.d }}'}]\n",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
}

#[test]
fn steps_of_a_loop_are_referred_to_like_others() {
    check_steps(
        "- name: l\n  action: aws:loop\n  inputs:\n    Iterators: [x]\n    Steps:\n    - name: b\n      action: aws:deleteImage\n      inputs: {ImageId: '{{ l.CurrentIteratorValue }} {{ l.CurrentIteration }} {{ Nothing }}'}\n- name: c\n  action: aws:deleteImage\n  inputs: {ImageId: '{{ b.ImageId }}'}\n",
        &expect![[r#"
            10:80 mainSteps[0].inputs.Steps[0].inputs.ImageId: Parameter "Nothing" is not declared.
        "#]],
    );
}
