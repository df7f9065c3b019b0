//! A local AWS of canned answers: what it says to a caller is set by the caller's access key.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, content type, body.
    Say(u16, &'static str, Vec<u8>),
    /// The connection is closed without one.
    Hang,
    /// It never answers at all.
    Silence,
    /// The next one is given when as many calls as the barrier counts have come.
    Meet(Arc<Barrier>),
}

impl Reply {
    pub(crate) fn xml(status: u16, body: &str) -> Self {
        Self::Say(status, "text/xml", body.into())
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Say(status, "application/x-amz-json-1.1", body.into())
    }

    /// An error as the EC2 protocol writes it.
    pub(crate) fn refusal(status: u16, code: &str) -> Self {
        Self::xml(
            status,
            &format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>Because.</Message></Error></Errors></Response>"
            ),
        )
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
struct Told {
    replies: HashMap<String, VecDeque<Reply>>,
    requests: HashMap<String, Vec<Request>>,
}

/// The endpoint, on a port of its own.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    told: Arc<Mutex<Told>>,
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Self { port: listener.local_addr().unwrap().port(), told: Arc::default() };
        let serving = endpoint.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        endpoint
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The answers to calls signed with this key, in this order; the last one for ever.
    pub(crate) fn answer(&self, access_key: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        self.told.lock().unwrap().replies.insert(access_key.into(), replies);
    }

    /// The calls that came signed with this key.
    pub(crate) fn requests(&self, access_key: &str) -> Vec<Request> {
        self.told.lock().unwrap().requests.get(access_key).cloned().unwrap_or_default()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await {
            let signed = request.headers.get("authorization").cloned().unwrap_or_default();
            let key = signed.split("Credential=").nth(1).and_then(|it| it.split('/').next());
            let key = key.unwrap_or_default().to_owned();
            self.told.lock().unwrap().requests.entry(key.clone()).or_default().push(request);
            loop {
                match self.next(&key) {
                    Reply::Meet(barrier) => {
                        barrier.wait().await;
                    }
                    Reply::Hang => return,
                    Reply::Silence => std::future::pending().await,
                    Reply::Say(status, kind, body) => {
                        let head = format!(
                            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nx-amzn-requestid: r-1\r\n\r\n",
                            body.len()
                        );
                        let answer = [head.into_bytes(), body].concat();
                        if stream.write_all(&answer).await.is_err() {
                            return;
                        }
                        break;
                    }
                }
            }
        }
    }

    fn next(&self, key: &str) -> Reply {
        let mut told = self.told.lock().unwrap();
        let Some(replies) = told.replies.get_mut(key) else {
            return Reply::refusal(500, "NothingToSay");
        };
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers.contains_key("expect") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        line: line.trim_end().into(),
        headers,
        body: String::from_utf8_lossy(&body).into(),
    })
}
