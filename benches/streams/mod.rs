//! The two streams that benches read: generated endpoint events of Linux and
//! macOS hosts, and recorded ones, mostly of Windows.

use std::path::Path;
use std::process::Command;

/// Bytes of each stream that are read in one pass.
const BYTES: usize = 64 << 20;

/// The streams by name, or `None` if they are not there.
pub(crate) fn streams(shared: &Path) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let recorded = std::fs::File::open(shared.join("events/otrf-ecs-50k.ndjson.zst")).ok()?;
    let recorded = zstd::decode_all(recorded).ok()?;
    Some(vec![("generated", cut(generated(shared)?)), ("recorded", cut(recorded))])
}

/// Runs the generator, once for all benches of a machine.
fn generated(shared: &Path) -> Option<Vec<u8>> {
    let path = std::env::temp_dir().join("detect-generated.ndjson");
    if !path.exists() {
        let status = Command::new("python3")
            .arg(shared.join("bench/gen_events.py"))
            .args(["--bytes", &BYTES.to_string(), "--seed", "5", "--out"])
            .arg(&path)
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return None;
        }
    }
    std::fs::read(path).ok()
}

/// The first [`BYTES`] bytes, whole lines.
fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(BYTES);
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    bytes.truncate(end);
    bytes
}

/// The lines, without their line feeds, as the engine gives them to the projector.
pub(crate) fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect()
}
