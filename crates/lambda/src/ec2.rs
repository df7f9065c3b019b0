//! The few calls of EC2 that the suite makes, over its query protocol.
//!
//! Not `aws-sdk-ec2`: for three calls its 700 operations cost every build minutes and gigabytes
//! (docs/decisions/0014). Signing, HTTP and XML are libraries'; nothing here retries, for whoever
//! calls is called again (state machine, queue).

use std::convert::Infallible;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use roxmltree::{Document, Node};

use crate::{AwsError, AwsErrorKind, Clock};

const VERSION: &str = "2016-11-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// EC2 in one account and Region.
#[derive(Debug, Clone)]
pub struct Ec2 {
    config: SdkConfig,
    http: SharedHttpClient,
    clock: Clock,
}

/// An instance, as far as the suite asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// `instanceId`.
    pub id: String,
    /// `instanceType`.
    pub kind: String,
    /// `instanceState.name`.
    pub state: String,
    /// `rootDeviceType` is `instance-store`.
    pub instance_store_root: bool,
    /// The value of the tag `aws:autoscaling:groupName`, which EC2 Auto Scaling sets.
    pub auto_scaling_group: Option<String>,
    /// An address of its interfaces is of Amazon's pool: `ipOwnerId` is `amazon`, not an account.
    pub loose_public_address: bool,
}

impl Ec2 {
    /// From the configuration of an account and Region. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let http = config.http_client();
        let http = http.unwrap_or_else(|| Builder::new().tls_provider(provider).build_https());
        Self { config: config.clone(), http, clock: Clock::system() }
    }

    /// DescribeInstances of these ids.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer; `InvalidInstanceID.NotFound` is [`AwsErrorKind::NotFound`].
    pub async fn instances(&self, ids: &[String]) -> Result<Vec<Instance>, AwsError> {
        let text = self.call("DescribeInstances", &listed("InstanceId", ids)).await?;
        let document = parse(&text)?;
        let sets = document.descendants().filter(|node| node.has_tag_name("instancesSet"));
        Ok(sets.flat_map(items).map(instance).collect())
    }

    /// DescribeInstanceTypes of one type: how many instance-store volumes it has.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn instance_store_volumes(&self, kind: &str) -> Result<u32, AwsError> {
        let kinds = listed("InstanceType", &[kind.to_owned()]);
        let text = self.call("DescribeInstanceTypes", &kinds).await?;
        let document = parse(&text)?;
        let counts = document
            .descendants()
            .filter(|node| node.has_tag_name("disks"))
            .flat_map(items)
            .filter_map(|disk| child_text(disk, "count")?.parse::<u32>().ok());
        Ok(counts.sum())
    }

    /// DescribeInstanceStatus of these ids: for how many both status checks are `ok`. Instances that
    /// do not run are not in EC2's answer.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn well(&self, ids: &[String]) -> Result<usize, AwsError> {
        let text = self.call("DescribeInstanceStatus", &listed("InstanceId", ids)).await?;
        let document = parse(&text)?;
        let ok = |item: Node<'_, '_>, check: &str| {
            let check = item.children().find(|node| node.has_tag_name(check));
            check.and_then(|check| child_text(check, "status")) == Some("ok")
        };
        let set = document.descendants().find(|node| node.has_tag_name("instanceStatusSet"));
        let well = set.into_iter().flat_map(items);
        Ok(well.filter(|item| ok(*item, "instanceStatus") && ok(*item, "systemStatus")).count())
    }

    async fn call(&self, action: &str, fields: &[(String, String)]) -> Result<String, AwsError> {
        let region = self.config.region().map(|region| region.as_ref().to_owned());
        let region = region.ok_or_else(|| invalid("no Region is configured"))?;
        let uri = match self.config.endpoint_url() {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => {
                let known: Result<domain::id::Region, _> = region.parse();
                let suffix = known.map_err(|error| invalid(&error))?.partition().dns_suffix();
                format!("https://ec2.{region}.{suffix}/")
            }
        };
        let mut body = format!("Action={action}&Version={VERSION}");
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encode(value)));
        }
        let mut request = http::Request::post(&uri)
            .header("content-type", FORM)
            .body(body.clone())
            .map_err(|error| invalid(&error))?;
        self.sign(&mut request, &region, body.as_bytes()).await?;
        let request = HttpRequest::try_from(request.map(SdkBody::from));
        let request = request.map_err(|error| invalid(&error))?;

        let operation = Operation::builder()
            .service_name("ec2")
            .operation_name(action.to_owned())
            .http_client(self.http.clone())
            .endpoint_url(&uri)
            // Signed already.
            .no_auth()
            .no_retry()
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .timeout_config(
                self.config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled),
            )
            .serializer(|request: HttpRequest| Ok(request))
            .deserializer::<_, Infallible>(|answer| {
                let body = answer.body().bytes().unwrap_or_default();
                let text = String::from_utf8_lossy(body).into_owned();
                Ok((answer.status().as_u16(), text))
            })
            .build();
        let answer = operation.invoke(request).await;
        let (status, text) = answer.map_err(|error| AwsError {
            kind: AwsErrorKind::Unavailable,
            code: "NoAnswer".to_owned(),
            message: crate::chain(&error),
        })?;
        if (200..300).contains(&status) { Ok(text) } else { Err(refusal(&text, status)) }
    }

    async fn sign(
        &self,
        request: &mut http::Request<String>,
        region: &str,
        body: &[u8],
    ) -> Result<(), AwsError> {
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| invalid("no credentials are configured"))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| AwsError::of_credentials(&error))?;
        let identity = credentials.into();
        let now = self.clock.now().as_duration().unsigned_abs();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("ec2")
            .time(SystemTime::UNIX_EPOCH + now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| invalid(&error))?
            .into();
        let uri = request.uri().to_string();
        let headers = request.headers().iter();
        let headers: Vec<(&str, &str)> = headers
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let signable =
            SignableRequest::new("POST", &uri, headers.into_iter(), SignableBody::Bytes(body));
        let signable = signable.map_err(|error| invalid(&error))?;
        let signed = sign(signable, &params).map_err(|error| invalid(&error))?;
        signed.into_parts().0.apply_to_request_http1x(request);
        Ok(())
    }
}

