//! Scripts that come as files.

use std::io::Write;

use engine::ports::{Script, ScriptError, ScriptSource, Scripts};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::world::{run, script};

fn attached(name: &str, content: Vec<u8>, handler: &str) -> Script {
    Script {
        source: ScriptSource::Attachment { name: name.into(), content },
        handler: handler.into(),
        ..script("", json!({"n": 1}))
    }
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in files {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_py_file_s_function_is_called_by_file_and_name() {
    run(|world| async move {
        let content = b"def entry(events, context): return [__name__, events['n']]".to_vec();
        let run = world.python.run(&attached("fix_it.py", content, "fix_it.entry")).await;
        assert_eq!(run.result, Ok(json!(["fix_it", 1])), "{}", run.log);
    });
}

#[test]
fn the_modules_of_a_zip_find_each_other_and_their_data() {
    run(|world| async move {
        let content = archive(&[
            (
                "main.py",
                "from parts.help import double\ndef entry(events, context):\n    return [double(events['n']), open('data.txt').read()]",
            ),
            ("parts/__init__.py", ""),
            ("parts/help.py", "def double(n): return 2 * n"),
            ("data.txt", "data"),
        ]);
        let script = attached("bundle.zip", content.clone(), "main.entry");
        assert_eq!(world.python.run(&script).await.result, Ok(json!([2, "data"])));
        let script = attached("bundle.zip", content, "parts.help.double");
        let run = world.python.run(&script).await;
        assert!(
            matches!(run.result, Err(ScriptError::Raised(text)) if text.contains("TypeError - "))
        );
    });
}

#[test]
fn a_script_in_the_document_imports_from_its_attachment() {
    run(|world| async move {
        let zip = archive(&[("help.py", "def double(n): return 2 * n")]);
        for (name, content) in
            [("help.py", b"def double(n): return 2 * n".to_vec()), ("b.zip", zip)]
        {
            let text = "import help\ndef handler(events, context): return help.double(events['n'])";
            let source = ScriptSource::Importing { text: text.into(), name: name.into(), content };
            let run = world.python.run(&Script { source, ..script("", json!({"n": 4})) }).await;
            assert_eq!(run.result, Ok(json!(8)), "{}", run.log);
        }
    });
}

#[test]
fn an_attachment_that_does_not_fit_its_handler_cannot_be_run() {
    run(|world| async move {
        let content = b"def entry(events, context): return 1".to_vec();
        for (name, content, handler, says) in [
            ("fix.py", content.clone(), "other.entry", "The attachment fix.py has no module other"),
            ("fix.py", content.clone(), "fix.other", "The script has no function named other"),
            (
                "fix.py",
                content.clone(),
                "entry",
                "The handler of an attachment is file.function, not entry",
            ),
            (
                "fix.zip",
                content.clone(),
                "fix.entry",
                "The attachment fix.zip is not a zip archive",
            ),
        ] {
            let run = world.python.run(&attached(name, content, handler)).await;
            assert_eq!(run.result, Err(ScriptError::Unavailable(says.into())));
        }
        // A module that is missing inside of it is the script's own failure.
        let content = b"import nosuch".to_vec();
        let run = world.python.run(&attached("fix.py", content, "fix.entry")).await;
        assert!(matches!(run.result, Err(ScriptError::Raised(_))), "{run:?}");
    });
}

#[test]
fn a_zip_does_not_write_outside_of_its_folder() {
    run(|world| async move {
        let content = archive(&[
            ("../../escaped.py", "x = 1"),
            ("main.py", "import os\ndef entry(events, context): return sorted(os.listdir())"),
        ]);
        let run = world.python.run(&attached("bundle.zip", content, "main.entry")).await;
        assert_eq!(run.result, Ok(json!(["escaped.py", "main.py"])));
        assert!(!world.folder.path().join("escaped.py").exists());
    });
}
