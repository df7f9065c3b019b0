//! The fence: what of the machine a script does not reach.

use engine::ports::Scripts;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{World, role, run, run_alone, script};

/// The answers of a script to some expressions: their value, or their error's name.
async fn attempts(world: &World, expressions: &[&str]) -> Vec<Value> {
    let source = "\
import ctypes, os, signal, socket, subprocess, urllib.request
def attempt(expression):
    try:
        value = eval(expression)
        return value if isinstance(value, (int, str, bool, list)) else 'done'
    except OSError as error:
        return type(error).__name__
def handler(events, context):
    return [attempt(expression) for expression in events]
";
    let values = world.value(source, json!(expressions)).await;
    values.as_array().unwrap().clone()
}

#[test]
fn nothing_but_the_local_aws_is_reached_from_python() {
    run(|world| async move {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint =
            format!("socket.create_connection(('127.0.0.1', {}), 5)", world.endpoint.port);
        let by_name =
            format!("socket.create_connection(('localhost', {}), 5)", world.endpoint.port);
        let neighbour = format!(
            "socket.create_connection(('127.0.0.1', {}), 5)",
            other.local_addr().unwrap().port()
        );
        let same_port = format!("socket.socket().connect(('192.0.2.1', {}))", world.endpoint.port);
        let said = attempts(
            world,
            &[
                &endpoint,
                &by_name,
                &neighbour,
                &same_port,
                "socket.create_connection(('192.0.2.1', 80), 5)",
                "socket.create_connection(('example.com', 443), 5)",
                "socket.gethostbyname('example.com')",
                "socket.gethostbyname('localhost')",
                "urllib.request.urlopen('http://169.254.169.254/latest/meta-data/', timeout=5)",
            ],
        )
        .await;
        assert_eq!(
            said,
            [
                "done",
                "done",
                "ConnectionRefusedError",
                "ConnectionRefusedError",
                "gaierror",
                "gaierror",
                "gaierror",
                "127.0.0.1",
                "URLError",
            ]
        );
    });
}

#[test]
fn a_refused_connection_says_what_is_allowed() {
    run(|world| async move {
        let source = "import urllib.request\ndef handler(events, context): urllib.request.urlopen('http://example.com')";
        let text = world.raised(source).await;
        let said =
            format!("'example.com': scripts reach 127.0.0.1 on port {} only", world.endpoint.port);
        assert!(text.contains(&said), "{text}");
    });
}

#[test]
fn a_boto3_client_that_means_the_real_aws_does_not_get_there() {
    run(|world| async move {
        let source = "\
import boto3
from botocore.config import Config
def handler(events, context):
    config = Config(retries={'total_max_attempts': 1})
    boto3.client('sts', endpoint_url='https://sts.amazonaws.com', config=config).get_caller_identity()
";
        let mut script = script(source, json!({}));
        script.actor = role("far");
        let run = world.python.run(&script).await;
        let text = format!("{:?}", run.result);
        assert!(text.contains("EndpointConnectionError - Could not connect"), "{text}");
    });
}

#[test]
fn ports_named_in_the_settings_are_reached_too() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    run_alone(
        |settings| workers::PythonSettings { ports: vec![port], ..settings },
        |world| async move {
            let there = format!("socket.create_connection(('127.0.0.1', {port}), 5)");
            assert_eq!(attempts(&world, &[&there]).await, ["done"]);
        },
    );
}

