//! `DATE_FORMAT` and `DATE_PARSE`: Java's pattern letters (`DateTimeFormatter`) with
//! English names, and the names of Elasticsearch's own formats.

mod item;
mod read;
mod write;

use super::civil;
use crate::functions::signature::{Out, Param, Shape};
use crate::functions::single::{Plain, refuse};
use crate::functions::{Argument, Prepared, Signature, SignatureError};
use crate::value::{Cx, Type, Value, Warning, date};
use item::Item;
use jiff::tz::TimeZone;
use thiserror::Error;

/// A pattern made ready.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    /// Alternatives (`a||b`); the first prints.
    forms: Vec<Form>,
}

#[derive(Clone, Debug)]
enum Form {
    /// `strict_date_optional_time` and its kin.
    Iso,
    /// Milliseconds (1) or seconds (1000) since 1970.
    Epoch(i64),
    Pattern(Vec<Item>),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum FormatError {
    /// A letter that stands for nothing we know.
    #[error("{letter:?} is no letter of date patterns")]
    Letter {
        /// The letter.
        letter: char,
    },
    /// A quote or bracket without its other half.
    #[error("{what} is not closed")]
    Open {
        /// Which.
        what: char,
    },
}

impl Format {
    pub(crate) fn new(pattern: &str) -> Result<Format, FormatError> {
        let forms = pattern.split("||").map(|form| {
            Ok(match form {
                "strict_date_optional_time"
                | "date_optional_time"
                | "strict_date_optional_time_nanos"
                | "strict_date_time"
                | "date_time"
                | "iso8601" => Form::Iso,
                "epoch_millis" => Form::Epoch(1),
                "epoch_second" => Form::Epoch(1000),
                pattern => Form::Pattern(item::items(pattern)?),
            })
        });
        Ok(Format { forms: forms.collect::<Result<_, _>>()? })
    }

    /// Prints a date of either type.
    fn print(&self, d: Value<'_>) -> Option<String> {
        let civil = civil(d)?;
        let millis = super::millis(d)?;
        Some(match self.forms.first()? {
            Form::Iso => match d {
                Value::DateNanos(nanos) => date::print_nanos(nanos),
                _ => date::print(millis),
            },
            Form::Epoch(unit) => millis.div_euclid(*unit).to_string(),
            Form::Pattern(items) => write::print(items, &civil),
        })
    }

    /// Reads milliseconds; a text without zone is in `zone`.
    pub(crate) fn parse(&self, text: &str, zone: Option<&TimeZone>) -> Option<i64> {
        self.forms.iter().find_map(|form| match form {
            Form::Iso => iso(text, zone),
            Form::Epoch(unit) => text.parse::<i64>().ok()?.checked_mul(*unit),
            Form::Pattern(items) => read::parse(items, text, zone),
        })
    }
}

/// An ISO text; a zone counts only where the text has none.
fn iso(text: &str, zone: Option<&TimeZone>) -> Option<i64> {
    let millis = date::parse(text).and_then(date::to_millis)?;
    let has_zone = text.find('T').is_some_and(|t| text[t..].contains(['Z', '+', '-']));
    match zone {
        Some(zone) if !has_zone => to_utc(&date::Civil::of_millis(millis), zone),
        _ => Some(millis),
    }
}

/// The instant at which a zone's clocks show this.
pub(super) fn to_utc(civil: &date::Civil, zone: &TimeZone) -> Option<i64> {
    let local = jiff::civil::DateTime::new(
        i16::try_from(civil.year).ok()?,
        civil.month as i8,
        civil.day as i8,
        civil.hour as i8,
        civil.minute as i8,
        civil.second as i8,
        civil.nano as i32,
    );
    Some(zone.to_timestamp(local.ok()?).ok()?.as_millisecond())
}

/// A zone by its id or offset.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "Z" | "UTC" | "GMT" => Some(TimeZone::UTC),
        _ => match read::offset_of(name) {
            Some(seconds) => {
                jiff::tz::Offset::from_seconds(seconds).ok().map(jiff::tz::Offset::to_time_zone)
            }
            None => TimeZone::get(name).ok(),
        },
    }
}

/// `DATE_FORMAT([format,] d)`: the default is `yyyy-MM-dd'T'HH:mm:ss.SSSZ` with the
/// zone as `Z`. A pattern that is none gives null and a warning.
pub fn date_format<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    match *args {
        [d] => printed(cx, &Format { forms: vec![Form::Iso] }, d),
        [Value::Text(pattern), d] => match Format::new(pattern) {
            Ok(format) => printed(cx, &format, d),
            Err(_) => cx.warn(Warning::Argument),
        },
        _ => Value::Null,
    }
}

fn printed<'a>(cx: &Cx<'a>, format: &Format, d: Value<'a>) -> Value<'a> {
    format.print(d).map_or(Value::Null, |text| cx.text(&text))
}

