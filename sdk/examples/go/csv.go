// A source in Go with the standard library alone: the records of a CSV file. _at is how many bytes
// of the file lie before the end of the record.
package main

/*
#include <stdlib.h>
#include "plugin.h"
*/
import "C"

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"
)

func main() {} // of a library, and never called

// failure is what a call of the host fails with.
type failure struct {
	status               C.weir_status
	code, where, message string
}

func (f failure) Error() string { return f.message }

func fail(status C.weir_status, code, where, form string, values ...any) error {
	return failure{status, code, where, "csv: " + fmt.Sprintf(form, values...)}
}

const at = "_at"

// table is one configured file.
type table struct{ path string }

func newTable(config string) (*table, error) {
	var given struct {
		URL string `json:"url"`
	}
	err := json.Unmarshal([]byte(config), &given)
	path := strings.TrimPrefix(given.URL, "csv:")
	if err != nil || path == given.URL || path == "" {
		return nil, fail(C.WEIR_E_CONFIG, "csv.url", "/url", "the URL is csv:PATH")
	}
	return &table{path}, nil
}

// open answers the file, what its first line says, and where the records begin.
func (t *table) open() (*os.File, []string, int64, error) {
	file, err := os.Open(t.path)
	if err != nil {
		return nil, nil, 0, fail(C.WEIR_E_NOT_FOUND, "csv.no_file", "/url", "%v", err)
	}
	reader := csv.NewReader(file)
	names, err := reader.Read()
	if err != nil {
		file.Close()
		return nil, nil, 0, fail(C.WEIR_E_IO, "csv.no_header", "/url",
			"%s has no first line that names the fields: %v", t.path, err)
	}
	return file, append([]string{at}, names...), reader.InputOffset(), nil
}

func (t *table) describe() string { return text(map[string]string{"identity": "csv:" + t.path}) }

// meta is what discover tells of the stream; see weir/source.h.
func (t *table) meta(names []string) string {
	type field struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Nullable bool   `json:"nullable"`
	}
	fields := []field{{at, "integer", false}}
	for _, name := range names[1:] {
		fields = append(fields, field{name, "text", false})
	}
	return text(map[string]any{
		"target": "records", "keys": [][]string{{at}}, "fields": fields, "caveats": []string{},
		"tracking": []any{map[string]any{"field": at, "type": "integer",
			"notes": []string{"only grows"}}},
		"cursors": map[string]any{at: map[string]any{"kind": "id", "updates": false,
			"indexed": true}},
	})
}

func text(value any) string {
	bytes, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(bytes)
}

// request is what a read asks for; see weir_read.
type request struct {
	stream, cursor    string
	isDelta           bool
	rowsMax, bytesMax int64
	Fields            []string `json:"fields"`
	Tracking          string   `json:"tracking"`
	Limit             *int64   `json:"limit"`
}

// records is one read.
type records struct {
	file         *os.File
	csv          *csv.Reader
	names        []string // of the fields that are asked for
	places       []int    // of each: in the record, 0 for _at
	asked        request
	start, at    int64 // the bytes before what csv reads, and before the next record
	left         int64
	leavesCursor bool
	lent         *C.char // the cursor that the host may look at until the next call
}

