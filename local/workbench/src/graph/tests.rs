//! Pictures of one runbook that has everything.

use expect_test::expect;

use super::{dot, mermaid, svg};
use crate::Document;

const RUNBOOK: &str = r#"
schemaVersion: '0.3'
parameters:
  Kind: {type: String}
mainSteps:
  - name: ask
    action: aws:approve
    inputs: {Approvers: [a]}
  - name: choose
    action: aws:branch
    inputs:
      Choices:
        - {NextStep: each, Variable: '{{ Kind }}', StringEquals: 'a "b" <c>'}
      Default: stop
  - name: each
    action: aws:loop
    onFailure: step:stop
    inputs:
      Iterators: [1, 2]
      Steps:
        - name: look
          action: aws:executeAwsApi
          inputs: {Service: ec2, Api: DescribeInstances}
        - name: rest
          action: aws:sleep
          onCancel: step:stop
          inputs: {Duration: PT5S}
    isEnd: true
  - name: stop
    action: aws:executeAutomation
    inputs: {DocumentName: '{{ Kind }}'}
"#;

fn document() -> Document {
    Document::parse(RUNBOOK).unwrap_or_else(|defects| panic!("{defects}"))
}

#[test]
fn mermaid_shows_branches_failures_cancels_loops_and_approvals() {
    expect![[r#"
        flowchart TD
          start([start])
          s0{{"ask<br>approve"}}
          s1{"choose"}
          s2[["each<br>loop"]]
          subgraph loop2 [" "]
            s3["look<br>ec2:DescribeInstances"]
            s4(["rest<br>sleep PT5S"])
          end
          s5["stop<br>executeAutomation Kind"]
          finish([end])
          start --> s0
          s0 --> s1
          s1 -->|"Kind = a #quot;b#quot; #lt;c#gt;"| s2
          s1 -->|"otherwise"| s5
          s2 --> s3
          s2 --> finish
          s2 -.->|"on failure"| s5
          s3 --> s4
          s4 -->|"again"| s2
          s4 -.->|"on cancel"| s5
          s5 --> finish
          linkStyle 6,9 stroke:#c0392b
          classDef person fill:#fdf2d0,stroke:#b7950b,color:#000
          class s0 person
    "#]]
    .assert_eq(&mermaid(&document()));
}

#[test]
fn dot_shows_the_same() {
    expect![[r##"
        digraph runbook {
          node [shape=box, style=rounded, fontname="sans-serif"];
          edge [fontname="sans-serif", fontsize=10];
          start [shape=circle, label="", width=0.2];
          s0 [label="ask\napprove", shape=hexagon, style=filled, fillcolor="#fdf2d0"];
          s1 [label="choose", shape=diamond, style=""];
          s2 [label="each\nloop", peripheries=2];
          subgraph cluster_2 {
            s3 [label="look\nec2:DescribeInstances"];
            s4 [label="rest\nsleep PT5S", shape=oval, style=""];
          }
          s5 [label="stop\nexecuteAutomation Kind"];
          finish [shape=doublecircle, label="", width=0.15];
          start -> s0;
          s0 -> s1;
          s1 -> s2 [label="Kind = a \"b\" <c>"];
          s1 -> s5 [label="otherwise"];
          s2 -> s3;
          s2 -> finish;
          s2 -> s5 [label="on failure", style=dashed, color="#c0392b"];
          s3 -> s4;
          s4 -> s2 [label="again"];
          s4 -> s5 [label="on cancel", style=dashed, color="#c0392b"];
          s5 -> finish;
        }
    "##]]
    .assert_eq(&dot(&document()));
}

#[test]
fn svg_holds_every_step_and_is_well_formed_and_the_same_every_time() {
    let image = svg(&document()).unwrap();
    for name in ["ask", "choose", "each", "look", "rest", "stop", "on failure", "otherwise"] {
        assert!(image.contains(&format!(">{name}</text>")), "{name}: {image}");
    }
    assert!(image.contains("a &quot;b&quot; &lt;c&gt;"), "{image}");
    assert_eq!(image, svg(&document()).unwrap());
    assert_eq!(image.matches("<text").count(), image.matches("</text>").count());
}

#[test]
fn a_branch_that_ends_leads_to_the_end_where_no_choice_holds() {
    let text = |end: &str| {
        format!(
            "schemaVersion: '0.3'\nmainSteps:\n  - name: choose\n    action: aws:branch\n{end}    inputs:\n      Choices:\n        \
             - {{NextStep: last, Variable: '{{{{ global:REGION }}}}', StringEquals: eu-west-1}}\n  - name: rest\n    \
             action: aws:sleep\n    inputs: {{Duration: PT5S}}\n  - name: last\n    action: aws:sleep\n    \
             inputs: {{Duration: PT5S}}\n"
        )
    };
    let otherwise = |end: &str| {
        let document = Document::parse(&text(end)).unwrap_or_else(|defects| panic!("{defects}"));
        let picture = mermaid(&document);
        let line = picture.lines().find(|line| line.contains("otherwise"));
        line.map(|line| line.trim().to_owned()).unwrap_or_default()
    };
    assert_eq!(otherwise("    isEnd: true\n"), r#"s0 -->|"otherwise"| finish"#);
    assert_eq!(otherwise(""), r#"s0 -->|"otherwise"| s1"#);
    assert_eq!(otherwise("    nextStep: last\n"), r#"s0 -->|"otherwise"| s2"#);
}
