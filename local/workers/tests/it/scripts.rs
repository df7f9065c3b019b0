//! The contract of a handler: what it is given, what its value becomes, what its failures say.

use engine::ports::ScriptError;
use engine::ports::Scripts;
use futures::future::join_all;
use serde_json::json;

use crate::endpoint::Reply;
use crate::world::{role, run, script};

#[test]
fn events_arrive_with_their_types_and_the_value_returns_with_its_own() {
    run(|world| async move {
        let payload = json!({
            "text": "ü", "int": 9_007_199_254_740_993_i64, "float": 1.5, "yes": true, "no": null,
            "list": [1, "2", [3]], "map": {"a": {"b": []}},
        });
        let source = "def handler(events, context):\n    assert isinstance(context, dict)\n    return events\n";
        assert_eq!(world.value(source, payload.clone()).await, payload);
        for (value, expected) in [
            ("None", json!(null)),
            ("'text'", json!("text")),
            ("(1, 2)", json!([1, 2])),
            ("{1: True}", json!({"1": true})),
            ("{'payload': events['n'] + 1}", json!({"payload": 42})),
        ] {
            let source = format!("def handler(events, context): return {value}");
            assert_eq!(world.value(&source, json!({"n": 41})).await, expected);
        }
    });
}

#[test]
fn the_context_names_the_execution_its_account_and_its_region() {
    run(|world| async move {
        let value = world.value("def handler(events, context): return context", json!({})).await;
        let expected = json!({
            "global:ACCOUNT_ID": "111122223333",
            "global:REGION": crate::world::REGION,
            "automation:EXECUTION_ID": "5f0c4a2e-0000-4000-8000-00000000abcd",
        });
        assert_eq!(value, expected);
    });
}

#[test]
fn a_failure_reads_as_aws_writes_it() {
    run(|world| async move {
        let source = "def parse(event):\n    my_control_id = event['expected_control_id']\n\ndef handler(events, context):\n    return parse(events)\n";
        let text = world.raised(source).await;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Traceback (most recent call last):");
        assert!(lines[1].starts_with("  File \""), "{text}");
        assert!(lines[1].ends_with("/customer_script.py\", line 5, in handler"), "{text}");
        assert_eq!(lines[2], "    return parse(events)");
        assert!(lines[3].ends_with("/customer_script.py\", line 2, in parse"), "{text}");
        assert_eq!(lines[4], "    my_control_id = event['expected_control_id']");
        assert_eq!(&lines[5..], ["", "KeyError - 'expected_control_id'"]);
    });
}

#[test]
fn whatever_ends_a_script_early_is_told() {
    run(|world| async move {
        for (body, last) in [
            ("raise ValueError('no good')", "ValueError - no good"),
            ("import sys; sys.exit(3)", "SystemExit - 3"),
            ("raise KeyboardInterrupt()", "KeyboardInterrupt - "),
            ("import os; os._exit(3)", "The script ended its process with status 3"),
            ("import os; os.kill(os.getpid(), 11)", "The script was ended by SIGSEGV"),
            ("return object()", "TypeError - Object of type object is not JSON serializable"),
            (
                "return float('nan')",
                "ValueError - Out of range float values are not JSON compliant",
            ),
            ("import nosuchmodule", "ModuleNotFoundError - No module named 'nosuchmodule'"),
            (
                "return handler(events, context)",
                "RecursionError - maximum recursion depth exceeded",
            ),
        ] {
            let text = world.raised(&format!("def handler(events, context):\n    {body}\n")).await;
            assert_eq!(text.lines().last().unwrap_or_default().trim_end(), last.trim_end());
        }
        let text = world.raised("def handler(events, context)\n    pass\n").await;
        assert!(
            text.ends_with("SyntaxError - expected ':' (customer_script.py, line 1)"),
            "{text}"
        );
    });
}

#[test]
fn a_script_without_its_handler_cannot_be_run() {
    run(|world| async move {
        let run = world.script("def other(events, context): pass\nhandlers = 1\n", json!({})).await;
        let expected = ScriptError::Unavailable("The script has no function named handler".into());
        assert_eq!(run.result, Err(expected));
        let run = world.script("handler = 1\n", json!({})).await;
        assert!(matches!(run.result, Err(ScriptError::Unavailable(_))), "{run:?}");
    });
}

#[test]
fn every_python_is_the_one_there_is_and_nothing_else_is_a_runtime() {
    run(|world| async move {
        for runtime in ["python3.6", "python3.7", "python3.8", "python3.10", "python3.13"] {
            let mut script = script("def handler(events, context): return 1", json!({}));
            script.runtime = runtime.into();
            assert_eq!(world.python.run(&script).await.result, Ok(json!(1)), "{runtime}");
        }
        let mut script = script("def handler(events, context): return 1", json!({}));
        script.runtime = "nodejs20.x".into();
        let expected = ScriptError::Unavailable("There is no runtime nodejs20.x".into());
        assert_eq!(world.python.run(&script).await.result, Err(expected));
    });
}

#[test]
fn what_is_printed_is_the_log_in_the_order_it_was_printed() {
    run(|world| async move {
        let source = "\
import os, subprocess, sys
print('loading')
def handler(events, context):
    print('one')
    print('two', file=sys.stderr)
    os.write(1, b'three\\n')
    subprocess.run(['echo', 'four'])
    print('last', end='')
    return sys.stdin.read()
";
        let run = world.script(source, json!({})).await;
        assert_eq!(run.log, "loading\none\ntwo\nthree\nfour\nlast");
        assert_eq!(run.result, Ok(json!("")));
    });
}

