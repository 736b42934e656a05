//! A source in Rust with the standard library alone: the lines of a text file.

mod batch;
mod weir;

use batch::{export_schema, release_schema, Field, Rows, ALL};
use std::ffi::CStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;
use weir::*;

// ---- errors: a status, a stable code, the place, one sentence ----

struct Failure(Status, &'static str, String, String);
type Outcome<T> = Result<T, Failure>;

fn fail<T>(status: Status, code: &'static str, place: &str, message: String) -> Outcome<T> {
    Err(Failure(status, code, place.to_string(), message))
}

fn copy(into: &mut [u8], text: &str) {
    let mut size = text.len().min(into.len() - 1);
    while !text.is_char_boundary(size) {
        size -= 1;
    }
    into[..size].copy_from_slice(&text.as_bytes()[..size]);
    into[size] = 0;
}

/// Every call of the host comes in through here: no panic gets out.
unsafe fn barrier(error: *mut Error, work: impl FnOnce() -> Outcome<Status>) -> Status {
    let failure = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(status)) => return status,
        Ok(Err(failure)) => failure,
        Err(_) => {
            Failure(E_INTERNAL, "lines.panic", String::new(), "lines: a bug: it panicked".into())
        }
    };
    if let Some(error) = error.as_mut() {
        if error.struct_size as usize >= std::mem::size_of::<Error>() {
            copy(&mut error.code, failure.1);
            copy(&mut error.place, &failure.2);
            copy(&mut error.message, &failure.3);
        }
    }
    failure.0
}

unsafe fn text<'a>(at: *const c_char) -> &'a str {
    if at.is_null() { "" } else { CStr::from_ptr(at).to_str().unwrap_or("") }
}

// ---- JSON as the host writes it: checked, without space ----

/// What follows `"name":`.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let key = format!("\"{}\":", name);
    json.find(&key).map(|at| &json[at + key.len()..])
}

/// The string at the beginning, and what follows it.
fn string(json: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = json.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &json[at + 2..])),
            '\\' => match chars.next()?.1 {
                c @ ('"' | '\\' | '/') => out.push(c),
                _ => return None,
            },
            c => out.push(c),
        }
    }
    None
}

// ---- the stream ----

fn field_named(name: &str) -> Outcome<Field> {
    match name {
        "at" => Ok(Field::At),
        "text" => Ok(Field::Text),
        _ => fail(
            E_NOT_FOUND,
            "source.field_not_found",
            name,
            format!("lines: there is no field \"{}\"; it has at and text", name),
        ),
    }
}

const META: &str = concat!(
    r#"{"target":"lines","keys":[["at"]],"#,
    r#""fields":[{"name":"at","type":"integer","nullable":false},"#,
    r#"{"name":"text","type":"text","nullable":false}],"#,
    r#""tracking":[{"field":"at","type":"integer","notes":["only grows"]}],"#,
    r#""cursors":{"at":{"kind":"id","updates":false,"indexed":true}},"caveats":[]}"#,
    "\0"
);

struct Lines {
    path: String,
}

impl Lines {
    fn open(&self) -> Outcome<File> {
        File::open(&self.path).or_else(|why| {
            fail(E_NOT_FOUND, "lines.no_file", "/url", format!("lines: {}: {}", self.path, why))
        })
    }
}

struct LinesReader {
    file: BufReader<File>,
    fields: Vec<Field>,
    rows_max: usize,
    bytes_max: usize,
    left: i64,
    at: i64,
    leaves_cursor: bool,
    cursor: String,
}

impl LinesReader {
    fn open(lines: &Lines, read: &Read) -> Outcome<LinesReader> {
        let (stream, select) = unsafe { (text(read.stream), text(read.select_json)) };
        if !stream.is_empty() && stream != "lines" {
            let sentence = format!("lines: there is no stream \"{}\"; it has lines", stream);
            return fail(E_NOT_FOUND, "source.stream_not_found", "", sentence);
        }
        let tracking = member(select, "tracking").and_then(string);
        if let Some((name, _)) = &tracking {
            if field_named(name)? != Field::At {
                let sentence = format!("lines: \"{}\" cannot be the cursor; use at", name);
                return fail(E_CONFIG, "source.cursor_unsuitable", name, sentence);
            }
        }
        let mut reader = LinesReader {
            file: BufReader::new(lines.open()?),
            fields: fields_of(select)?,
            rows_max: read.rows_max as usize,
            bytes_max: read.bytes_max as usize,
            left: limit_of(select),
            at: position(read)?,
            leaves_cursor: read.mode == READ_DELTA || tracking.is_some(),
            cursor: String::new(),
        };
        match reader.file.seek(SeekFrom::Start(reader.at as u64)) {
            Ok(_) => Ok(reader),
            Err(why) => fail(E_IO, "lines.seek", "", format!("lines: {}: {}", lines.path, why)),
        }
    }

