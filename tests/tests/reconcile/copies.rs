//! Copies: made by one command, brought up to date, mended, deleted, and an account's own document left alone.

use super::*;

const CODE: &str = "def go(events, context):\n    return 'ran'\n";
pub(crate) const CODE_SHA256: &str =
    "a8cc774bebe8ee196b4df5a08f059d7131b6a55fad5ec849ecc9c241ce2fa610";

/// The content of the default version of a document, and the value of the suite's tag on it; none without a document.
async fn copy(world: &World, account: &str, name: &str) -> Result<Option<(String, String)>> {
    let ssm = world.ssm(account, REGION).await;
    let described = match ssm.describe_document().name(name).send().await {
        Err(error) if error.as_service_error().is_some_and(|e| e.is_invalid_document()) => {
            return Ok(None);
        }
        described => described?.document.context("a description")?,
    };
    let tags = described.tags.unwrap_or_default();
    let tag = tags.into_iter().find(|tag| tag.key == "relay:copy").map(|tag| tag.value);
    let yaml = aws_sdk_ssm::types::DocumentFormat::Yaml;
    let read = ssm.get_document().name(name).document_format(yaml).send().await?;
    Ok(Some((read.content.context("a content")?, tag.unwrap_or_default())))
}

/// Attaches a file to a new document of the owner, as its own bucket has it.
pub(crate) async fn with_attachment(world: &World, owner: &str, name: &str) -> Result<()> {
    let s3 = harness::aws::s3(&world.account(owner, REGION).await);
    let bucket = format!("attachments-{owner}");
    s3.create_bucket().bucket(&bucket).send().await?;
    let body = aws_sdk_s3::primitives::ByteStream::from_static(CODE.as_bytes());
    s3.put_object().bucket(&bucket).key("tool.py").body(body).send().await?;
    let content = json!({
        "schemaVersion": "0.3", "files": {"tool.py": {"checksums": {"sha256": CODE_SHA256}}},
        "mainSteps": [{"name": "Go", "action": "aws:executeScript", "inputs": {
            "Runtime": "python3.11", "Handler": "tool.go", "Attachment": "tool.py"}}],
    });
    let file = aws_sdk_ssm::types::AttachmentsSource::builder()
        .key(aws_sdk_ssm::types::AttachmentsSourceKey::S3FileUrl)
        .values(format!("s3://{bucket}/tool.py"))
        .name("tool.py")
        .build();
    let ssm = world.ssm(owner, REGION).await;
    let create = ssm.create_document().name(name).content(content.to_string()).attachments(file);
    create.document_type(aws_sdk_ssm::types::DocumentType::Automation).send().await?;
    Ok(())
}

