//! Places in text: lines and columns from byte offsets.

/// Line and column, both from 1, of a byte offset; columns count characters. Meant for a handful
/// of findings: each call looks at the bytes before the offset.
pub fn line_column(bytes: &[u8], offset: usize) -> (u64, u64) {
    let before = &bytes[..offset.min(bytes.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    // A byte that continues a UTF-8 character does not start a column.
    let column = before[start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u64 + 1;
    (line, column)
}

/// The line of text around an offset, without its line end, and where it starts.
pub fn line_around(bytes: &[u8], offset: usize) -> (usize, &[u8]) {
    let offset = offset.min(bytes.len());
    let start = bytes[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = bytes[offset..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| offset + at);
    (start, &bytes[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let text = "ab\ncäd\n".as_bytes();
        for (offset, place) in [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (6, (2, 3)), (8, (3, 1))] {
            assert_eq!(line_column(text, offset), place, "offset {offset}");
        }
        assert_eq!(line_around(text, 4), (3, "cäd".as_bytes()));
    }
}
