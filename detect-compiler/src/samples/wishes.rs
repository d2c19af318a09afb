//! What a field of a document has to satisfy, and values that do.

use super::values::examples;
use detect_runtime::event::Raw;
use detect_runtime::test::{Check, Test};
use detect_runtime::value::Type;
use serde_json::{Number, Value as Json};
use std::cell::OnceCell;
use std::rc::Rc;

/// A test that is made ready when it is asked: most exclusions of a rule never are.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) test: Test,
    check: OnceCell<Check>,
}

impl Asked {
    pub(super) fn new(test: Test) -> Rc<Asked> {
        Rc::new(Asked { test, check: OnceCell::new() })
    }

    pub(super) fn passes(&self, raw: Raw<'_>) -> bool {
        self.check.get_or_init(|| Check::new(&self.test)).passes(raw)
    }
}

/// What is asked of a field.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// Its type: what kind of JSON value is written.
    pub(super) ty: Type,
    /// Some value passes each of these.
    pub(super) pass: Vec<Rc<Asked>>,
    /// No value passes any of these.
    pub(super) fail: Vec<Rc<Asked>>,
    /// It has a value.
    pub(super) present: bool,
    /// It has none.
    pub(super) absent: bool,
    /// It has one value.
    pub(super) single: bool,
    /// It has so many values at least.
    pub(super) count: usize,
    /// The text has so many characters at least.
    pub(super) length: usize,
    /// What the values are; they satisfy the above.
    pub(super) values: Vec<String>,
}

/// The most values that are given to a field.
const MOST_VALUES: usize = 64;

impl Wish {
    pub(super) fn new(ty: Type) -> Wish {
        Wish {
            ty,
            pass: Vec::new(),
            fail: Vec::new(),
            present: false,
            absent: false,
            single: false,
            count: 0,
            length: 0,
            values: Vec::new(),
        }
    }

    /// Whether the field has to be in the document.
    pub(super) fn wanted(&self) -> bool {
        self.present || self.single || self.count > 0 || !self.pass.is_empty() || self.length > 0
    }

    /// Finds values that satisfy all; false if none are known.
    pub(super) fn settle(&mut self, path: &str) -> bool {
        if !self.wanted() {
            self.values.clear();
            return true;
        }
        if self.absent || (self.single && self.count > 1) || self.count > MOST_VALUES {
            return false;
        }
        let least = self.count.max(1);
        if self.values.len() >= least
            && (!self.single || self.values.len() == 1)
            && self.values.iter().all(|value| self.fits(value))
            && self.pass.iter().all(|asked| self.values.iter().any(|v| self.passes(asked, v)))
        {
            return true;
        }
        let candidates = self.candidates(path);
        let whole = |text: &&String| {
            self.fits(text) && self.pass.iter().all(|asked| self.passes(asked, text))
        };
        let mut values: Vec<String> = candidates.iter().find(whole).cloned().into_iter().collect();
        if values.is_empty() {
            if self.single {
                return false;
            }
            for asked in &self.pass {
                let fits = |text: &&String| self.fits(text) && self.passes(asked, text);
                let Some(text) = candidates.iter().find(fits) else { return false };
                if !values.contains(text) {
                    values.push(text.clone());
                }
            }
        }
        for text in candidates.iter().filter(|text| self.fits(text)) {
            if values.len() >= least {
                break;
            }
            if !values.contains(text) {
                values.push(text.clone());
            }
        }
        let enough = values.len() >= least;
        self.values = values;
        enough
    }

    fn passes(&self, asked: &Asked, text: &str) -> bool {
        asked.passes(self.raw(text))
    }

