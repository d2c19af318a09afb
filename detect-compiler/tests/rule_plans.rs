//! Every rule of both public corpora becomes a plan.

use detect_compiler::diagnostic::{Report, Style};
use detect_compiler::lower::{compile, info_tokens};
use detect_compiler::rule::read_folder;
use std::path::Path;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");

fn check(folder: &str) {
    let path = Path::new(SHARED).join(folder);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return;
    }
    let ruleset = read_folder(&path).expect("a readable folder").ruleset();
    let mut refused: Vec<Report> = Vec::new();
    for rule in &ruleset.rules {
        match compile(rule, &ruleset.schema) {
            Ok(compiled) => {
                let tokens = info_tokens(rule, &compiled, 0, true).to_string();
                assert!(syn::parse_str::<syn::Expr>(&tokens).is_ok(), "{tokens}");
                assert!(!compiled.stages.is_empty() || rule.query.is_none(), "{}", rule.path);
            }
            Err(reports) => refused.extend(reports),
        }
    }
    let texts: Vec<String> = refused.iter().map(|report| report.render(Style::Plain)).collect();
    assert!(refused.is_empty(), "{}\n{} refused", texts.concat(), refused.len());
}

#[test]
fn detection_rules_compile() {
    check("corpus/detection-rules");
}

#[test]
fn endpoint_rules_compile() {
    check("corpus/endpoint-rules");
}

#[test]
fn the_seed_compiles() {
    check("seed");
}
