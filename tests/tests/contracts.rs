//! Contracts between code, state machines, templates and documentation. Nothing runs here.

#![expect(clippy::unwrap_used, clippy::panic, reason = "this is test code: it fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;
use relay_core::id::{CLAIMS_PATH, COPY_TAG, InstallationId};
use relay_core::problem::ProblemCode;
use runtime::{ErrorName, FunctionError};
use serde_json::Value;

fn root() -> PathBuf {
    harness::root()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every function with the names of its errors.
fn functions() -> Vec<(&'static str, &'static [ErrorName])> {
    vec![
        ("check-membership", check_membership::Error::NAMES),
        ("follow-automation", follow_automation::Error::NAMES),
        ("plan-shares", plan_shares::Error::NAMES),
        ("publish-outcome", publish_outcome::Error::NAMES),
        ("recover-outcomes", recover_outcomes::Error::NAMES),
        ("route-alarms", route_alarms::Error::NAMES),
        ("route-events", route_events::Error::NAMES),
        ("share-documents", share_documents::Error::NAMES),
        ("start-automation", start_automation::Error::NAMES),
        ("verify-recovery", verify_recovery::Error::NAMES),
    ]
}

/// Every Task of every state machine that calls a function: the function, and how often the machine
/// retries each name in its retriers.
fn tasks() -> Vec<(String, BTreeMap<String, u64>)> {
    let mut tasks = Vec::new();
    for machine in ["await-membership", "run-automation", "share-runbooks"] {
        let definition: Value =
            serde_json::from_str(&read(format!("statemachine/{machine}.asl.json"))).unwrap();
        collect(&definition, &mut tasks);
    }
    tasks
}

fn collect(value: &Value, tasks: &mut Vec<(String, BTreeMap<String, u64>)>) {
    if let Some(function) = value["Arguments"]["FunctionName"].as_str() {
        let retriers = value["Retry"].as_array().into_iter().flatten();
        let attempts = retriers.flat_map(|retrier| {
            let names = retrier["ErrorEquals"].as_array().unwrap().iter();
            let attempts = retrier["MaxAttempts"].as_u64().unwrap();
            names.map(move |name| (name.as_str().unwrap().to_owned(), attempts))
        });
        tasks.push((kebab(function), attempts.collect()));
    }
    match value {
        Value::Object(members) => members.values().for_each(|value| collect(value, tasks)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, tasks)),
        _ => {}
    }
}

/// `${PlanSharesFunctionArn}` → `plan-shares`.
fn kebab(reference: &str) -> String {
    let name = reference.trim_start_matches("${").trim_end_matches("FunctionArn}");
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[test]
fn every_error_name_that_leaves_a_function_stands_in_the_state_machine_that_calls_it() {
    let tasks = tasks();
    assert!(tasks.len() >= 4, "{tasks:?}");
    for (function, caught) in &tasks {
        let (_, names) = functions().into_iter().find(|(name, _)| name == function).unwrap();
        let own: BTreeSet<String> = names.iter().map(|name| name.as_str().to_owned()).collect();
        // Names of the platform have a dot.
        let spelled: BTreeSet<String> =
            caught.keys().filter(|name| !name.contains('.')).cloned().collect();
        assert_eq!(spelled, own, "{function}: ErrorEquals and the function's names differ");
    }
}

#[test]
fn an_error_name_is_retried_by_every_state_machine_or_by_none() {
    let mut seen = BTreeSet::new();
    for (function, caught) in tasks() {
        for name in ErrorName::ALL {
            let Some(attempts) = caught.get(name.as_str()) else { continue };
            assert_eq!(*attempts > 0, name.is_retried(), "{function}: {name}, {attempts} attempts");
            seen.insert(*name);
        }
    }
    assert_eq!(seen, ErrorName::ALL.iter().copied().collect());
}

#[test]
fn every_error_name_and_problem_code_has_a_page() {
    let names = functions().into_iter().flat_map(|(_, names)| names.iter().map(|n| n.as_str()));
    let codes = ProblemCode::ALL.iter().map(|code| code.as_str());
    for name in names.chain(codes) {
        let page = read(format!("docs/errors/{name}.md"));
        assert!(page.len() > 200, "docs/errors/{name}.md says next to nothing");
        assert!(read("docs/errors/README.md").contains(name), "the index lacks {name}");
    }
}

#[test]
fn every_page_on_an_error_is_about_one_that_exists() {
    let known: BTreeSet<&str> = ErrorName::ALL
        .iter()
        .map(|name| name.as_str())
        .chain(ProblemCode::ALL.iter().map(|code| code.as_str()))
        .collect();
    for entry in std::fs::read_dir(root().join("docs/errors")).unwrap() {
        let file = entry.unwrap().file_name().to_string_lossy().into_owned();
        let name = file.trim_end_matches(".md");
        assert!(name == "README" || known.contains(name), "docs/errors/{file} is about nothing");
    }
}

/// Which parts of the workspace a part may depend on, by folder. `suite/yaml-tree` and `suite/core`
/// are the ground floor of both halves; `local/harness` is what demo, bench and tests stand on and may
/// use everything.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("functions/", &["suite/"]),
    ("suite/", &["suite/"]),
    ("local/harness", &["suite/", "local/", "cli"]),
    ("local/", &["local/", "suite/yaml-tree", "suite/core"]),
    ("cli", &["suite/", "local/runbook", "local/engine", "local/workbench"]),
];

