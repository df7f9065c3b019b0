//! Limits: time, memory, disk, results, logs; and that a script's end is the end of all it started.

use std::sync::Arc;
use std::time::Duration;

use engine::ports::{Script, ScriptError, Scripts};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::json;
use tokio::sync::Barrier;
use workers::PythonSettings;

use crate::deaths::until;
use crate::endpoint::Reply;
use crate::world::{role, run, run_alone, script};

#[test]
fn a_script_that_takes_too_long_is_ended_with_all_it_started() {
    run(|world| async move {
        let source = "\
import os, signal, subprocess, time
def handler(events, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(['sleep', '600'])
    grandchild = subprocess.Popen(['sh', '-c', 'trap \"\" TERM HUP; sleep 600 & sleep 600'])
    print(child.pid, grandchild.pid, flush=True)
    time.sleep(600)
";
        let script = Script { timeout: Duration::from_secs(3), ..script(source, json!({})) };
        let run = world.python.run(&script).await;
        assert_eq!(run.result, Err(ScriptError::TimedOut));
        let processes: Vec<i32> =
            run.log.split_whitespace().map(|it| it.parse().unwrap()).collect();
        assert_eq!(processes.len(), 2, "{}", run.log);
        for process in processes {
            gone(process).await;
        }
    });
}

#[test]
fn what_a_script_leaves_running_ends_with_it() {
    run(|world| async move {
        let source = "\
import os, subprocess, time
def handler(events, context):
    child = subprocess.Popen(['sleep', '600'])
    fork = os.fork()
    if fork == 0:
        time.sleep(600)
    return [child.pid, fork]
";
        for process in world.value(source, json!({})).await.as_array().unwrap() {
            gone(i32::try_from(process.as_i64().unwrap()).unwrap()).await;
        }
    });
}

#[test]
fn a_script_has_512_megabytes_of_memory() {
    run(|world| async move {
        let fits = "def handler(events, context): return len(bytearray(400 << 20))";
        assert_eq!(world.value(fits, json!({})).await, json!(400 << 20));
        let limit = ScriptError::Limit("The script used more than 512 MB of memory".into());
        for source in [
            "def handler(events, context): return len(bytearray(600 << 20))",
            "def handler(events, context):\n    kept = []\n    while True: kept.append('x' * 1000000 + str(len(kept)))",
        ] {
            assert_eq!(world.script(source, json!({})).await.result, Err(limit.clone()));
        }
    });
}

#[test]
fn a_file_of_a_script_has_512_megabytes() {
    run(|world| async move {
        let source = "\
def handler(events, context):
    with open('large', 'wb') as file:
        file.seek((512 << 20) - 1)
        file.write(b'x')
        if events:
            file.write(b'x')
";
        assert_eq!(world.value(source, json!(false)).await, json!(null));
        let limit = ScriptError::Limit("The script wrote more than 512 MB".into());
        assert_eq!(world.script(source, json!(true)).await.result, Err(limit));
    });
}

#[test]
fn a_result_or_a_payload_beyond_eight_megabytes_does_not_get_through() {
    run(|world| async move {
        let source = "def handler(events, context): return 'x' * events";
        assert_eq!(world.value(source, json!(8_000_000)).await, json!("x".repeat(8_000_000)));
        for size in [9_000_000, 100_000_000] {
            let run = world.script(source, json!(size)).await;
            assert!(matches!(run.result, Err(ScriptError::Limit(_))), "{size}");
        }
        let run = world.script(source, json!("x".repeat(9 << 20))).await;
        assert!(matches!(run.result, Err(ScriptError::Limit(_))));
    });
}

#[test]
fn a_script_that_writes_into_the_pipe_of_its_result_gains_nothing() {
    run(|world| async move {
        let flood =
            "import os\ndef handler(events, context):\n    while True: os.write(3, b'x' * 65536)";
        let run = world.script(flood, json!({})).await;
        assert!(matches!(run.result, Err(ScriptError::Limit(_))), "{run:?}");
        let forged =
            "import os\ndef handler(events, context):\n    os.write(3, b'nonsense'); os._exit(0)";
        let run = world.script(forged, json!({})).await;
        assert!(matches!(run.result, Err(ScriptError::Raised(_))), "{run:?}");
    });
}

#[test]
fn a_log_is_cut_at_32_kilobytes_and_says_so() {
    run(|world| async move {
        let source = "def handler(events, context):\n    print('x' * events, end='')\n    return 1";
        let run = world.script(source, json!(32 << 10)).await;
        assert_eq!(run.log, "x".repeat(32 << 10));
        let run = world.script(source, json!(50 << 20)).await;
        assert_eq!(run.log, format!("{}\n---Output truncated---\n", "x".repeat(32 << 10)));
        assert_eq!(run.result, Ok(json!(1)));
    });
}

#[test]
fn no_core_is_dumped_and_few_descriptors_and_processes_are_had() {
    run(|world| async move {
        let source = "\
import resource
def handler(events, context):
    names = ['RLIMIT_CORE', 'RLIMIT_FSIZE', 'RLIMIT_NOFILE']
    limits = [resource.getrlimit(getattr(resource, name)) for name in names]
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    return [limits, soft == hard and 256 < soft < 100_000]
";
        let limits = json!([[[0, 0], [512 << 20, 512 << 20], [1024, 1024]], true]);
        assert_eq!(world.value(source, json!({})).await, limits);
    });
}

#[test]
fn scripts_beyond_those_that_may_run_at_once_wait_for_room() {
    run_alone(
        |settings| PythonSettings { scripts_at_once: 1, api_workers: 1, ..settings },
        |world| async move {
            let held = Arc::new(Barrier::new(2));
            let answer = || Reply::json(200, r#"{"Parameter": {"Value": "v"}}"#);
            world.endpoint.answer("ASIAfirst1", [Reply::Meet(Arc::clone(&held)), answer()]);
            world.endpoint.answer("ASIAsecond1", [answer()]);
            let source = "import boto3\ndef handler(events, context): return boto3.client('ssm').get_parameter(Name='p')['Parameter']['Value']";
            let start = |name: &str| {
                let (world, script) =
                    (Arc::clone(&world), Script { actor: role(name), ..script(source, json!({})) });
                tokio::spawn(async move { world.python.run(&script).await.result })
            };
            let first = start("first");
            until(|| !world.endpoint.requests("ASIAfirst1").is_empty()).await;
            let second = start("second");
            until(|| world.sessions.count("second") == 1).await;
            assert!(world.endpoint.requests("ASIAsecond1").is_empty());
            held.wait().await;
            assert_eq!(first.await.unwrap(), Ok(json!("v")));
            assert_eq!(second.await.unwrap(), Ok(json!("v")));
        },
    );
}

/// Waits until a process is no more; one that is dying may take a moment.
pub(crate) async fn gone(process: i32) {
    for _ in 0..1_000 {
        // A signal of none asks whether it is there; its parent may be late to bury it.
        let dead = kill(Pid::from_raw(process), None) == Err(Errno::ESRCH);
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if dead || state.rsplit(") ").next().is_some_and(|it| it.starts_with('Z')) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {process} is still there");
}
