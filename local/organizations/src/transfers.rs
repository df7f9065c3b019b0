//! Responsibility transfers: one organization's bills paid by another's management account.

use api::{AwsError, Reply};
use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Organizations;
use crate::call::Call;
use crate::errors::{access_denied, constraint, handshake_constraint, invalid_input, not_found};
use crate::errors::{not_in_use, plain};
use crate::events::{recorded, service_event};
use crate::handshakes::{Action, Handshake, Offer, State as HandshakeState, recipient};
use crate::ids::{self, arn};
use crate::input::epoch;
use crate::paging::page;
use crate::state::Organization;

#[derive(Debug)]
pub(crate) struct Transfer {
    id: String,
    name: String,
    status: Status,
    /// Whose bills are paid; unknown while an invited address is nobody's.
    source: Option<String>,
    /// The account that pays the bills.
    target: String,
    start: Timestamp,
    end: Option<Timestamp>,
    handshake: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// As its handshake ended, or still waits.
    Handshake(HandshakeState),
    Withdrawn,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Handshake(HandshakeState::Open) => "REQUESTED",
            Status::Handshake(state) => state.name(),
            Status::Withdrawn => "WITHDRAWN",
        }
    }

    fn is_active(self) -> bool {
        matches!(self.name(), "REQUESTED" | "ACCEPTED")
    }
}

fn utc(at: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(at)
}

fn is_midnight(at: DateTime) -> bool {
    at.time() == Time::midnight()
}

/// A transfer begins with a month that is still to come.
fn check_start(start: Timestamp, now: Timestamp) -> Result<(), AwsError> {
    let day = utc(start);
    if !is_midnight(day) {
        return Err(invalid_input("START_DATE_NOT_BEGINNING_OF_DAY"));
    }
    if day.day() != 1 {
        return Err(invalid_input("START_DATE_NOT_BEGINNING_OF_MONTH"));
    }
    if start <= now {
        return Err(invalid_input("START_DATE_TOO_EARLY"));
    }
    Ok(())
}

/// A transfer ends with a month's last instant, and not in the past.
fn check_end(end: Timestamp, now: Timestamp) -> Result<(), AwsError> {
    let next = utc(end.saturating_add(SignedDuration::from_millis(1)).unwrap_or(end));
    if !is_midnight(next) || next.day() != 1 {
        return Err(invalid_input("END_DATE_NOT_END_OF_MONTH"));
    }
    if end < now {
        return Err(invalid_input("END_DATE_TOO_EARLY"));
    }
    Ok(())
}

/// The last instant of the month, as AWS takes it where the caller names none.
fn end_of_month(at: Timestamp) -> Timestamp {
    let next = utc(at).date().last_of_month().tomorrow();
    next.and_then(|day| Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())))
        .and_then(|day| day.checked_sub(SignedDuration::from_millis(1)))
        .unwrap_or(at)
}

impl Organizations {
    /// Whether a management account has a transfer that was asked for or is under way.
    pub(crate) fn has_active_transfer(&self, management: &str) -> bool {
        self.transfers.values().any(|transfer| {
            transfer.status.is_active()
                && (transfer.target == management || transfer.source.as_deref() == Some(management))
        })
    }

    /// A transfer that an organization is a side of.
    pub(crate) fn transfer_of(&self, org: &Organization, id: &str) -> Option<&Transfer> {
        self.transfers.get(id).filter(|transfer| {
            transfer.target == org.management
                || transfer.source.as_deref() == Some(org.management.as_str())
        })
    }

    /// The ARN of a transfer as one of its sides names it.
    pub(crate) fn transfer_arn(&self, org: &Organization, id: &str) -> Option<String> {
        let transfer = self.transfer_of(org, id)?;
        let side = if transfer.target == org.management { "inbound" } else { "outbound" };
        Some(arn(&org.management, &format!("transfer/{}/billing/{side}/{id}", org.id)))
    }

