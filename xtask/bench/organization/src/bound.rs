//! The fewest calls to Organizations and SSM with which a reconcile can do its work, by operation, computed from the rules
//! and AWS's page sizes: 20 accounts or OUs, 50 documents, 200 permissions a page, 20 accounts a change, 10 parameters.

use std::collections::BTreeMap;

use crate::organization::{GROUPS, Size};

/// Operations that change a document, a permission or a copy.
pub(crate) const WRITES: [&str; 5] = [
    "ModifyDocumentPermission",
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
];

/// The findings of a reconcile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Nothing is shared yet.
    First,
    /// Everything is as it should be, and the ledger says so.
    Steady,
    /// The same, with `drift`: SSM is asked whether the ledger is right.
    Drift,
}

/// The fewest calls of each operation.
pub(crate) fn fewest(size: &Size, pass: Pass) -> BTreeMap<&'static str, usize> {
    let Size { accounts, documents, copied, regions, .. } = *size;
    let page = |elements: usize, most: usize| elements.div_ceil(most).max(1);
    let below = size.units_below();
    let mut calls = BTreeMap::from([
        // The owner is a member, too.
        ("ListAccounts", page(accounts + 1, 20)),
        ("ListRoots", 1),
        (
            "ListOrganizationalUnitsForParent",
            page(GROUPS, 20) + GROUPS * page(below, 20) + GROUPS * below,
        ),
        // The rules, and in each Region the claims of the owner.
        ("GetParametersByPath", page(size.rules(), 10) + regions),
        ("ListDocuments", regions * page(documents + copied, 50)),
        // Whether the copies are of what the owner has now.
        ("DescribeDocument", regions * copied),
    ]);
    match pass {
        Pass::First => {
            // Somebody else may have shared it already.
            calls.insert("DescribeDocumentPermission", regions * documents);
            let changes = regions * documents * size.wanted().div_ceil(20);
            calls.insert("ModifyDocumentPermission", changes);
            calls.insert("GetDocument", regions * copied);
            calls.insert("CreateDocument", regions * copied * accounts);
        }
        Pass::Steady => {}
        Pass::Drift => {
            let pages = regions * documents * page(size.wanted(), 200);
            calls.insert("DescribeDocumentPermission", pages);
            calls.insert("DescribeDocument", regions * copied * (accounts + 1));
        }
    }
    calls
}
