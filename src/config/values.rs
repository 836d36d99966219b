//! Values with a unit. In: a scalar of the file. Out: bytes or a duration. The pattern each type shows in the schema is the
//! language its parser accepts; a number too large for 64 bits is the one thing only the parser refuses.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A size in bytes: `10GiB`, `64KiB`, `5MB`, `8192`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// A span of time: `500ms`, `5s`, `30m`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan(pub Duration);

/// The Depth up to which a route serves PROPFIND: `0`, `1` or `infinity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthLimit {
    /// The resource alone.
    Zero,
    /// The resource and its members.
    One,
    /// The whole subtree.
    Infinity,
}

const BYTES: &str = "a size such as 10GiB, 64KiB, 5MB or a number of bytes";
const TIME: &str = "a time with its unit, such as 500ms, 5s, 30m or 1h";
const DEPTH: &str = "0, 1 or infinity";

const BYTE_UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];
const TIME_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// `text` as digits and one of `units`, with a space between or none; the product, or `None`.
fn number_with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let unit = unit.strip_prefix(' ').filter(|name| !name.is_empty()).unwrap_or(unit);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BYTES)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
        let size = number_with_unit(text, &BYTE_UNITS).map(ByteSize);
        size.ok_or_else(|| E::custom(format_args!("{text:?} is no size, expected {BYTES}")))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BytesVisitor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A size: 10GiB, 64KiB, 5MB or a number of bytes.",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]{1,19}( ?([KMGT]i?)?B)?$" },
            ],
        })
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = TimeSpan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TIME)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TimeSpan, E> {
        let millis = number_with_unit(text, &TIME_UNITS).map(Duration::from_millis);
        millis
            .map(TimeSpan)
            .ok_or_else(|| E::custom(format_args!("{text:?} is no time, expected {TIME}")))
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

impl JsonSchema for TimeSpan {
    fn schema_name() -> Cow<'static, str> {
        "TimeSpan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time with its unit: 500ms, 5s, 30m, 1h.",
            "type": "string",
            "pattern": "^[0-9]{1,19} ?(ms|s|m|h)$",
        })
    }
}

struct DepthVisitor;

impl Visitor<'_> for DepthVisitor {
    type Value = DepthLimit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DEPTH)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<DepthLimit, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DepthLimit, E> {
        match text {
            "0" => Ok(DepthLimit::Zero),
            "1" => Ok(DepthLimit::One),
            "infinity" => Ok(DepthLimit::Infinity),
            other => Err(E::custom(format_args!("{other:?} is no depth, expected {DEPTH}"))),
        }
    }
}

impl<'de> Deserialize<'de> for DepthLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DepthVisitor)
    }
}

impl JsonSchema for DepthLimit {
    fn schema_name() -> Cow<'static, str> {
        "DepthLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "0, 1 or infinity.", "enum": [0, 1, "0", "1", "infinity"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn bytes(value: Value) -> Option<u64> {
        serde_json::from_value::<ByteSize>(value).ok().map(|size| size.0)
    }

    fn millis(value: Value) -> Option<u128> {
        serde_json::from_value::<TimeSpan>(value)
            .ok()
            .map(|span| span.0.as_millis())
    }

    #[test]
    fn sizes() {
        let rows = [
            (json!("10GiB"), Some(10 << 30)),
            (json!("64 KiB"), Some(65_536)),
            (json!("5MB"), Some(5_000_000)),
            (json!("8192"), Some(8_192)),
            (json!(8192), Some(8_192)),
            (json!("0B"), Some(0)),
            (json!("10gib"), None),
            (json!("10G"), None),
            (json!("GiB"), None),
            (json!("8192 "), None),
            (json!("-1"), None),
            (json!(-1), None),
            (json!(1.5), None),
            (json!("1.5MiB"), None),
            (json!("99999999999TiB"), None),
            (json!(true), None),
        ];
        for (value, expected) in rows {
            assert_eq!(bytes(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn times() {
        let rows = [
            (json!("500ms"), Some(500)),
            (json!("5s"), Some(5_000)),
            (json!("30 m"), Some(1_800_000)),
            (json!("1h"), Some(3_600_000)),
            (json!("5"), None),
            (json!(5), None),
            (json!("5 sec"), None),
            (json!("s"), None),
            (json!(""), None),
        ];
        for (value, expected) in rows {
            assert_eq!(millis(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn depths() {
        let depth = |value: Value| serde_json::from_value::<DepthLimit>(value).ok();
        assert_eq!(depth(json!(0)), Some(DepthLimit::Zero));
        assert_eq!(depth(json!("1")), Some(DepthLimit::One));
        assert_eq!(depth(json!("infinity")), Some(DepthLimit::Infinity));
        assert_eq!(depth(json!(2)), None);
        assert_eq!(depth(json!("Infinity")), None);
    }
}
