//! The credentials of an actor: a role is assumed anew five minutes before its session ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::ports::{Actor, ApiError, ApiErrorKind, Assumer};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Python;

/// How long before its end a session is used no more.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// How long a session that we ask for lasts: all that a role may have that assumes another.
const LASTS: Duration = Duration::from_secs(3600);
/// Beyond this many sessions, those that are over are forgotten.
const MANY: usize = 1_000;

/// The credentials that sign a call.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
    /// The token of a session.
    pub session_token: Option<String>,
    /// How long they are good for from now on; for ever if that is not said.
    #[serde(skip)]
    pub lifetime: Option<Duration>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Where the credentials come from that no AWS API hands out.
pub trait Sessions: Send + Sync {
    /// A session of a role for the service `ssm.amazonaws.com`, if the role's trust policy lets it
    /// with this `aws:SourceArn` and the account in it as `aws:SourceAccount`. `AccessDenied`, of
    /// the kind Permission, if it does not or there is no such role.
    fn for_service<'a>(
        &'a self,
        role_arn: &'a str,
        session_name: &'a str,
        source_arn: &'a str,
    ) -> BoxFuture<'a, Result<Keys, ApiError>>;

    /// Credentials of the principal that an access key belongs to.
    fn of_caller<'a>(&'a self, access_key_id: &'a str) -> BoxFuture<'a, Result<Keys, ApiError>>;
}

/// The sessions held, by actor. One lock each, so that many calls of one actor assume its role once.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<HashMap<String, Arc<Place>>>);

type Place = tokio::sync::Mutex<Option<Held>>;

#[derive(Debug)]
struct Held {
    keys: Keys,
    until: Option<Instant>,
}

impl Held {
    fn new(keys: Keys) -> Self {
        let until = keys.lifetime.map(|lifetime| Instant::now() + lifetime.saturating_sub(MARGIN));
        Self { keys, until }
    }

    fn is_good(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

impl Cache {
    fn place(&self, actor: &str) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MANY {
            // A place that is locked is being filled.
            places.retain(|_, place| {
                place.try_lock().map_or(true, |held| held.as_ref().is_some_and(Held::is_good))
            });
        }
        Arc::clone(places.entry(actor.to_owned()).or_default())
    }

    fn forget(&self, actor: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(actor);
    }
}

impl Python {
    /// Keys of an actor, held ones if they are good for a while.
    pub(crate) async fn keys(&self, actor: &Actor, region: &str) -> Result<Keys, ApiError> {
        let place = self.held.place(&name(actor));
        let mut held = place.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.is_good()) {
            return Ok(held.keys.clone());
        }
        let keys = self.new_keys(actor, region).await?;
        *held = Some(Held::new(keys.clone()));
        Ok(keys)
    }

    /// Keys of an actor obtained now, which take the place of held ones.
    pub(crate) async fn renew(&self, actor: &Actor, region: &str) -> Result<(), ApiError> {
        let keys = self.new_keys(actor, region).await?;
        *self.held.place(&name(actor)).lock().await = Some(Held::new(keys));
        Ok(())
    }

    /// Forgets what is held of an actor.
    pub(crate) fn forget(&self, actor: &Actor) {
        self.held.forget(&name(actor));
    }

    // Boxed: an actor may be assumed through an actor, and a future cannot hold itself.
    fn new_keys<'a>(
        &'a self,
        actor: &'a Actor,
        region: &'a str,
    ) -> BoxFuture<'a, Result<Keys, ApiError>> {
        self.obtain(actor, region).boxed()
    }

    async fn obtain(&self, actor: &Actor, region: &str) -> Result<Keys, ApiError> {
        match actor {
            Actor::Caller { access_key_id, .. } => self.sessions.of_caller(access_key_id).await,
            Actor::Role { role_arn, through: Assumer::Service, source_arn } => {
                self.sessions.for_service(role_arn, &session_name(source_arn), source_arn).await
            }
            Actor::Role { role_arn, through: Assumer::Actor(assumer), source_arn } => {
                let assumer = self.keys(assumer, region).await?;
                let parameters = json!({
                    "RoleArn": role_arn,
                    "RoleSessionName": session_name(source_arn),
                    "DurationSeconds": LASTS.as_secs(),
                });
                self.ask("sts", "AssumeRole", region, &assumer, &parameters)
                    .await
                    .and_then(|answer| assumed(&answer["Credentials"]))
            }
        }
    }
}

fn assumed(credentials: &Value) -> Result<Keys, ApiError> {
    let text = |name: &str| credentials[name].as_str().map(str::to_owned);
    match (text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken")) {
        (Some(access_key_id), Some(secret_access_key), session_token @ Some(_)) => {
            Ok(Keys { access_key_id, secret_access_key, session_token, lifetime: Some(LASTS) })
        }
        _ => Err(ApiError {
            code: "AssumeRole".into(),
            message: "STS answered AssumeRole without credentials".into(),
            kind: ApiErrorKind::Service,
        }),
    }
}

fn name(actor: &Actor) -> String {
    match actor {
        Actor::Caller { access_key_id, .. } => access_key_id.clone(),
        Actor::Role { role_arn, through, source_arn } => {
            let through = match through {
                Assumer::Service => String::new(),
                Assumer::Actor(assumer) => name(assumer),
            };
            format!("{role_arn} {source_arn} ({through})")
        }
    }
}

/// `Automation-<execution id>`, as the sessions of SSM Automation are called, in what STS takes:
/// 2–64 of `[\w+=,.@-]`.
fn session_name(source_arn: &str) -> String {
    let id = source_arn.rsplit('/').next().unwrap_or_default();
    let taken = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    "Automation-".chars().chain(id.chars().filter(taken)).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_called_after_its_execution() {
        let execution = "arn:aws:ssm:eu-west-1:111122223333:automation-execution/5a927c4c-3d51-4915-8d7e-82fc4c61e479";
        assert_eq!(session_name(execution), "Automation-5a927c4c-3d51-4915-8d7e-82fc4c61e479");
        assert_eq!(session_name(&"x y/".repeat(3)), "Automation-");
        assert_eq!(session_name(&"é".repeat(100)), "Automation-");
        assert_eq!(session_name(&"a".repeat(100)).len(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_good_until_five_minutes_before_their_end() {
        let keys = |lifetime| Keys {
            access_key_id: "ASIA".into(),
            secret_access_key: "secret".into(),
            session_token: None,
            lifetime,
        };
        let hour = Held::new(keys(Some(LASTS)));
        let short = Held::new(keys(Some(MARGIN)));
        let ever = Held::new(keys(None));
        assert!(hour.is_good() && !short.is_good() && ever.is_good());
        tokio::time::advance(LASTS - MARGIN - Duration::from_secs(1)).await;
        assert!(hour.is_good());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!hour.is_good() && ever.is_good());
    }

    #[test]
    fn secrets_are_not_printed() {
        let keys = Keys {
            access_key_id: "ASIA".into(),
            secret_access_key: "hidden".into(),
            session_token: Some("hidden".into()),
            lifetime: None,
        };
        assert_eq!(format!("{keys:?}"), "Keys { access_key_id: \"ASIA\", .. }");
    }
}