    /// The next lines, each with where it ends. Half a line waits for the next run.
    fn lines(&mut self) -> Outcome<Vec<(i64, String)>> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while self.left > 0 && rows.len() < self.rows_max && (bytes < self.bytes_max || bytes == 0)
        {
            let mut line = Vec::new();
            match self.file.read_until(b'\n', &mut line) {
                Err(why) => return fail(E_IO, "lines.read", "", format!("lines: {}", why)),
                Ok(_) if line.last() != Some(&b'\n') => break,
                Ok(size) => self.at += size as i64,
            }
            line.pop();
            bytes += line.len() + 12;
            rows.push((self.at, self.utf8(line)?));
            self.left -= 1;
        }
        Ok(rows)
    }

    fn utf8(&self, line: Vec<u8>) -> Outcome<String> {
        String::from_utf8(line).or_else(|_| {
            let sentence = format!("lines: the line that ends at byte {} is no UTF-8", self.at);
            fail(E_DATA, "lines.not_utf8", "text", sentence)
        })
    }

    fn next(&mut self, call: &Call, out: &mut Batch) -> Outcome<Status> {
        if unsafe { (call.cancelled)(call) } != 0 {
            return fail(E_CANCELLED, "call.cancelled", "", "cancelled".into());
        }
        if unsafe { (call.remaining_ms)(call) } <= 0 {
            return fail(E_TIMEOUT, "call.timeout", "", "the deadline has passed".into());
        }
        let rows = self.lines()?;
        if !rows.is_empty() || self.leaves_cursor {
            self.cursor = format!("{{\"at\":{}}}", self.at);
            out.flags = BATCH_CURSOR;
            out.cursor = self.cursor.as_ptr();
            out.cursor_size = self.cursor.len();
        }
        if rows.is_empty() {
            return Ok(END);
        }
        Rows::of(&self.fields, rows).export(&mut out.array);
        Ok(OK)
    }
}

fn fields_of(select: &str) -> Outcome<Vec<Field>> {
    let mut rest = match member(select, "fields") {
        Some(list) => list,
        None => return Ok(ALL.to_vec()),
    };
    let mut fields = Vec::new();
    while let Some((name, behind)) = rest.get(1..).and_then(string) {
        fields.push(field_named(&name)?);
        rest = behind;
    }
    Ok(fields)
}

fn limit_of(select: &str) -> i64 {
    let digits = member(select, "limit").unwrap_or("");
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(i64::MAX)
}

/// cursor := {"at":n}: the bytes up to the end of the last line.
fn position(read: &Read) -> Outcome<i64> {
    if read.cursor_size == 0 {
        return Ok(0);
    }
    let bytes = unsafe { std::slice::from_raw_parts(read.cursor, read.cursor_size) };
    let at = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.strip_prefix("{\"at\":")?.strip_suffix('}')?.parse().ok())
        .filter(|at: &i64| *at >= 0);
    match at {
        Some(at) => Ok(at),
        None => fail(
            E_CONFLICT,
            "source.cursor_mismatch",
            "",
            "lines: the stored position is of something else".into(),
        ),
    }
}

// ---- the calls of the host ----

unsafe extern "C" fn create(
    _host: *const c_void,
    config: *const c_char,
    out: *mut Handle,
    error: *mut Error,
) -> Status {
    barrier(error, || {
        let url = member(text(config), "url").and_then(string).map(|found| found.0);
        match url.as_deref().and_then(|url| url.strip_prefix("lines:")).filter(|p| !p.is_empty()) {
            Some(path) => {
                *out = Box::into_raw(Box::new(Lines { path: path.to_string() })).cast();
                Ok(OK)
            }
            None => fail(E_CONFIG, "lines.url", "/url", "lines: the URL is lines:PATH".into()),
        }
    })
}

unsafe extern "C" fn destroy(instance: Handle) {
    drop(Box::from_raw(instance.cast::<Lines>()));
}

unsafe extern "C" fn describe(instance: Handle, out: *const Out, error: *mut Error) -> Status {
    barrier(error, || {
        let path = &(*instance.cast::<Lines>()).path;
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        let json = format!("{{\"identity\":\"lines:{}\"}}", path);
        Ok(((*out).write)((*out).ctx, json.as_ptr().cast(), json.len()))
    })
}

