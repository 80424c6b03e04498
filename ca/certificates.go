package ca

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
)

// errTooLarge is the fault of roots beyond what is read.
var errTooLarge = errors.New("too many certificates")

// blockType is the PEM type of a certificate.
const blockType = "CERTIFICATE"

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}

// A collection holds certificates in DER, each once, in the order in which they
// came.
type collection struct {
	certs [][]byte
	seen  map[[sha256.Size]byte]bool
	bytes int // of all of them
}

// add takes the certificates of a PEM text and returns how many were new.
// Whatever else the text holds, a key above all, stays out of it.
func (c *collection) add(text []byte) int {
	if c.seen == nil {
		c.seen = map[[sha256.Size]byte]bool{}
	}
	before := len(c.certs)
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		id := sha256.Sum256(block.Bytes)
		if block.Type != blockType || c.seen[id] || !isCertificate(block.Bytes) {
			continue
		}
		c.seen[id] = true
		c.certs = append(c.certs, block.Bytes)
		c.bytes += len(block.Bytes)
	}
	return len(c.certs) - before
}

// certificates lists the certificates of a PEM text, each once.
func certificates(text []byte) [][]byte {
	var c collection
	c.add(text)
	return c.certs
}

// isCertificate looks at the outer form only: clients refuse a whole bundle for
// one block that is none, but take roots that crypto/x509 is too strict for.
func isCertificate(der []byte) bool {
	var form struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &form)
	return err == nil && len(rest) == 0
}

// encodeCertificates is the PEM text of certs.
func encodeCertificates(certs [][]byte) []byte {
	var b bytes.Buffer
	for _, der := range certs {
		b.Write(encodeCertificate(der))
	}
	return b.Bytes()
}