#[test]
fn dependencies_go_in_the_directions_that_the_layout_allows() {
    let workspace = read("Cargo.toml");
    let path = Regex::new(r#"(?m)^([a-z-]+) = \{ path = "([^"]+)" \}"#).unwrap();
    let folders: BTreeMap<&str, &str> = path
        .captures_iter(&workspace)
        .map(|found| (found.get(1).unwrap().as_str(), found.get(2).unwrap().as_str()))
        .collect();
    assert!(folders.len() >= 14, "the root manifest names only {folders:?}");
    let mut seen = 0;
    for folder in members() {
        let Some((_, allowed)) = DIRECTIONS.iter().find(|(from, _)| folder.starts_with(from))
        else {
            continue;
        };
        let manifest = read(format!("{folder}/Cargo.toml"));
        let dependencies = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for (name, target) in &folders {
            let depends = dependencies.lines().any(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ']))
            });
            if depends {
                seen += 1;
                assert_ne!(*name, "aws-double", "{folder} may use it in its tests only");
                let fine = allowed.iter().any(|allowed| target.starts_with(allowed));
                assert!(fine, "{folder} may not depend on {target}");
            }
        }
        assert!(
            !dependencies.contains("path = \"../"),
            "{folder} names a path; the root manifest does"
        );
    }
    assert!(seen >= 30, "only {seen} dependencies were looked at");
}

/// A crate that tests use with other features than programs is compiled twice, and with it whatever depends on it: the
/// clients of AWS alone take minutes. xtask/Cargo.toml turns on for both what tests need.
#[test]
fn programs_and_tests_share_every_crate_that_both_use() {
    let used = |edges: &str| -> BTreeMap<String, String> {
        let features = "tests/end-to-end,gateway/end-to-end,workers/end-to-end";
        let mut tree = std::process::Command::new(env!("CARGO"));
        tree.current_dir(root()).args(["tree", "--offline", "--locked", "--workspace"]);
        tree.args(["--features", features, "--edges", edges, "--prefix", "none"]);
        let said = tree.args(["--format", "{p}|{f}"]).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let lines = String::from_utf8(said.stdout).unwrap();
        let lines = lines.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
        lines.map(|(package, features)| (package.to_owned(), features.to_owned())).collect()
    };
    let (programs, tests) = (used("normal,build"), used("normal,build,dev"));
    assert!(programs.len() > 200, "{programs:?}");
    let other = |(package, features): (&String, &String)| {
        (tests.get(package) != Some(features))
            .then(|| format!("{package}: {features}, in tests {:?}", tests.get(package)))
    };
    let others: Vec<String> = programs.iter().filter_map(other).collect();
    assert_eq!(others, [""; 0], "turn their features on in xtask/Cargo.toml");
}

