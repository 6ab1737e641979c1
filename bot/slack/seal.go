package slack

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// seal keeps the tokens of workspaces from whoever reads the database: AES-256 in GCM
// with a key that follows from a configured secret.
type seal struct{ aead cipher.AEAD }

func newSeal(secret string) (*seal, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "bob slack install tokens", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of tokens: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the cipher of tokens: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher of tokens: %w", err)
	}
	return &seal{aead: aead}, nil
}

// close seals data under a name: it opens only under the same one.
func (s *seal) close(name string, data []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return s.aead.Seal(nonce, nonce, data, []byte(name))
}

// open returns what close sealed.
func (s *seal) open(name string, sealed []byte) ([]byte, error) {
	if len(sealed) < s.aead.NonceSize() {
		return nil, errors.New("open a sealed token: too short")
	}
	nonce, text := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	data, err := s.aead.Open(nil, nonce, text, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("open a sealed token (was slack.client_secret changed?): %w", err)
	}
	return data, nil
}
