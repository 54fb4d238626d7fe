//! Places in text: lines and columns from byte offsets.

/// Bytes of one line that are counted for a column.
const COLUMN_BYTES_MAX: usize = 1 << 20;

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

/// Lines and columns of many byte offsets in one pass over the bytes, in the order of `offsets`.
pub(crate) fn lines_columns(bytes: &[u8], offsets: &[usize]) -> Vec<(u64, u64)> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by_key(|index| offsets[*index]);
    let mut places = vec![(1, 1); offsets.len()];
    let (mut line, mut at) = (1, 0);
    for index in order {
        let offset = offsets[index].min(bytes.len());
        line += bytes[at..offset].iter().filter(|byte| **byte == b'\n').count() as u64;
        at = offset;
        let start = bytes[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // A line longer than this has no column that anybody would count to.
        let start = start.max(offset.saturating_sub(COLUMN_BYTES_MAX));
        let column = bytes[start..offset].iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        places[index] = (line, column as u64 + 1);
    }
    places
}

/// Text of a file as it may stand in a message: short, and without characters that control a
/// terminal.
pub(crate) fn shown(text: &str, chars_max: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == chars_max {
            shown.push_str("...");
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
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
        assert_eq!(
            lines_columns(text, &[8, 0, 6, 3, 99]),
            [(3, 1), (1, 1), (2, 3), (2, 1), (3, 1)]
        );
    }

    #[test]
    fn what_is_shown_is_short_and_controls_no_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\n", 99), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown("äöüß", 2), "äö...");
    }
}
