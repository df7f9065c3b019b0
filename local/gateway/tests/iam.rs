//! Roles that the service assumes, callers that it acts for: the emulator's hooks, and that what
//! they hand out is authorized like any other session. Without the gateway in between.
#![cfg(feature = "end-to-end")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "this is test code: it fails by panicking")]

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use engine::ports::{
    Actor, ApiCall, ApiError, ApiErrorKind, Assumer, Aws, Script, ScriptSource, Scripts,
};
use gateway::automation::Iam;
use gateway::emulator::Emulator;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use workers::{Python, PythonSettings};

const HUB: &str = "111122223333";
const OTHER: &str = "222233334444";
const REGION: &str = "eu-west-1";
const EXECUTION: &str =
    "arn:aws:ssm:eu-west-1:111122223333:automation-execution/5a927c4c-3d51-4915-8d7e-82fc4c61e479";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static WORLD: OnceCell<World> = OnceCell::const_new();

/// The emulator on a port of its own, and Python that talks to it.
struct World {
    python: Arc<Python>,
    // Its standard input is its leash.
    _emulator: Child,
    _folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let interpreter = root.join(".venv/bin/python");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("emulator.log")).unwrap();
        let mut child = Command::new(&interpreter)
            .arg(root.join("local/gateway/emulator/relay_emulator.py"))
            .arg(port.to_string())
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .env("STATE_DIR", folder.path())
            .env("LANG", "C.UTF-8")
            .env("AUTH", "true")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("BIND_HOST", "127.0.0.1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let emulator = Emulator::new(port);
        let endpoint = format!("http://127.0.0.1:{port}");
        let settings = PythonSettings::new(interpreter, endpoint, folder.path().join("python"));
        while emulator.hook("used", &json!({})).await.is_err() {
            let ended = child.try_wait().unwrap();
            let log = std::fs::read_to_string(folder.path().join("emulator.log")).unwrap();
            assert!(ended.is_none(), "{log}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let python = Python::start(settings, Arc::new(Iam::new(emulator))).unwrap();
        Self { python, _emulator: child, _folder: folder }
    }

    async fn call(
        &self,
        actor: &Actor,
        service: &str,
        api: &str,
        parameters: Value,
    ) -> Result<Value, ApiError> {
        let Value::Object(parameters) = parameters else { panic!("{parameters}") };
        let call = ApiCall {
            service: service.into(),
            api: api.into(),
            parameters,
            account: HUB.into(),
            region: REGION.into(),
            actor: actor.clone(),
        };
        self.python.call(&call).await
    }

    async fn must(&self, actor: &Actor, service: &str, api: &str, parameters: Value) -> Value {
        self.call(actor, service, api, parameters).await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Who an actor is.
    async fn who(&self, actor: &Actor) -> Result<String, ApiError> {
        let identity = self.call(actor, "sts", "GetCallerIdentity", json!({})).await?;
        Ok(identity["Arn"].as_str().unwrap().to_owned())
    }

    /// A role of an account with a trust policy, and rights to everything of one service.
    async fn role(&self, account: &str, name: &str, trust: &Value, allows: &str) -> String {
        let root = root(account);
        let trust = json!({"Version": "2012-10-17", "Statement": [trust]}).to_string();
        let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust});
        self.must(&root, "iam", "CreateRole", role).await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allows, "Resource": "*"}]});
        let policy =
            json!({"RoleName": name, "PolicyName": "all", "PolicyDocument": policy.to_string()});
        self.must(&root, "iam", "PutRolePolicy", policy).await;
        format!("arn:aws:iam::{account}:role/{name}")
    }
}

fn run<F: Future<Output = ()>>(test: impl FnOnce(&'static World) -> F) {
    RUNTIME.block_on(async { test(WORLD.get_or_init(World::start).await).await });
}

fn root(account: &str) -> Actor {
    caller(&format!("arn:aws:iam::{account}:root"), account)
}

fn caller(arn: &str, access_key: &str) -> Actor {
    Actor::Caller { principal_arn: arn.into(), access_key_id: access_key.into() }
}

fn service_role(role_arn: &str) -> Actor {
    Actor::Role {
        role_arn: role_arn.into(),
        through: Assumer::Service,
        source_arn: EXECUTION.into(),
    }
}

/// The trust policy that AWS documents, with its guard against confused deputies.
fn guarded(service: &str, account: &str) -> Value {
    json!({
        "Effect": "Allow", "Principal": {"Service": [service]}, "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": format!("arn:aws:ssm:*:{account}:automation-execution/*")},
        },
    })
}

#[test]
fn a_role_that_trusts_the_service_is_assumed_and_its_policies_decide() {
    run(|world| async move {
        let trust = guarded("ssm.amazonaws.com", HUB);
        let role = world.role(HUB, "guarded", &trust, "sqs:*").await;
        let actor = service_role(&role);
        world.python.check_actor(&actor, REGION).await.unwrap();
        assert_eq!(
            world.who(&actor).await.unwrap(),
            format!(
                "arn:aws:sts::{HUB}:assumed-role/guarded/Automation-5a927c4c-3d51-4915-8d7e-82fc4c61e479"
            )
        );
        world.must(&actor, "sqs", "ListQueues", json!({})).await;
        let error = world.call(&actor, "iam", "ListUsers", json!({})).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission, "{error:?}");
        assert!(error.message.contains("assumed-role/guarded/Automation-"), "{}", error.message);
    });
}