/// `DATE_PARSE([format,] s [, time_zone [, locale]])`: milliseconds of a text; an
/// empty text is null, another that does not fit the pattern null and a warning.
/// Without format `strict_date_optional_time`. Locales other than English are
/// refused.
pub fn date_parse<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let (pattern, text, options) = parts(args);
    if let Some(answer) = pattern.and_then(|pattern| refuse(cx, &[pattern])) {
        return answer;
    }
    match Parse::new(pattern, options) {
        Ok(parse) => parse.read(cx, text),
        Err(_) => cx.warn(Warning::Argument),
    }
}

/// Format, text and options of a call. Of two texts the second is an option if it
/// names a zone: no date does.
fn parts<'v, 'a>(args: &'v [Value<'a>]) -> (Option<Value<'a>>, Value<'a>, &'v [Value<'a>]) {
    match args {
        [] => (None, Value::Null, &[]),
        [text] => (None, *text, &[]),
        [text, Value::Text(option), ..] if zone(option).is_some() => (None, *text, &args[1..]),
        [pattern, text, options @ ..] => (Some(*pattern), *text, options),
    }
}

/// The constant part of a call of DATE_PARSE.
struct Parse {
    format: Format,
    zone: Option<TimeZone>,
}

impl Parse {
    fn new(pattern: Option<Value<'_>>, options: &[Value<'_>]) -> Result<Parse, String> {
        let format = match pattern {
            None => Format { forms: vec![Form::Iso] },
            Some(Value::Text(pattern)) => Format::new(pattern).map_err(|e| e.to_string())?,
            Some(_) => return Err("a format is a text".into()),
        };
        let zone = match options.first() {
            Some(Value::Text(name)) => {
                Some(zone(name).ok_or_else(|| format!("{name:?} is no time zone known here"))?)
            }
            _ => None,
        };
        match options.get(1) {
            Some(Value::Text(locale)) if !locale.to_ascii_lowercase().starts_with("en") => {
                Err(format!("dates are read with English names, not for locale {locale:?}"))
            }
            _ => Ok(Parse { format, zone }),
        }
    }

    fn read<'a>(&self, cx: &Cx<'a>, text: Value<'a>) -> Value<'a> {
        match text {
            Value::Null | Value::Text("") => Value::Null,
            Value::Text(text) => match self.format.parse(text, self.zone.as_ref()) {
                Some(millis) => Value::Date(millis),
                None => cx.warn(Warning::Conversion),
            },
            Value::Multi(_) => cx.warn(Warning::MultiValue),
            _ => Value::Null,
        }
    }
}

impl Prepared for Parse {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        self.read(cx, parts(args).1)
    }
}

impl Prepared for Format {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        let d = args.last().copied().unwrap_or_default();
        refuse(cx, &[d]).unwrap_or_else(|| printed(cx, self, d))
    }
}

fn refused(index: usize, reason: &dyn ToString) -> SignatureError {
    SignatureError::Constant { index, reason: reason.to_string() }
}

pub(super) fn ready_format(
    args: &[Option<Value<'_>>],
) -> Result<Box<dyn Prepared>, SignatureError> {
    let format = match args {
        [_] => Format { forms: vec![Form::Iso] },
        [Some(Value::Text(pattern)), _] => Format::new(pattern).map_err(|e| refused(0, &e))?,
        _ => return Ok(Box::new(Plain(date_format))),
    };
    Ok(Box::new(format))
}

pub(super) fn ready_parse(args: &[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError> {
    // The text is not constant; anything that is no zone stands for it.
    let known: Vec<Value<'_>> = args.iter().map(|arg| arg.unwrap_or_default()).collect();
    let (pattern, _, options) = parts(&known);
    if pattern.is_some_and(|pattern| !matches!(pattern, Value::Text(_))) {
        return Ok(Box::new(Plain(date_parse)));
    }
    Ok(Box::new(Parse::new(pattern, options).map_err(|e| refused(0, &e))?))
}

pub(super) fn format_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    const ONE: &[Param] = &[Param::Date];
    const TWO: &[Param] = &[Param::Text, Param::Date];
    let required = if args.len() == 1 { ONE } else { TWO };
    let shape = Shape { required, optional: &[], repeated: None, out: Out::Is(Type::Keyword) };
    let signature = shape.resolve(args)?;
    match args {
        [Argument { constant: Some(Value::Text(pattern)), .. }, _] => {
            Format::new(pattern).map_err(|e| refused(0, &e)).map(|_| signature)
        }
        _ => Ok(signature),
    }
}

pub(super) fn parse_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Text],
        optional: &[Param::Text, Param::Text, Param::Text],
        repeated: None,
        out: Out::Is(Type::Date),
    };
    let signature = shape.resolve(args)?;
    let known: Vec<Value<'_>> = args.iter().map(|arg| arg.constant.unwrap_or_default()).collect();
    let (pattern, _, options) = parts(&known);
    if let Some(pattern @ Value::Text(_)) = pattern {
        Parse::new(Some(pattern), options).map_err(|e| refused(0, &e))?;
    } else {
        Parse::new(None, options).map_err(|e| refused(1, &e))?;
    }
    Ok(signature)
}