unsafe extern "C" fn discover(
    instance: Handle,
    _call: *const Call,
    pattern: *const c_char,
    catalog: *const Catalog,
    error: *mut Error,
) -> Status {
    barrier(error, || {
        (*instance.cast::<Lines>()).open()?; // says what is wrong before anybody reads
        // With one stream, "*" is all that a pattern can add.
        if !["", "*", "lines"].contains(&text(pattern)) {
            return Ok(OK);
        }
        let mut schema = std::mem::MaybeUninit::uninit();
        export_schema(&ALL, &mut *schema.as_mut_ptr());
        let mut schema = schema.assume_init();
        let stream = Stream {
            struct_size: std::mem::size_of::<Stream>() as u32,
            flags: READ_FULL | READ_DELTA,
            name: "lines\0".as_ptr().cast(),
            meta_json: META.as_ptr().cast(),
        };
        let status = ((*catalog).add)((*catalog).ctx, &stream, &schema);
        release_schema(&mut schema);
        Ok(status)
    })
}

unsafe extern "C" fn open(
    instance: Handle,
    _call: *const Call,
    read: *const Read,
    out: *mut Handle,
    error: *mut Error,
) -> Status {
    barrier(error, || {
        let reader = LinesReader::open(&*instance.cast::<Lines>(), &*read)?;
        *out = Box::into_raw(Box::new(reader)).cast();
        Ok(OK)
    })
}

unsafe extern "C" fn schema(reader: Handle, out: *mut ArrowSchema, error: *mut Error) -> Status {
    barrier(error, || {
        export_schema(&(*reader.cast::<LinesReader>()).fields, &mut *out);
        Ok(OK)
    })
}

unsafe extern "C" fn next(
    reader: Handle,
    call: *const Call,
    out: *mut Batch,
    error: *mut Error,
) -> Status {
    barrier(error, || (*reader.cast::<LinesReader>()).next(&*call, &mut *out))
}

unsafe extern "C" fn close(reader: Handle) {
    drop(Box::from_raw(reader.cast::<LinesReader>()));
}

// ---- what the library says of itself ----

static SOURCE: Static<Source> = Static(Source {
    struct_size: std::mem::size_of::<Source>() as u32,
    flags: 0,
    discover,
    open,
    schema,
    next,
    interrupt: None,
    close,
});
static LIFECYCLE: Static<Lifecycle> = Static(Lifecycle {
    struct_size: std::mem::size_of::<Lifecycle>() as u32,
    flags: 0,
    describe,
    interrupt: None,
});

unsafe extern "C" fn iface(id: *const c_char) -> *const c_void {
    match text(id) {
        "weir.source/1" => &SOURCE as *const _ as *const c_void,
        "weir.lifecycle/1" => &LIFECYCLE as *const _ as *const c_void,
        _ => null(),
    }
}

const CONFIG_SCHEMA: &str = concat!(
    r#"{"type":"object","required":["url"],"properties":{"url":{"type":"string","title":"URL","#,
    r#""description":"A text file: lines:PATH","x-url-file":true}},"#,
    r#""additionalProperties":false}"#,
    "\0"
);
static COMPONENT: Static<Component> = Static(Component {
    struct_size: std::mem::size_of::<Component>() as u32,
    flags: 0,
    roles: ROLE_SOURCE,
    reserved: 0,
    id: "lines\0".as_ptr().cast(),
    title: "Lines of a text file\0".as_ptr().cast(),
    config_schema: CONFIG_SCHEMA.as_ptr().cast(),
    meta_json: "{\"schemes\":[\"lines\"]}\0".as_ptr().cast(),
    create,
    destroy,
    iface,
});
static COMPONENTS: Static<[*const Component; 1]> = Static([&COMPONENT.0]);
static MODULE: Static<Module> = Static(Module {
    struct_size: std::mem::size_of::<Module>() as u32,
    flags: 0,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    id: "com.example.lines\0".as_ptr().cast(),
    version: "1.0.0\0".as_ptr().cast(),
    component_count: 1,
    reserved: 0,
    components: COMPONENTS.0.as_ptr(),
});

/// The one symbol that is exported.
#[no_mangle]
pub extern "C" fn weir_module_entry(major: u32, minor: u32) -> *const c_void {
    if major == ABI_MAJOR && minor == ABI_MINOR {
        &MODULE as *const _ as *const c_void
    } else {
        null()
    }
}
