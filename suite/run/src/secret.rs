//! Which parameters of a runbook hold secrets, by their names. Automation has no type for secrets: an input of a
//! runbook is shown to everybody who may look at the run.

/// Parts of names whose values are not repeated in outcomes, messages and the program's output.
const PARTS: [&str; 10] = [
    "accesskey",
    "apikey",
    "connectionstring",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
];

/// Ends of names whose values only say where a secret is.
const REFERENCES: [&str; 5] = ["arn", "id", "name", "parameter", "path"];

/// Whether a parameter holds a secret, as far as its name says.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    PARTS.iter().any(|part| plain.contains(part))
        && !REFERENCES.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_and_a_reference_to_one_is_not_hidden() {
        for name in ["Password", "db_password", "API-Key", "SlackToken", "clientSecret"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["InstanceId", "SecretArn", "secretId", "PasswordParameter", "Key", "Settle"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
