//! Real queries for tests: the ES|QL rules of a folder of rule files.

use std::path::Path;

/// Path and query of every rule of type `esql` below a folder.
pub(crate) fn queries(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(queries(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path)?;
            let Ok(file) = text.parse::<toml::Table>() else { continue };
            let rule = file.get("rule");
            let string = |key: &str| rule.and_then(|rule| rule.get(key)?.as_str());
            if let (Some("esql"), Some(query)) = (string("type"), string("query")) {
                found.push((path.display().to_string(), query.to_owned()));
            }
        }
    }
    found.sort();
    Ok(found)
}
