use super::level::{Choice, dispatch};
use super::*;
use proptest::prelude::*;

#[inline(always)]
fn scan<I: Isa>(isa: I, index: &mut Index, line: &[u8]) -> Result<bool, crate::json::Malformed> {
    index.scan(isa, line).map(|(text, shape)| {
        assert_eq!(text.as_bytes(), line);
        shape.backslash
    })
}

fn scan_at(level: Level, index: &mut Index, line: &[u8]) -> Result<bool, crate::json::Malformed> {
    dispatch!(level, scan, <> (index: &mut Index = index, line: &[u8] = line)
        -> Result<bool, crate::json::Malformed>)
}

/// Quotes, opening and closing brackets and backslashes by the book, byte by byte.
fn by_the_book(line: &[u8]) -> [Vec<u8>; 4] {
    let mut maps = [(); 4].map(|()| vec![0u8; line.len().div_ceil(BLOCK) * 8]);
    let mut inside = false;
    let mut escaped = false;
    for (at, &byte) in line.iter().enumerate() {
        let map = match byte {
            b'"' if !escaped => Some(0),
            b'{' | b'[' if !inside => Some(1),
            b'}' | b']' if !inside => Some(2),
            b'\\' => Some(3),
            _ => None,
        };
        if let Some(map) = map {
            maps[map][at / 8] |= 1 << (at % 8);
        }
        inside ^= map == Some(0);
        escaped = byte == b'\\' && !escaped;
    }
    maps
}

proptest! {
    #[test]
    fn all_instructions_give_the_same(
        line in prop::collection::vec(
            prop_oneof![
                4 => prop::sample::select(b"\"\"\"\\\\{}[],:nu0 ".to_vec()),
                1 => any::<u8>(),
            ],
            0..300,
        )
    ) {
        let mut results = Vec::new();
        for level in Level::available() {
            let mut index = Index::default();
            let result = scan_at(level, &mut index, &line);
            let maps = index.bitmaps().map(<[u8]>::to_vec);
            prop_assert_eq!(&maps, &by_the_book(&line));
            results.push(result);
        }
        for result in &results {
            prop_assert_eq!(result, &results[0]);
        }
    }

    #[test]
    fn small_searches_give_the_same(
        line in "[0-9a-f]{0,80}",
        at in 0usize..90,
        text in "[0-9a-f]{1,32}",
    ) {
        #[inline(always)]
        fn both<I: Isa>(isa: I, line: &[u8], at: usize, text: &[u8; TEXT], length: usize) -> (bool, usize) {
            (isa.begins(line, at, text, length), isa.digits(line, at))
        }
        let line = line.as_bytes();
        let own = line.get(at..(at + text.len()).min(line.len())).unwrap_or_default().to_vec();
        for text in [text.as_bytes(), &own] {
            let mut padded = [0; TEXT];
            padded[..text.len()].copy_from_slice(text);
            let length = text.len();
            let expected = (
                line.get(at..).is_some_and(|rest| rest.starts_with(text)),
                line.get(at..).unwrap_or_default().iter().take(32).take_while(|b| b.is_ascii_digit()).count(),
            );
            for level in Level::available() {
                let got = dispatch!(level, both, <> (
                    line: &[u8] = line, at: usize = at, text: &[u8; TEXT] = &padded, length: usize = length
                ) -> (bool, usize));
                if length > 0 {
                    prop_assert_eq!(got, expected);
                }
            }
        }
    }
}

#[test]
fn every_run_of_backslashes_over_every_border() {
    for start in 50..70 {
        for run in 0..70 {
            let mut line = vec![b' '; start];
            line.push(b'"');
            line.extend(vec![b'\\'; run]);
            line.extend_from_slice(b"\"\"{");
            for level in Level::available() {
                let mut index = Index::default();
                let _ = scan_at(level, &mut index, &line);
                assert_eq!(
                    index.bitmaps().map(<[u8]>::to_vec),
                    by_the_book(&line),
                    "{start} {run}"
                );
            }
        }
    }
}

#[test]
fn portable_is_always_there() {
    assert!(matches!(Level::available().last(), Some(Level(Choice::Portable(_)))));
}