#[test]
fn a_role_that_does_not_trust_this_execution_is_not_assumed() {
    run(|world| async move {
        for (name, trust) in [
            ("of-lambda", guarded("lambda.amazonaws.com", HUB)),
            ("of-another", guarded("ssm.amazonaws.com", OTHER)),
            (
                "of-the-account",
                json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{HUB}:root")}, "Action": "sts:AssumeRole"}),
            ),
            (
                "of-one-execution",
                json!({
                    "Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole",
                    "Condition": {"ArnEquals": {"aws:SourceArn": format!("arn:aws:ssm:{REGION}:{HUB}:automation-execution/another")}},
                }),
            ),
        ] {
            let role = world.role(HUB, name, &trust, "*").await;
            refused(world, &role).await;
        }
        refused(world, &format!("arn:aws:iam::{HUB}:role/none")).await;
        refused(world, "arn:aws:iam::999999999999:role/guarded").await;
    });
}

async fn refused(world: &World, role: &str) {
    let actor = service_role(role);
    for error in [
        world.python.check_actor(&actor, REGION).await.unwrap_err(),
        world.who(&actor).await.unwrap_err(),
    ] {
        assert_eq!((error.code.as_str(), error.kind), ("AccessDenied", ApiErrorKind::Permission));
        assert_eq!(
            error.message,
            format!(
                "An error occurred (AccessDenied) when calling the AssumeRole operation: User: \
                 ssm.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: {role}"
            )
        );
    }
}

#[test]
fn an_execution_role_in_another_account_is_assumed_by_the_administration_role() {
    run(|world| async move {
        let trust = guarded("ssm.amazonaws.com", HUB);
        let administration = world.role(HUB, "Administration", &trust, "sts:AssumeRole").await;
        let trust = json!({"Effect": "Allow", "Principal": {"AWS": administration}, "Action": "sts:AssumeRole"});
        let execution = world.role(OTHER, "Execution", &trust, "sqs:*").await;
        let through = |assumer: Actor| Actor::Role {
            role_arn: execution.clone(),
            through: Assumer::Actor(Box::new(assumer)),
            source_arn: EXECUTION.into(),
        };
        let actor = through(service_role(&administration));
        let who = world.who(&actor).await.unwrap();
        assert!(
            who.starts_with(&format!("arn:aws:sts::{OTHER}:assumed-role/Execution/Automation-"))
        );
        let queue = json!({"QueueName": "made-there"});
        let made = world.must(&actor, "sqs", "CreateQueue", queue).await;
        assert!(made["QueueUrl"].as_str().unwrap().contains(OTHER), "{made}");
        // Whom its trust policy does not name, it does not let in.
        let trust = guarded("ssm.amazonaws.com", HUB);
        let stranger = world.role(HUB, "Stranger", &trust, "sts:AssumeRole").await;
        let error = world.who(&through(service_role(&stranger))).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission, "{error:?}");
    });
}

#[test]
fn callers_act_as_who_they_are() {
    run(|world| async move {
        assert_eq!(world.who(&root(OTHER)).await.unwrap(), format!("arn:aws:iam::{OTHER}:root"));
        let user = json!({"UserName": "ada"});
        world.must(&root(HUB), "iam", "CreateUser", user.clone()).await;
        let made = world.must(&root(HUB), "iam", "CreateAccessKey", user).await;
        let arn = format!("arn:aws:iam::{HUB}:user/ada");
        let ada = caller(&arn, made["AccessKey"]["AccessKeyId"].as_str().unwrap());
        assert_eq!(world.who(&ada).await.unwrap(), arn);
        let error = world.call(&ada, "sqs", "ListQueues", json!({})).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission, "{error:?}");

        let trust = json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{HUB}:root")}, "Action": "sts:AssumeRole"});
        let role = world.role(HUB, "person", &trust, "sqs:*").await;
        let assume = json!({"RoleArn": role, "RoleSessionName": "grace"});
        let session = world.must(&root(HUB), "sts", "AssumeRole", assume).await;
        let arn = format!("arn:aws:sts::{HUB}:assumed-role/person/grace");
        let grace = caller(&arn, session["Credentials"]["AccessKeyId"].as_str().unwrap());
        assert_eq!(world.who(&grace).await.unwrap(), arn);
        world.must(&grace, "sqs", "ListQueues", json!({})).await;

        let error = world.who(&caller("arn:aws:iam::1:user/x", "AKIAUNKNOWN")).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission, "{error:?}");
    });
}

#[test]
fn a_script_is_its_role() {
    run(|world| async move {
        let trust = guarded("ssm.amazonaws.com", HUB);
        let role = world.role(HUB, "scripted", &trust, "sqs:*").await;
        let source = "\
import boto3
def handler(events, context):
    boto3.client('sqs').list_queues()
    try:
        boto3.client('iam').list_users()
    except Exception as error:
        return [boto3.client('sts').get_caller_identity()['Arn'], error.response['Error']['Code']]
";
        let script = Script {
            runtime: "python3.11".into(),
            handler: "handler".into(),
            source: ScriptSource::Inline(source.into()),
            payload: json!({}),
            timeout: Duration::from_secs(60),
            actor: service_role(&role),
            account: HUB.into(),
            region: REGION.into(),
            execution_id: "5f0c4a2e-0000-4000-8000-00000000abcd".into(),
        };
        let run = world.python.run(&script).await;
        let value = run.result.unwrap_or_else(|error| panic!("{error:?}\n{}", run.log));
        assert!(
            value[0].as_str().unwrap().contains("assumed-role/scripted/Automation-"),
            "{value}"
        );
        assert_eq!(value[1], "AccessDenied");
    });
}
