//! Replicas: made where the owner lacks a document, with its attachment, shared there, brought up to date, deleted, and the
//! owner's own document left alone.

use super::copies::{CODE_SHA256, with_attachment};
use super::*;

const AWAY: &str = "eu-west-1";

/// The content of a document of the owner away from home, and the suite's tag on it; none without a document.
async fn replica(world: &World, owner: &str, name: &str) -> Result<Option<(String, String)>> {
    let ssm = world.ssm(owner, AWAY).await;
    let described = match ssm.describe_document().name(name).send().await {
        Err(error) if error.as_service_error().is_some_and(|e| e.is_invalid_document()) => {
            return Ok(None);
        }
        described => described?.document.context("a description")?,
    };
    let tags = described.tags.unwrap_or_default();
    let tag = tags.into_iter().find(|tag| tag.key == "relay:replica").map(|tag| tag.value);
    let yaml = aws_sdk_ssm::types::DocumentFormat::Yaml;
    let read = ssm.get_document().name(name).document_format(yaml).send().await?;
    Ok(Some((read.content.context("a content")?, tag.unwrap_or_default())))
}

#[test]
fn documents_that_the_owner_lacks_in_a_region_come_from_its_home_region() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        // A reconcile is there for this: the events of changes are lost.
        let lost = json!({"drop": [
            "Parameter Store Change", "CreateDocument", "UpdateDocument", "UpdateDocumentDefaultVersion",
            "DeleteDocument",
        ]});
        world.local.relay("POST", "events/delivery", &lost).await?;
        let owner = "373737373737";
        world.join_by_invitation(owner).await?;
        world.stack.deploy_owner(owner).await?;
        world.stack.deploy_owner_in(owner, AWAY).await?;
        world.documents(owner, &[REGION], &["Zone-0", "Zone-1"]).await?;
        with_attachment(world, owner, "Zone-2").await?;
        let own = tests::RUNBOOK.replace("PT1S", "PT9S");
        let yaml = aws_sdk_ssm::types::DocumentFormat::Yaml;
        let away = world.ssm(owner, AWAY).await;
        let create = away.create_document().name("Zone-1").content(&own);
        let automation = aws_sdk_ssm::types::DocumentType::Automation;
        create.document_type(automation).document_format(yaml.clone()).send().await?;
        let account = world.create_account("zone-1").await?.account;
        world.settled(&account).await?;
        let (seen_home, seen_away) = (
            world.visible(&account, REGION).await?.len(),
            world.visible(&account, AWAY).await?.len(),
        );
        let wanted = format!(
            "documents: {{owner: \"{owner}\", names: [\"Zone-*\"], homeRegion: {REGION}}}\n\
             regions: [{REGION}, {AWAY}]\naccounts: {{in: [\"{account}\"]}}\n"
        );
        world.stack.put_rule("zone", &wanted).await?;

        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(2), "{code:?}: {text}");
        for line in [
            format!("+ replicate Zone-0 of {owner} from {REGION} to 1 Region"),
            format!("+ replicate Zone-2 of {owner} from {REGION} to 1 Region"),
            format!("+ share Zone-0 of {owner} with 1 account in 2 Regions"),
            format!("+ share Zone-1 of {owner} with 1 account in 2 Regions"),
        ] {
            ensure!(text.contains(&line), "no line `{line}`: {text}");
        }
        ensure!(!text.contains("replicate Zone-1"), "{text}");
        ensure!(replica(world, owner, "Zone-0").await?.is_none(), "a plan changes nothing");

        let folder = tempfile::tempdir()?;
        let file = folder.path().join("plan.json");
        let file = file.to_str().context("a path")?;
        relay(world, &["plan", "--out", file])?;
        let (_, text) = relay(world, &["apply", file])?;
        ensure!(text.contains("2 copied"), "{text}");
        let made = Some((tests::RUNBOOK.to_owned(), format!("runbook-relay/{REGION}")));
        ensure!(replica(world, owner, "Zone-0").await? == made, "Zone-0");
        let mine = Some((own.clone(), String::new()));
        ensure!(replica(world, owner, "Zone-1").await? == mine, "Zone-1");
        let read = away.get_document().name("Zone-2").send().await?;
        let files = read.attachments_content.unwrap_or_default();
        ensure!(
            files.first().and_then(|file| file.hash.as_deref()) == Some(CODE_SHA256),
            "{files:?}"
        );
        ensure!(world.visible(&account, REGION).await?.len() == seen_home + 3, "at home");
        ensure!(world.visible(&account, AWAY).await?.len() == seen_away + 3, "away");
        let quiet = reconcile(world, "zone-quiet", json!({})).await?;
        ensure!(quiet.output["plan"]["verdict"] == "nothing", "{}", quiet.output);

        // Another default version at home, found by its event.
        let heard = json!({"drop": ["Parameter Store Change"]});
        world.local.relay("POST", "events/delivery", &heard).await?;
        let changed = tests::RUNBOOK.replace("PT1S", "PT2S");
        let home = world.ssm(owner, REGION).await;
        let update = home.update_document().name("Zone-0").content(&changed);
        update.document_version("$LATEST").document_format(yaml).send().await?;
        let default = home.update_document_default_version().name("Zone-0");
        default.document_version("2").send().await?;
        until("the replica to follow", || async {
            let found = replica(world, owner, "Zone-0").await?;
            Ok(found.is_some_and(|(content, _)| content == changed).then_some(()))
        })
        .await?;

        // Deleted at home: its shares go, and then the replica. What is the owner's own stays.
        world.local.relay("POST", "events/delivery", &lost).await?;
        for name in ["Zone-0", "Zone-1"] {
            let modify = home.modify_document_permission().name(name);
            let modify = modify.permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share);
            modify.account_ids_to_remove(&account).send().await?;
            home.delete_document().name(name).send().await?;
        }
        // An execution that follows the change before may find it first.
        let (code, text) = relay(world, &["apply"])?;
        ensure!(code == Some(0), "{code:?}: {text}");
        ensure!(replica(world, owner, "Zone-0").await?.is_none(), "a replica of nothing is there");
        ensure!(replica(world, owner, "Zone-1").await? == mine, "the owner's own document is gone");
        ensure!(world.visible(&account, AWAY).await?.len() == seen_away + 2, "away, at last");
        Ok(())
    });
}