#[test]
fn copies_follow_the_owners_document_and_an_accounts_own_document_is_left_alone() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        // A reconcile is there for this: the events of changes are lost.
        let lost = json!({"drop": [
            "Parameter Store Change", "CreateDocument", "UpdateDocument", "UpdateDocumentDefaultVersion",
            "DeleteDocument",
        ]});
        world.local.relay("POST", "events/delivery", &lost).await?;
        let owner = "343434343434";
        world.join_by_invitation(owner).await?;
        world.stack.deploy_owner(owner).await?;
        world.documents(owner, &[REGION], &["Wide-0", "Wide-1"]).await?;
        with_attachment(world, owner, "Wide-2").await?;
        let (one, two) = (
            world.create_account("wide-1").await?.account,
            world.create_account("wide-2").await?.account,
        );
        for account in [&one, &two] {
            world.settled(account).await?;
            let config = world.account(account, REGION).await;
            let parameters = [
                ("HubAccount", HUB.to_owned()),
                ("HubRegion", HOME_REGION.to_owned()),
                ("OrganizationId", world.stack.seeded.organization.clone()),
                ("RolesRegion", REGION.to_owned()),
            ];
            let (name, template) = ("runbook-relay-target-account", "target-account.yaml");
            harness::deploy::stack(&config, name, template, &parameters).await?;
        }
        let seen = world.visible(&one, REGION).await?.len();
        world.documents(&two, &[REGION], &["Wide-1"]).await?;
        let wanted = |accounts: &str| {
            rule("Wide-*", accounts).replace(OWNER, owner) + "distribution: copy\n"
        };
        world.stack.put_rule("wide", &wanted(&format!("\"{one}\", \"{two}\""))).await?;

        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(2), "{code:?}: {text}");
        ensure!(
            text.contains(&format!("+ copy Wide-0 of {owner} to 2 accounts in 1 Region")),
            "{text}"
        );
        ensure!(
            text.contains(&format!("+ copy Wide-1 of {owner} to 1 account in 1 Region")),
            "{text}"
        );
        ensure!(text.contains("a document of their own of this name"), "{text}");
        ensure!(copy(world, &one, "Wide-0").await?.is_none(), "a plan changes nothing");

        let (_, text) = relay(world, &["apply"])?;
        ensure!(text.contains("5 copied") && text.contains("CopyNameTaken"), "{text}");
        let tag = format!("runbook-relay/{owner}");
        let made = Some((tests::RUNBOOK.to_owned(), tag.clone()));
        for (account, name) in [(&one, "Wide-0"), (&one, "Wide-1"), (&two, "Wide-0")] {
            ensure!(copy(world, account, name).await? == made, "{account} {name}");
        }
        let own = copy(world, &two, "Wide-1").await?;
        ensure!(own == Some((tests::RUNBOOK.to_owned(), String::new())), "{own:?}");
        let ssm = world.ssm(&one, REGION).await;
        let files =
            ssm.get_document().name("Wide-2").send().await?.attachments_content.unwrap_or_default();
        ensure!(
            files.first().and_then(|file| file.hash.as_deref()) == Some(CODE_SHA256),
            "{files:?}"
        );
        ensure!(world.visible(&one, REGION).await?.len() == seen, "nothing is shared");
        let quiet = reconcile(world, "wide-quiet", json!({})).await?;
        ensure!(quiet.output["plan"]["verdict"] == "nothing", "{}", quiet.output);

        // Another default version at the owner, and a copy that somebody has deleted.
        let changed = tests::RUNBOOK.replace("PT1S", "PT2S");
        let at_owner = world.ssm(owner, REGION).await;
        let yaml = aws_sdk_ssm::types::DocumentFormat::Yaml;
        let update = at_owner.update_document().name("Wide-0").content(&changed);
        update.document_version("$LATEST").document_format(yaml).send().await?;
        let default = at_owner.update_document_default_version().name("Wide-0");
        default.document_version("2").send().await?;
        ssm.delete_document().name("Wide-1").send().await?;
        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(2), "{code:?}: {text}");
        ensure!(
            text.contains(&format!("~ update the copies of Wide-0 of {owner} in 2 accounts")),
            "{text}"
        );
        ensure!(text.contains("(1 taken back by hand)"), "{text}");
        let mended = reconcile(world, "wide-mended", json!({})).await?;
        // The name that is taken is named again, and fails again.
        ensure!(mended.output["outcome"] == "partial", "{}", mended.output);
        for account in [&one, &two] {
            let copy = copy(world, account, "Wide-0").await?;
            ensure!(copy == Some((changed.clone(), tag.clone())), "{account}: {copy:?}");
        }
        ensure!(copy(world, &one, "Wide-1").await? == made, "it is there again");

        // Out of scope: the copies go, and what is the account's own stays.
        world.stack.put_rule("wide", &wanted(&format!("\"{one}\""))).await?;
        let narrowed = reconcile(world, "wide-narrowed", json!({})).await?;
        ensure!(narrowed.output["outcome"] == "succeeded", "{}", narrowed.output);
        ensure!(copy(world, &two, "Wide-0").await?.is_none(), "a copy that nobody wants is there");
        ensure!(copy(world, &two, "Wide-1").await? == own, "its own document is gone");
        ensure!(copy(world, &one, "Wide-0").await?.is_some(), "a copy that is wanted is gone");
        Ok(())
    });
}
