//! What crosses the boundary: Arrow's schemas and arrays, whose own release frees them.

use crate::weir::*;
use std::os::raw::c_void;
use std::ptr::{null, null_mut};

#[derive(Clone, Copy, PartialEq)]
pub enum Field {
    At,
    Text,
}
pub const ALL: [Field; 2] = [Field::At, Field::Text];

struct Column {
    array: ArrowArray,
    buffers: [*const c_void; 3],
}

/// Keeps all that a batch points to.
pub struct Rows {
    at: Vec<i64>,
    ends: Vec<i32>,
    text: Vec<u8>,
    columns: Vec<Column>,
    pointers: Vec<*mut ArrowArray>,
    none: [*const c_void; 1],
}

const NO_ARRAY: ArrowArray = ArrowArray {
    length: 0,
    null_count: 0,
    offset: 0,
    n_buffers: 0,
    n_children: 0,
    buffers: null_mut(),
    children: null_mut(),
    dictionary: null_mut(),
    release: None,
    private_data: null_mut(),
};

impl Rows {
    pub fn of(fields: &[Field], rows: Vec<(i64, String)>) -> Box<Rows> {
        let mut kept = Box::new(Rows {
            at: Vec::with_capacity(rows.len()),
            ends: vec![0],
            text: Vec::new(),
            columns: Vec::new(),
            pointers: Vec::new(),
            none: [null()],
        });
        for (at, line) in rows {
            kept.at.push(at);
            kept.text.extend_from_slice(line.as_bytes());
            kept.ends.push(kept.text.len() as i32);
        }
        for field in fields {
            let buffers = match field {
                Field::At => [null(), kept.at.as_ptr().cast(), null()],
                Field::Text => [null(), kept.ends.as_ptr().cast(), kept.text.as_ptr().cast()],
            };
            let n_buffers = if *field == Field::Text { 3 } else { 2 };
            let length = kept.at.len() as i64;
            let array = ArrowArray { length, n_buffers, release: Some(release_child), ..NO_ARRAY };
            kept.columns.push(Column { array, buffers });
        }
        kept
    }

    pub fn export(mut self: Box<Self>, out: &mut ArrowArray) {
        for column in &mut self.columns {
            column.array.buffers = column.buffers.as_mut_ptr();
            self.pointers.push(&mut column.array);
        }
        *out = ArrowArray {
            length: self.at.len() as i64,
            n_buffers: 1,
            n_children: self.pointers.len() as i64,
            buffers: self.none.as_mut_ptr(),
            children: self.pointers.as_mut_ptr(),
            release: Some(release_rows),
            ..NO_ARRAY
        };
        out.private_data = Box::into_raw(self).cast();
    }
}

unsafe extern "C" fn release_child(array: *mut ArrowArray) {
    (*array).release = None;
}
unsafe extern "C" fn release_rows(array: *mut ArrowArray) {
    (*array).release = None;
    drop(Box::from_raw((*array).private_data.cast::<Rows>()));
}

struct Fields {
    schemas: Vec<ArrowSchema>,
    pointers: Vec<*mut ArrowSchema>,
}

pub fn export_schema(fields: &[Field], out: &mut ArrowSchema) {
    let field = |name: &'static str, format: &'static str| ArrowSchema {
        format: format.as_ptr().cast(),
        name: name.as_ptr().cast(),
        metadata: null(),
        flags: 0,
        n_children: 0,
        children: null_mut(),
        dictionary: null_mut(),
        release: Some(release_field),
        private_data: null_mut(),
    };
    let mut kept = Box::new(Fields { schemas: Vec::new(), pointers: Vec::new() });
    for each in fields {
        kept.schemas.push(match each {
            Field::At => field("at\0", "l\0"),
            Field::Text => field("text\0", "u\0"),
        });
    }
    for schema in &mut kept.schemas {
        kept.pointers.push(schema);
    }
    *out = field("\0", "+s\0");
    out.n_children = kept.pointers.len() as i64;
    out.children = kept.pointers.as_mut_ptr();
    out.release = Some(release_schema);
    out.private_data = Box::into_raw(kept).cast();
}

unsafe extern "C" fn release_field(schema: *mut ArrowSchema) {
    (*schema).release = None;
}
pub unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    (*schema).release = None;
    drop(Box::from_raw((*schema).private_data.cast::<Fields>()));
}
