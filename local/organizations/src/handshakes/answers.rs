//! Accepting, declining, cancelling: who may, and in which state.

use api::{AwsError, Reply};
use serde_json::json;

use super::{Action, Handshake, State};
use crate::Organizations;
use crate::call::Call;
use crate::errors::{access_denied, plain};

/// A handshake that has ended stays so; one in the state asked for is an error of its own.
fn check_transition(handshake: &Handshake, to: State) -> Result<(), AwsError> {
    if handshake.state == to {
        return Err(plain(
            "HandshakeAlreadyInStateException",
            &format!("The handshake is already {}.", to.name()),
        ));
    }
    // The migration ends only when every invited account has approved, which opens it.
    let unapproved = handshake.action == Action::EnableAllFeatures
        && handshake.state == State::Requested
        && to == State::Accepted;
    if !handshake.is_open() || unapproved {
        return Err(plain(
            "InvalidHandshakeTransitionException",
            &format!(
                "You can't make a handshake {} that is {}.",
                to.name(),
                handshake.state.name()
            ),
        ));
    }
    Ok(())
}

impl Organizations {
    pub(crate) fn accept_handshake(&mut self, call: &mut Call) -> Reply {
        let handshake = self.own_handshake(call)?;
        if !self.is_recipient(handshake, call.account()) {
            return Err(access_denied());
        }
        check_transition(handshake, State::Accepted)?;
        let (id, action) = (handshake.id.clone(), handshake.action);
        match action {
            Action::Invite => self.join_by_invitation(call, &id)?,
            Action::ApproveAllFeatures => {}
            Action::EnableAllFeatures => self.finish_migration(call)?,
            Action::TransferResponsibility => self.accept_transfer(call, &id)?,
        }
        self.end_handshake(call, State::Accepted)
    }

    pub(crate) fn decline_handshake(&mut self, call: &mut Call) -> Reply {
        let handshake = self.own_handshake(call)?;
        // The migration's own handshake has no one but its sender, who may only cancel it.
        let own = handshake.action == Action::EnableAllFeatures;
        if own || !self.is_recipient(handshake, call.account()) {
            return Err(access_denied());
        }
        check_transition(handshake, State::Declined)?;
        self.end_handshake(call, State::Declined)
    }

    pub(crate) fn cancel_handshake(&mut self, call: &mut Call) -> Reply {
        let handshake = self.own_handshake(call)?;
        if handshake.sender != call.account() {
            return Err(access_denied());
        }
        check_transition(handshake, State::Canceled)?;
        self.end_handshake(call, State::Canceled)
    }

    /// Ends the handshake the call names, with what hangs on it.
    fn end_handshake(&mut self, call: &Call, state: State) -> Reply {
        let id = call.input.text("HandshakeId");
        let Some(handshake) = self.handshakes.get_mut(id) else {
            return Err(crate::errors::not_found("Handshake"));
        };
        handshake.end(state, call.now());
        let shape = handshake.shape();
        let transfer = handshake.transfer.clone();
        let (organization, action) = (handshake.organization.clone(), handshake.action);
        match action {
            Action::Invite => {}
            Action::TransferResponsibility => self.close_transfer(transfer.as_deref(), state),
            Action::ApproveAllFeatures => self.review_migration(&organization),
            Action::EnableAllFeatures => self.end_approvals(id, call.now()),
        }
        Ok(json!({ "Handshake": shape }))
    }
}
