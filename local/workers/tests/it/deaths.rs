//! Processes that die: waiting calls fail, and the next call is served.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use engine::ports::{ApiErrorKind, Aws, ScriptError, Scripts};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::endpoint::Reply;
use crate::limits::gone;
use crate::world::{RUNTIME, World, call, caller, new_key, run_alone, script};

fn end(process: u32) {
    kill(Pid::from_raw(i32::try_from(process).unwrap()), Signal::SIGKILL).unwrap();
}

/// Waits until something has happened that is seen from outside only.
pub(crate) async fn until(what: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

#[test]
fn a_call_whose_worker_dies_is_lost_and_the_next_is_made_by_another() {
    run_alone(
        |settings| workers::PythonSettings { api_workers: 1, ..settings },
        |world| async move {
            let key = new_key();
            world.endpoint.answer(&key, [Reply::Silence, Reply::json(200, r#"{"Parameter": {}}"#)]);
            let call = call(&caller(&key), "ssm", "GetParameter", json!({"Name": "p"}));
            let asking = {
                let (world, call) = (Arc::clone(&world), call.clone());
                tokio::spawn(async move { world.python.call(&call).await })
            };
            until(|| !world.endpoint.requests(&key).is_empty()).await;
            let worker = world.python.processes()[0];
            end(worker);
            let error = asking.await.unwrap().unwrap_err();
            assert_eq!(error.kind, ApiErrorKind::Lost);
            assert!(world.python.call(&call).await.is_ok());
            assert_ne!(world.python.processes()[0], worker);
        },
    );
}

/// A script that has started something and waits; it says what by calling the endpoint.
const WAITING: &str = "\
import os, socket, subprocess, time
def handler(events, context):
    child = subprocess.Popen(['sleep', '600'])
    host, port = os.environ['AWS_ENDPOINT_URL'].removeprefix('http://').split(':')
    said = f'GET /{os.getpid()}/{child.pid} HTTP/1.1\\r\\nauthorization: Credential=' + events + '/\\r\\n\\r\\n'
    socket.create_connection((host, int(port))).sendall(said.encode())
    time.sleep(600)
";

/// The script's process and the one it started.
async fn begun(world: &World, key: &str) -> (i32, i32) {
    until(|| !world.endpoint.requests(key).is_empty()).await;
    let line = world.endpoint.requests(key)[0].line.clone();
    let mut parts = line.split(['/', ' ']).filter_map(|part| part.parse().ok());
    (parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn a_script_whose_server_dies_is_lost_with_all_it_started() {
    run_alone(
        |settings| settings,
        |world| async move {
            let key = new_key();
            let running = {
                let (world, key) = (Arc::clone(&world), key.clone());
                tokio::spawn(async move { world.python.run(&script(WAITING, json!(key))).await })
            };
            let (process, started) = begun(&world, &key).await;
            end(*world.python.processes().last().unwrap());
            let run = running.await.unwrap();
            assert!(matches!(run.result, Err(ScriptError::Lost(_))), "{run:?}");
            gone(process).await;
            gone(started).await;
            let source = "def handler(events, context): return 1";
            assert_eq!(world.value(source, json!({})).await, json!(1));
        },
    );
}

#[test]
fn a_script_that_nobody_waits_for_any_more_is_ended() {
    run_alone(
        |settings| settings,
        |world| async move {
            let key = new_key();
            let running = {
                let (world, key) = (Arc::clone(&world), key.clone());
                tokio::spawn(async move { world.python.run(&script(WAITING, json!(key))).await })
            };
            let (process, started) = begun(&world, &key).await;
            running.abort();
            gone(process).await;
            gone(started).await;
        },
    );
}

#[test]
fn all_processes_end_with_the_value_that_holds_them() {
    run_alone(
        |settings| settings,
        |world| async move {
            let source = "def handler(events, context): return 1";
            assert_eq!(world.value(source, json!({})).await, json!(1));
            let processes = world.python.processes();
            assert_eq!(processes.len(), 3);
            drop(world);
            for process in processes {
                gone(i32::try_from(process).unwrap()).await;
            }
        },
    );
}

/// Runs the test below in a process that is killed while a script runs.
#[test]
fn all_processes_end_with_the_process_that_started_them() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "deaths::a_process_that_dies_while_a_script_runs", "--nocapture", DIE])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.signal(), Some(9), "{said}");
    let list = said.lines().find_map(|line| line.split_once("processes: ")).unwrap().1;
    RUNTIME.block_on(async {
        let mut seen = 0;
        for process in list.split(' ') {
            gone(process.parse().unwrap()).await;
            seen += 1;
        }
        assert_eq!(seen, 5);
    });
}

/// The harness takes it for one more name of tests.
const DIE: &str = "and-die";

/// Alone it succeeds; ordered to die, it does so in the middle of a script.
#[test]
fn a_process_that_dies_while_a_script_runs() {
    run_alone(
        |settings| settings,
        |world| async move {
            let key = new_key();
            let script = script(WAITING, json!(key));
            let running = world.python.run(&script);
            let dying = async {
                let (process, started) = begun(&world, &key).await;
                let ours = world.python.processes();
                assert_eq!(ours.len(), 3);
                println!("processes: {} {} {} {process} {started}", ours[0], ours[1], ours[2]);
                if std::env::args().any(|argument| argument == DIE) {
                    end(std::process::id());
                }
            };
            tokio::select! { run = running => panic!("{run:?}"), () = dying => {} }
        },
    );
}
