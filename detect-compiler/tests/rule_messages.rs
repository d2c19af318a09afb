//! What a person sees for a broken rule: each `rule_messages/NAME.toml` gives
//! the text of `NAME.txt` beside it. `DETECT_BLESS=1` writes the texts anew.

use detect_compiler::diagnostic::Style;
use detect_compiler::rule::Rule;
use std::fs;
use std::path::Path;

#[test]
fn messages() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rule_messages"));
    let bless = std::env::var_os("DETECT_BLESS").is_some();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        let source = fs::read_to_string(&path).expect("a case");
        let text = match Rule::parse(&name, &source) {
            Ok(_) => panic!("{name} is a valid rule"),
            Err(report) => report.render(Style::Plain),
        };
        let expected = path.with_extension("txt");
        if bless {
            fs::write(&expected, &text).expect("a text to write");
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{name}:\n{text}"));
        }
        cases += 1;
    }
    assert!(cases >= 12, "{cases} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