func (t *table) read(asked request) (*records, error) {
	if asked.stream != "" && asked.stream != "records" {
		return nil, fail(C.WEIR_E_NOT_FOUND, "source.stream_not_found", "",
			"there is no stream %q; it has records", asked.stream)
	}
	file, names, start, err := t.open()
	if err != nil {
		return nil, err
	}
	r := &records{file: file, asked: asked, start: start, left: math.MaxInt64,
		leavesCursor: asked.isDelta || asked.Tracking != ""}
	if err := r.choose(names); err != nil {
		file.Close()
		return nil, err
	}
	if err := r.goTo(asked.cursor, len(names)-1); err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

func (r *records) choose(names []string) error {
	places := map[string]int{}
	for place, name := range names {
		places[name] = place
	}
	unknown := func(name string) error {
		return fail(C.WEIR_E_NOT_FOUND, "source.field_not_found", name,
			"there is no field %q; there are %s", name, strings.Join(names, ", "))
	}
	r.names = r.asked.Fields
	if r.names == nil {
		r.names = names
	}
	for _, name := range r.names {
		place, isThere := places[name]
		if !isThere {
			return unknown(name)
		}
		r.places = append(r.places, place)
	}
	if tracking := r.asked.Tracking; tracking != "" && tracking != at {
		if _, isThere := places[tracking]; !isThere {
			return unknown(tracking)
		}
		return fail(C.WEIR_E_CONFIG, "source.cursor_unsuitable", tracking,
			"%q cannot be the cursor; use %s", tracking, at)
	}
	if r.asked.Limit != nil {
		r.left = *r.asked.Limit
	}
	return nil
}

// cursor := {"at":n}: the bytes up to the end of the last record.
func (r *records) goTo(cursor string, fields int) error {
	if cursor != "" {
		var place struct {
			At *int64 `json:"at"`
		}
		err := json.Unmarshal([]byte(cursor), &place)
		if err != nil || place.At == nil || *place.At < r.start {
			return fail(C.WEIR_E_CONFLICT, "source.cursor_mismatch", "",
				"the stored position is of something else")
		}
		r.start = *place.At
	}
	if _, err := r.file.Seek(r.start, io.SeekStart); err != nil {
		return fail(C.WEIR_E_IO, "csv.seek", "", "%v", err)
	}
	r.at = r.start
	r.csv = csv.NewReader(r.file)
	r.csv.FieldsPerRecord = fields
	return nil
}

// columns holds rows as Arrow lays them out.
type columns struct {
	rows    int
	numbers [][]byte // of each column: numbers, or where its texts end
	texts   [][]byte
}

func (c *columns) bytes() (sum int64) {
	for i := range c.numbers {
		sum += int64(len(c.numbers[i]) + len(c.texts[i]))
	}
	return sum
}

func (r *records) isNumber(column int) bool { return r.places[column] == 0 }

// next reads rows up to the limits; none is the end. Half a record waits for the next run.
func (r *records) next() (*columns, error) {
	c := &columns{numbers: make([][]byte, len(r.names)), texts: make([][]byte, len(r.names))}
	for i := range r.names {
		if !r.isNumber(i) {
			c.endText(i)
		}
	}
	isFull := func() bool {
		return c.rows > 0 && (int64(c.rows) >= r.asked.rowsMax || c.bytes() >= r.asked.bytesMax)
	}
	for r.left > 0 && !isFull() {
		record, err := r.csv.Read()
		if errors.Is(err, io.EOF) || (err == nil && !r.isWhole()) {
			break
		}
		if err != nil {
			return nil, fail(C.WEIR_E_DATA, "csv.record", "", "behind byte %d: %v", r.at, err)
		}
		r.at = r.start + r.csv.InputOffset()
		if err := r.add(c, record); err != nil {
			return nil, err
		}
		r.left--
	}
	return c, nil
}

func (r *records) add(c *columns, record []string) error {
	for i, place := range r.places {
		if place == 0 {
			c.numbers[i] = binary.LittleEndian.AppendUint64(c.numbers[i], uint64(r.at))
			continue
		}
		if !utf8.ValidString(record[place-1]) {
			return fail(C.WEIR_E_DATA, "csv.not_utf8", r.names[i],
				"the record that ends at byte %d is no UTF-8", r.at)
		}
		c.texts[i] = append(c.texts[i], record[place-1]...)
		c.endText(i)
	}
	c.rows++
	return nil
}

func (c *columns) endText(i int) {
	c.numbers[i] = binary.LittleEndian.AppendUint32(c.numbers[i], uint32(len(c.texts[i])))
}

// isWhole says whether the record that was read last ends with its line.
func (r *records) isWhole() bool {
	last := make([]byte, 1)
	_, err := r.file.ReadAt(last, r.start+r.csv.InputOffset()-1)
	return err == nil && last[0] == '\n'
}
