//! Events that happen by themselves: creations and closures that end, handshakes that expire.
//!
//! Each thing happens at the instant it was due, in that order, however late the clock is looked
//! at: so a replay that ticks at other moments comes to the same state.

use api::Emission;
use jiff::Timestamp;

use crate::Organizations;

/// Something that is due.
enum Due {
    Creation { organization: String, id: String },
    Closure { organization: String, account: String },
    Handshake(String),
}

impl Organizations {
    /// The event that is due first.
    fn earliest(&self) -> Option<(Timestamp, Due)> {
        let creations = self.organizations.values().flat_map(|org| {
            org.creations.iter().filter_map(move |(id, creation)| {
                let due = Due::Creation { organization: org.id.clone(), id: id.clone() };
                Some((creation.due()?, due))
            })
        });
        let closures = self.organizations.values().flat_map(|org| {
            org.members.iter().filter_map(move |(account, member)| {
                let due = Due::Closure { organization: org.id.clone(), account: account.clone() };
                Some((member.state.due()?, due))
            })
        });
        let handshakes = self
            .handshakes
            .values()
            .map(|handshake| (handshake.due(), Due::Handshake(handshake.id.clone())));
        creations.chain(closures).chain(handshakes).min_by_key(|(at, _)| *at)
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.earliest().map(|(at, _)| at)
    }

    /// Brings about all that is due.
    pub(crate) fn advance(&mut self, now: Timestamp, events: &mut Vec<Emission>) {
        while let Some((at, due)) = self.earliest() {
            if at > now {
                break;
            }
            match due {
                Due::Creation { organization, id } => {
                    self.finish_creation(&organization, &id, events);
                }
                Due::Closure { organization, account } => {
                    self.finish_closure(&organization, &account, events);
                }
                Due::Handshake(id) => self.age_handshake(&id),
            }
        }
    }
}
