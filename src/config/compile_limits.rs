//! `limits:` of a route. In: their raw form. Out: every limit, with its default where the file says nothing.

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::RawLimits;
use super::values::DepthLimit;
use crate::policy::{Limits, MaxDepth};

/// The limits that `raw` at `path` describes.
pub fn compile(judge: &mut Judge, raw: Option<&RawLimits>, path: &KeyPath) -> Limits {
    let Some(raw) = raw else { return Limits::default() };
    let default = Limits::default();
    let limits = Limits {
        // 0 is meant here: no content at all.
        body: raw.body.map(|size| size.0),
        xml: judge.size(raw.xml, default.xml, &path.key("xml")),
        report: judge.size(raw.report, default.report, &path.key("report")),
        xml_depth: judge.count(raw.xml_depth, default.xml_depth, &path.key("xml_depth")),
        xml_elements: judge.count(raw.xml_elements, default.xml_elements, &path.key("xml_elements")),
        target: judge.size(raw.target, default.target, &path.key("target")),
        propfind_depth: match raw.propfind_depth {
            Some(DepthLimit::Zero) => MaxDepth::Zero,
            Some(DepthLimit::One) => MaxDepth::One,
            Some(DepthLimit::Infinity) => MaxDepth::Infinity,
            None => default.propfind_depth,
        },
        header_line: judge.size(raw.header_line, default.header_line, &path.key("header_line")),
        headers: judge.size(raw.headers, default.headers, &path.key("headers")),
        header_count: judge.count(raw.header_count, default.header_count, &path.key("header_count")),
    };
    if limits.header_line > limits.headers {
        let key = if raw.header_line.is_some() {
            "header_line"
        } else {
            "headers"
        };
        let what = match key {
            "header_line" => "is more than limits.headers",
            _ => "is less than limits.header_line",
        };
        judge.refuse(Problem::new(path.key(key), what).expected("header_line within headers"));
    }
    limits
}
