//! Calls and results.

use crate::functions::trial::check;
use crate::value::Value::{self, Date, DateNanos, Duration, Integer, Multi, Null, Text};
use crate::value::date::{parse, to_millis};

fn d(text: &str) -> Value<'static> {
    parse(text).and_then(to_millis).map_or(Null, Date)
}

fn months(months: i32) -> Value<'static> {
    Value::Period { months, days: 0 }
}

fn days(days: i32) -> Value<'static> {
    Value::Period { months: 0, days }
}

#[test]
fn truncation() {
    let at = d("1985-02-18T13:14:15.678Z");
    check(&[
        ("date_trunc", &[days(1), at], "1985-02-18T00:00:00.000Z"),
        ("date_trunc", &[days(7), d("2024-05-05T01:00:00Z")], "2024-04-29T00:00:00.000Z"),
        ("date_trunc", &[days(10), at], "1985-02-11T00:00:00.000Z"),
        ("date_trunc", &[Duration(240 * 3_600_000), at], "1985-02-11T00:00:00.000Z"),
        ("date_trunc", &[Duration(60_000), at], "1985-02-18T13:14:00.000Z"),
        ("date_trunc", &[months(1), at], "1985-02-01T00:00:00.000Z"),
        ("date_trunc", &[months(3), d("1985-06-30")], "1985-04-01T00:00:00.000Z"),
        ("date_trunc", &[months(120), at], "1981-01-01T00:00:00.000Z"),
        ("date_trunc", &[months(12), d("1969-12-31T23:00:00Z")], "1969-01-01T00:00:00.000Z"),
        ("date_trunc", &[months(1), DateNanos(1)], "1970-01-01T00:00:00.000Z"),
        ("date_trunc", &[days(-1), at], "!Argument null"),
        ("date_trunc", &[Value::Period { months: 1, days: 1 }, at], "!Argument null"),
        ("date_trunc", &[days(1), Multi(&[Date(0), Date(1)])], "!MultiValue null"),
        ("date_trunc", &[days(1), Null], "null"),
    ]);
}

#[test]
fn buckets() {
    let range = [Integer(20), d("1985-01-01"), d("1986-01-01")];
    let [n, from, to] = range;
    let at = d("1985-07-09");
    check(&[
        ("bucket", &[at, n, from, to], "1985-07-01T00:00:00.000Z"),
        ("bucket", &[at, Integer(100), from, to], "1985-07-08T00:00:00.000Z"),
        ("bucket", &[at, Integer(3), from, to], "1985-01-01T00:00:00.000Z"),
        ("bucket", &[at, months(12)], "1985-01-01T00:00:00.000Z"),
        ("bucket", &[Integer(99), Value::Double(49.5)], "99.0"),
        ("bucket", &[Integer(-1), Integer(50)], "-50.0"),
        ("bucket", &[Integer(74572), Integer(20), Integer(25324), Integer(74999)], "70000.0"),
        ("bucket", &[Integer(1), Value::Double(0.0)], "!DivisionByZero null"),
    ]);
}

#[test]
fn differences() {
    let (a, b) = (d("2023-12-31T23:59:59.999Z"), d("2025-01-01"));
    check(&[
        ("date_diff", &[Text("years"), a, b], "1"),
        ("date_diff", &[Text("m"), a, b], "12"),
        ("date_diff", &[Text("month"), b, a], "-12"),
        ("date_diff", &[Text("q"), a, b], "4"),
        ("date_diff", &[Text("S"), a, b], "31622400"),
        ("date_diff", &[Text("weeks"), d("2023-12-02"), d("2023-12-24")], "3"),
        ("date_diff", &[Text("n"), Date(60_001), Date(0)], "-1"),
        ("date_diff", &[Text("ns"), a, b], "!Overflow null"),
        ("date_diff", &[Text("ns"), Date(0), DateNanos(5)], "5"),
        ("date_diff", &[Text("month"), d("2023-01-31T10:00:00Z"), d("2023-03-01T09:00:00Z")], "0"),
        ("date_diff", &[Text("fortnight"), a, b], "!Argument null"),
    ]);
}

#[test]
fn parts_and_names() {
    let at = d("2024-05-05T13:14:15.678Z");
    check(&[
        ("date_extract", &[Text("YEAR"), at], "2024"),
        ("date_extract", &[Text("day_of_week"), at], "7"),
        ("date_extract", &[Text("day_of_year"), at], "126"),
        ("date_extract", &[Text("milli_of_second"), at], "678"),
        ("date_extract", &[Text("hour_of_ampm"), at], "1"),
        ("date_extract", &[Text("instant_seconds"), at], "1714914855"),
        ("date_extract", &[Text("hour"), at], "!Argument null"),
        ("day_name", &[at], "Sunday"),
        ("month_name", &[at], "May"),
        ("now", &[], "1970-01-01T00:00:00.000Z"),
        ("trange", &[Date(-5), Duration(5)], "false"),
        ("trange", &[Date(0), Duration(5)], "true"),
    ]);
}

