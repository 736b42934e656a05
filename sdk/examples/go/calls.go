// The calls of the host, as Go sees them: C in, Go values behind handles, no panic out.
package main

/*
#include <stdlib.h>
#include <string.h>
#include "plugin.h"
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"runtime/cgo"
	"unsafe"
)

// told turns what a call came to into a status; deferred, it hears panics too.
func told(status *C.weir_status, into *C.weir_error, err *error) {
	if panicked := recover(); panicked != nil {
		*err = fail(C.WEIR_E_INTERNAL, "csv.panic", "", "a bug: it panicked: %v", panicked)
	}
	if *err == nil {
		return
	}
	what, isOurs := (*err).(failure)
	if !isOurs {
		what = failure{C.WEIR_E_INTERNAL, "csv.bug", "", (*err).Error()}
	}
	code, where, message := C.CString(what.code), C.CString(what.where), C.CString(what.message)
	C.explain(into, code, where, message)
	for _, each := range []*C.char{code, where, message} {
		C.free(unsafe.Pointer(each))
	}
	*status = what.status
}

func tableOf(handle C.uintptr_t) *table     { return cgo.Handle(handle).Value().(*table) }
func recordsOf(handle C.uintptr_t) *records { return cgo.Handle(handle).Value().(*records) }

//export goCreate
func goCreate(config *C.char, out **C.weir_instance, into *C.weir_error) (status C.weir_status) {
	var err error
	defer told(&status, into, &err)
	var made *table
	if made, err = newTable(C.GoString(config)); err == nil {
		*out = C.instance_of(C.uintptr_t(cgo.NewHandle(made)))
	}
	return C.WEIR_OK
}

//export goForget
func goForget(handle C.uintptr_t) {
	if read, isRead := cgo.Handle(handle).Value().(*records); isRead {
		C.free(unsafe.Pointer(read.lent))
		read.file.Close()
	}
	cgo.Handle(handle).Delete()
}

//export goDescribe
func goDescribe(handle C.uintptr_t, out *C.weir_out, into *C.weir_error) (status C.weir_status) {
	var err error
	defer told(&status, into, &err)
	text := C.CString(tableOf(handle).describe())
	defer C.free(unsafe.Pointer(text))
	return C.write_out(out, unsafe.Pointer(text), C.strlen(text))
}

//export goDiscover
func goDiscover(handle C.uintptr_t, pattern *C.char, catalog *C.weir_catalog,
	into *C.weir_error) (status C.weir_status) {
	var err error
	defer told(&status, into, &err)
	t := tableOf(handle)
	file, names, _, failed := t.open() // says what is wrong before anybody reads
	if err = failed; err != nil {
		return
	}
	file.Close()
	// With one stream, "*" is all that a pattern can add.
	if wanted := C.GoString(pattern); pattern != nil && wanted != "*" && wanted != "records" {
		return C.WEIR_OK
	}
	var schema C.struct_ArrowSchema
	if err = exportSchema(names, func(i int) bool { return i == 0 }, &schema); err != nil {
		return
	}
	name, meta := C.CString("records"), C.CString(t.meta(names))
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(meta))
	return C.add_stream(catalog, name, meta, &schema)
}

//export goOpen
func goOpen(handle C.uintptr_t, read *C.weir_read, out **C.weir_reader,
	into *C.weir_error) (status C.weir_status) {
	var err error
	defer told(&status, into, &err)
	asked := request{
		stream:  C.GoString(read.stream),
		cursor:  C.GoStringN(read.cursor, C.int(read.cursor_size)),
		isDelta: read.mode == C.WEIR_READ_DELTA,
		rowsMax: int64(read.rows_max), bytesMax: int64(read.bytes_max),
	}
	if err = json.Unmarshal([]byte(C.GoString(read.select_json)), &asked); err != nil {
		return
	}
	var opened *records
	if opened, err = tableOf(handle).read(asked); err == nil {
		*out = C.reader_of(C.uintptr_t(cgo.NewHandle(opened)))
	}
	return C.WEIR_OK
}

//export goSchema
func goSchema(handle C.uintptr_t, out *C.struct_ArrowSchema,
	into *C.weir_error) (status C.weir_status) {
	var err error
	defer told(&status, into, &err)
	r := recordsOf(handle)
	err = exportSchema(r.names, r.isNumber, out)
	return C.WEIR_OK
}

//export goNext
func goNext(handle C.uintptr_t, call *C.weir_call, out *C.weir_batch,
	into *C.weir_error) (status C.weir_status) {
	var err error
	defer told(&status, into, &err)
	if C.is_cancelled(call) != 0 {
		err = failure{C.WEIR_E_CANCELLED, "call.cancelled", "", "cancelled"}
		return
	}
	if C.is_late(call) != 0 {
		err = failure{C.WEIR_E_TIMEOUT, "call.timeout", "", "the deadline has passed"}
		return
	}
	r := recordsOf(handle)
	var rows *columns
	if rows, err = r.next(); err != nil {
		return
	}
	if rows.rows > 0 || r.leavesCursor {
		C.free(unsafe.Pointer(r.lent))
		r.lent = C.CString(fmt.Sprintf(`{"at":%d}`, r.at))
		out.flags = C.WEIR_BATCH_CURSOR
		out.cursor = r.lent
		out.cursor_size = C.strlen(r.lent)
	}
	if rows.rows == 0 {
		return C.WEIR_END
	}
	err = r.export(rows, &out.array)
	return C.WEIR_OK
}

var noMemory error = failure{C.WEIR_E_NOMEM, "csv.no_memory", "", "out of memory"}

func exportSchema(names []string, isNumber func(int) bool, out *C.struct_ArrowSchema) error {
	texts := (**C.char)(C.calloc(C.size_t(len(names)+1), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	list := unsafe.Slice(texts, len(names))
	numbers := make([]C.int, len(names)+1)
	for i, name := range names {
		list[i] = C.CString(name)
		if isNumber(i) {
			numbers[i] = 1
		}
	}
	if C.make_schema(C.int(len(names)), texts, &numbers[0], out) == 0 {
		return noMemory
	}
	return nil
}

// export copies the columns into memory of C, where the host may keep them.
func (r *records) export(rows *columns, out *C.struct_ArrowArray) error {
	list := make([]C.struct_column, len(r.names)+1)
	for i := range r.names {
		list[i].values = C.CBytes(rows.numbers[i])
		if !r.isNumber(i) {
			list[i].text = C.CBytes(append(rows.texts[i], 0)) // never of no bytes
		}
	}
	if C.make_rows(C.int64_t(rows.rows), C.int(len(r.names)), &list[0], out) == 0 {
		return noMemory
	}
	return nil
}
