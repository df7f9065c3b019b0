//! The machine as the processes see it: a credential that lies about is found in none.

use std::process::Command;

use engine::ports::Scripts;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, call, caller, new_key, role, run, script};

const PLANTED: &str = "PLANTEDfakeCREDENTIAL";

#[test]
fn a_scripts_environment_is_known_to_the_last_variable() {
    run(|world| async move {
        let source = "import os\ndef handler(events, context): return dict(os.environ)";
        let mut environment = world.value(source, json!({})).await;
        let folder = environment["HOME"].as_str().unwrap().to_owned();
        let endpoint = world.endpoint.url();
        let mut expected = json!({
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": folder,
            "TMPDIR": folder,
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        });
        assert_eq!(environment, expected);
        let mut script = script(source, json!({}));
        script.actor = role("surrounded");
        environment = world.python.run(&script).await.result.unwrap();
        expected["HOME"] = environment["HOME"].clone();
        expected["TMPDIR"] = environment["HOME"].clone();
        expected["AWS_ACCESS_KEY_ID"] = json!("ASIAsurrounded1");
        expected["AWS_SECRET_ACCESS_KEY"] = json!("a session's secret");
        expected["AWS_SESSION_TOKEN"] = json!("token-of-surrounded");
        assert_eq!(environment, expected);
    });
}

#[test]
fn a_script_has_no_descriptor_but_its_own() {
    run(|world| async move {
        let source = "\
import os, stat
def handler(events, context):
    return [[number, stat.S_IFMT(os.fstat(number).st_mode)] for number in range(1024) if open_(number)]
def open_(number):
    try: os.fstat(number)
    except OSError: return False
    return True
";
        // Nothing to read, the log twice, the channel of its result.
        let (device, pipe, socket) = (0o020_000, 0o010_000, 0o140_000);
        let expected = json!([[0, device], [1, pipe], [2, pipe], [3, socket]]);
        assert_eq!(world.value(source, json!({})).await, expected);
    });
}

/// Runs the test below again, in a process whose environment and files hold a credential.
#[test]
fn a_credential_planted_in_the_parents_environment_is_in_no_child() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let file =
        format!("[default]\naws_access_key_id = {PLANTED}\naws_secret_access_key = {PLANTED}\n");
    std::fs::write(home.path().join(".aws/credentials"), file).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::no_child_holds_a_credential", "--nocapture"])
        .env("HOME", home.path())
        .env("AWS_ACCESS_KEY_ID", PLANTED)
        .env("AWS_SECRET_ACCESS_KEY", PLANTED)
        .env("AWS_SESSION_TOKEN", PLANTED)
        .env("AWS_PROFILE", PLANTED)
        .env("PYTHONSTARTUP", PLANTED)
        .env("RELAY_PLANTED", PLANTED)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn no_child_holds_a_credential() {
    run(|world| async move {
        // A call and a script, so that whatever is loaded late is loaded.
        let key = new_key();
        world.endpoint.answer(&key, [crate::endpoint::Reply::json(200, r#"{"Parameter": {}}"#)]);
        world.call(call(&caller(&key), "ssm", "GetParameter", json!({"Name": "p"}))).await.unwrap();
        let source = "\
import boto3, glob, os, subprocess
def handler(events, context):
    found = [str(dict(os.environ)), subprocess.run(['env'], capture_output=True, text=True).stdout]
    for path in ['/proc/self/environ', f'/proc/{os.getppid()}/environ', *events]:
        try:
            with open(path, errors='replace') as file: found.append(file.read())
        except OSError as error:
            found.append(type(error).__name__)
    credentials = boto3.Session().get_credentials()
    return [''.join(found), not credentials]
";
        let known =
            world.value(source, json!([format!("/proc/{}/environ", std::process::id())])).await;
        assert_eq!(known[1], true);
        assert_lacks(&known);
        let processes = world.python.processes();
        assert_eq!(processes.len(), 3);
        #[cfg(target_os = "linux")]
        for process in processes {
            let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
            let environment = String::from_utf8_lossy(&environment).into_owned();
            assert!(environment.contains("AWS_CONFIG_FILE=/dev/null"), "{environment}");
            assert!(!environment.contains("AWS_ACCESS_KEY_ID"), "{environment}");
            assert_lacks(&json!(environment));
        }
        assert_eq!(ACCOUNT.len(), 12);
    });
}

fn assert_lacks(text: &Value) {
    assert!(!text.to_string().contains(PLANTED), "{text}");
}
