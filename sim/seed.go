package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// A digest identifies a prompt: half a SHA-256.
type digest [16]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// digestOf hashes parts so that no two lists of parts run together.
func digestOf(parts ...string) digest {
	h := sha256.New()
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return digest(h.Sum(nil)[:16])
}

// names lead to one source of random numbers.
type names []string

// and is n with more names; n is left as it is.
func (n names) and(more ...string) names { return slices.Concat(n, more) }

// visit names the occurrence-th time that something is asked.
func visit(hash digest, occurrence int) names { return names{hash.String(), strconv.Itoa(occurrence)} }

// source is the stream of random numbers of the seed for what is named. All
// randomness of this package comes from here.
func source(seed uint64, what ...string) *rand.Rand {
	d := digestOf(slices.Concat([]string{strconv.FormatUint(seed, 16)}, what)...)
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(d[:8]), binary.BigEndian.Uint64(d[8:])))
}

// hexID draws the part of an id that tells it from others.
func hexID(rng *rand.Rand) string { return fmt.Sprintf("%016x%08x", rng.Uint64(), rng.Uint32()) }
