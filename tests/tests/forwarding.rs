//! A hub that is not the management account: it hears of the organization through
//! `stacks/management-account.yaml`.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use harness::{HOME_REGION, HUB, deploy};
use serde_json::json;
use tests::{World, run, until};

/// The hub of this test; the one that every world has stays what it is.
const ELSEWHERE: &str = "777788889999";
/// Its installation: the rules of one id cannot stand twice in the management account.
const INSTALLATION: &str = "elsewhere";

/// The executions of share-runbooks in the other hub.
async fn executions(world: &World, machine: &str) -> Result<Vec<String>> {
    let sfn = aws_sdk_sfn::Client::new(&world.account(ELSEWHERE, HOME_REGION).await);
    let listed = sfn.list_executions().state_machine_arn(machine).send().await?;
    Ok(listed.executions.into_iter().map(|execution| execution.name).collect())
}

#[test]
fn a_hub_elsewhere_hears_of_moves_through_the_forwarding_stack_and_of_nothing_else() {
    run(|world| async move {
        world.join_by_invitation(ELSEWHERE).await?;
        let hub = world.account(ELSEWHERE, HOME_REGION).await;
        let outputs = deploy::suite(
            &hub,
            &[
                ("InstallationId", INSTALLATION.to_owned()),
                ("OrganizationId", world.stack.seeded.organization.clone()),
                ("ManagementAccountId", HUB.to_owned()),
                ("OrganizationEventBatchingWindowSeconds", "0".to_owned()),
                ("RecheckSeconds", "0".to_owned()),
            ],
        )
        .await?;
        let machine = outputs.get("ShareRunbooksStateMachineArn").context("a machine")?;
        let parameters = [
            ("InstallationId", INSTALLATION.to_owned()),
            ("HubAccount", ELSEWHERE.to_owned()),
            ("HubRegion", HOME_REGION.to_owned()),
        ];
        let file = "management-account.yaml";
        deploy::stack(&world.stack.hub, "runbook-relay-management-account", file, &parameters)
            .await?;

        let created = world.create_account("forwarded").await?;
        world.place(&created.account, "/Workloads/Prod").await?;
        let name = format!("move-{}-", created.account);
        until("the move to reach the other hub", || async {
            let heard = executions(world, machine).await?;
            Ok(heard.iter().any(|heard| heard.starts_with(&name)).then_some(()))
        })
        .await?;

        // The bus lets in what the stack forwards, and no event that somebody makes up there.
        let forged = json!({"version": "0", "id": "0c0f1f9e-0000-4000-8000-00000000000f",
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.organizations",
            "account": "123456789012", "time": "2026-01-02T03:04:05Z", "region": HOME_REGION,
            "resources": [], "detail": {"eventName": "MoveAccount",
                "requestParameters": {"accountId": "123456789012"}}});
        world.deliver(&forged).await?;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let heard = executions(world, machine).await?;
        ensure!(!heard.iter().any(|name| name.contains("123456789012")), "{heard:?}");
        Ok(())
    });
}
