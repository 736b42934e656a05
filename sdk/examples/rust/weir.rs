//! The part of Weir's ABI that a source needs, as weir/*.h say it in C.

use std::os::raw::{c_char, c_void};

pub const ABI_MAJOR: u32 = 0;
pub const ABI_MINOR: u32 = 1;

pub type Status = i32;
pub const OK: Status = 0;
pub const END: Status = 1;
pub const E_INTERNAL: Status = -1;
pub const E_CONFIG: Status = -3;
pub const E_NOT_FOUND: Status = -5;
pub const E_CONFLICT: Status = -6;
pub const E_DATA: Status = -7;
pub const E_IO: Status = -8;
pub const E_TIMEOUT: Status = -9;
pub const E_CANCELLED: Status = -10;

pub const ROLE_SOURCE: u32 = 1;
pub const READ_FULL: u32 = 1;
pub const READ_DELTA: u32 = 2;
pub const BATCH_CURSOR: u32 = 1;

#[repr(C)]
pub struct Error {
    pub struct_size: u32,
    pub flags: u32,
    pub native_code: i32,
    pub reserved: i32,
    pub retry_after_ms: i64,
    pub sqlstate: [u8; 8],
    pub code: [u8; 48],
    pub place: [u8; 120],
    pub message: [u8; 1024],
    pub suggestion: [u8; 256],
}

#[repr(C)]
pub struct Out {
    pub struct_size: u32,
    pub flags: u32,
    pub ctx: *mut c_void,
    pub write: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> Status,
}

#[repr(C)]
pub struct Call {
    pub struct_size: u32,
    pub flags: u32,
    pub ctx: *mut c_void,
    pub cancelled: unsafe extern "C" fn(*const Call) -> i32,
    pub remaining_ms: unsafe extern "C" fn(*const Call) -> i64,
}

#[repr(C)]
pub struct ArrowSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut ArrowSchema,
    pub dictionary: *mut ArrowSchema,
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    pub private_data: *mut c_void,
}

#[repr(C)]
pub struct ArrowArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut ArrowArray,
    pub dictionary: *mut ArrowArray,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    pub private_data: *mut c_void,
}

/// What the plugin makes; the host only hands it back.
pub type Handle = *mut c_void;

#[repr(C)]
pub struct Component {
    pub struct_size: u32,
    pub flags: u32,
    pub roles: u32,
    pub reserved: u32,
    pub id: *const c_char,
    pub title: *const c_char,
    pub config_schema: *const c_char,
    pub meta_json: *const c_char,
    pub create: unsafe extern "C" fn(
        *const c_void,
        *const c_char,
        *mut Handle,
        *mut Error,
    ) -> Status,
    pub destroy: unsafe extern "C" fn(Handle),
    pub iface: unsafe extern "C" fn(*const c_char) -> *const c_void,
}

#[repr(C)]
pub struct Module {
    pub struct_size: u32,
    pub flags: u32,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub component_count: u32,
    pub reserved: u32,
    pub components: *const *const Component,
}

#[repr(C)]
pub struct Lifecycle {
    pub struct_size: u32,
    pub flags: u32,
    pub describe: unsafe extern "C" fn(Handle, *const Out, *mut Error) -> Status,
    pub interrupt: Option<unsafe extern "C" fn(Handle)>,
}

#[repr(C)]
pub struct Stream {
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub meta_json: *const c_char,
}

#[repr(C)]
pub struct Catalog {
    pub struct_size: u32,
    pub flags: u32,
    pub ctx: *mut c_void,
    pub add: unsafe extern "C" fn(*mut c_void, *const Stream, *const ArrowSchema) -> Status,
}

#[repr(C)]
pub struct Read {
    pub struct_size: u32,
    pub flags: u32,
    pub mode: u32,
    pub rows_max: u32,
    pub bytes_max: u64,
    pub stream: *const c_char,
    pub select_json: *const c_char,
    pub cursor: *const u8,
    pub cursor_size: usize,
}

#[repr(C)]
pub struct Batch {
    pub struct_size: u32,
    pub flags: u32,
    pub cursor: *const u8,
    pub cursor_size: usize,
    pub array: ArrowArray,
}

#[repr(C)]
pub struct Source {
    pub struct_size: u32,
    pub flags: u32,
    pub discover: unsafe extern "C" fn(
        Handle,
        *const Call,
        *const c_char,
        *const Catalog,
        *mut Error,
    ) -> Status,
    pub open: unsafe extern "C" fn(
        Handle,
        *const Call,
        *const Read,
        *mut Handle,
        *mut Error,
    ) -> Status,
    pub schema: unsafe extern "C" fn(Handle, *mut ArrowSchema, *mut Error) -> Status,
    pub next: unsafe extern "C" fn(Handle, *const Call, *mut Batch, *mut Error) -> Status,
    pub interrupt: Option<unsafe extern "C" fn(Handle)>,
    pub close: unsafe extern "C" fn(Handle),
}

/// A table that never changes, shared by all threads.
pub struct Static<T>(pub T);
unsafe impl<T> Sync for Static<T> {}

// What the headers say in C; a slip above does not compile.
macro_rules! sizes {
    ($($name:ident = $size:expr),*) => {
        $(const _: () = assert!(std::mem::size_of::<$name>() == $size);)*
    };
}
sizes!(
    Error = 1480, Out = 24, Call = 32, ArrowSchema = 72, ArrowArray = 80, Component = 72,
    Module = 48, Lifecycle = 24, Stream = 24, Catalog = 24, Read = 56, Batch = 104, Source = 56
);