    /// The model's `ResponsibilityTransfer`, as seen from one side.
    fn transfer_shape(&self, org: &Organization, transfer: &Transfer) -> Value {
        let participant = |account: &str| {
            let email = self.profiles.get(account).map(|known| known.email.clone());
            json!({
                "ManagementAccountId": account,
                "ManagementAccountEmail": email,
            })
        };
        let mut shape = Map::new();
        shape.insert("Arn".into(), self.transfer_arn(org, &transfer.id).into());
        shape.insert("Name".into(), transfer.name.clone().into());
        shape.insert("Id".into(), transfer.id.clone().into());
        shape.insert("Type".into(), "BILLING".into());
        shape.insert("Status".into(), transfer.status.name().into());
        if let Some(source) = &transfer.source {
            shape.insert("Source".into(), participant(source));
        }
        shape.insert("Target".into(), participant(&transfer.target));
        shape.insert("StartTimestamp".into(), epoch(transfer.start));
        if let Some(end) = transfer.end {
            shape.insert("EndTimestamp".into(), epoch(end));
        }
        shape.insert("ActiveHandshakeId".into(), transfer.handshake.clone().into());
        shape.into()
    }

    fn transfer_reply(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let transfer = self
            .transfer_of(org, call.input.text("Id"))
            .ok_or_else(|| not_found("ResponsibilityTransfer"))?;
        Ok(json!({ "ResponsibilityTransfer": self.transfer_shape(org, transfer) }))
    }

    pub(crate) fn invite_organization_to_transfer_responsibility(&mut self, call: &Call) -> Reply {
        let input = call.input;
        let start = input.time("StartTimestamp").ok_or_else(|| invalid_input("INPUT_REQUIRED"))?;
        check_start(start, call.now())?;
        let to = recipient(input.structure("Target"))?;
        let tags = input.tags();
        if tags.len() > crate::tags::MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        let source = self.account_of(&to);
        if source.as_deref() == Some(call.account()) {
            return Err(handshake_constraint("SOURCE_AND_TARGET_CANNOT_MATCH"));
        }
        let org = self.full_organization(call)?;
        let (organization, management) = (org.id.clone(), org.management.clone());
        self.check_not_sent(&organization, Action::TransferResponsibility, &to)?;
        if source.as_deref().is_some_and(|source| self.pays_elsewhere(source)) {
            return Err(handshake_constraint("RESPONSIBILITY_TRANSFER_ALREADY_EXISTS"));
        }
        let id = ids::transfer(call.origin());
        let resources = self.transfer_resources(&management, &id, start, input.optional("Notes"));
        let handshake = ids::handshake(call.origin());
        let offer = Offer { transfer: id.clone(), resources };
        let from = (organization.as_str(), management.as_str());
        let sent = Handshake::transferring(handshake.clone(), from, to, offer, call.now());
        let shape = sent.shape();
        self.handshakes.insert(handshake.clone(), sent);
        let transfer = Transfer {
            id: id.clone(),
            name: input.text("SourceName").to_owned(),
            status: Status::Handshake(HandshakeState::Requested),
            source,
            target: management,
            start,
            end: None,
            handshake,
        };
        self.transfers.insert(id.clone(), transfer);
        if !tags.is_empty() {
            self.organization_mut(call)?.tags.insert(id, tags);
        }
        Ok(json!({ "Handshake": shape }))
    }

    fn transfer_resources(
        &self,
        management: &str,
        id: &str,
        start: Timestamp,
        notes: Option<&str>,
    ) -> Value {
        let sender = self.profiles.get(management);
        let mut resources = vec![json!({
            "Type": "RESPONSIBILITY_TRANSFER",
            "Value": id,
            "Resources": [
                { "Type": "TRANSFER_TYPE", "Value": "BILLING" },
                { "Type": "TRANSFER_START_TIMESTAMP", "Value": start.to_string() },
                { "Type": "MANAGEMENT_ACCOUNT", "Value": management },
                { "Type": "MANAGEMENT_EMAIL", "Value": sender.map_or("", |known| &known.email) },
                { "Type": "MANAGEMENT_NAME", "Value": sender.map_or("", |known| &known.name) },
            ],
        })];
        if let Some(notes) = notes {
            resources.push(json!({ "Type": "NOTES", "Value": notes }));
        }
        resources.into()
    }

    /// Whether the account's bills are already paid by another.
    fn pays_elsewhere(&self, source: &str) -> bool {
        self.transfers.values().any(|transfer| {
            transfer.status == Status::Handshake(HandshakeState::Accepted)
                && transfer.source.as_deref() == Some(source)
        })
    }

