package monitor

import (
	"math"
	"time"
)

// windowCount is the number of rings that every windowed value is kept in.
const windowCount = 3

// The rings, by index: one hour, two days, thirty days.
const (
	windowHour = iota
	windowTwoDays
	windowMonth
)

// A span is the shape of a ring: how wide a bucket is and how many there are.
type span struct {
	name    string
	width   time.Duration
	buckets int64
}

func spans() [windowCount]span {
	return [windowCount]span{
		windowHour:    {name: "1h", width: time.Minute, buckets: 60},
		windowTwoDays: {name: "48h", width: time.Hour, buckets: 48},
		windowMonth:   {name: "30d", width: 24 * time.Hour, buckets: 30},
	}
}

// bucket is the number of the UTC bucket that holds t, counted from 1970.
func (s span) bucket(t time.Time) int64 {
	return t.Unix() / int64(s.width/time.Second)
}

// start is when a bucket begins.
func (s span) start(bucket int64) time.Time {
	return time.Unix(bucket*int64(s.width/time.Second), 0).UTC()
}

// A ring holds one value for each of the latest buckets. Slots are allocated
// when first written, so a quiet route costs little.
//
// Writers say which bucket is the newest, the one that holds the present. A
// slot beyond it was written under a clock that has since been set back; it
// gives way, or it would block its place until that time comes.
type ring[T any] struct {
	span  span
	slots []*slot[T]
}

// A slot is one bucket of a ring, and its form in the snapshot.
type slot[T any] struct {
	Bucket int64 `json:"b"`
	Value  T     `json:"v"`
}

func newRing[T any](s span) ring[T] {
	return ring[T]{span: s, slots: make([]*slot[T], s.buckets)}
}

// at gives the value of a bucket for writing; a bucket that the ring has left
// behind is nil.
func (r *ring[T]) at(bucket, newest int64) *T {
	s := &r.slots[r.place(bucket)]
	if *s == nil || (*s).Bucket < bucket || (*s).Bucket > newest {
		*s = &slot[T]{Bucket: bucket}
	}
	if (*s).Bucket > bucket {
		return nil
	}
	return &(*s).Value
}

// find gives the value of a bucket, or nil if the ring does not hold it.
func (r *ring[T]) find(bucket int64) *T {
	s := r.slots[r.place(bucket)]
	if s == nil || s.Bucket != bucket {
		return nil
	}
	return &s.Value
}

func (r *ring[T]) place(bucket int64) int64 {
	return ((bucket % r.span.buckets) + r.span.buckets) % r.span.buckets
}

// each calls f for every bucket of the window that ends with the one that
// holds now.
func (r *ring[T]) each(now time.Time, f func(bucket int64, v *T)) {
	newest := r.span.bucket(now)
	for _, s := range r.slots {
		if s != nil && s.Bucket <= newest && s.Bucket > newest-r.span.buckets {
			f(s.Bucket, &s.Value)
		}
	}
}

// windows keeps the same statistic in all rings.
type windows[T any] struct {
	rings [windowCount]ring[T]
}

func newWindows[T any]() *windows[T] {
	w := &windows[T]{}
	for i, s := range spans() {
		w.rings[i] = newRing[T](s)
	}
	return w
}

// update calls f with the value of t's bucket in each ring that still holds it;
// t is not after now.
func (w *windows[T]) update(t, now time.Time, f func(v *T)) {
	for i := range w.rings {
		r := &w.rings[i]
		if v := r.at(r.span.bucket(t), r.span.bucket(now)); v != nil {
			f(v)
		}
	}
}

// A windowsState is the snapshot of a windows: the slots in use, ring by ring.
type windowsState[T any] [windowCount][]slot[T]

func (w *windows[T]) state() windowsState[T] {
	var st windowsState[T]
	for i := range w.rings {
		for _, s := range w.rings[i].slots {
			if s != nil {
				st[i] = append(st[i], *s)
			}
		}
	}
	return st
}

// restoreWindows is the inverse of state. Of two slots that fall on the same
// place the later wins, so a hand-made file cannot grow a ring.
func restoreWindows[T any](st windowsState[T]) *windows[T] {
	w := newWindows[T]()
	for i, slots := range st {
		for _, s := range slots {
			if v := w.rings[i].at(s.Bucket, math.MaxInt64); v != nil {
				*v = s.Value
			}
		}
	}
	return w
}