#[test]
fn what_was_printed_before_a_failure_is_kept() {
    run(|world| async move {
        let source = "def handler(events, context):\n    print('so far')\n    1 / 0\n";
        let run = world.script(source, json!({})).await;
        assert_eq!(run.log, "so far\n");
        assert!(matches!(run.result, Err(ScriptError::Raised(_))));
    });
}

#[test]
fn scripts_are_things_as_their_libraries_expect_them() {
    run(|world| async move {
        // Dataclasses look their module up; typing and pickle, too.
        let source = "\
import dataclasses, tempfile, os, concurrent.futures, uuid
@dataclasses.dataclass
class Thing:
    name: str
def handler(events, context):
    with tempfile.NamedTemporaryFile() as file:
        inside = file.name.startswith(os.environ['HOME'] + '/')
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        squares = list(threads.map(lambda n: n * n, range(8)))
    return [dataclasses.asdict(Thing('x')), inside, os.getcwd() == os.environ['HOME'], squares]
";
        assert_eq!(
            world.value(source, json!({})).await,
            json!([{"name": "x"}, true, true, [0, 1, 4, 9, 16, 25, 36, 49]])
        );
    });
}

#[test]
fn forked_scripts_do_not_share_their_chance() {
    run(|world| async move {
        let source = "import random, uuid\ndef handler(events, context): return [random.random(), str(uuid.uuid4())]";
        let one = world.value(source, json!({})).await;
        let two = world.value(source, json!({})).await;
        assert_ne!(one[0], two[0]);
        assert_ne!(one[1], two[1]);
    });
}

#[test]
fn nothing_of_a_script_is_left_for_the_next() {
    run(|world| async move {
        let source = "\
import builtins, boto3, os, sys
def handler(events, context):
    seen = hasattr(builtins, 'mark') or 'customer_mark' in sys.modules or hasattr(boto3, 'mark')
    builtins.mark = boto3.mark = 1
    sys.modules['customer_mark'] = sys
    open('mark', 'w').close()
    return [seen, os.getcwd()]
";
        let first = world.value(source, json!({})).await;
        let second = world.value(source, json!({})).await;
        assert_eq!((&first[0], &second[0]), (&json!(false), &json!(false)));
        assert_ne!(first[1], second[1]);
        let gone =
            |folder: &serde_json::Value| !std::path::Path::new(folder.as_str().unwrap()).exists();
        // The folder goes after the answer has come.
        for _ in 0..500 {
            if gone(&first[1]) && gone(&second[1]) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the folders are still there");
    });
}

#[test]
fn many_scripts_run_at_once() {
    run(|world| async move {
        // None ends before all have begun: each waits for the others' calls to be answered.
        let all = std::sync::Arc::new(tokio::sync::Barrier::new(20));
        world
            .endpoint
            .answer("ASIAcrowd1", (0..20).map(|_| Reply::Meet(all.clone())).chain([answer()]));
        let source = "\
import boto3
def handler(events, context):
    return [events, boto3.client('ssm').get_parameter(Name='p')['Parameter']['Value']]
";
        let scripts: Vec<_> = (0..20)
            .map(|number| {
                let mut script = script(source, json!(number));
                script.actor = role("crowd");
                script
            })
            .collect();
        let runs = join_all(scripts.iter().map(|script| world.python.run(script))).await;
        for (number, run) in runs.into_iter().enumerate() {
            assert_eq!(run.result, Ok(json!([number, "v"])), "{}", run.log);
        }
    });
}

#[test]
fn boto3_has_the_roles_credentials_the_region_and_the_local_aws() {
    run(|world| async move {
        world.endpoint.answer("ASIAscripted1", [answer()]);
        let source = "\
import boto3
def handler(events, context):
    client = boto3.client('ssm')
    return [client.meta.region_name, client.get_parameter(Name='p')['Parameter']['Value']]
";
        let mut script = script(source, json!({}));
        script.actor = role("scripted");
        script.region = "ap-southeast-2".into();
        let run = world.python.run(&script).await;
        assert_eq!(run.result, Ok(json!(["ap-southeast-2", "v"])), "{}", run.log);
        let requests = world.endpoint.requests("ASIAscripted1");
        assert_eq!(requests[0].headers["x-amz-security-token"], "token-of-scripted");
    });
}

#[test]
fn a_script_in_a_callers_own_context_has_no_credentials() {
    run(|world| async move {
        let source = "\
import boto3
def handler(events, context):
    return boto3.client('ssm').get_parameter(Name='p')
";
        let text = world.raised(source).await;
        assert!(text.ends_with("NoCredentialsError - Unable to locate credentials"), "{text}");
    });
}

#[test]
fn a_script_whose_role_cannot_be_assumed_does_not_run() {
    run(|world| async move {
        let mut script = script("def handler(events, context): return 1", json!({}));
        script.actor = role("untrusting");
        let run = world.python.run(&script).await;
        assert!(matches!(run.result, Err(ScriptError::Unavailable(_))), "{run:?}");
    });
}

fn answer() -> Reply {
    Reply::json(200, r#"{"Parameter": {"Name": "p", "Value": "v"}}"#)
}
