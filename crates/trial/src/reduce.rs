//! The smallest part of a list that still has an effect.

/// Takes parts away while `holds` says yes of what is left, larger groups first; asks `budget`
/// times at most. What is left is a part of `parts`, in the same order, for which `holds` said yes,
/// or all of it. (Delta debugging, complements only.)
pub(crate) fn reduce<T: Clone>(
    parts: Vec<T>,
    budget: &mut usize,
    mut holds: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut left = parts;
    let mut group = left.len().div_ceil(2);
    while group > 0 && left.len() > 1 {
        let mut start = 0;
        let mut shrunk = false;
        while start < left.len() && left.len() > 1 {
            if *budget == 0 {
                return left;
            }
            let end = (start + group).min(left.len());
            let fewer: Vec<T> = left[..start].iter().chain(&left[end..]).cloned().collect();
            *budget -= 1;
            if !fewer.is_empty() && holds(&fewer) {
                left = fewer;
                shrunk = true;
            } else {
                start = end;
            }
        }
        if group == 1 && !shrunk {
            break;
        }
        group = if group == 1 { 1 } else { group / 2 };
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_effect_is_left_and_the_budget_holds() {
        let all: Vec<u32> = (0..40).collect();
        let mut budget = 100;
        let left = reduce(all.clone(), &mut budget, |l| l.contains(&7) && l.contains(&31));
        assert_eq!(left, [7, 31]);
        assert!(budget > 0);
        let mut asked = 0;
        let left = reduce(all.clone(), &mut 5, |l| {
            asked += 1;
            l.contains(&39)
        });
        assert!(asked <= 5 && left.contains(&39));
        assert_eq!(reduce(all.clone(), &mut 1_000, |_| false), all);
        assert_eq!(reduce(vec![1], &mut 9, |_| true), [1]);
    }
}