/// The folders of the workspace that hold a crate.
fn members() -> Vec<String> {
    let mut members = vec!["cli".to_owned(), "xtask".to_owned()];
    for half in ["functions", "suite", "local"] {
        for entry in std::fs::read_dir(root().join(half)).unwrap() {
            let folder = entry.unwrap().file_name().to_string_lossy().into_owned();
            if folder != "fuzz" && root().join(half).join(&folder).join("Cargo.toml").exists() {
                members.push(format!("{half}/{folder}"));
            }
        }
    }
    members
}

#[test]
fn pure_crates_read_no_clock_and_perform_no_io() {
    let forbidden = Regex::new(
        r"std::(fs|net|env|process|thread)\b|SystemTime|Timestamp::now|Instant::now|tokio::",
    )
    .unwrap();
    for folder in [
        "suite/core",
        "suite/run",
        "suite/remediation",
        "suite/sharing",
        "suite/outcome",
        "local/api",
        "local/json-path",
        "local/organizations",
        "local/documents",
        "local/workbench",
    ] {
        for (path, code) in sources(folder) {
            for line in code.lines() {
                assert!(!forbidden.is_match(line), "{path}: {line}");
            }
        }
    }
}

/// The keys of the table and of the bucket, as the store's own page of them says, and the words of
/// DynamoDB's expressions.
#[test]
fn only_the_store_names_keys_of_the_table_and_the_bucket_and_expressions() {
    let page = read("suite/store/src/lib.rs");
    let row = Regex::new(r"(?m)^//! \| [^|]+ \| [a-z_`, ]+ \| `([a-z]+)#").unwrap();
    let mut prefixes: BTreeSet<&str> =
        row.captures_iter(&page).map(|found| found.get(1).unwrap().as_str()).collect();
    let object = Regex::new(r"(?m)^//! \| [^|]+ \| `([a-z]+)/<").unwrap();
    let folders: BTreeSet<&str> =
        object.captures_iter(&page).map(|found| found.get(1).unwrap().as_str()).collect();
    assert_eq!((prefixes.len(), folders.len()), (13, 3), "{prefixes:?} {folders:?}");
    prefixes.insert("observed");
    let keys = prefixes.into_iter().collect::<Vec<_>>().join("|");
    let folders = folders.into_iter().collect::<Vec<_>>().join("|");
    let names = Regex::new(&format!(
        "\"(observed-)?({keys})#|\"({folders})/\\{{|\"(pk|sk|sk2)\"|\
         attribute_(not_)?exists|begins_with\\(|_expression\\(|aws_sdk_dynamodb"
    ))
    .unwrap();
    let mut of_the_store = 0;
    for member in members() {
        let is_deployed =
            ["functions/", "suite/", "cli"].iter().any(|half| member.starts_with(half));
        if !is_deployed || member == "suite/aws-double" {
            continue;
        }
        for (path, code) in sources(&member) {
            let found = code.lines().filter(|line| names.is_match(line));
            if member == "suite/store" {
                of_the_store += found.count();
                continue;
            }
            assert_eq!(found.collect::<Vec<_>>(), [""; 0], "{path}");
        }
    }
    assert!(of_the_store > 40, "{of_the_store}: these names are not the store's any more");
}

/// The sources of a part of the workspace, without tests and comments: paths and texts.
fn sources(member: &str) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for entry in walkdir::WalkDir::new(root().join(member).join("src")) {
        let path = entry.unwrap().into_path();
        let is_test = path.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            part.starts_with("test") || part.ends_with("tests.rs")
        });
        if is_test || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        sources.push((path.display().to_string(), lines.collect::<Vec<_>>().join("\n")));
    }
    sources
}

