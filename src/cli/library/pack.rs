//! Packs the files of the rules for the program, at build time: path and bytes of
//! each, lengths before them, zstd around all. Part of the build script.

use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// Level of zstd: a second for 2,600 rules.
const LEVEL: i32 = 12;

/// Writes `rules.zst` into the folder of the build, unless it is there from the same
/// files. What cannot be read is left out: the macro says so.
pub(crate) fn pack(rules: &Path) {
    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    let mut bytes = Vec::new();
    if rules.is_dir() {
        folder(rules, "", 0, &mut bytes);
    } else if let Some(name) = rules.file_name() {
        file(rules, &name.to_string_lossy(), &mut bytes);
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    let stamp = format!("{:016x}", hasher.finish());
    let (packed, stamped) = (out.join("rules.zst"), out.join("rules.stamp"));
    let known = std::fs::read_to_string(&stamped).is_ok_and(|known| known == stamp);
    if known && packed.exists() {
        return;
    }
    let compressed = zstd::encode_all(bytes.as_slice(), LEVEL).expect("memory takes every byte");
    std::fs::write(&packed, compressed).expect("the folder of the build can be written");
    std::fs::write(&stamped, stamp).expect("the folder of the build can be written");
}

/// Links may make a folder its own parent.
const DEEPEST: usize = 32;

fn folder(path: &Path, below: &str, depth: usize, out: &mut Vec<u8>) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hidden = name.starts_with('.');
        let rule = entry.extension().is_some_and(|extension| extension == "toml");
        let wanted = rule || name.ends_with(".tests.ndjson");
        if entry.is_dir() && !hidden && depth < DEEPEST {
            folder(&entry, &format!("{below}{name}/"), depth + 1, out);
        } else if wanted && !hidden {
            file(&entry, &format!("{below}{name}"), out);
        }
    }
}

fn file(path: &Path, name: &str, out: &mut Vec<u8>) {
    let Ok(bytes) = std::fs::read(path) else { return };
    for part in [name.as_bytes(), &bytes] {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part);
    }
}
