//! The facts that a request gives about itself before anyone serves it: service, operation, Region, caller.

use http::request::Parts;

/// A request's own claims, read from its signature, target header and body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incoming {
    /// The signing name, e.g. `ssm`; empty where the request is not signed.
    pub service: String,
    /// The operation, e.g. `PutParameter`; for REST protocols the method and path.
    pub operation: String,
    /// The Region of the signature's scope; `us-east-1` where there is none.
    pub region: String,
    pub access_key: String,
}

impl Incoming {
    /// Reads headers, query and, for the query protocol, the form body.
    pub fn read(parts: &Parts, body: &[u8]) -> Self {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let query = parts.uri.query().unwrap_or_default();
        let credential = header("authorization")
            .and_then(|value| value.split("Credential=").nth(1))
            .and_then(|rest| rest.split([',', ' ']).next())
            .map(str::to_owned)
            .or_else(|| form_value(query, "X-Amz-Credential"))
            .unwrap_or_default();
        // KEY/20261123/us-east-1/ssm/aws4_request
        let mut scope = credential.split('/');
        let access_key = scope.next().unwrap_or_default().to_owned();
        let region = scope.nth(1).filter(|r| !r.is_empty()).unwrap_or("us-east-1").to_owned();
        let service = scope.next().unwrap_or_default().to_owned();
        let operation = header("x-amz-target")
            .and_then(|target| target.rsplit('.').next())
            .map(str::to_owned)
            .or_else(|| cbor_operation(parts.uri.path()))
            .or_else(|| std::str::from_utf8(body).ok().and_then(|form| form_value(form, "Action")))
            .or_else(|| form_value(query, "Action"))
            .unwrap_or_else(|| format!("{} {}", parts.method, parts.uri.path()));
        Self { service, operation, region, access_key }
    }

    /// The account whose root the access key stands for: a 12-digit key is its own account.
    pub fn root_account(&self) -> Option<&str> {
        let key = self.access_key.as_str();
        (key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit())).then_some(key)
    }
}

/// `/service/GraniteServiceVersion20100801/operation/PutMetricData` → `PutMetricData`.
fn cbor_operation(path: &str) -> Option<String> {
    let (_, operation) = path.strip_prefix("/service/")?.split_once("/operation/")?;
    Some(operation.to_owned())
}

/// A value of a form or query string, decoded.
pub fn form_value(form: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_json_call_is_known_by_its_target_and_scope() {
        let parts = parts(
            http::Request::post("/")
                .header("x-amz-target", "AmazonSSM.GetDocument")
                .header(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=111122223333/20261123/eu-west-1/ssm/aws4_request, SignedHeaders=host",
                ),
        );
        let incoming = Incoming::read(&parts, b"{}");
        assert_eq!(incoming.service, "ssm");
        assert_eq!(incoming.operation, "GetDocument");
        assert_eq!(incoming.region, "eu-west-1");
        assert_eq!(incoming.root_account(), Some("111122223333"));
    }

    #[test]
    fn a_query_call_is_known_by_its_form() {
        let parts = parts(http::Request::post("/"));
        let incoming = Incoming::read(&parts, b"Version=2010-03-31&Action=Publish&Subject=a%20b+c");
        assert_eq!(incoming.operation, "Publish");
        assert_eq!(form_value("Subject=a%20b+c", "Subject").as_deref(), Some("a b c"));
        assert_eq!(incoming.root_account(), None);
    }

    #[test]
    fn a_cbor_call_is_known_by_its_path() {
        let parts = parts(http::Request::post(
            "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        ));
        assert_eq!(Incoming::read(&parts, &[0xff]).operation, "PutMetricData");
    }
}
