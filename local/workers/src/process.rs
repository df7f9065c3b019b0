//! One Python process: questions out, answers in, until it dies.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc};

use crate::frames;

/// The program to start, in an environment that holds nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// Who waits for an answer, by number; `None` once the process is dead.
type Waiting = Mutex<Option<HashMap<u64, mpsc::UnboundedSender<Value>>>>;

/// A process that answers. Dropping it closes its channel, at which it ends.
#[derive(Debug)]
pub(crate) struct Process {
    id: Option<u32>,
    out: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Waiting>,
    next: AtomicU64,
    kill: Arc<Notify>,
}

impl Process {
    /// Starts it. Its standard input is our socket, so that it ends with this process however that
    /// ends; what it prints as an error goes where ours does.
    pub(crate) fn start(launch: &Launch) -> io::Result<Self> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(launch.environment.iter().cloned())
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            // A Ctrl-C at the terminal is for the command that started the gateway.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (mut answers, mut questions) = UnixStream::from_std(ours)?.into_split();
        let (out, mut to_send) = mpsc::unbounded_channel::<Vec<u8>>();
        let process = Self {
            id: child.id(),
            out,
            waiting: Arc::new(Mutex::new(Some(HashMap::new()))),
            next: AtomicU64::new(1),
            kill: Arc::default(),
        };
        // A task of its own: a question that nobody waits for any more must still go out whole.
        tokio::spawn(async move {
            while let Some(frame) = to_send.recv().await {
                if questions.write_all(&frame).await.is_err() {
                    break;
                }
            }
        });
        let (waiting, kill) = (Arc::clone(&process.waiting), Arc::clone(&process.kill));
        tokio::spawn(async move {
            let listening = async {
                while let Ok(answer) = frames::receive(&mut answers).await {
                    deliver(&waiting, answer);
                }
            };
            tokio::select! { () = listening => {}, () = kill.notified() => {} }
            bury(&waiting, child).await;
        });
        Ok(process)
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.id
    }

    /// Asks: `message` under a number of its own.
    ///
    /// # Errors
    /// When the question is too long to be asked. (A dead process gives no answers, which is not an error here.)
    pub(crate) fn ask(self: &Arc<Self>, mut message: Value) -> io::Result<Answers> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        message["id"] = id.into();
        let frame = frames::encode(&message)?;
        let (sender, receiver) = mpsc::unbounded_channel();
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.insert(id, sender);
            // Fails only when the process is dying; then the sender above is dropped, too.
            let _ = self.out.send(frame);
        }
        Ok(Answers { process: Arc::clone(self), id, receiver })
    }

    /// Whether it has died.
    pub(crate) fn is_dead(&self) -> bool {
        lock(&self.waiting).is_none()
    }

    /// How many wait for an answer.
    pub(crate) fn in_flight(&self) -> usize {
        lock(&self.waiting).as_ref().map_or(0, HashMap::len)
    }

    /// Ends it: every waiting call gets an error.
    pub(crate) fn kill(&self) {
        self.kill.notify_one();
    }
}

/// The answers to one question.
#[derive(Debug)]
pub(crate) struct Answers {
    process: Arc<Process>,
    id: u64,
    receiver: mpsc::UnboundedReceiver<Value>,
}

impl Answers {
    /// The next one; `None` when the process has died.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        self.receiver.recv().await
    }

    /// Says something more under the question's number.
    pub(crate) fn add(&self, mut message: Value) {
        message["id"] = self.id.into();
        if let Ok(frame) = frames::encode(&message) {
            // To a dead process there is nothing to say.
            let _ = self.process.out.send(frame);
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.process.waiting).as_mut() {
            waiting.remove(&self.id);
        }
    }
}

fn deliver(waiting: &Waiting, answer: Value) {
    let id = answer["id"].as_u64().unwrap_or_default();
    match lock(waiting).as_ref().and_then(|waiting| waiting.get(&id)) {
        // Fails only when nobody waits for it any more.
        Some(sender) => drop(sender.send(answer)),
        None if id == 0 => tell_fence(&answer["layers"]),
        None => {}
    }
}

/// The fences around scripts are logged once for every fork server; a missing one as a warning.
fn tell_fence(layers: &Value) {
    let has = |layer: &str| layers.as_array().is_some_and(|all| all.iter().any(|it| it == layer));
    if has("seccomp") && has("landlock") {
        tracing::info!(%layers, "scripts are fenced");
    } else {
        tracing::warn!(%layers, "this system fences scripts in part only");
    }
}

/// Nobody waits for a process without a channel: it is killed and reaped.
async fn bury(waiting: &Waiting, mut child: Child) {
    lock(waiting).take();
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "a Python process cannot be killed");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
