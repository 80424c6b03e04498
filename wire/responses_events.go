package wire

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// add makes an item at an index, if its type is one that counts and there is
// room; else it is nil. Items of one index keep the order in which they come, and
// so do those of a server that gives no indices.
func (f *responsesFold) add(index int, kind string, item gjson.Result) *outputItem {
	if kind != messageItem && kind != reasoningItem && !callsClient(kind, item) {
		return nil
	}
	if index >= maxIndex || len(f.items) >= maxIndex {
		f.crowded = true
		return nil
	}
	it := &outputItem{index: index, kind: strings.Clone(kind)}
	f.items = append(f.items, it)
	return it
}

// open is the unfinished item of a type that an event is about, or a new one:
// the latest of its index or, from servers that give none, of its id. Where both
// are there the index counts: one provider gives an item another id with every
// event. It is nil if there is no room, or the item does not count.
func (f *responsesFold) open(event gjson.Result, kind string, id, item gjson.Result) *outputItem {
	index, indexed := count(event.Get("output_index"))
	for _, it := range slices.Backward(f.items) {
		if it.whole || it.kind != kind {
			continue
		}
		if (indexed && it.index == index) || (!indexed && (id.Str == "" || it.id == id.Str)) {
			return it
		}
	}
	it := f.add(index, kind, item)
	if it != nil {
		keep(&it.id, id)
	}
	return it
}

// added begins an item.
func (f *responsesFold) added(event gjson.Result) {
	item := event.Get("item")
	index, _ := count(event.Get("output_index"))
	it := f.add(index, item.Get("type").String(), item)
	if it == nil {
		return
	}
	it.describe(item)
	if it.kind != messageItem {
		f.begin()
	}
}

// done takes a whole item for what its deltas gave, or for a new one.
func (f *responsesFold) done(event gjson.Result) {
	item := event.Get("item")
	it := f.open(event, item.Get("type").String(), item.Get("id"), item)
	if it == nil {
		return
	}
	f.size -= it.size()
	it.read(item)
	f.size += it.size()
	if it.kind != messageItem || it.size() > 0 {
		f.begin()
	}
}

// delta hands a piece to the item that it belongs to.
func (f *responsesFold) delta(kind string, event gjson.Result, take func(it *outputItem, piece string)) {
	piece := event.Get("delta")
	if piece.Type != gjson.String || piece.Str == "" {
		return
	}
	it := f.open(event, kind, event.Get("item_id"), gjson.Result{})
	if it == nil {
		return
	}
	f.size -= it.size()
	take(it, piece.Str)
	f.size += it.size()
	f.begin()
}
