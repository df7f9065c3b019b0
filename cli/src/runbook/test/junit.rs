//! JUnit's XML, which pipelines show: <https://github.com/testmoapp/junitxml>.

use super::Tested;

pub(super) fn text(runbooks: &[Tested]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"relay runbook test\">\n",
    );
    for tested in runbooks {
        let failures = tested.cases.iter().filter(|case| !case.passed).count();
        text += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n",
            escaped(&tested.runbook),
            tested.cases.len(),
        );
        for case in &tested.cases {
            text += &format!(
                "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"{:.3}\"",
                escaped(&tested.runbook),
                escaped(&case.name),
                escaped(&tested.file),
                case.elapsed.as_secs_f64(),
            );
            if case.passed {
                text += "/>\n";
            } else {
                let first = case.failures.first().map(String::as_str).unwrap_or_default();
                text += &format!(
                    ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    escaped(first),
                    escaped(&case.failures.join("\n")),
                );
            }
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

/// For attributes and text. Signs that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push(sign),
            sign if sign.is_control() => {}
            sign => escaped.push(sign),
        }
    }
    escaped
}
