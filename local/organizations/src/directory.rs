//! Who is where in an organization, for services of the local AWS that act in many accounts.

use crate::Organizations;
use crate::accounts::State;

impl Organizations {
    /// The active accounts directly in an OU or the root, or anywhere below it, in order. `None`
    /// if `viewer`'s organization has no such OU, or `viewer` is neither its management account
    /// nor a delegated administrator for `service`.
    #[must_use]
    pub fn active_accounts(
        &self,
        viewer: &str,
        service: &str,
        parent: &str,
        with_child_units: bool,
    ) -> Option<Vec<String>> {
        let org = self.organization_named(viewer)?;
        let delegate = (viewer.to_owned(), service.to_owned());
        let may = org.management == viewer || org.delegates.contains_key(&delegate);
        if !may || !org.has_parent(parent) {
            return None;
        }
        let inside = |account: &str, direct: &str| {
            direct == parent || (with_child_units && org.lineage(account).contains(&parent))
        };
        let accounts = org.members.iter().filter(|(account, member)| {
            member.state == State::Active && inside(account.as_str(), &member.parent)
        });
        Some(accounts.map(|(account, _)| account.clone()).collect())
    }
}
