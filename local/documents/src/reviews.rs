//! Reviews of change templates: `UpdateDocumentMetadata`, `ListDocumentMetadataHistory`.
//!
//! One version at most is approved, and one at most is being reviewed.

use api::{
    AwsError, Request,
    paging::{PageScope, page},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    document::DocumentType,
    errors,
    input::{ListDocumentMetadataHistory, ReviewAction, ReviewComment, UpdateDocumentMetadata},
    lookup::View,
    reply::Epoch,
    state::Documents,
};

/// The size of a page unless the request says otherwise.
const PAGE: usize = 10;

/// Where a version stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ReviewStatus {
    Approved,
    NotReviewed,
    Pending,
    Rejected,
}

/// The review of one version; without a status where the type of document has no reviews.
#[derive(Clone, Default)]
pub(crate) struct Review {
    pub(crate) status: Option<ReviewStatus>,
    /// Who asked for it.
    pub(crate) author: Option<String>,
    responses: Vec<Response>,
}

#[derive(Clone)]
struct Response {
    created: Timestamp,
    updated: Timestamp,
    status: ReviewStatus,
    comment: Vec<ReviewComment>,
    reviewer: String,
}

/// The shape `ReviewInformation`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReviewInformation {
    reviewed_time: Epoch,
    status: ReviewStatus,
    reviewer: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HistoryOut {
    name: String,
    document_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    metadata: History,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct History {
    reviewer_response: Vec<ResponseOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResponseOut {
    create_time: Epoch,
    updated_time: Epoch,
    review_status: ReviewStatus,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    comment: Vec<ReviewComment>,
    reviewer: String,
}

impl Review {
    /// The review of a new version.
    pub(crate) fn of_new(kind: DocumentType) -> Self {
        let reviewed = kind == DocumentType::ChangeTemplate;
        Self { status: reviewed.then_some(ReviewStatus::NotReviewed), ..Self::default() }
    }

    pub(crate) fn information(&self) -> Vec<ReviewInformation> {
        let told = |response: &Response| ReviewInformation {
            reviewed_time: Epoch(response.updated),
            status: response.status,
            reviewer: response.reviewer.clone(),
        };
        self.responses.iter().map(told).collect()
    }

    fn respond(&mut self, response: Response) {
        self.status = Some(response.status);
        let mut earlier = self.responses.iter_mut();
        match earlier.find(|earlier| earlier.reviewer == response.reviewer) {
            Some(earlier) => *earlier = Response { created: earlier.created, ..response },
            None => self.responses.push(response),
        }
    }
}

impl Documents {
    /// `UpdateDocumentMetadata`.
    pub(crate) fn review(
        &mut self,
        request: &Request,
        input: &UpdateDocumentMetadata,
    ) -> Result<(), AwsError> {
        self.not_amazons(request, &input.name)?;
        self.not_busy(request, &format!("document/{}", input.name))?;
        let document = self.own_mut(request, &input.name)?;
        if document.kind != DocumentType::ChangeTemplate {
            return Err(errors::invalid_operation(format!(
                "Document {} is not a change template: only change templates are reviewed.",
                input.name
            )));
        }
        let selected = View::of(document, &request.account)
            .ok_or_else(|| errors::invalid_document(&input.name))?
            .select(input.document_version.as_deref(), None)?
            .number;
        let in_review = |number: &u32| {
            let version = document.versions.get(number);
            version.is_some_and(|version| version.review.status == Some(ReviewStatus::Pending))
        };
        let other = document.versions.keys().any(|number| *number != selected && in_review(number));
        let action = input.document_reviews.action;
        let status = match action {
            ReviewAction::SendForReview if other => {
                return Err(errors::invalid_operation(
                    "Only one version of a document can be in review at a time.",
                ));
            }
            ReviewAction::SendForReview => ReviewStatus::Pending,
            _ if !in_review(&selected) => {
                return Err(errors::invalid_operation(format!(
                    "Version {selected} of document {} is not in review.",
                    input.name
                )));
            }
            ReviewAction::UpdateReview => ReviewStatus::Pending,
            ReviewAction::Approve => ReviewStatus::Approved,
            ReviewAction::Reject => ReviewStatus::Rejected,
        };
        for (number, version) in &mut document.versions {
            if *number == selected {
                if action == ReviewAction::SendForReview {
                    version.review.author = Some(request.principal_arn.clone());
                }
                version.review.respond(Response {
                    created: request.now,
                    updated: request.now,
                    status,
                    comment: input.document_reviews.comment.clone().unwrap_or_default(),
                    reviewer: reviewer(&request.principal_arn),
                });
            } else if status == ReviewStatus::Approved
                && version.review.status == Some(ReviewStatus::Approved)
            {
                version.review.status = Some(ReviewStatus::Rejected);
            }
        }
        Ok(())
    }

    /// `ListDocumentMetadataHistory`, in the order in which reviewers first answered.
    pub(crate) fn reviews(
        &self,
        request: &Request,
        input: &ListDocumentMetadataHistory,
    ) -> Result<HistoryOut, AwsError> {
        let version =
            self.view(request, &input.name)?.select(input.document_version.as_deref(), None)?;
        let number = version.number.to_string();
        let scope = PageScope::new(request, &[&input.name, &number]);
        let (responses, next_token) = page(
            version.review.responses.iter().enumerate(),
            |(index, _)| format!("{index:010}"),
            &scope,
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| errors::invalid_next_token())?;
        let told = |(_, response): (usize, &Response)| ResponseOut {
            create_time: Epoch(response.created),
            updated_time: Epoch(response.updated),
            review_status: response.status,
            comment: response.comment.clone(),
            reviewer: response.reviewer.clone(),
        };
        Ok(HistoryOut {
            name: input.name.clone(),
            document_version: number,
            author: version.review.author.clone(),
            metadata: History { reviewer_response: responses.into_iter().map(told).collect() },
            next_token,
        })
    }
}

/// A principal's own name, as the shape `Reviewer` allows it: at most 50 of `[a-zA-Z0-9_\-.]`.
fn reviewer(principal: &str) -> String {
    let name = principal.rsplit(['/', ':']).next().unwrap_or_default();
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().filter(allowed).take(50).collect()
}
