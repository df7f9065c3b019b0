//! A call as it arrives, and its answer in the protocol of the call.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};

use crate::cbor;

/// One call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// As requests are signed for it: `dynamodb`, `monitoring`, `ec2`, `states`, …
    pub service: String,
    pub operation: String,
    /// The account whose credentials signed the call.
    pub account: String,
    /// The Region for which it was signed.
    pub region: String,
    /// The path, without the query.
    pub path: String,
    /// The parameters. A form is an object of texts; the body of an object in S3 is `null` unless it
    /// is JSON.
    pub body: Value,
    /// When it arrived, in the test's time.
    pub at: tokio::time::Instant,
    pub(crate) bytes: Vec<u8>,
    protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Json,
    /// `rpc-v2-cbor`: CloudWatch.
    Cbor,
    /// `query`: SNS and STS.
    Query,
    Ec2,
    S3,
}

/// A service's reply or refusal.
pub type Served = Result<Reply, Refusal>;

/// An answer with status 200.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The members of the output, for JSON and CBOR. An instant is a number for JSON and
    /// `{"$at": epoch seconds}` for CBOR.
    Data(Value),
    /// The XML of the output without its outermost element.
    Xml(String),
    /// A body as it is.
    Bytes(Vec<u8>),
}

/// An error as the service declares it.
#[derive(Debug, Clone)]
pub struct Refusal {
    code: String,
    message: String,
    more: Map<String, Value>,
}

impl Refusal {
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned(), more: Map::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    fn status(&self) -> u16 {
        match self.code.as_str() {
            "InternalServerError" | "InternalServiceFault" | "InternalError" => 500,
            "ServiceUnavailable" | "SlowDown" | "RequestLimitExceeded" => 503,
            "AccessDenied" | "AuthorizationError" | "UnauthorizedOperation" => 403,
            "NoSuchKey" | "NoSuchBucket" => 404,
            _ => 400,
        }
    }
}

impl Call {
    pub(crate) fn read(request: &HttpRequest) -> Self {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let bytes = request.body().bytes().unwrap_or_default().to_vec();
        let uri: http::Uri = request.uri().parse().unwrap();
        let authorization = header("authorization");
        if authorization.is_empty() {
            return Self::unsigned(&uri);
        }
        // Credential=<access key>/<date>/<Region>/<service>/aws4_request
        let (_, scope) = authorization.split_once("Credential=").unwrap();
        let scope: Vec<&str> = scope.split(['/', ',']).collect();
        let [account, _, region, service, ..] = scope[..] else { panic!("{authorization}") };
        let path = uri.path().to_owned();
        let (protocol, operation, body) =
            if let Some((_, operation)) = header("x-amz-target").split_once('.') {
                let body = serde_json::from_slice(&bytes).unwrap();
                (Protocol::Json, operation.to_owned(), body)
            } else if header("smithy-protocol") == "rpc-v2-cbor" {
                let operation = path.rsplit('/').next().unwrap_or_default();
                (Protocol::Cbor, operation.to_owned(), cbor::decode(&bytes))
            } else if service == "s3" {
                let operation = match request.method() {
                    "PUT" => "PutObject",
                    "GET" => "GetObject",
                    other => panic!("{other} {path}: aws-double does not know this call of S3"),
                };
                let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                (Protocol::S3, operation.to_owned(), body)
            } else {
                let pairs = form_urlencoded::parse(&bytes).into_owned();
                let form: Map<String, Value> =
                    pairs.map(|(name, value)| (name, Value::String(value))).collect();
                let operation = form["Action"].as_str().unwrap().to_owned();
                let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
                (protocol, operation, Value::Object(form))
            };
        Self {
            service: service.to_owned(),
            operation,
            account: account.to_owned(),
            region: region.to_owned(),
            path,
            body,
            at: tokio::time::Instant::now(),
            bytes,
            protocol,
        }
    }

    /// A GET of a file that an answer has named.
    fn unsigned(uri: &http::Uri) -> Self {
        let (service, operation) = ("attachments".to_owned(), "GetAttachment".to_owned());
        Self {
            service,
            operation,
            account: String::new(),
            region: String::new(),
            path: uri.path().to_owned(),
            body: Value::Null,
            at: tokio::time::Instant::now(),
            bytes: Vec::new(),
            protocol: Protocol::S3,
        }
    }

    /// A parameter that is a text, or an empty one.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// A parameter that is a list of texts, or an empty one.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        texts(&self.body[name])
    }

    /// An operation that nobody taught this crate.
    pub(crate) fn unknown(&self) -> ! {
        panic!("aws-double does not know {} of {}", self.operation, self.service)
    }

    pub(crate) fn respond(&self, served: Served) -> HttpResponse {
        let (status, body) = match served {
            Ok(reply) => (200, self.encode(reply)),
            Err(refusal) => (refusal.status(), self.refuse(refusal)),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        if self.protocol == Protocol::Cbor {
            response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
        }
        response
    }

    fn encode(&self, reply: Reply) -> Vec<u8> {
        let operation = &self.operation;
        match (self.protocol, reply) {
            (_, Reply::Bytes(bytes)) => bytes,
            (Protocol::Json, Reply::Data(data)) => data.to_string().into_bytes(),
            (Protocol::Cbor, Reply::Data(data)) => cbor::encode(&data),
            (Protocol::Query, Reply::Xml(xml)) => format!(
                "<{operation}Response><{operation}Result>{xml}</{operation}Result>\
                 </{operation}Response>"
            )
            .into_bytes(),
            (Protocol::Ec2, Reply::Xml(xml)) => {
                format!("<{operation}Response>{xml}</{operation}Response>").into_bytes()
            }
            (protocol, reply) => panic!("{operation}: {protocol:?} has no form for {reply:?}"),
        }
    }

    fn refuse(&self, refusal: Refusal) -> Vec<u8> {
        let Refusal { code, message, mut more } = refusal;
        let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        match self.protocol {
            Protocol::Json | Protocol::Cbor => {
                // Services disagree about the case of `message`.
                more.insert("__type".to_owned(), json!(code));
                more.insert("message".to_owned(), json!(message));
                more.insert("Message".to_owned(), json!(message));
                let body = Value::Object(more);
                match self.protocol {
                    Protocol::Cbor => cbor::encode(&body),
                    _ => body.to_string().into_bytes(),
                }
            }
            Protocol::Query => format!("<ErrorResponse>{error}</ErrorResponse>").into_bytes(),
            Protocol::Ec2 => format!("<Response><Errors>{error}</Errors></Response>").into_bytes(),
            Protocol::S3 => error.into_bytes(),
        }
    }
}

pub(crate) fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One page of a list: `size` elements from the one that `token` names, and the token of the next.
/// Without a token it is the first page, which is empty and has a next one where `empty_first`.
pub(crate) fn page<T: Clone>(
    all: &[T],
    token: Option<&str>,
    size: usize,
    empty_first: bool,
) -> (Vec<T>, Option<String>) {
    let from: usize = match token {
        Some(token) => token.parse().unwrap(),
        None if empty_first => return (Vec::new(), Some("0".to_owned())),
        None => 0,
    };
    let page = all.iter().skip(from).take(size).cloned().collect();
    let next = from + size;
    (page, (next < all.len()).then(|| next.to_string()))
}
