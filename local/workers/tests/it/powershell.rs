//! PowerShell scripts: with a stand-in for `pwsh`, which shows what it is given and what is made of
//! what it leaves.

use std::os::unix::fs::PermissionsExt;

use engine::ports::{Script, ScriptError, Scripts};
use serde_json::json;

use crate::world::{run_alone, script};

/// Leaves its payload and its script as its value, as the wrapper does with a real `pwsh`.
const STAND_IN: &str = r#"#!/bin/sh
for wrapper; do :; done
folder=$(dirname "$wrapper")
case "$(cat "$folder/$RELAY_SCRIPT")" in
  *throw*) printf 'at <ScriptBlock>\n\nRuntimeException - no good' > "$folder/.relay-failure.txt"; exit 1;;
  *quit*) exit 7;;
esac
echo "a log line"
printf '{"payload": %s, "script": "%s"}' "$InputPayload" "$RELAY_SCRIPT" > "$folder/.relay-result.json"
"#;

fn powershell(source: &str) -> Script {
    Script {
        runtime: "PowerShell 7.4".into(),
        handler: String::new(),
        ..script(source, json!({"n": [1, true]}))
    }
}

#[test]
fn without_pwsh_python_runs_and_powershell_does_not() {
    run_alone(
        |settings| workers::PythonSettings { path: "/nowhere".into(), ..settings },
        |world| async move {
            let source = "def handler(events, context): return 1";
            assert_eq!(world.value(source, json!({})).await, json!(1));
            let run = world.python.run(&powershell("1")).await;
            let said = "PowerShell 7.4 needs pwsh, which is not installed here";
            assert_eq!(run.result, Err(ScriptError::Unavailable(said.into())));
        },
    );
}

#[test]
fn pwsh_is_given_the_payload_and_what_it_leaves_is_the_value() {
    let folder = tempfile::tempdir().unwrap();
    let pwsh = folder.path().join("pwsh");
    std::fs::write(&pwsh, STAND_IN).unwrap();
    std::fs::set_permissions(&pwsh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    run_alone(
        |settings| workers::PythonSettings { path, ..settings },
        |world| async move {
            let run = world.python.run(&powershell("$env:InputPayload")).await;
            let expected = json!({"payload": {"n": [1, true]}, "script": "customer_script.ps1"});
            assert_eq!(run.result, Ok(expected), "{}", run.log);
            assert_eq!(run.log, "a log line\n");
            for (source, says) in [
                ("throw 'no good'", "at <ScriptBlock>\n\nRuntimeException - no good"),
                ("quit", "PowerShell - ended with status 7"),
            ] {
                let run = world.python.run(&powershell(source)).await;
                assert_eq!(run.result, Err(ScriptError::Raised(says.into())));
            }
        },
    );
}
