package wire

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// add makes an item at an index, if its type is one that counts and there is
// room; else it is nil.
func (f *responsesFold) add(index int, kind string, item gjson.Result) *outputItem {
	if kind != messageItem && kind != reasoningItem && !callsClient(kind, item) {
		return nil
	}
	if index >= maxIndex || len(f.items) >= maxIndex {
		return nil
	}
	it := &outputItem{index: index, kind: strings.Clone(kind)}
	f.items = append(f.items, it)
	return it
}

// at is the open item of a type that an event is about: the latest of its index
// or, from servers that give none, of its id. Where both are there the index
// counts: one provider gives an item another id with every event.
func (f *responsesFold) at(event gjson.Result, kind, id string) *outputItem {
	index, indexed := count(event.Get("output_index"))
	for _, it := range slices.Backward(f.items) {
		if it.whole || it.kind != kind {
			continue
		}
		if (indexed && it.index == index) || (!indexed && (id == "" || it.id == id)) {
			return it
		}
	}
	return nil
}

// position is the index of an event's item; without one it is behind all others.
func (f *responsesFold) position(event gjson.Result) int {
	if index, ok := count(event.Get("output_index")); ok {
		return index
	}
	return len(f.items)
}

// added begins an item.
func (f *responsesFold) added(event gjson.Result) {
	item := event.Get("item")
	it := f.add(f.position(event), item.Get("type").String(), item)
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
	kind := item.Get("type").String()
	it := f.at(event, kind, item.Get("id").String())
	if it == nil {
		it = f.add(f.position(event), kind, item)
	}
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
	id := event.Get("item_id")
	it := f.at(event, kind, id.String())
	if it == nil {
		if it = f.add(f.position(event), kind, gjson.Result{}); it == nil {
			return
		}
		keep(&it.id, id)
	}
	f.size -= it.size()
	take(it, piece.Str)
	f.size += it.size()
	f.begin()
}
