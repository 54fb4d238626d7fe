//! The table of inputs that an event supplies.
//!
//! The table ends exactly where its memory ends: the page behind it may not be touched. A read of
//! entry 21 of a table of 20 is therefore what it was in July 2024, a memory fault that ends the
//! process, and not a lucky read of whatever lies there.

use crate::INPUTS_SUPPLIED;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;

/// Size of a page; a larger real page only makes the table start later in it.
const PAGE: usize = 65_536;

/// One input: where its text begins, and its length.
#[repr(C)]
#[derive(Clone, Copy)]
struct Input {
    text: *const u8,
    length: usize,
}

/// Twenty inputs in front of a page that may not be read.
pub struct Table {
    base: *mut c_void,
    first: *mut Input,
}

impl Table {
    /// Makes an empty table.
    ///
    /// # Errors
    /// When the system gives no memory.
    pub fn new() -> Result<Table, rustix::io::Errno> {
        // SAFETY: a fresh private mapping, owned by this table and unmapped when it is dropped.
        let base = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                2 * PAGE,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )?
        };
        // SAFETY: the second half of the mapping just made; nothing refers to it.
        unsafe { mprotect(base.byte_add(PAGE), PAGE, MprotectFlags::empty())? };
        let size = INPUTS_SUPPLIED * size_of::<Input>();
        let first = base.wrapping_byte_add(PAGE - size).cast::<Input>();
        Ok(Table { base, first })
    }

    /// Points the table at the inputs of one event; missing ones are empty. Inputs beyond the
    /// supplied number are ignored, as they always were.
    pub fn supply<'a>(&mut self, inputs: &'a [String]) -> Supplied<'_, 'a> {
        for index in 0..INPUTS_SUPPLIED {
            let text = inputs.get(index).map_or("", String::as_str);
            let input = Input { text: text.as_ptr(), length: text.len() };
            // SAFETY: index is below the number of entries that the mapping was sized for.
            unsafe { self.first.add(index).write(input) };
        }
        Supplied { table: self, _inputs: std::marker::PhantomData }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` with this size and is not used afterwards.
        let _ = unsafe { munmap(self.base, 2 * PAGE) };
    }
}

/// A table that points at the inputs of one event.
pub struct Supplied<'t, 'a> {
    table: &'t Table,
    _inputs: std::marker::PhantomData<&'a [String]>,
}

impl Supplied<'_, '_> {
    /// Input `field` (from 1) if it was supplied.
    pub fn checked(&self, field: u8) -> Option<&[u8]> {
        let index = usize::from(field).checked_sub(1)?;
        (index < INPUTS_SUPPLIED).then(|| self.unchecked(field))
    }

    /// Input `field` (from 1), whether or not it was supplied. THE PLANTED DEFECT: for field 21
    /// this reads past the table.
    pub fn unchecked(&self, field: u8) -> &[u8] {
        let entry = self.table.first.wrapping_add(usize::from(field).saturating_sub(1));
        // SAFETY: holds for fields 1 to 20 only. For field 21 it is violated on purpose: the entry
        // lies in the protected page, and the read ends the process, as it did in July 2024. The
        // read is volatile so that no optimiser removes the fault.
        let input = unsafe { entry.read_volatile() };
        // SAFETY: text and length come from a live string of the event (see `supply`).
        unsafe { std::slice::from_raw_parts(input.text, input.length) }
    }
}
