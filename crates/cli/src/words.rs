//! Numbers and tables as people read them.

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `n of N (x.x %)`.
pub(crate) fn share(n: u64, of: u64) -> String {
    let permille = (u128::from(n) * 1000).checked_div(u128::from(of)).unwrap_or(0);
    format!("{} of {} ({}.{} %)", grouped(n), grouped(of), permille / 10, permille % 10)
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(number))
}

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows as aligned columns, two spaces apart; nothing is cut, line ends carry no blanks.
pub(crate) fn table(align: &[Align], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..align.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).zip(align).map(|((cell, width), align)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shares_name_their_whole() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(share(12, 1_200), "12 of 1,200 (1.0 %)");
        assert_eq!(share(0, 0), "0 of 0 (0.0 %)");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(2, "file"), "2 files");
    }

    #[test]
    fn tables_align_without_trailing_blanks() {
        let rows = vec![
            vec!["gate".to_owned(), "machines".to_owned(), String::new()],
            vec!["1 machine".to_owned(), "1".to_owned(), "x".to_owned()],
        ];
        let text = table(&[Align::Left, Align::Right, Align::Left], &rows);
        assert_eq!(text, "gate       machines\n1 machine         1  x\n");
    }
}