/// Fences that only the kernel can hold: programs that a script starts, and calls past Python. Where the
/// kernel has no Landlock or seccomp there is nothing to hold them, as the documentation says.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod by_the_kernel {
    use super::*;

    #[test]
    fn a_program_that_a_script_starts_reaches_no_other_port() {
        run(|world| async move {
            let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connect = |port: u16| {
                format!(
                    "subprocess.run(['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/{port}'], stderr=-3).returncode"
                )
            };
            let (here, there) =
                (connect(world.endpoint.port), connect(other.local_addr().unwrap().port()));
            assert_eq!(attempts(world, &[&here, &there]).await, [json!(0), json!(1)]);
        });
    }

    #[test]
    fn a_call_past_python_reaches_no_other_port() {
        run(|world| async move {
            let connect = "\
import ctypes, socket, struct
def handler(events, context):
    libc = ctypes.CDLL(None, use_errno=True)
    address = struct.pack('<H', socket.AF_INET) + struct.pack('>H4s8x', events, bytes([127, 0, 0, 1]))
    sock = socket.socket()
    return [libc.connect(sock.fileno(), address, len(address)), ctypes.get_errno()]
";
            let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let refused = world.value(connect, json!(other.local_addr().unwrap().port())).await;
            assert_eq!(refused, json!([-1, 13]));
            let connected = world.value(connect, json!(world.endpoint.port)).await;
            assert_eq!(connected[0], 0);
        });
    }

    #[test]
    fn there_are_no_sockets_but_tcp_s() {
        run(|world| async move {
            let said = attempts(
                world,
                &[
                    "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
                    "socket.socketpair()",
                    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
                    "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
                    "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
                    "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
                    "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)",
                    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
                ],
            )
            .await;
            assert_eq!(said[..2], ["done", "done"]);
            assert!(said[2..].iter().all(|it| it == "PermissionError"), "{said:?}");
        });
    }

    #[test]
    fn a_script_listens_nowhere() {
        run(|world| async move {
            let said = attempts(world, &["socket.create_server(('127.0.0.1', 0))"]).await;
            assert_eq!(said, ["PermissionError"]);
        });
    }

    #[test]
    fn a_script_reads_python_and_the_system_and_no_one_s_files() {
        run(|world| async move {
            let secret = world.folder.path().join("secret");
            std::fs::write(&secret, "secret").unwrap();
            let secret = secret.display();
            let said = attempts(
                world,
                &[
                    "open('/etc/hosts').read() > ''",
                    "open(os.__file__).read() > ''",
                    "open('/proc/self/status').read() > ''",
                    &format!("open('{secret}').read()"),
                    &format!("subprocess.run(['cat', '{secret}'], stderr=-3).returncode"),
                    "os.listdir(os.path.expanduser('~' + __import__('pwd').getpwuid(os.getuid()).pw_name))",
                    "os.listdir('/tmp')",
                    "os.listdir('/proc')",
                    "open(f'/proc/{os.getppid()}/environ').read()",
                    "open('/etc/shadow').read()",
                ],
            )
            .await;
            assert_eq!(said[..3], [json!(true), json!(true), json!(true)]);
            assert_eq!(said[3], "PermissionError");
            assert_eq!(said[4], 1);
            assert!(said[5..].iter().all(|it| it == "PermissionError"), "{said:?}");
        });
    }

    #[test]
    fn a_script_writes_in_its_folder_only() {
        run(|world| async move {
            let outside = world.folder.path().join("outside");
            let said = attempts(
                world,
                &[
                    "open('inside', 'w').write('x')",
                    "open('/dev/null', 'w').write('x')",
                    "subprocess.run(['mkdir', 'a']).returncode",
                    &format!("open('{}', 'w')", outside.display()),
                    "os.mkdir('/usr/x')",
                    "os.remove('/etc/hosts')",
                    "os.rename('inside', '../inside')",
                ],
            )
            .await;
            assert_eq!(said[..3], [json!(1), json!(1), json!(0)]);
            assert!(
                said[3..].iter().all(|it| it == "PermissionError" || it == "OSError"),
                "{said:?}"
            );
            assert!(!outside.exists());
        });
    }

    #[test]
    fn a_script_does_not_leave_its_group_and_signals_nobody_outside() {
        run(|world| async move {
            let said = attempts(
                world,
                &[
                    "os.setsid()",
                    "os.setpgid(0, 0)",
                    "subprocess.run(['setsid', 'true'], stderr=-3).returncode != 0",
                    "os.kill(os.getppid(), 0)",
                    "os.kill(os.getppid(), signal.SIGKILL)",
                    "subprocess.run(['sh', '-c', 'kill -9 $0', str(os.getppid())], stderr=-3).returncode != 0",
                ],
            )
            .await;
            assert_eq!(said[0], "PermissionError");
            assert_eq!(said[1], "PermissionError");
            assert_eq!(said[2], true);
            // Signals are fenced by newer kernels (6.12) only; this one's word is what counts.
            if said[3] == "PermissionError" {
                assert_eq!((&said[4], &said[5]), (&json!("PermissionError"), &json!(true)));
            }
        });
    }
}
