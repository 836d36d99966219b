//! How much a request may hold. Sizes are in bytes.

/// The limits of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The body of PUT, POST and PATCH; `None` is no limit (B-90).
    pub body: Option<u64>,
    /// An XML body (B-69).
    pub xml: u64,
    /// The XML body of a REPORT.
    pub report: u64,
    /// Nesting of XML elements (B-71).
    pub xml_depth: u32,
    /// Number of XML elements (B-71).
    pub xml_elements: u32,
    /// Request target or Destination (P-3, B-9).
    pub target: u64,
    /// The Depth up to which PROPFIND on a collection is served (B-22).
    pub propfind_depth: MaxDepth,
    /// One header line (B-8).
    pub header_line: u64,
    /// All header lines together (B-8).
    pub headers: u64,
    /// Number of header lines (B-8).
    pub header_count: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: None,
            xml: 1 << 20,
            report: 4 << 20,
            xml_depth: 64,
            xml_elements: 50_000,
            target: 8192,
            propfind_depth: MaxDepth::One,
            header_line: 16 << 10,
            headers: 64 << 10,
            header_count: 128,
        }
    }
}

/// How deep a PROPFIND on a collection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaxDepth {
    /// The collection itself.
    Zero,
    /// And its members.
    One,
    /// And everything below.
    Infinity,
}