fn instance(node: Node<'_, '_>) -> Instance {
    let tags = node.children().filter(|child| child.has_tag_name("tagSet")).flat_map(items);
    let group = tags
        .filter(|tag| child_text(*tag, "key") == Some("aws:autoscaling:groupName"))
        .find_map(|tag| child_text(tag, "value"));
    let state = node.children().find(|child| child.has_tag_name("instanceState"));
    let state = state.and_then(|state| child_text(state, "name"));
    let owners = node.descendants().filter(|child| child.has_tag_name("ipOwnerId"));
    Instance {
        id: child_text(node, "instanceId").unwrap_or_default().to_owned(),
        kind: child_text(node, "instanceType").unwrap_or_default().to_owned(),
        state: state.unwrap_or_default().to_owned(),
        instance_store_root: child_text(node, "rootDeviceType") == Some("instance-store"),
        auto_scaling_group: group.map(str::to_owned),
        loose_public_address: owners.filter_map(|owner| owner.text()).any(|id| id == "amazon"),
    }
}

/// `Name.1=…&Name.2=…`.
fn listed(name: &str, values: &[String]) -> Vec<(String, String)> {
    let numbered = values.iter().enumerate();
    numbered.map(|(index, value)| (format!("{name}.{}", index + 1), value.clone())).collect()
}

fn items<'a, 'input>(list: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    list.children().filter(|child| child.has_tag_name("item"))
}

fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name(name))?.text()
}

fn parse(text: &str) -> Result<Document<'_>, AwsError> {
    Document::parse(text).map_err(|error| unreadable(&error))
}

/// `<Response><Errors><Error><Code/><Message/></Error></Errors></Response>`.
fn refusal(text: &str, status: u16) -> AwsError {
    let document = Document::parse(text).ok();
    let error = document
        .as_ref()
        .and_then(|document| document.descendants().find(|node| node.has_tag_name("Error")));
    let part = |name: &str| error.and_then(|error| child_text(error, name)).map(str::to_owned);
    let code = part("Code").unwrap_or_else(|| format!("Http{status}"));
    AwsError {
        kind: AwsErrorKind::of(&code, status),
        message: part("Message").unwrap_or_else(|| "no message".to_owned()),
        code,
    }
}

/// Percent-encoding of what is not unreserved (RFC 3986): ids and types seldom need it.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn invalid(error: &(impl ToString + ?Sized)) -> AwsError {
    let (kind, code) = (AwsErrorKind::Other, "InvalidRequest".to_owned());
    AwsError { kind, code, message: error.to_string() }
}

fn unreadable(error: &(impl ToString + ?Sized)) -> AwsError {
    let (kind, code) = (AwsErrorKind::Unavailable, "UnreadableAnswer".to_owned());
    AwsError { kind, code, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_says_its_group_its_root_and_whose_its_address_is() {
        let text = r#"<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
            <reservationSet><item><groupSet/><instancesSet><item>
              <instanceId>i-0123456789abcdef0</instanceId><instanceType>m5d.large</instanceType>
              <instanceState><code>16</code><name>running</name></instanceState>
              <rootDeviceType>instance-store</rootDeviceType>
              <networkInterfaceSet><item><association><ipOwnerId>amazon</ipOwnerId></association>
              </item></networkInterfaceSet>
              <tagSet><item><key>Name</key><value>a</value></item>
                <item><key>aws:autoscaling:groupName</key><value>web</value></item></tagSet>
            </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"#;
        let document = parse(text).unwrap();
        let sets = document.descendants().filter(|node| node.has_tag_name("instancesSet"));
        let found: Vec<Instance> = sets.flat_map(items).map(instance).collect();
        assert_eq!(
            found,
            [Instance {
                id: "i-0123456789abcdef0".into(),
                kind: "m5d.large".into(),
                state: "running".into(),
                instance_store_root: true,
                auto_scaling_group: Some("web".into()),
                loose_public_address: true,
            }]
        );
    }

    #[test]
    fn a_refusal_keeps_ec2s_code() {
        let text = "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>\
                    <Message>gone</Message></Error></Errors></Response>";
        let error = refusal(text, 400);
        assert_eq!((error.kind, error.message.as_str()), (AwsErrorKind::NotFound, "gone"));
        assert_eq!(refusal("", 503).kind, AwsErrorKind::Unavailable);
        assert_eq!(encode("a b/i-1"), "a%20b%2Fi-1");
    }
}
