//! `aws:assertAwsResourceProperty`: fails at once when a property is not as desired.

use super::failure::phrase;
use super::property::Property;
use super::{Call, Done, Failure};

/// Looks at the property once.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let property = Property::read(call)?;
    let look = property.look(call).await?;
    if look.fits {
        Ok(Done::default())
    } else {
        Err(Failure::unverified(phrase::EXECUTE, &property.complaint(&look)))
    }
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;
    use serde_json::{Value, json};

    use super::super::testing::{Attempt, AwsDouble, error, throttled};
    use super::super::{FailureStage, FailureType};

    fn assertion(desired: Value) -> Attempt {
        let inputs = json!({
            "Service": "rds",
            "Api": "DescribeDBInstances",
            "DBInstanceIdentifier": "db-1",
            "PropertySelector": "$.DBInstances[0].Property",
        });
        Attempt::new(ActionKind::AssertAwsResourceProperty, inputs).input("DesiredValues", desired)
    }

    fn with(property: &Value) -> AwsDouble {
        let answer = json!({"DBInstances": [{"Property": property}]});
        AwsDouble::default().on("rds", "DescribeDBInstances", [Ok(answer)])
    }

    #[tokio::test(start_paused = true)]
    async fn values_compare_as_python_writes_them() {
        for (found, desired, fits) in [
            (json!("available"), json!(["stopped", "available"]), true),
            (json!("available"), json!("available"), true),
            (json!("available"), json!(["Available"]), false),
            (json!(true), json!(["True"]), true),
            (json!(true), json!(["true"]), false),
            (json!(true), json!([true]), true),
            (json!(false), json!(["False"]), true),
            (json!(5432), json!(["5432"]), true),
            (json!(null), json!(["None"]), true),
            (json!(["ok", "ok"]), json!(["ok"]), true),
            (json!(["ok", "impaired"]), json!(["ok"]), false),
            (json!([]), json!(["ok"]), false),
            (json!("b"), json!([["a", "b"]]), true),
        ] {
            let aws = with(&found);
            let done = assertion(desired.clone()).run(&aws).await;
            assert_eq!(done.is_ok(), fits, "{found} in {desired}");
            assert_eq!(
                aws.requests("DescribeDBInstances"),
                [json!({"DBInstanceIdentifier": "db-1"})]
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_property_that_is_not_as_desired_fails_the_verification() {
        let failure =
            assertion(json!(["available"])).run(&with(&json!("stopping"))).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::PostVerification);
        assert_eq!(failure.kind, FailureType::Verification);
        assert!(
            failure.message.contains(
                "Property value 'stopping' from the API output is not in the desired values. Desired \
                 values: ['available']. Please refer"
            ),
            "{}",
            failure.message
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_property_that_is_not_there_fails_too() {
        let aws =
            AwsDouble::default().on("rds", "DescribeDBInstances", [Ok(json!({"DBInstances": []}))]);
        let failure = assertion(json!(["available"])).run(&aws).await.unwrap_err();
        assert!(failure.message.contains("no property $.DBInstances[0]"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn a_filter_selects_the_property_of_the_items_that_fit() {
        let tags = |tier: &str| {
            let tags = json!([{"Key": "Name", "Value": "a"}, {"Key": "Tier", "Value": tier}]);
            let answer = json!({"DBInstances": [{"TagList": tags}]});
            AwsDouble::default().on("rds", "DescribeDBInstances", [Ok(answer)])
        };
        let inputs = json!({
            "Service": "rds", "Api": "DescribeDBInstances",
            "PropertySelector": "$.DBInstances[0].TagList[?(@.Key=='Tier')].Value",
            "DesiredValues": ["db", "web"],
        });
        let check = || Attempt::new(ActionKind::AssertAwsResourceProperty, inputs.clone());
        check().run(&tags("db")).await.unwrap();
        let failure = check().run(&tags("cache")).await.unwrap_err();
        assert!(
            failure.message.contains(
                "Property value 'cache' from the API output is not in the desired values. Desired \
                 values: ['db', 'web']."
            ),
            "{}",
            failure.message
        );
    }

    #[tokio::test(start_paused = true)]
    async fn errors_of_the_service_fail_it_and_throttling_is_waited_out() {
        let refused =
            error("DBInstanceNotFound", "DescribeDBInstances", "DBInstance db-1 not found.");
        let aws = AwsDouble::default().on("rds", "DescribeDBInstances", [refused]);
        let failure = assertion(json!(["available"])).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::Invocation);
        assert!(failure.message.contains("(DBInstanceNotFound)"), "{}", failure.message);

        let fits = Ok(json!({"DBInstances": [{"Property": "available"}]}));
        let aws = AwsDouble::default().on("rds", "DescribeDBInstances", [throttled("x"), fits]);
        assertion(json!(["available"])).run(&aws).await.unwrap();
        assert_eq!(aws.count("DescribeDBInstances"), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_call_nothing() {
        for (name, value, says) in [
            ("DesiredValues", json!([]), "at least one item"),
            ("PropertySelector", json!("Instances[0"), "PropertySelector"),
            ("PropertySelector", json!(null), "needs the input PropertySelector"),
        ] {
            let mut inputs = json!({
                "Service": "rds", "Api": "DescribeDBInstances",
                "PropertySelector": "$.A", "DesiredValues": ["x"],
            });
            inputs[name] = value;
            let aws = AwsDouble::default();
            let action = ActionKind::AssertAwsResourceProperty;
            let failure = Attempt::new(action, inputs).run(&aws).await.unwrap_err();
            assert_eq!(failure.stage, FailureStage::InputValidation);
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(aws.calls().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_it_looks_again() {
        let aws = with(&json!("available"));
        assertion(json!(["available"])).resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("DescribeDBInstances"), 1);
    }
}