#[test]
fn every_function_has_its_environment_role_and_log_group_in_the_template() {
    let template = read("template.yaml");
    let variable =
        Regex::new(r#"environment\s*\.(?:require(?:::<[^>]*>)?|or|optional)\("([A-Z][A-Z_]+)""#)
            .unwrap();
    let next = Regex::new(r"\n  [A-Za-z]+:\n").unwrap();
    for (function, _) in functions() {
        let pascal: String =
            function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        for resource in
            [format!("  {pascal}Function:"), format!("  {pascal}Role:"), format!("  {pascal}Logs:")]
        {
            assert!(template.contains(&resource), "template.yaml has no {resource}");
        }
        let begin = template.find(&format!("  {pascal}Function:")).unwrap();
        let block = &template[begin..];
        let end = next.find(&block[3..]).map_or(block.len(), |found| found.start() + 3);
        for entry in walkdir::WalkDir::new(root().join("functions").join(function).join("src")) {
            let path = entry.unwrap().into_path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            for found in variable.captures_iter(&text) {
                let name = &found[1];
                // Lambda's own.
                if name == "AWS_REGION" {
                    continue;
                }
                assert!(
                    block[..end].contains(name) || template[..begin].contains(&format!("{name}:")),
                    "{function} reads {name}, which template.yaml does not set"
                );
            }
        }
    }
}

#[test]
fn code_and_templates_name_the_things_of_an_installation_alike() {
    let id: InstallationId = "qa".parse().unwrap();
    let [hub, owner, target] =
        ["template.yaml", "stacks/owner-account.yaml", "stacks/target-account.yaml"].map(read);
    let in_both = |name: &str, texts: &[&String]| {
        let written = name.replace("qa", "${InstallationId}");
        for text in texts {
            assert!(text.contains(&written), "no template has {written}");
        }
    };
    let name = |role: &str| format!("RoleName: !Sub ${{RoleNamePrefix}}{role}\n");
    let arn = |role: &str| format!(":role${{RolePath}}${{RoleNamePrefix}}{role}\n");
    in_both(&name(&id.share_role()), &[&hub, &owner]);
    in_both(&arn(&id.share_role()), &[&hub]);
    in_both(&name(&id.copy_role()), &[&hub, &target]);
    in_both(&arn(&id.copy_role()), &[&hub]);
    in_both(&format!("/{COPY_TAG}\": !Sub \"{}\"", id.copy_tag("*")), &[&hub, &target]);
    in_both(&name(&id.read_role()), &[&target]);
    in_both(&arn(&id.read_role()), &[&hub]);
    in_both(&name(&id.execution_role()), &[&hub, &target]);
    in_both(&arn(&id.execution_role()), &[&hub, &target]);
    let path = id.role_path();
    in_both(&format!("Path: !Sub ${{RolePath}}{}\n", path.trim_start_matches('/')), &[&hub]);
    in_both(&format!(":parameter{}\n", id.sharing_rules()), &[&hub]);
    in_both(&format!(":parameter{}\n", id.remediation_rules()), &[&hub]);
    in_both(&format!(":parameter{}\n", id.control_parameter()), &[&hub]);
    let claim = id.claim_parameter();
    in_both(&format!("      Name: !Sub {claim}\n"), &[&hub, &owner]);
    in_both(&format!(":parameter{CLAIMS_PATH}\n"), &[&hub, &owner]);
    for (function, _) in functions() {
        in_both(&name(&id.session(function)), &[&hub]);
    }
}

#[test]
fn code_and_templates_allow_the_same_ids_of_installations() {
    let hub = read("template.yaml");
    // Looking ahead is not a thing of this crate's expressions.
    let pattern =
        Regex::new(r"InstallationId:\n(?:    .*\n)*?    AllowedPattern: \^\(\?!aws\|ssm\)(.*)\n");
    let pattern = pattern.unwrap().captures(&hub).unwrap()[1].to_owned();
    let allowed = Regex::new(&format!("^{pattern}")).unwrap();
    let default = InstallationId::default();
    assert!(
        hub.contains(&format!("  InstallationId:\n    Type: String\n    Default: {default}\n"))
    );
    let (longest, longer) = ("a".repeat(32), "a".repeat(33));
    for id in ["runbook-relay", "qa", "a", "2a", "-a", "a-", "Qa", "q_a", "q.a", &longest, &longer]
    {
        assert_eq!(allowed.is_match(id), id.parse::<InstallationId>().is_ok(), "{id}");
    }
}

#[test]
fn the_stack_says_the_version_of_the_workspace() {
    let version = Regex::new(r#"(?m)^version = "(.+)"$"#).unwrap();
    let version = version.captures(&read("Cargo.toml")).unwrap()[1].to_owned();
    let output =
        format!("  Version:\n    Description: Version of runbook-relay\n    Value: {version}\n");
    let hub = read("template.yaml");
    assert!(hub.contains(&output), "{output}");
    let outcome = format!("            'suiteVersion': '{version}',\n");
    assert!(hub.contains(&outcome), "{outcome}");
    let description = format!("Description: >-\n  runbook-relay {version}, ");
    for stack in ["management-account", "ops-items", "owner-account", "target-account"] {
        let stack = read(format!("stacks/{stack}.yaml"));
        assert!(stack.contains(&description), "{description}");
    }
    assert!(hub.contains(&description), "{description}");
}

/// A field of a query is one of CloudWatch's own, which begin with @, a key that every line has, or a field that some
/// code of the functions logs.
#[test]
fn saved_queries_ask_for_fields_that_log_lines_have() {
    let logging = ["suite", "functions"].map(|half| {
        let of_half = members().into_iter().filter(|member| member.starts_with(half));
        of_half.flat_map(|member| sources(&member)).map(|(_, code)| code).collect::<String>()
    });
    let template = read("template.yaml");
    let query = Regex::new(r"QueryString: \|\n((?:        .*\n)+)").unwrap();
    let texts = Regex::new(r#""[^"]*"|#.*"#).unwrap();
    let words = Regex::new(r"@?[a-z_]+\(?").unwrap();
    // Of the language, and the names that a query itself gives.
    let known = [
        "fields",
        "filter",
        "sort",
        "desc",
        "asc",
        "limit",
        "stats",
        "by",
        "as",
        "in",
        "triggers",
        "times",
        "last",
        "last_reason",
        "level",
        "message",
    ];
    let mut queries = 0;
    for found in query.captures_iter(&template) {
        queries += 1;
        for word in words.find_iter(&texts.replace_all(&found[1], "")).map(|word| word.as_str()) {
            let is_logged = || {
                let field = Regex::new(&format!(r#"\b{word} = |\b{word},|"{word}""#)).unwrap();
                logging.iter().any(|code| field.is_match(code))
            };
            let fine = word.starts_with('@') || word.ends_with('(') || known.contains(&word);
            assert!(fine || is_logged(), "nothing logs {word}: {}", &found[1]);
        }
    }
    assert!(queries >= 5, "template.yaml has only {queries} queries");
}

#[test]
fn every_promise_names_tests_that_exist() {
    let promises = read("docs/promises.md");
    let named = Regex::new(r"`([a-z][a-z0-9_]{20,})`").unwrap();
    let mut sources = String::new();
    for folder in ["functions", "suite", "local", "cli", "xtask", "tests", "tools"] {
        for entry in walkdir::WalkDir::new(root().join(folder)) {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
                sources.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
    let mut count = 0;
    for found in named.captures_iter(&promises) {
        let name = &found[1];
        let exists =
            sources.contains(&format!("fn {name}(")) || sources.contains(&format!("def {name}("));
        assert!(exists, "docs/promises.md names {name}, which is not a test");
        count += 1;
    }
    assert!(count >= 30, "docs/promises.md names only {count} tests");
}

#[test]
fn the_alarms_of_an_installation_are_those_of_the_template() {
    let names = Regex::new(r"AlarmName: !Sub \$\{InstallationId\}-([a-z-]+)\n").unwrap();
    let hub = read("template.yaml");
    let found: BTreeSet<&str> =
        names.captures_iter(&hub).map(|found| found.get(1).unwrap().as_str()).collect();
    assert_eq!(found, InstallationId::ALARMS.iter().copied().collect());
    assert_eq!(found.len(), hub.matches("AlarmName:").count());
}
