use detect::runtime::engine::{Engine, Options, Ruleset};
#[detect::ruleset(path = "../shared/seed/file_transfer_utility_launched_from_unusual_parent.toml")]
pub struct Rules;

#[test]
fn run() {
    let mut engine = Engine::<Rules>::new(Options { settings: detect::runtime::head::Settings { whole: Some(Default::default()), ..Default::default() }, ..Options::default() }).unwrap();
    let bytes = std::fs::read("../shared/seed/expected/edge.ndjson").unwrap();
    let mut alerts: Vec<String> = Vec::new();
    engine.feed(&bytes, &mut alerts);
    engine.finish(&mut alerts);
    for alert in &alerts { println!("{alert}"); }
    println!("{:?} {:?} {:?} {}", engine.counts(), engine.scan_counts(), engine.rule_counts()[0], Rules::table().rules.len());
}