    /// As it will stand in the document: what a number is may depend on that.
    fn raw<'t>(&self, text: &'t str) -> Raw<'t> {
        match self.json(text) {
            Json::Number(_) => Raw::Number(text),
            Json::Bool(truth) => Raw::Boolean(truth),
            _ => Raw::Text(text),
        }
    }

    fn fits(&self, text: &str) -> bool {
        let typed = match self.ty {
            Type::Integer | Type::Long | Type::UnsignedLong | Type::Double => {
                text.parse::<f64>().is_ok()
            }
            Type::Boolean => text == "true" || text == "false",
            Type::Ip => detect_runtime::value::address::parse(text).is_some(),
            _ => true,
        };
        typed
            && (self.length == 0 || text.chars().count() >= self.length)
            && !self.fail.iter().any(|asked| self.passes(asked, text))
    }

    /// Texts that are worth asking.
    fn candidates(&self, path: &str) -> Vec<String> {
        let mut texts = Vec::new();
        let long = "a".repeat(self.length.min(100_000));
        for pad in ["", "sample", long.as_str()] {
            let all: Vec<Vec<String>> =
                self.pass.iter().map(|asked| examples(&asked.test, pad)).collect();
            texts.extend(all.iter().flatten().cloned());
            if (2..=4).contains(&all.len()) {
                joined(&all, &mut texts);
            }
        }
        for asked in &self.fail {
            texts.extend(examples(&asked.test, "sample").into_iter().skip(1));
        }
        for number in 0..MOST_VALUES {
            texts.push(usual(path, self.ty, number, &long));
        }
        texts
    }

    /// A value that is like the others and not one of them.
    pub(super) fn another(&self, path: &str, used: &[String]) -> Option<String> {
        let whole = |text: &String| {
            self.fits(text)
                && !used.contains(text)
                && self.pass.iter().all(|asked| self.passes(asked, text))
        };
        if let Some(text) = self.candidates(path).into_iter().find(whole) {
            return Some(text);
        }
        (0..used.len() + 8)
            .flat_map(|number| {
                let pad = format!("sample{number}");
                let usual = usual(path, self.ty, number + MOST_VALUES, "");
                let tests = self.pass.iter();
                tests.flat_map(move |asked| examples(&asked.test, &pad)).chain([usual])
            })
            .find(whole)
    }

    /// A value that fails what the values pass.
    pub(super) fn miss(&self, path: &str) -> Option<String> {
        let near = |text: &String| match self.ty {
            Type::Integer | Type::Long | Type::UnsignedLong | Type::Double => {
                let number = text.parse::<f64>().unwrap_or_default();
                vec![(number + 1.0).to_string(), (number - 1.0).to_string(), "0".to_owned()]
            }
            Type::Boolean => vec![if text == "true" { "false" } else { "true" }.to_owned()],
            Type::Keyword | Type::Text => vec![format!("not-{text}-x"), "something-else".into()],
            _ => Vec::new(),
        };
        let mut texts: Vec<String> = self.values.iter().flat_map(near).collect();
        texts.extend((0..8).map(|number| usual(path, self.ty, number, "")));
        texts
            .into_iter()
            .find(|text| self.fits(text) && self.pass.iter().any(|asked| !self.passes(asked, text)))
    }

    /// The values as they stand in a document.
    pub(super) fn document(&self) -> Option<Json> {
        let mut values: Vec<Json> = self.values.iter().map(|text| self.json(text)).collect();
        match values.len() {
            0 => None,
            1 => values.pop(),
            _ => Some(Json::Array(values)),
        }
    }

    /// One value as it stands in a document.
    pub(super) fn json(&self, text: &str) -> Json {
        let number = |text: &str| text.parse::<Number>().ok().map(Json::Number);
        match self.ty {
            Type::Integer | Type::Long | Type::UnsignedLong | Type::Double => {
                number(text).unwrap_or_else(|| text.into())
            }
            Type::Boolean if text == "true" || text == "false" => Json::Bool(text == "true"),
            _ => text.into(),
        }
    }
}

/// All orders of one example each, one behind the other: patterns that are open at an end
/// go together so.
fn joined(all: &[Vec<String>], texts: &mut Vec<String>) {
    let first: Vec<&str> = all.iter().filter_map(|one| one.first().map(String::as_str)).collect();
    let mut orders: Vec<Vec<&str>> = vec![Vec::new()];
    for text in first {
        orders = orders
            .iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, text);
                    longer
                })
            })
            .collect();
    }
    texts.extend(orders.iter().flat_map(|order| [order.concat(), order.join(" ")]));
}

/// A value of a type that says nothing; texts carry the last name of their path.
fn usual(path: &str, ty: Type, number: usize, pad: &str) -> String {
    match ty {
        Type::Boolean => number.is_multiple_of(2).to_string(),
        Type::Integer | Type::Long | Type::UnsignedLong | Type::Double => {
            // Powers of two between the first ones: thresholds are reached soon.
            let small = number as u64;
            let number = match number {
                MOST_VALUES.. => small,
                _ if number.is_multiple_of(2) => small / 2 + 1,
                _ => 1 << (number / 2),
            };
            number.to_string()
        }
        // Addresses for documentation (RFC 5737): public, of nobody.
        _ if ty == Type::Ip || path.rsplit('.').next() == Some("ip") => {
            let block = ["203.0.113", "198.51.100", "192.0.2", "8.8.4", "10.20.30", "2.16.1"];
            format!("{}.{}", block[number % block.len()], 10 + number % 200)
        }
        Type::Date | Type::DateNanos => {
            detect_runtime::value::date::print(super::START - 60_000 * number as i64)
        }
        Type::Version => format!("1.{number}.0"),
        Type::GeoPoint => format!("POINT({number} 10)"),
        _ => {
            let name = path.rsplit('.').next().unwrap_or_default();
            format!("{name}-{}{pad}", number + 1)
        }
    }
}
