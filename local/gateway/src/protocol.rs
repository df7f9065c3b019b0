//! How an answer of the gateway's own looks on the wire, per AWS protocol.

use api::AwsError;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use uuid::Uuid;

/// Errors whose text member AWS spells in lower case, whatever the service.
const COMMON: [&str; 8] = [
    "AccessDeniedException",
    "ThrottlingException",
    "ValidationException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnknownOperationException",
    "SerializationException",
];

/// An answer, buffered or streamed.
pub type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// A successful answer of a JSON 1.1 service.
pub fn json_ok(id: Uuid, body: &Value) -> Answer {
    // An operation without output answers with no body at all.
    let body = if body.is_null() { String::new() } else { body.to_string() };
    respond(200, "application/x-amz-json-1.1", id, body)
}

/// A service's error in the protocol that its clients speak.
pub fn error(service: &str, id: Uuid, error: &AwsError) -> Answer {
    match service {
        "s3" => {
            let (code, message) = (escape(&error.code), escape(&error.message));
            let body = format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            );
            respond(error.status, "application/xml", id, body)
        }
        "sns" | "sts" | "iam" | "cloudformation" | "ec2" | "autoscaling" => {
            let (code, message) = (escape(&error.code), escape(&error.message));
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            );
            respond(error.status, "text/xml", id, body)
        }
        _ => {
            let text = if service != "organizations" && COMMON.contains(&error.code.as_str()) {
                "message"
            } else {
                "Message"
            };
            let mut body = json!({"__type": error.code});
            if let Value::Object(members) = &mut body {
                if !error.message.is_empty() {
                    members.insert(text.into(), error.message.clone().into());
                }
                members.extend(error.fields.clone());
            }
            let mut response =
                respond(error.status, "application/x-amz-json-1.1", id, body.to_string());
            if let Ok(code) = error.code.parse() {
                response.headers_mut().insert("x-amzn-errortype", code);
            }
            response
        }
    }
}

/// Plain JSON, for the control interface.
pub fn plain(status: u16, body: &Value) -> Answer {
    respond(status, "application/json", Uuid::nil(), body.to_string())
}

/// The content of a file.
pub fn file(content: Vec<u8>) -> Answer {
    respond(200, "application/octet-stream", Uuid::nil(), content)
}

fn respond(status: u16, content_type: &str, id: Uuid, body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in [("content-type", content_type), ("x-amzn-requestid", &id.to_string())] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