    /// The management account of another organization takes the offer.
    pub(crate) fn accept_transfer(
        &mut self,
        call: &mut Call,
        handshake: &str,
    ) -> Result<(), AwsError> {
        let org = self.organization_named(call.account()).ok_or_else(not_in_use)?;
        if org.management != call.account() {
            return Err(access_denied());
        }
        if self.pays_elsewhere(call.account()) {
            return Err(handshake_constraint("RESPONSIBILITY_TRANSFER_ALREADY_EXISTS"));
        }
        let account = call.account().to_owned();
        let found = self.transfers.values_mut().find(|transfer| transfer.handshake == handshake);
        if let Some(transfer) = found {
            transfer.source = Some(account);
            transfer.status = Status::Handshake(HandshakeState::Accepted);
            let id = transfer.id.clone();
            self.announce(call, "ResponsibilityTransferAccepted", &id);
        }
        Ok(())
    }

    /// A transfer whose handshake has ended ends with it.
    pub(crate) fn close_transfer(&mut self, id: Option<&str>, state: HandshakeState) {
        if let Some(transfer) = id.and_then(|id| self.transfers.get_mut(id)) {
            transfer.status = Status::Handshake(state);
        }
    }

    /// A service event for each side.
    fn announce(&self, call: &mut Call, name: &str, id: &str) {
        let Some(transfer) = self.transfers.get(id) else { return };
        for side in transfer.source.iter().chain([&transfer.target]) {
            let Some(org) = self.organization_named(side) else { continue };
            let details =
                json!({ "responsibilityTransfer": recorded(&self.transfer_shape(org, transfer)) });
            let seed: Uuid = call.request.derived_id(3);
            let event = service_event(name, side, &details, call.now(), seed);
            call.after.push(event);
        }
    }

    pub(crate) fn describe_responsibility_transfer(&self, call: &Call) -> Reply {
        self.transfer_reply(call)
    }

    pub(crate) fn update_responsibility_transfer(&mut self, call: &Call) -> Reply {
        self.full_organization(call)?;
        self.transfer_reply(call)?;
        if let Some(transfer) = self.transfers.get_mut(call.input.text("Id")) {
            if !transfer.status.is_active() {
                return Err(constraint("TRANSFER_RESPONSIBILITY_UPDATE_NOT_ALLOWED"));
            }
            transfer.name = call.input.text("Name").to_owned();
        }
        self.transfer_reply(call)
    }

    pub(crate) fn terminate_responsibility_transfer(&mut self, call: &mut Call) -> Reply {
        self.full_organization(call)?;
        self.transfer_reply(call)?;
        let id = call.input.text("Id");
        let now = call.now();
        let end = call.input.time("EndTimestamp").unwrap_or_else(|| end_of_month(now));
        if let Some(transfer) = self.transfers.get_mut(id) {
            match transfer.status {
                Status::Withdrawn => {
                    return Err(plain(
                        "ResponsibilityTransferAlreadyInStatusException",
                        "The responsibility transfer is already WITHDRAWN.",
                    ));
                }
                Status::Handshake(HandshakeState::Accepted) => {}
                Status::Handshake(_) => {
                    return Err(plain(
                        "InvalidResponsibilityTransferTransitionException",
                        "Only a responsibility transfer that was accepted can be terminated.",
                    ));
                }
            }
            check_end(end, now)?;
            transfer.status = Status::Withdrawn;
            transfer.end = Some(end);
        }
        self.announce(call, "ResponsibilityTransferTerminated", id);
        self.transfer_reply(call)
    }

    pub(crate) fn list_inbound_responsibility_transfers(&self, call: &Call) -> Reply {
        let org = self.full_organization(call)?;
        let wanted = call.input.optional("Id");
        let inbound = |transfer: &&Transfer| transfer.target == org.management;
        if wanted.is_some_and(|id| !self.transfers.get(id).is_some_and(|one| inbound(&one))) {
            return Err(not_found("ResponsibilityTransfer"));
        }
        let transfers = self
            .transfers
            .values()
            .filter(|one| inbound(one) && wanted.is_none_or(|id| id == one.id))
            .map(|one| (one.id.clone(), self.transfer_shape(org, one)));
        page(call.request, "ResponsibilityTransfers", transfers, self.empty_pages)
    }

    pub(crate) fn list_outbound_responsibility_transfers(&self, call: &Call) -> Reply {
        let org = self.full_organization(call)?;
        let transfers = self
            .transfers
            .values()
            .filter(|one| one.source.as_deref() == Some(org.management.as_str()))
            .map(|one| (one.id.clone(), self.transfer_shape(org, one)));
        page(call.request, "ResponsibilityTransfers", transfers, self.empty_pages)
    }
}