#[test]
fn formats() {
    let at = d("2024-05-05T13:04:05.678Z");
    check(&[
        ("date_format", &[at], "2024-05-05T13:04:05.678Z"),
        ("date_format", &[Text("yyyy-MM-dd"), at], "2024-05-05"),
        ("date_format", &[Text("MMM d, h:mm a"), at], "May 5, 1:04 PM"),
        ("date_format", &[Text("MMMM EEEE"), at], "May Sunday"),
        ("date_format", &[Text("YYYY-'W'ww-e"), d("2024-12-30")], "2025-W01-1"),
        ("date_format", &[Text("D S SSSSSS"), at], "126 6 678000"),
        ("date_format", &[Text("yy G XXX"), at], "24 AD Z"),
        ("date_format", &[Text("epoch_second"), at], "1714914245"),
        ("date_format", &[Text("o'clock"), at], "!Argument null"),
        ("date_format", &[Text("yyyy"), Null], "null"),
    ]);
}

#[test]
fn readings() {
    check(&[
        ("date_parse", &[Text("2023-02-01T12:15:55.000Z")], "2023-02-01T12:15:55.000Z"),
        ("date_parse", &[Text("yyyy-MM-dd"), Text("2022-05-06")], "2022-05-06T00:00:00.000Z"),
        ("date_parse", &[Text("yyyyMMddHHmm"), Text("202205061314")], "2022-05-06T13:14:00.000Z"),
        ("date_parse", &[Text("dd-mm-yyyy"), Text("10-20-2025")], "2025-01-01T00:00:00.000Z"),
        ("date_parse", &[Text("dd HH"), Text("10 20")], "1970-01-10T20:00:00.000Z"),
        ("date_parse", &[Text("mm"), Text("20")], "!Conversion null"),
        (
            "date_parse",
            &[Text("dd/MMM/yyyy:HH:mm:ss Z"), Text("12/Jul/2022:10:24:10 +0900")],
            "2022-07-12T01:24:10.000Z",
        ),
        (
            "date_parse",
            &[Text("yyyy-MM-dd O"), Text("2022-05-06 GMT+9")],
            "2022-05-05T15:00:00.000Z",
        ),
        ("date_parse", &[Text("yyyy-MM-dd x"), Text("2022-05-06 +09")], "2022-05-05T15:00:00.000Z"),
        (
            "date_parse",
            &[Text("yyyy-MM-dd[ HH:mm]"), Text("2022-05-06")],
            "2022-05-06T00:00:00.000Z",
        ),
        ("date_parse", &[Text("h:mm a"), Text("1:05 PM")], "1970-01-01T13:05:00.000Z"),
        ("date_parse", &[Text("yyyy-MM-dd"), Text("2026-02-29")], "!Conversion null"),
        ("date_parse", &[Text("yyyy-MM-dd"), Text("2026-02-28 foo")], "!Conversion null"),
        ("date_parse", &[Text("yyyy-MM-dd"), Text("")], "null"),
        ("date_parse", &[Null, Text("2022-05-06")], "null"),
        ("date_parse", &[Text("epoch_millis||yyyy"), Text("5")], "1970-01-01T00:00:00.005Z"),
        ("date_parse", &[Text("2023-02-01T12:00:00"), Text("+01:00")], "2023-02-01T11:00:00.000Z"),
        ("date_parse", &[Text("yyyy"), Text("2023"), Text("Moon/Base")], "!Argument null"),
    ]);
}

#[test]
fn zones() {
    let at = d("2020-02-28T23:00:00Z");
    check(&[
        ("zone.to_local", &[at, Text("+07:00")], "2020-02-29T06:00:00.000Z"),
        (
            "zone.to_instant",
            &[d("2020-02-29T06:00:00Z"), Text("+07:00")],
            "2020-02-28T23:00:00.000Z",
        ),
        ("zone.to_local", &[DateNanos(5), Text("-01:30")], "1969-12-31T22:30:00.000000005Z"),
        ("zone.print", &[at, Text("-02:00")], "2020-02-28T21:00:00.000-02:00"),
        ("zone.print", &[at, Text("Z")], "2020-02-28T23:00:00.000Z"),
        ("zone.to_local", &[at, Text("Moon/Base")], "!Argument null"),
        ("zone.to_local", &[Null, Text("Z")], "null"),
    ]);
}
