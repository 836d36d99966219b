//! Tables of raw messages as text: one row a line, columns between bars, bytes that cannot be seen as `\r`, `\n`, `\t`, `\0` or `\xHH`.

/// The rows of a table; empty lines are none. A column may hold a bar as `\x7c` and is trimmed before its escapes are read.
pub fn rows<const COLUMNS: usize>(text: &str) -> Vec<[Vec<u8>; COLUMNS]> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let row = |line: &str| {
        let columns: Vec<Vec<u8>> = line.split('|').map(|column| bytes(column.trim())).collect();
        columns
            .try_into()
            .unwrap_or_else(|_| panic!("{COLUMNS} columns are wanted: {line}"))
    };
    lines.map(row).collect()
}

/// A column that is text.
pub fn text(column: &[u8]) -> String {
    String::from_utf8(column.to_vec()).expect("this column is text")
}

fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = (byte == b'\\').then(|| rest.next()).flatten();
        out.push(match escaped {
            None => byte,
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'0') => 0,
            Some(b'x') => {
                let mut digit = || {
                    char::from(rest.next().unwrap())
                        .to_digit(16)
                        .expect("two digits after x")
                };
                u8::try_from(digit() * 16 + digit()).unwrap()
            }
            Some(b'\\') => b'\\',
            Some(other) => panic!("no escape: {}", char::from(other)),
        });
    }
    out
}
