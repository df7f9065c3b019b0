//! Documents, rules and OUs change: what they touch is brought into line, and nothing is published of nothing.
#![cfg(feature = "end-to-end")]

use anyhow::{Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_ssm::types::{DocumentFormat, DocumentPermissionType, DocumentType, Tag};
use tests::{World, run, until};

const OWNER: &str = "222233334444";
const ELSEWHERE: &str = "eu-west-1";
const REGION: &str = "us-east-1";
const CONTENT: &str = "schemaVersion: '0.3'\nmainSteps:\n- name: wait\n  action: aws:sleep\n  inputs: {Duration: PT1S}\n";

fn rule(documents: &str, regions: &str, accounts: &str) -> String {
    format!(
        "documents: {{owner: \"{OWNER}\", {documents}}}\nregions: [{regions}]\naccounts: {{in: [{accounts}]}}\n"
    )
}

async fn sees(world: &World, account: &str, region: &str, names: &[&str]) -> Result<()> {
    let wanted: std::collections::BTreeSet<String> =
        names.iter().map(|n| (*n).to_owned()).collect();
    until(&format!("{account} to see {names:?}"), || async {
        Ok((world.visible(account, region).await? == wanted).then_some(()))
    })
    .await
}

/// Waits until every change that has arrived is dealt with.
async fn quiet(world: &World) -> Result<()> {
    world.settled("change-").await.map(drop)
}

async fn document(world: &World, region: &str, name: &str, tag: Option<&str>) -> Result<()> {
    let ssm = world.ssm(OWNER, region).await;
    let create = ssm.create_document().name(name).content(CONTENT);
    let create = create.document_type(DocumentType::Automation);
    let tag = tag.map(|tag| Tag::builder().key("share").value(tag).build()).transpose()?;
    let tags = tag.map(|tag| vec![tag]);
    create.document_format(DocumentFormat::Yaml).set_tags(tags).send().await?;
    Ok(())
}

#[test]
fn each_kind_of_change_brings_what_it_touches_into_line_and_no_other_is_published() {
    run(|world| async move {
        world.owner(OWNER, &[REGION], &["Org-One", "Tagged-One", "Other"]).await?;
        world.settled(OWNER).await?;
        let account = world.create_account("changes").await?.account;
        world.place(&account, "/Workloads/Prod").await?;
        world.settled(&account).await?;
        let mut outcomes = world.subscribe("changes").await?;
        let ssm = world.ssm(OWNER, REGION).await;
        let hub = world.ssm(harness::HUB, REGION).await;

        // A rule is written.
        let everybody =
            rule("names: [\"Org-*\"]", "us-east-1, eu-west-1", &format!("\"{account}\""));
        world.stack.put_rule("everybody", &everybody).await?;
        sees(world, &account, REGION, &["Org-One"]).await?;
        let told = outcomes
            .wait_for("the outcome of the rule", |o| o.json()["trigger"]["kind"] == "change")
            .await?;
        ensure!(told.outcome() == "succeeded", "{}", told.json());
        ensure!(told.json()["shares"][0]["added"] == 1, "{}", told.json());

        // Documents are made, here and, through the owner's stack of that Region, elsewhere.
        world.stack.deploy_owner_in(OWNER, ELSEWHERE).await?;
        document(world, REGION, "Org-Two", None).await?;
        document(world, ELSEWHERE, "Org-One", None).await?;
        sees(world, &account, REGION, &["Org-One", "Org-Two"]).await?;
        sees(world, &account, ELSEWHERE, &["Org-One"]).await?;

        // A tag decides.
        let tagged = rule("tags: {share: \"yes\"}", REGION, "/Workloads/Prod");
        world.stack.put_rule("tagged", &tagged).await?;
        quiet(world).await?;
        let tag = Tag::builder().key("share").value("yes").build()?;
        let resource = aws_sdk_ssm::types::ResourceTypeForTagging::Document;
        let add = ssm.add_tags_to_resource().resource_type(resource.clone());
        add.resource_id("Tagged-One").tags(tag).send().await?;
        sees(world, &account, REGION, &["Org-One", "Org-Two", "Tagged-One"]).await?;
        let remove = ssm.remove_tags_from_resource().resource_type(resource);
        remove.resource_id("Tagged-One").tag_keys("share").send().await?;
        sees(world, &account, REGION, &["Org-One", "Org-Two"]).await?;
        quiet(world).await?;

        // Nothing to do: another version, another default version, a document that no rule selects.
        let before = outcomes.all().await?.len();
        let shares = world.modifications(&account).await?;
        let update = ssm.update_document().name("Org-One").document_version("$LATEST");
        let update = update.content(CONTENT.replace("PT1S", "PT2S"));
        update.document_format(DocumentFormat::Yaml).send().await?;
        ssm.update_document_default_version().name("Org-One").document_version("2").send().await?;
        document(world, REGION, "Unrelated", None).await?;
        quiet(world).await?;
        ensure!(outcomes.all().await?.len() == before, "nothing is published of nothing");
        ensure!(world.modifications(&account).await? == shares, "nothing was shared again");

        // Deleted, which SSM allows only after its shares are taken back by hand, and made again.
        let by_hand = ssm.modify_document_permission().name("Org-Two");
        let by_hand = by_hand.permission_type(DocumentPermissionType::Share);
        by_hand.account_ids_to_remove(&account).send().await?;
        ssm.delete_document().name("Org-Two").send().await?;
        quiet(world).await?;
        sees(world, &account, REGION, &["Org-One"]).await?;
        document(world, REGION, "Org-Two", None).await?;
        sees(world, &account, REGION, &["Org-One", "Org-Two"]).await?;

        // An OU that a rule names by its path is renamed: in doubt everybody keeps what they have, and it is said.
        document(world, REGION, "Tagged-Two", Some("yes")).await?;
        sees(world, &account, REGION, &["Org-One", "Org-Two", "Tagged-Two"]).await?;
        quiet(world).await?;
        let organizations = world.organizations();
        let prod = &world.stack.seeded.units["/Workloads/Prod"];
        let rename = organizations.update_organizational_unit().organizational_unit_id(prod);
        rename.name("Production").send().await?;
        outcomes
            .wait_for("the OU that is gone", |o| {
                o.json()["problems"].to_string().contains("UnknownOrganizationalUnit")
            })
            .await?;
        sees(world, &account, REGION, &["Org-One", "Org-Two", "Tagged-Two"]).await?;
        let back = organizations.update_organizational_unit().organizational_unit_id(prod);
        back.name("Prod").send().await?;
        outcomes
            .wait_for("the OU that is back", |o| {
                o.json()["solved"].to_string().contains("UnknownOrganizationalUnit")
            })
            .await?;

        // A rule is deleted.
        hub.delete_parameter().name("/runbook-relay/sharing/everybody").send().await?;
        sees(world, &account, REGION, &["Tagged-Two"]).await?;
        sees(world, &account, ELSEWHERE, &[]).await?;
        quiet(world).await?;

        // The suite's own shares were events, too, and none of them asked for another look.
        let executions = world.executions("ShareRunbooksStateMachineArn").await?;
        ensure!(executions.values().all(|status| *status == ExecutionStatus::Succeeded));
        let changes = executions.keys().filter(|name| name.starts_with("change-")).count();
        ensure!(changes <= 24, "{changes} executions for 22 events");
        Ok(())
    });
}
