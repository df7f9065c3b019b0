//! The services the gateway answers itself, behind one lock, with their journal.
//!
//! A call that writes is appended to the journal before it is answered; starting on an old journal
//! replays it. The services are pure, so the same calls give the same state and the same ids.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow, bail};
use api::{Authorization, AwsError, Emission, Reply, Request, Service};
use documents::Documents;
use jiff::{SignedDuration, Timestamp};
use organizations::{AcceptDelivery, CreationResult, Organizations};
use serde::{Deserialize, Serialize};

use crate::predefined;

/// Which of the gateway's own services a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalService {
    Organizations,
    /// SSM documents, their tags, service settings.
    Documents,
}

/// A change from outside the API, through `/_relay/…`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Control {
    /// How coming creations of accounts end.
    CreateAccount(CreationScript),
    /// Who hears of an accepted handshake.
    AcceptHandshake(HeardBy),
    /// Whether every list of Organizations begins with an empty page.
    EmptyFirstPages(bool),
    /// Quotas and associations of documents.
    Documents(documents::DocumentControl),
}

/// Whose bus gets the `AcceptHandshake` event.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeardBy {
    /// The account that accepts.
    Caller,
    /// The management account of the inviting organization.
    Management,
    None,
}

/// `POST /_relay/create-account`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreationScript {
    /// A glob that e-mail addresses are matched with.
    pub email_pattern: String,
    /// `SUCCEEDED` or `FAILED`.
    pub result: String,
    /// AWS's `FailureReason`, for `FAILED`.
    pub reason: Option<String>,
    /// How long it takes, e.g. `PT5S`.
    #[serde(
        default,
        deserialize_with = "crate::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub after: Option<SignedDuration>,
}

/// One line of the journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Entry {
    Call(LocalService, Request),
    Control(Control),
}

struct Inner {
    organizations: Organizations,
    documents: Documents,
    journal: File,
}

impl Inner {
    fn service(&mut self, service: LocalService) -> &mut dyn Service {
        match service {
            LocalService::Organizations => &mut self.organizations,
            LocalService::Documents => &mut self.documents,
        }
    }

    fn control(&mut self, control: Control) -> Result<()> {
        match control {
            Control::CreateAccount(script) => {
                let result = match script.result.as_str() {
                    "SUCCEEDED" => CreationResult::Succeeded,
                    "FAILED" => CreationResult::Failed(script.reason.unwrap_or_default()),
                    other => bail!("result: SUCCEEDED or FAILED is expected, not {other}"),
                };
                let after = script.after.unwrap_or(SignedDuration::from_secs(1));
                self.organizations.script_creation(&script.email_pattern, result, after)?;
            }
            Control::AcceptHandshake(heard_by) => {
                self.organizations.deliver_accept_handshake(match heard_by {
                    HeardBy::Caller => AcceptDelivery::Caller,
                    HeardBy::Management => AcceptDelivery::Management,
                    HeardBy::None => AcceptDelivery::None,
                });
            }
            Control::EmptyFirstPages(empty) => self.organizations.start_lists_empty(empty),
            Control::Documents(control) => {
                self.documents
                    .control(control)
                    .map_err(|e| anyhow!("{}: {}", e.code, e.message))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry) -> std::io::Result<()> {
        let line = serde_json::to_string(entry)?;
        self.journal.write_all(format!("{line}\n").as_bytes())
    }
}

/// The gateway's own services.
pub struct Services(Mutex<Inner>);

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

impl Services {
    /// Opens the services on a journal: a new one is empty, an old one is replayed.
    ///
    /// # Errors
    /// When the journal cannot be read or written, or has an unknown line. A last
    /// line cut short by a kill was never answered and is dropped.
    pub fn open(journal: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(journal)
            .with_context(|| format!("open the journal {}", journal.display()))?;
        let mut reader = BufReader::new(file.try_clone()?);
        let mut inner = Inner {
            organizations: Organizations::new(),
            documents: predefined::documents()?,
            journal: file,
        };
        let mut events = Vec::new();
        let mut whole = 0;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 && line.ends_with('\n') {
            let entry: Entry = serde_json::from_str(&line)
                .with_context(|| format!("journal {} at byte {whole}", journal.display()))?;
            match entry {
                Entry::Call(service, request) => {
                    inner.service(service).tick(request.now, &mut events);
                    // Its answer and its events went out before the restart.
                    let _ = inner.service(service).call(&request, &mut events);
                }
                Entry::Control(control) => inner.control(control)?,
            }
            whole += line.len() as u64;
            line.clear();
        }
        drop(reader);
        inner.journal.set_len(whole)?;
        Ok(Self(Mutex::new(inner)))
    }

    /// Whether the gateway answers this call itself.
    pub fn local_service(
        &self,
        service: &str,
        operation: &str,
        body: &serde_json::Value,
    ) -> Option<LocalService> {
        match service {
            "organizations" => Some(LocalService::Organizations),
            "ssm" => Documents::handles(operation, body).then_some(LocalService::Documents),
            _ => None,
        }
    }

    /// The permissions that the caller needs.
    pub fn authorizations(&self, service: LocalService, request: &Request) -> Vec<Authorization> {
        self.lock().service(service).authorizations(request)
    }

    /// Serves a call. Events come back in the order AWS would send them.
    pub fn call(&self, service: LocalService, request: &Request) -> (Reply, Vec<Emission>) {
        let mut events = Vec::new();
        let mut inner = self.lock();
        inner.service(service).tick(request.now, &mut events);
        if inner.service(service).writes(&request.operation)
            && let Err(error) = inner.write(&Entry::Call(service, request.clone()))
        {
            let message = format!("the journal cannot be written: {error}");
            let refused = AwsError { status: 500, ..AwsError::new("InternalFailure", message) };
            return (Err(refused), events);
        }
        let reply = inner.service(service).call(request, &mut events);
        (reply, events)
    }

    /// Brings a change from outside the API about.
    ///
    /// # Errors
    /// When it makes no sense, or the journal cannot be written.
    pub fn control(&self, control: Control) -> Result<()> {
        let mut inner = self.lock();
        inner.control(control.clone())?;
        inner.write(&Entry::Control(control)).context("the journal cannot be written")
    }

    /// Brings about what is due, and says when there is work again.
    pub fn tick(&self, now: Timestamp) -> (Vec<Emission>, Option<Timestamp>) {
        let mut events = Vec::new();
        let mut inner = self.lock();
        inner.organizations.tick(now, &mut events);
        inner.documents.tick(now, &mut events);
        let next = [inner.organizations.next_due(), inner.documents.next_due()];
        (events, next.into_iter().flatten().min())
    }

    /// Reads from SSM's documents and settings.
    pub fn documents<T>(&self, read: impl FnOnce(&Documents) -> T) -> T {
        read(&self.lock().documents)
    }

    /// Reads from the organizations.
    pub fn organizations<T>(&self, read: impl FnOnce(&Organizations) -> T) -> T {
        read(&self.lock().organizations)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
