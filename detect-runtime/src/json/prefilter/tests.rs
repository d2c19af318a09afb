use super::*;
use crate::json::scan::Level;
use crate::test::Fold;
use proptest::prelude::*;

/// Lines with a hit, and how many were passed, with every instruction set.
fn hits(literals: &[Literal], body: &[u8]) -> (Vec<usize>, u64) {
    let table = build(literals).unwrap();
    let mut results = Vec::new();
    for level in Level::available() {
        let search = Search::with_level(&table, level).unwrap();
        let mut found = Vec::new();
        let passed = search.each_hit(body, |line, offset| {
            assert_eq!(&body[offset..offset + line.len()], line);
            assert!(offset == 0 || body[offset - 1] == b'\n');
            found.push(offset);
        });
        results.push((found, passed));
    }
    for result in &results {
        assert_eq!(result, &results[0]);
    }
    results.swap_remove(0)
}

fn hit(literal: &Literal, line: &str) -> bool {
    let body = format!("{{}}\n{line}\n{{}}\n");
    let (found, passed) = hits(core::slice::from_ref(literal), body.as_bytes());
    assert_eq!(found.len() as u64 + passed, 3);
    found.len() == 1
}

#[test]
fn spellings() {
    let whole = |text| Literal::whole(text, Fold::None).unwrap();
    let folded = |text| Literal::within(text, Fold::Ascii).unwrap();
    let table = [
        (whole("scp"), r#"{"n":"scp"}"#, true),
        (whole("scp"), r#"{"n":"scpx"}"#, false),
        (whole("scp"), r#"{"n":"SCP"}"#, false),
        (whole("scp"), r#"{"n":"\u0073cp"}"#, true),
        (whole("scp"), r#"{"n":"\\u0073cp"}"#, false),
        (whole("scp"), r#"{"n":"\\\u0073cp"}"#, true),
        (whole("scp"), r#"{"n":"\/"}"#, false),
        (whole("/tmp/x"), r#"{"n":"\/tmp/x"}"#, true),
        (whole("/tmp/x"), r#"{"n":"/tmp/x"}"#, true),
        (whole("/tmp/x"), r#"{"n":"\\/"}"#, false),
        (whole(r"C:\a"), r#"{"n":"C:\\a"}"#, true),
        (whole("a\"b\n"), r#"{"n":"a\"b\n"}"#, true),
        (whole("4445"), r#"{"n":4445}"#, true),
        (whole("true"), r#"{"n":true}"#, true),
        (Literal::prefix("scp", Fold::None).unwrap(), r#"{"n":"scpx"}"#, true),
        (Literal::prefix("scp", Fold::None).unwrap(), r#"{"n":"xscp"}"#, false),
        (Literal::suffix("scp", Fold::None).unwrap(), r#"{"n":"xscp"}"#, true),
        (folded("PowerShell"), r#"{"n":"C:\\POWERSHELL.exe"}"#, true),
        (folded("powershell"), r#"{"n":"pOwErShElL"}"#, true),
        (folded("über"), r#"{"n":"üBER"}"#, true),
    ];
    for (literal, line, expected) in table {
        assert_eq!(hit(&literal, line), expected, "{literal:?} {line}");
    }
}

#[test]
fn refusals() {
    assert_eq!(build(&[]), Err(PrefilterError::Count(0)));
    let short = Literal::within("ab", Fold::None).unwrap();
    assert_eq!(build(&[short]), Err(PrefilterError::Short("ab".to_owned())));
    assert!(Literal::within("mask", Fold::Full).is_err());
    assert!(Literal::within("wert", Fold::Full).is_ok());
    assert!(Search::new(b"DPF1").is_err());
}

proptest! {
    #[test]
    fn equals_a_look_at_every_line(
        words in prop::collection::vec("[abAB/\\\\\"]{3,6}", 1..20),
        folds in prop::collection::vec(any::<bool>(), 20),
        lines in prop::collection::vec("([abAB/ü]|\\\\\\\\|\\\\\"|\\\\/|\\\\u00e4){0,60}", 0..12),
    ) {
        let literals: Vec<Literal> = words
            .iter()
            .zip(&folds)
            .map(|(word, &fold)| Literal::within(word, if fold { Fold::Ascii } else { Fold::None }).unwrap())
            .collect();
        let slash = words.iter().any(|word| word.contains('/'));
        let mut body = String::new();
        let mut expected = Vec::new();
        for line in &lines {
            let spelled = |word: &str| word.replace('\\', "\\\\").replace('"', "\\\"");
            let any = words.iter().zip(&folds).any(|(word, &fold)| {
                let (word, line) = (spelled(word), line.clone());
                if fold {
                    line.to_ascii_lowercase().contains(&word.to_ascii_lowercase())
                } else {
                    line.contains(&word)
                }
            });
            let unescaped = line.replace("\\\\", "");
            if any || unescaped.contains("\\u") || (slash && unescaped.contains("\\/")) {
                expected.push(body.len());
            }
            body.push_str(line);
            body.push('\n');
        }
        let passed = (lines.len() - expected.len()) as u64;
        prop_assert_eq!(hits(&literals, body.as_bytes()), (expected, passed));
    }
}
