//! Analysed text: the tokens of Elasticsearch's standard analyser.
//!
//! Words by Unicode's boundaries (UAX #29) that hold a letter or a digit,
//! lower-cased; no stop words, no stems. A word above 255 characters is cut into
//! pieces of that length, as the tokenizer does.

use unicode_segmentation::UnicodeSegmentation;

/// Longest token in characters.
const LONGEST: usize = 255;

/// Calls `take` for each token in order until it answers false.
///
/// ```
/// use detect_runtime::text::analysis::tokens;
/// assert_eq!(tokens("[System.Text]::Join 3,11 bpf_probe"), ["system.text", "join", "3,11", "bpf_probe"]);
/// ```
pub fn each_token(text: &str, mut take: impl FnMut(&str) -> bool) {
    let mut lower = String::new();
    for word in text.unicode_words() {
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        if lower.len() <= LONGEST || lower.chars().count() <= LONGEST {
            if !take(&lower) {
                return;
            }
            continue;
        }
        let mut rest = lower.as_str();
        while !rest.is_empty() {
            let end = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
            let (piece, behind) = rest.split_at(end);
            if !take(piece) {
                return;
            }
            rest = behind;
        }
    }
}

/// All tokens.
pub fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    each_token(text, |token| {
        all.push(token.to_owned());
        true
    });
    all
}

/// True if one of the tokens occurs.
pub fn any_token(text: &str, wanted: &[String]) -> bool {
    let mut found = false;
    each_token(text, |token| {
        found = wanted.iter().any(|wanted| wanted == token);
        !found
    });
    found
}

/// True if the tokens occur one behind the other; no tokens occur nowhere.
///
/// Knuth, Morris and Pratt: `fallback[i]` is the length of the longest proper
/// prefix of the phrase that ends at its token `i`.
pub fn phrase(text: &str, wanted: &[String]) -> bool {
    if wanted.is_empty() {
        return false;
    }
    let mut fallback = vec![0; wanted.len()];
    for i in 1..wanted.len() {
        let mut length = fallback[i - 1];
        while length > 0 && wanted[length] != wanted[i] {
            length = fallback[length - 1];
        }
        fallback[i] = length + usize::from(wanted[length] == wanted[i]);
    }
    let mut matched = 0;
    each_token(text, |token| {
        while matched > 0 && wanted[matched] != token {
            matched = fallback[matched - 1];
        }
        matched += usize::from(wanted[matched] == token);
        matched < wanted.len()
    });
    matched == wanted.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of() {
        let rows: &[(&str, &[&str])] = &[
            ("", &[]),
            ("$(", &[]),
            ("-Join", &["join"]),
            ("[string]::join", &["string", "join"]),
            ("ToInt16 don't", &["toint16", "don't"]),
            ("beacon-chain", &["beacon", "chain"]),
            ("C:\\Temp\\x.ps1", &["c", "temp", "x.ps1"]),
        ];
        for (text, expected) in rows {
            assert_eq!(tokens(text), *expected, "{text}");
        }
        assert_eq!(
            tokens(&"x".repeat(600)).iter().map(String::len).collect::<Vec<_>>(),
            [255, 255, 90]
        );
    }

    #[test]
    fn phrases() {
        let rows = [
            ("a a b", "a b", true),
            ("a b a b c", "a b c", true),
            ("a a a b", "a a b", true),
            ("b a", "a b", false),
            ("a", "a b", false),
            ("a", "$", false),
        ];
        for (text, wanted, expected) in rows {
            assert_eq!(phrase(text, &tokens(wanted)), expected, "{text} / {wanted}");
        }
    }
}
